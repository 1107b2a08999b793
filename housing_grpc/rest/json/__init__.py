"""JSON to messages and back, strictly."""
