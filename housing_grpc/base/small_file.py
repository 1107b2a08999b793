"""The reader of small files, for parts that do not know the bundle it comes with."""

from housing_grpc.bundle.small_file import read

__all__ = ["read"]
