"""Bundles from the registry, kept on local disk by digest."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from housing_grpc.bundle import digest as bundle_digest
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.errors import BundleFormatError
from housing_grpc.model.source import Fetched
from housing_grpc.registry.location import RegistryLocation

_KEPT = 5
_ABANDONED_SECONDS = 3600
_PART = ".part-"
_SEQUENCE = re.compile(r"[0-9]{1,19}", re.ASCII)


class BundleCache:
    """Keeps the bundles that came or served last.

    Of each location it knows which of them served last, and how far its statements have come.

    Args:
        folder: May be shared by servers; made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: Digest) -> Path:
        """Returns where the bundle of that digest is, or would be.

        Raises:
            BundleFormatError: It is no digest, so it must not become a path.
        """
        return self.folder / bundle_digest.parse(digest, "the name of a bundle in the cache")

    @contextmanager
    def part(self) -> Iterator[Path]:
        """Yields a new empty folder to download to, beside the bundles; it goes at the end.

        Those that servers left when they died go first. A lock on the folder says that a
        server is alive.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sweep()
        part, lock = self._locked_part()
        try:
            yield part
        finally:
            self._remove(part)
            os.close(lock)

    def _locked_part(self) -> tuple[Path, int]:
        while True:
            part = Path(tempfile.mkdtemp(prefix=_PART, dir=self.folder))
            # Another server may sweep it away before it is locked.
            with suppress(FileNotFoundError):
                lock = _opened(part)
                if _lock(lock) is not False and part.is_dir():
                    return part, lock
                os.close(lock)

    def _sweep(self) -> None:
        for part in self.folder.glob(f"{_PART}*"):
            # It may be another server's to remove, too.
            with suppress(OSError):
                lock = _opened(part)
                free = _lock(lock)
                # Where there are no locks, as on some network file systems, the age says it.
                old = time.time() - part.stat().st_mtime > _ABANDONED_SECONDS
                if free or (free is None and old):
                    self._remove(part)
                os.close(lock)

    def keep(self, bundle: Path, digest: Digest) -> None:
        """Moves a verified bundle in; one that is there already is left, nothing else is."""
        if bundle.is_dir():
            for file in (*bundle.iterdir(), bundle):
                _flush(file)
        place = self.path(digest)
        if not _is_folder(place):
            self._remove(place)
        with suppress(FileExistsError, OSError):
            bundle.rename(place)
        if not _is_folder(place):
            raise FileNotFoundError("the bundle could not be moved into it")
        # guard: versions without end, none of which is ever served
        self._prune(digest)

    def discard(self, digest: Digest) -> None:
        """Removes a bundle that turned out to be damaged."""
        self._remove(self.path(digest))

    def _remove(self, entry: Path) -> None:
        # A link itself goes, or what is no folder. A folder goes by where it really is, not by
        # its name: only what lies directly in the cache's own.
        if not _is_folder(entry):
            entry.unlink(missing_ok=True)
        elif entry.resolve().parent == self.folder.resolve():
            shutil.rmtree(entry, ignore_errors=True)

    def last(self, location: RegistryLocation) -> Fetched | None:
        """Returns the bundle that served last for a location, if it is still here."""
        noted = _noted(self._pointer(location))
        if noted is None:
            return None
        folder = self.path(noted.digest)
        if not _is_folder(folder):
            return None
        return Fetched(folder=folder, version=noted.version, digest=noted.digest, stale=True)

    def remember(self, location: RegistryLocation, fetched: Fetched) -> None:
        """Notes which bundle serves for a location, and removes the oldest others."""
        os.utime(fetched.folder)
        pointer = self._pointer(location)
        note = _Note(fetched.version, fetched.digest, _before(_noted(pointer), fetched.digest))
        beside = pointer.with_suffix(f".{os.getpid()}.tmp")
        try:
            beside.write_text(json.dumps(note._asdict()))
            _flush(beside)
            beside.replace(pointer)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        _flush(self.folder)
        self._prune(fetched.digest)

    def last_statement(self, location: RegistryLocation) -> int:
        """Returns the sequence of the last statement that was kept for a location, or 0."""
        return max((each for each, _ in self._statements(location)), default=0)

    def keep_statement(self, location: RegistryLocation, sequence: int) -> None:
        """Keeps the sequence of a statement, so that no older one counts, also after a crash.

        The name of an empty file says it: of several servers that keep one at the same moment,
        none can undo what another has kept.

        Raises:
            OSError: It cannot be kept.
        """
        if sequence <= self.last_statement(location):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{self._statement_name(location)}{sequence}").touch()
        _flush(self.folder)
        for older, file in self._statements(location):
            if older < sequence:
                file.unlink(missing_ok=True)

    def _statements(self, location: RegistryLocation) -> Iterator[tuple[int, Path]]:
        begin = self._statement_name(location)
        for file in self.folder.glob(f"{begin}*"):
            number = file.name.removeprefix(begin)
            if _SEQUENCE.fullmatch(number):
                yield int(number), file

    def _statement_name(self, location: RegistryLocation) -> str:
        return f"statement-{_key(location, self.folder.parent)}-"

    def _pointer(self, location: RegistryLocation) -> Path:
        return self.folder / f"last-{_key(location, self.folder.parent)}.json"

    def _last_of_all(self) -> set[str]:
        """Returns the digests that served last, and before that, for whatever location."""
        notes = [_noted(note) for note in self.folder.glob("last-*.json")]
        # guard: the bundle that a server may go back to
        return {digest for noted in notes if noted for digest in (noted.digest, noted.before)}

    def _prune(self, newest: Digest) -> None:
        folders = sorted(
            (entry for entry in self.folder.iterdir() if entry.is_dir()),
            key=lambda entry: entry.stat().st_mtime,
            reverse=True,
        )
        bundles = [entry for entry in folders if bundle_digest.is_digest(entry.name)]
        # The next start needs these, should the registry be down.
        needed = {newest, *self._last_of_all()}
        for entry in bundles[_KEPT:]:
            if entry.name not in needed:
                self._remove(entry)
        for note in self.folder.glob("last-*.tmp"):
            # A server that was killed has left it; another one may be removing it, too.
            with suppress(FileNotFoundError):
                if time.time() - note.stat().st_mtime > _ABANDONED_SECONDS:
                    note.unlink()


def _key(location: RegistryLocation, home: Path) -> str:
    """Returns what stands for a location in the name of a file."""
    # A registry in the same home stays the same one where both are moved.
    file = location.sqlite_file
    inside = file is not None and file.is_relative_to(home)
    place = str(file.relative_to(home)) if file and inside else location.tracking_uri
    # Hashed: a tracking URI may hold a password.
    key = f"{place}\n{location.model_name}\n{location.alias}"
    return hashlib.sha256(key.encode()).hexdigest()[:16]


class _Note(NamedTuple):
    """Which bundle serves for a location, and which did before, or ""."""

    version: str
    digest: Digest
    before: str


def _before(last: _Note | None, digest: Digest) -> str:
    """Returns which bundle served before one, by the note so far."""
    if last is None:
        return ""
    return last.before if last.digest == digest else last.digest


def _noted(note: Path) -> _Note | None:
    """Returns what a note says; None if it is none."""
    try:
        entry = json.loads(note.read_text())
        digest = bundle_digest.parse(str(entry["digest"]), "the note of the cache")
        return _Note(str(entry["version"]), digest, str(entry.get("before", "")))
    except (OSError, ValueError, KeyError, TypeError, BundleFormatError):
        return None


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _lock(handle: int) -> bool | None:
    """Returns whether nobody else has the lock, which is held then; None if there are none."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _flush(path: Path) -> None:
    """Brings a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
