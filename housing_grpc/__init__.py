"""A gRPC inference server for house prices."""

__version__ = "0.1.0"
