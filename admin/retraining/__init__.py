"""Retraining: the recipe of the promoted model, on its data and on what was sold since.

`labels` reads what was sold from the store, and `choosing` says what of it is learned from, kept
for the gate or put into quarantine. `conditions` decides whether that is worth a training, by what
`watched` reads of a server's metrics, and `training` does it.
"""
