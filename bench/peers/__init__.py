"""Other ways to serve the same model, each in an environment of its own, beside ours."""

from bench.peers.measure import main

__all__ = ["main"]
