"""Receipts: a price, sealed with all that it takes to learn from it later.

`record` is what a receipt holds, `sealing` makes text of it and reads that again, `key_file`
finds the keys, and `keyring` holds those of a server. Nothing of a price is stored when it is
given: whoever brings the receipt back brings all that is needed.
"""
