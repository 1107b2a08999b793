"""The bundles that a server of a registry keeps on its own disk."""

import os
import shutil
import time
from pathlib import Path

import pytest

from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.source import Fetched

HERE = RegistryLocation(
    tracking_uri="postgresql://user:secret@db/mlflow", model_name="m", alias="production"
)
ELSEWHERE = RegistryLocation(tracking_uri="http://mlflow", model_name="m", alias="production")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "made" / "when-needed"


@pytest.fixture
def cache(folder: Path) -> BundleCache:
    return BundleCache(folder)


def kept(cache: BundleCache, digest: str, content: str = "content") -> Path:
    part = cache.part()
    (part / "bundle").mkdir()
    (part / "bundle" / "file").write_text(content)
    cache.keep(part / "bundle", digest)
    shutil.rmtree(part)
    return cache.path(digest)


def fetched(cache: BundleCache, digest: str, version: str = "1") -> Fetched:
    return Fetched(folder=cache.path(digest), version=version, digest=digest)


def aged(folder: Path, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(folder, (moment, moment))


def test_what_is_kept_is_found_by_its_digest(cache: BundleCache) -> None:
    assert (kept(cache, "d1") / "file").read_text() == "content"


def test_what_is_there_already_is_left(cache: BundleCache) -> None:
    kept(cache, "d1", "first")
    assert (kept(cache, "d1", "second") / "file").read_text() == "first"


def test_what_cannot_be_moved_in_is_an_error(cache: BundleCache, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        cache.keep(tmp_path / "nothing", "d1")


def test_what_is_discarded_is_gone(cache: BundleCache) -> None:
    folder = kept(cache, "d1")
    cache.discard("d1")
    cache.discard("d2")
    assert not folder.exists()


def test_nothing_served_last_at_first(cache: BundleCache) -> None:
    assert cache.last(HERE) is None


def test_each_location_has_its_own_last(cache: BundleCache) -> None:
    for digest, location in (("d1", HERE), ("d2", ELSEWHERE), ("d3", HERE)):
        kept(cache, digest)
        cache.remember(location, fetched(cache, digest, version=digest[1:]))
    assert cache.last(HERE) == Fetched(
        folder=cache.path("d3"), version="3", digest="d3", stale=True
    )
    assert cache.last(ELSEWHERE) == Fetched(
        folder=cache.path("d2"), version="2", digest="d2", stale=True
    )


def test_a_last_one_that_is_gone_is_none(cache: BundleCache) -> None:
    kept(cache, "d1")
    cache.remember(HERE, fetched(cache, "d1"))
    cache.discard("d1")
    assert cache.last(HERE) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"d1"', '{"version": "1"}'])
def test_a_note_that_is_damaged_is_none(cache: BundleCache, folder: Path, text: str) -> None:
    kept(cache, "d1")
    cache.remember(HERE, fetched(cache, "d1"))
    (note,) = folder.glob("last-*.json")
    note.write_text(text)
    assert cache.last(HERE) is None


def test_no_secret_of_the_location_is_written(cache: BundleCache, folder: Path) -> None:
    kept(cache, "d1")
    cache.remember(HERE, fetched(cache, "d1"))
    (note,) = folder.glob("last-*.json")
    assert "secret" not in note.name + note.read_text()


def test_the_five_that_served_last_are_kept(cache: BundleCache, folder: Path) -> None:
    for number in range(7):
        aged(kept(cache, f"d{number}"), seconds=1000 - number)
    # The oldest of all serves now.
    cache.remember(HERE, fetched(cache, "d0"))
    bundles = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    assert bundles == ["d0", "d3", "d4", "d5", "d6"]


def test_downloads_that_were_given_up_are_removed(cache: BundleCache) -> None:
    kept(cache, "d1")
    old, young = cache.part(), cache.part()
    aged(old, seconds=4000)
    cache.remember(HERE, fetched(cache, "d1"))
    assert (old.exists(), young.exists()) == (False, True)


def test_notes_that_were_given_up_are_removed(cache: BundleCache, folder: Path) -> None:
    kept(cache, "d1")
    old, young = folder / "last-1.7.tmp", folder / "last-1.8.tmp"
    for note in (old, young):
        note.touch()
    aged(old, seconds=4000)
    cache.remember(HERE, fetched(cache, "d1"))
    assert (old.exists(), young.exists()) == (False, True)


def test_a_part_is_a_new_empty_folder_beside_the_bundles(cache: BundleCache, folder: Path) -> None:
    first, second = cache.part(), cache.part()
    assert first != second
    assert (first.parent, list(first.iterdir())) == (folder, [])
