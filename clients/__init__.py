"""Clients of the prediction service, one folder a language."""
