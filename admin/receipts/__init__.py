"""What receipts tell: each price again, from the bundle that gave it or from its training.

`opening` reads them and finds their versions, `replay` asks the bundle of each again, and `skew`
the fitted pipeline, too.
"""
