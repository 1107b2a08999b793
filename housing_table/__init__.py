"""How tables of houses are read: the same for training, for pricing and for the clients.

The rules stand in docs/tables.md. Both distributions carry this package, which needs nothing else.
"""
