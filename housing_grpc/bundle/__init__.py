"""The bundle: a fitted model as one immutable folder, and how it predicts.

Needs numpy and msgspec, and imports nothing of this project but
itself, so that a copy of it can travel with a registered model.
"""
