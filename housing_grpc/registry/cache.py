"""Bundles from the registry, kept on local disk by digest."""

import hashlib
import json
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from housing_grpc.bundle import digest as bundle_digest
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.errors import BundleFormatError
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.source import Fetched

_KEPT = 5
_ABANDONED_SECONDS = 3600
_PART = ".part-"


class BundleCache:
    """Keeps the bundles that served last, and which of them did so for a location.

    Args:
        folder: May be shared by servers; made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, digest: Digest) -> Path:
        """Returns where the bundle of that digest is, or would be.

        Raises:
            BundleFormatError: It is no digest, so it must not become a path.
        """
        return self._folder / bundle_digest.parse(digest, "the name of a bundle in the cache")

    def part(self) -> Path:
        """Returns a new empty folder to download to, beside the bundles."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=_PART, dir=self._folder))

    def keep(self, bundle: Path, digest: Digest) -> None:
        """Moves a verified bundle in; one that is there already is left."""
        if bundle.is_dir():
            for file in (*bundle.iterdir(), bundle):
                _flush(file)
        with suppress(FileExistsError, OSError):
            bundle.rename(self.path(digest))
        if not self.path(digest).is_dir():
            raise FileNotFoundError(f"{self.path(digest)}: the bundle could not be moved here")

    def discard(self, digest: Digest) -> None:
        """Removes a bundle that turned out to be damaged."""
        self._remove(self.path(digest))

    def discard_part(self, part: Path) -> None:
        """Removes a folder that `part` returned."""
        self._remove(part)

    def _remove(self, folder: Path) -> None:
        # By where it really is, not by its name: only what lies directly in the cache's own
        # folder goes, and a link goes nowhere.
        if not folder.is_symlink() and folder.resolve().parent == self._folder.resolve():
            shutil.rmtree(folder, ignore_errors=True)

    def last(self, location: RegistryLocation) -> Fetched | None:
        """Returns the bundle that served last for a location, if it is still here."""
        try:
            entry = json.loads(self._pointer(location).read_text())
            version = str(entry["version"])
            digest = bundle_digest.parse(str(entry["digest"]), "the note of the cache")
        except (OSError, ValueError, KeyError, TypeError, BundleFormatError):
            return None
        folder = self.path(digest)
        if not folder.is_dir():
            return None
        return Fetched(folder=folder, version=version, digest=digest, stale=True)

    def remember(self, location: RegistryLocation, fetched: Fetched) -> None:
        """Notes which bundle serves for a location, and removes the oldest others."""
        os.utime(fetched.folder)
        pointer = self._pointer(location)
        beside = pointer.with_suffix(f".{os.getpid()}.tmp")
        try:
            beside.write_text(json.dumps({"version": fetched.version, "digest": fetched.digest}))
            _flush(beside)
            beside.replace(pointer)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        _flush(self._folder)
        self._prune()

    def _pointer(self, location: RegistryLocation) -> Path:
        # Hashed: a tracking URI may hold a password.
        key = f"{location.tracking_uri}\n{location.model_name}\n{location.alias}"
        return self._folder / f"last-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"

    def _prune(self) -> None:
        folders = sorted(
            (entry for entry in self._folder.iterdir() if entry.is_dir()),
            key=lambda entry: entry.stat().st_mtime,
            reverse=True,
        )
        bundles = [entry for entry in folders if bundle_digest.is_digest(entry.name)]
        abandoned = [
            entry
            for entry in folders
            if entry.name.startswith(_PART)
            and time.time() - entry.stat().st_mtime > _ABANDONED_SECONDS
        ]
        for entry in (*bundles[_KEPT:], *abandoned):
            self._remove(entry)
        for note in self._folder.glob("last-*.tmp"):
            # A server that was killed has left it; another one may be removing it, too.
            with suppress(FileNotFoundError):
                if time.time() - note.stat().st_mtime > _ABANDONED_SECONDS:
                    note.unlink()


def _flush(path: Path) -> None:
    """Brings a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
