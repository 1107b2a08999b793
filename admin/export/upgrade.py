"""Writes a bundle of an older format as one of the newest."""

from pathlib import Path

import msgspec

from housing_grpc.bundle import files, regressor_file
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle import metadata as meta
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.errors import BundleError
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.signature import Sign

from ..base.errors import ExportError, UsageError
from .exporter import write_bundle


def upgrade(
    source: Path, folder: Path, *, sign: Sign | None = None, max_bytes: int = files.MAX_BYTES
) -> tuple[Digest, Metadata]:
    """Write a bundle anew, with the same preprocessing, the same trees and the same golden rows.

    Args:
        source: The bundle.
        folder: Where to write it; must not exist yet.
        sign: Signs it; see `admin.base.signing`.
        max_bytes: Most bytes of a bundle that servers take.

    Returns:
        Its digest, and what it says of itself.

    Raises:
        ExportError: It cannot be read, or would answer otherwise than it did.
        UsageError: It has the newest format already.
        OSError: The disk is full; the text says how much the bundle takes.
    """
    newest = meta.FORMATS[-1]
    try:
        found = bundle_format.read(source, max_bytes=max_bytes)
        if found.metadata.format_version == newest:
            raise UsageError(f"its bundle is of format {newest} already; there is no newer one")
        arrays = regressor_file.encode(bundle_model.regressor_of(found))
    except BundleError as error:
        raise ExportError(f"its bundle cannot be used: {error}") from error
    metadata = msgspec.structs.replace(found.metadata, format_version=newest)
    blobs = {**found.blobs, **dict([arrays])}
    return write_bundle(folder, metadata, blobs, sign, max_bytes), metadata
