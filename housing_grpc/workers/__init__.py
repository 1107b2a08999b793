"""Several processes that are one server to their callers.

The supervisor says which model is live, restarts workers that die and adds up what they
count; the workers serve, all on the same port. Each has a link to the supervisor, and all share
the memory in which rates are counted.
"""
