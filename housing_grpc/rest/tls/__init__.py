"""Certificates and keys of the proxy."""
