"""The bundle on disk: written whole or not at all, and read only if it is whole.

Every file is read once, into memory; what is hashed is what is loaded.
"""

import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import msgspec

from . import digest as bundle_digest
from . import files
from . import metadata as meta
from .digest import Digest
from .errors import BundleChecksumError, BundleFormatError, BundleUnsafeError
from .metadata import FileEntry, Metadata
from .part_files import (
    CARD_FILE,
    CARD_LIMIT,
    COVERS_FILE,
    INTERVAL_FILE,
    LINEAR_FILE,
    NEIGHBOURS_FILE,
    PREPROCESSOR_FILE,
    PREPROCESSOR_LIMIT,
    SCALE_FILE,
    TREES_FILE,
)
from .signature import SIGNATURE_FILE, SIGNATURE_LIMIT, Sign, Verifier

METADATA_FILE = "metadata.json"
MODEL_FILE = "model.onnx"

# What a server reads of a bundle, by its format. In format 1 there is nothing else. In format 2
# there may be, for other programs (`model.onnx` is) or for servers of a later release.
_REGRESSORS = frozenset({LINEAR_FILE, TREES_FILE})
_PARTS = frozenset({NEIGHBOURS_FILE, SCALE_FILE, INTERVAL_FILE, COVERS_FILE, CARD_FILE})
_READ = {
    1: frozenset({PREPROCESSOR_FILE, MODEL_FILE}),
    2: frozenset({PREPROCESSOR_FILE}) | _REGRESSORS | _PARTS,
}
# The layout of a file that is read here; one of another layout is refused.
_LAYOUT = 1
_PICKLE_START = re.compile(rb"\x80[\x02-\x05]")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# A hundred times what the export writes; as objects it takes some twenty times as much.
_METADATA_LIMIT = 2**20
# While a document is parsed, no call is answered.
_LIMITS = {PREPROCESSOR_FILE: PREPROCESSOR_LIMIT, CARD_FILE: CARD_LIMIT}


@dataclass(frozen=True, kw_only=True)
class BundleFiles:
    """A bundle's files, verified.

    Attributes:
        metadata: What the bundle says of itself.
        blobs: Content of the other files that a server reads, by name.
        digest: SHA-256 of `metadata.json`, and so of the whole.
    """

    metadata: Metadata
    blobs: Mapping[str, bytes]
    digest: Digest


def write(
    folder: Path, metadata: Metadata, blobs: Mapping[str, bytes], sign: Sign | None = None
) -> Digest:
    """Writes a bundle to `folder`, which must not exist yet.

    The files are written beside it, flushed to disk and renamed into place, so
    that a crash leaves the whole bundle or none. With `sign`, which makes the
    content of `metadata.sig` from that of `metadata.json`, it is signed.

    Returns:
        The digest of the bundle.

    Raises:
        FileExistsError: `folder` is there already.
        OSError: It cannot be written; for a full disk, the text says how much it takes.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} is there already; a bundle is never written over")
    entries = {
        name: FileEntry(sha256=hashlib.sha256(blob).hexdigest(), size=len(blob))
        for name, blob in blobs.items()
    }
    document = meta.encode(msgspec.structs.replace(metadata, files=entries))
    signature = {SIGNATURE_FILE: sign(document)} if sign else {}
    contents = {**blobs, **signature, METADATA_FILE: document}
    try:
        _write_whole(folder, contents)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        size = sum(map(len, contents.values()))
        text = f"{error.strerror}, {size} bytes are needed"
        raise OSError(error.errno, text, str(folder)) from error
    return bundle_digest.compute(document)


def read(
    folder: Path, verifier: Verifier | None = None, *, max_bytes: int = files.MAX_BYTES
) -> BundleFiles:
    """Reads a bundle and verifies every byte of it.

    Args:
        folder: The bundle.
        verifier: Says who must have signed it; without one, nobody need have.
        max_bytes: Most bytes of all its files.

    Raises:
        BundleUnsafeError: A pickle, a link or a path; nothing was parsed.
        BundleSignatureError: Nobody who is trusted has signed it; nothing was parsed.
        BundleChecksumError: A file is damaged, missing or one too many.
        BundleFormatError: It is not a bundle, too large, or one of a newer format.
        SchemaIncompatibleError: It takes other features.
    """
    names = files.sizes(folder, max_bytes).keys()
    document = _document(folder, names)
    # guard: the signature before anything is parsed
    if verifier is not None:
        # guard: the signature
        verifier.check(document, _signature(folder, names))
    blobs = {
        name: files.read(folder / name, limit=min(max_bytes, _LIMITS.get(name, max_bytes)))
        for name in sorted(names - {METADATA_FILE, SIGNATURE_FILE})
    }
    for name, blob in {**blobs, METADATA_FILE: document}.items():
        # guard: no pickle by its content
        if _PICKLE_START.match(blob):
            raise BundleUnsafeError(f"{name}: is a pickle; a bundle never holds one")
    metadata = meta.decode(document)
    _check_manifest(metadata, names)
    for name, blob in blobs.items():
        _check_blob(name, blob, metadata.files[name])
    wanted = {name: blob for name, blob in blobs.items() if name in _READ[metadata.format_version]}
    return BundleFiles(metadata=metadata, blobs=wanted, digest=bundle_digest.compute(document))


def digest(folder: Path, *, max_bytes: int = files.MAX_BYTES) -> Digest:
    """Returns the digest that a bundle has if it is whole; nothing is verified or parsed.

    Raises:
        BundleError: There is no bundle.
    """
    return bundle_digest.compute(_document(folder, files.sizes(folder, max_bytes).keys()))


def _document(folder: Path, names: Set[str]) -> bytes:
    if METADATA_FILE not in names:
        raise BundleFormatError(f"{folder.name}: there is no {METADATA_FILE}, so it is no bundle")
    return files.read(folder / METADATA_FILE, limit=_METADATA_LIMIT)


def _signature(folder: Path, names: Set[str]) -> bytes | None:
    if SIGNATURE_FILE not in names:
        return None
    return files.read(folder / SIGNATURE_FILE, limit=SIGNATURE_LIMIT)


def _check_manifest(metadata: Metadata, names: Set[str]) -> None:
    listed, known = set(metadata.files), _READ[metadata.format_version]
    for name in sorted(listed):
        # guard: no paths
        if not files.is_plain(name):
            raise BundleUnsafeError(f"metadata.json: the file name {name[:100]!a} is a path")
    for name in sorted(known - _REGRESSORS - _PARTS - listed):
        raise BundleFormatError(f"metadata.json: lists no {name}")
    if metadata.format_version > 1 and len(listed & _REGRESSORS) != 1:
        raise BundleFormatError(f"metadata.json: must list one of {LINEAR_FILE} and {TREES_FILE}")
    for name in sorted(listed - names):
        raise BundleChecksumError(f"{name}: is listed, but missing")
    # guard: no file too many
    for name in sorted(names - listed - {METADATA_FILE, SIGNATURE_FILE}):
        raise BundleChecksumError(f"{name}: is not listed in metadata.json")
    if metadata.format_version == 1:
        for name in sorted(listed - known):
            raise BundleFormatError(f"{name}: is no file of format 1")
    for name in sorted(listed & known):
        if metadata.files[name].version != _LAYOUT:
            raise BundleFormatError(
                f"{name}: is of version {metadata.files[name].version}, this server reads "
                f"{_LAYOUT}; update the server, or export the model again"
            )


def _check_blob(name: str, blob: bytes, entry: FileEntry) -> None:
    if len(blob) != entry.size:
        raise BundleChecksumError(f"{name}: is {len(blob)} bytes long, {entry.size} are listed")
    # guard: the checksum of a file
    if hashlib.sha256(blob).hexdigest() != entry.sha256:
        raise BundleChecksumError(f"{name}: its SHA-256 is not the one that is listed")


def _write_whole(folder: Path, contents: Mapping[str, bytes]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        beside.chmod(0o755)
        for name, blob in contents.items():
            _write_flushed(beside / name, blob)
        _flush_folder(beside)
        beside.rename(folder)
        _flush_folder(folder.parent)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _write_flushed(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
