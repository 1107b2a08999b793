"""Connections of HTTP callers: accepted, counted, and ended where they take too long."""
