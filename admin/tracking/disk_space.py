"""Says of a full disk which one it is, and how much is needed there."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from housing_grpc.registry.error_causes import disk_is_full

from ..base.errors import RegistryError

DATABASE_BYTES = 2 * 2**20
"""What MLflow's database may need for a change: itself when it is new, a journal later."""


@contextmanager
def explained(places: Mapping[Path, int]) -> Iterator[None]:
    """Turn the error of a full disk, in a `with` block, into one that says what is needed.

    Args:
        places: Folders that are written to, each with the bytes that this takes at most.

    Raises:
        RegistryError: A disk is full.
    """
    try:
        yield
    except Exception as error:
        if not disk_is_full(error):
            raise
        raise RegistryError(explain(places)) from error


def explain(places: Mapping[Path, int]) -> str:
    """Return one line about the place that lacks most."""
    free = {place: _free(place) for place in places}
    place = min(places, key=lambda each: free[each] - places[each])
    return (
        f"{place}: no space left on the disk, up to {places[place]:,} bytes are needed,"
        f" {free[place]:,} are free; free some space and run this again"
    )


def size(folder: Path) -> int:
    """Return how many bytes the files in a folder hold."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _free(place: Path) -> int:
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free
