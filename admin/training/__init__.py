"""Fits and scores models: what is trained, with what, and how well it predicts."""
