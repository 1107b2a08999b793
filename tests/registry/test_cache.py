"""The bundles that a server of a registry keeps on its own disk."""

import errno
import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.errors import BundleFormatError
from housing_grpc.model.source import Fetched
from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.error_causes import cannot_be_used
from housing_grpc.registry.location import RegistryLocation
from tests.support.errors import raised

HERE = RegistryLocation(
    tracking_uri="postgresql://user:secret@db/mlflow", model_name="m", alias="production"
)
ELSEWHERE = RegistryLocation(tracking_uri="http://mlflow", model_name="m", alias="production")


def named(number: int) -> Digest:
    return Digest(f"{number:064x}")


D1, D2, D3 = named(1), named(2), named(3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "made" / "when-needed"


@pytest.fixture
def cache(folder: Path) -> BundleCache:
    return BundleCache(folder)


def kept(cache: BundleCache, digest: Digest, content: str = "content") -> Path:
    with cache.part() as part:
        (part / "bundle").mkdir()
        (part / "bundle" / "file").write_text(content)
        cache.keep(part / "bundle", digest)
    return cache.path(digest)


def fetched(cache: BundleCache, digest: Digest, version: str = "1") -> Fetched:
    return Fetched(folder=cache.path(digest), version=version, digest=digest)


def aged(folder: Path, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(folder, (moment, moment))


def test_what_is_kept_is_found_by_its_digest(cache: BundleCache) -> None:
    assert (kept(cache, D1) / "file").read_text() == "content"


def test_what_is_there_already_is_left(cache: BundleCache) -> None:
    kept(cache, D1, "first")
    assert (kept(cache, D1, "second") / "file").read_text() == "first"


def test_what_cannot_be_moved_in_is_an_error(cache: BundleCache, tmp_path: Path) -> None:
    error = raised(FileNotFoundError, cache.keep, tmp_path / "nothing", D1)
    assert cannot_be_used(error) == (
        "the bundle cache cannot be used: the bundle could not be moved into it"
    )


def test_what_is_discarded_is_gone(cache: BundleCache) -> None:
    folder = kept(cache, D1)
    cache.discard(D1)
    cache.discard(D2)
    assert not folder.exists()


NO_DIGESTS = ["", ".", "..", "../..", "/", "/etc", "a/b", "d1", "D" * 64, "0" * 63, "0" * 64 + "\n"]


@pytest.mark.parametrize("text", NO_DIGESTS)
def test_text_that_is_no_digest_never_becomes_a_path(
    cache: BundleCache, folder: Path, text: str
) -> None:
    kept(cache, D1)
    beside = folder.parent / "beside"
    beside.mkdir()
    for ask in (cache.path, cache.discard):
        with pytest.raises(BundleFormatError, match="64 hexadecimal digits"):
            ask(Digest(text))
    assert beside.is_dir()
    assert cache.path(D1).is_dir()


@pytest.mark.parametrize("text", NO_DIGESTS)
def test_a_note_with_text_that_is_no_digest_is_none(
    cache: BundleCache, folder: Path, text: str
) -> None:
    kept(cache, D1)
    cache.remember(HERE, fetched(cache, D1))
    (note,) = folder.glob("last-*.json")
    note.write_text(json.dumps({"version": "1", "digest": text}))
    assert cache.last(HERE) is None


def test_a_link_in_the_place_of_a_bundle_leads_to_no_deletion(
    cache: BundleCache, folder: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "file").mkdir(parents=True)
    folder.mkdir(parents=True)
    cache.path(D1).symlink_to(elsewhere)
    cache.discard(D1)
    assert (elsewhere / "file").is_dir()


@pytest.mark.parametrize("what", ["file", "link", "link to nothing", "pipe"])
def test_what_is_in_the_place_of_a_bundle_makes_room(
    cache: BundleCache, folder: Path, tmp_path: Path, what: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("somebody's")
    folder.mkdir(parents=True)
    place = cache.path(D1)
    if what == "file":
        place.touch()
    elif what == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(elsewhere if what == "link" else tmp_path / "nothing")
    assert (kept(cache, D1) / "file").read_text() == "content"
    assert not place.is_symlink()
    assert (elsewhere / "file").read_text() == "somebody's"


def test_a_link_in_the_place_of_what_served_last_is_none(
    cache: BundleCache, tmp_path: Path
) -> None:
    kept(cache, D1)
    cache.remember(HERE, fetched(cache, D1))
    cache.path(D1).rename(tmp_path / "elsewhere")
    cache.path(D1).symlink_to(tmp_path / "elsewhere")
    assert cache.last(HERE) is None


def test_a_link_in_the_place_of_a_part_leads_to_no_deletion(
    cache: BundleCache, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "file").mkdir(parents=True)
    with cache.part() as part:
        (part.parent / ".part-link").symlink_to(elsewhere)
        part.rmdir()
        part.symlink_to(elsewhere)
    with cache.part():
        pass
    assert (elsewhere / "file").is_dir()


def test_folders_that_are_no_bundles_are_not_the_caches_to_remove(
    cache: BundleCache, folder: Path
) -> None:
    (folder / "somebody's").mkdir(parents=True)
    aged(folder / "somebody's", seconds=10_000)
    for number in range(7):
        kept(cache, named(number))
    cache.remember(HERE, fetched(cache, named(6)))
    assert (folder / "somebody's").is_dir()


def test_nothing_served_last_at_first(cache: BundleCache) -> None:
    assert cache.last(HERE) is None


def test_each_location_has_its_own_last(cache: BundleCache) -> None:
    for digest, location in ((D1, HERE), (D2, ELSEWHERE), (D3, HERE)):
        kept(cache, digest)
        cache.remember(location, fetched(cache, digest, version=digest[-1]))
    assert cache.last(HERE) == Fetched(folder=cache.path(D3), version="3", digest=D3, stale=True)
    assert cache.last(ELSEWHERE) == Fetched(
        folder=cache.path(D2), version="2", digest=D2, stale=True
    )


def test_a_last_one_that_is_gone_is_none(cache: BundleCache) -> None:
    kept(cache, D1)
    cache.remember(HERE, fetched(cache, D1))
    cache.discard(D1)
    assert cache.last(HERE) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"d1"', '{"version": "1"}'])
def test_a_note_that_is_damaged_is_none(cache: BundleCache, folder: Path, text: str) -> None:
    kept(cache, D1)
    cache.remember(HERE, fetched(cache, D1))
    (note,) = folder.glob("last-*.json")
    note.write_text(text)
    assert cache.last(HERE) is None


def test_no_secret_of_the_location_is_written(cache: BundleCache, folder: Path) -> None:
    kept(cache, D1)
    cache.remember(HERE, fetched(cache, D1))
    (note,) = folder.glob("last-*.json")
    assert "secret" not in note.name + note.read_text()


def bundles_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir())


def test_the_five_that_served_last_are_kept(cache: BundleCache, folder: Path) -> None:
    for number in range(5):
        aged(kept(cache, named(number)), seconds=1000 - number)
    # The oldest of all serves now.
    cache.remember(HERE, fetched(cache, named(0)))
    kept(cache, named(5))
    assert bundles_in(folder) == [named(number) for number in (0, 2, 3, 4, 5)]


def test_the_bundle_that_a_server_may_go_back_to_is_kept(cache: BundleCache) -> None:
    for digest in (D1, D2):
        aged(kept(cache, digest), 100)
        cache.remember(HERE, fetched(cache, digest))
    cache.remember(HERE, fetched(cache, D2, "of the same bundle"))
    for number in range(10, 20):
        kept(cache, named(number))
    assert cache.path(D1).is_dir()
    cache.remember(HERE, fetched(cache, D1))
    assert cache.last(HERE) == Fetched(folder=cache.path(D1), version="1", digest=D1, stale=True)


def test_versions_that_never_serve_do_not_fill_the_disk(cache: BundleCache, folder: Path) -> None:
    for digest, location in ((D1, HERE), (D2, ELSEWHERE)):
        aged(kept(cache, digest), seconds=2000)
        cache.remember(location, fetched(cache, digest))
        aged(cache.path(digest), seconds=2000)
    for number in range(10, 20):
        aged(kept(cache, named(number)), seconds=1000 - number)
    # What the next start needs stays.
    assert bundles_in(folder) == [D1, D2, *(named(number) for number in range(15, 20))]
    # One that came before all others, by a clock that went wrong, is not taken away at once.
    aged(kept(cache, named(20)), seconds=3000)
    assert cache.path(named(20)).is_dir()


@contextmanager
def another_server(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that downloads to the same cache."""
    statement = (
        "import sys, time, pathlib\n"
        "from housing_grpc.registry.cache import BundleCache\n"
        f"with BundleCache(pathlib.Path({str(folder)!r})).part() as part:\n"
        "    (part / 'file').write_text('a half')\n"
        "    print(part, flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", statement], stdout=-1, text=True) as process:
        yield process
        process.kill()


def test_what_a_server_that_died_was_downloading_goes_with_the_next_download(
    cache: BundleCache, folder: Path
) -> None:
    with another_server(folder) as process:
        assert process.stdout is not None
        part = Path(process.stdout.readline().strip())
        with cache.part():
            assert (part / "file").is_file(), "that server is alive"
        process.kill()
        process.wait()
        assert (part / "file").is_file()
        with cache.part():
            assert not part.exists()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("seconds", [0, 4000])
def test_without_locks_the_age_says_which_downloads_were_given_up(
    cache: BundleCache, folder: Path, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    part = folder / ".part-of-another"
    part.mkdir(parents=True)
    aged(part, seconds)
    with cache.part() as own:
        assert own.is_dir()
        assert part.exists() == (seconds == 0)


def test_notes_that_were_given_up_are_removed(cache: BundleCache, folder: Path) -> None:
    kept(cache, D1)
    old, young = folder / "last-1.7.tmp", folder / "last-1.8.tmp"
    for note in (old, young):
        note.touch()
    aged(old, seconds=4000)
    cache.remember(HERE, fetched(cache, D1))
    assert (old.exists(), young.exists()) == (False, True)


def test_a_part_is_a_new_empty_folder_beside_the_bundles(cache: BundleCache, folder: Path) -> None:
    with cache.part() as first, cache.part() as second:
        assert first != second
        assert (first.parent, list(first.iterdir())) == (folder, [])
        (first / "file").write_text("content")
    assert list(folder.iterdir()) == []


def test_a_part_goes_when_its_download_fails(cache: BundleCache, folder: Path) -> None:
    def download() -> None:
        with cache.part() as part:
            (part / "file").write_text("content")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        download()
    assert list(folder.iterdir()) == []


def test_the_last_statement_is_that_of_the_highest_sequence(
    cache: BundleCache, folder: Path
) -> None:
    assert cache.last_statement(HERE) == 0
    for sequence in (7, 12, 9, 12):
        cache.keep_statement(HERE, sequence)
    assert BundleCache(folder).last_statement(HERE) == 12
    assert cache.last_statement(ELSEWHERE) == 0
    (file,) = folder.iterdir()
    (folder / file.name.replace("-12", "-x")).touch()
    assert cache.last_statement(HERE) == 12
    # Nothing of what else the cache does away with.
    kept(cache, D1)
    cache.remember(HERE, fetched(cache, D1))
    assert cache.last_statement(HERE) == 12


def test_servers_that_keep_statements_at_once_undo_none(folder: Path) -> None:
    start = threading.Barrier(4)

    def keep(place: int) -> None:
        start.wait()
        for sequence in range(place, 200, 4):
            BundleCache(folder).keep_statement(HERE, sequence + 1)
            assert BundleCache(folder).last_statement(HERE) > sequence

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(keep, range(4)))
    assert BundleCache(folder).last_statement(HERE) == 200
