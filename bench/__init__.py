"""Measures what the README claims; each module is one claim."""
