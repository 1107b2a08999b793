"""Reads small files, for parts that need not know that the reader stands with the bundle."""

from housing_grpc.bundle.small_file import read

__all__ = ["read"]
