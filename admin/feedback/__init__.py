"""What houses sold for, in the store that servers keep: written to files, taken from them, deleted.

`opening` finds the store, `table` is how an outcome is written to a file, and `importing` takes
outcomes of a file through the checks of the server.
"""
