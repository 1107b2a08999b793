"""What fuzzing has found, so that it stays mended."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from housing_grpc.bundle import metadata
from housing_grpc.bundle.errors import BundleFormatError
from housing_grpc.bundle.format import METADATA_FILE
from tests.support.examples import Example

Tree = dict[str, Any]


def trained(when: str) -> Callable[[Tree], None]:
    return lambda tree: tree.update(trained_at=when)


def missing(count: int) -> Callable[[Tree], None]:
    return lambda tree: tree["features"][3].update(missing_count=count)


# Each was loaded, and made every ModelInfo fail from then on.
UNTELLABLE = {
    "a time before the first in UTC": trained("0001-01-01T00:00:00+23:59"),
    "a time after the last in UTC": trained("9999-12-31T23:59:59-23:59"),
    "a negative count": missing(-1),
    "a count above 64 bits": missing(2**64),
}


@pytest.mark.parametrize("fault", UNTELLABLE)
def test_metadata_that_could_not_be_told(linear: Example, fault: str) -> None:
    tree = msgspec.json.decode(Path(linear.folder, METADATA_FILE).read_bytes())
    UNTELLABLE[fault](tree)
    with pytest.raises(BundleFormatError, match=r"^metadata\.json: "):
        metadata.decode(msgspec.json.encode(tree))
