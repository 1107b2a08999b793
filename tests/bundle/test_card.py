import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from housing_grpc.bundle import card as bundle_card
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.card import Card, Data, Lineage, Recipe, Score, Slice, Use
from housing_grpc.bundle.errors import BundleFormatError
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.part_files import CARD_FILE, CARD_LIMIT

CARD = Card(
    name="house-prices",
    use=Use(intended="To test.", banned=["Anything else."], remarks=[]),
    recipe=Recipe(
        model="linear", preprocessing="v1_median", params={"alpha": 1.0}, seed=7, command="train"
    ),
    scores=[Score(name="rmse", houses="2 folds", value=4.5, deviation=0.25)],
    slices=[
        Slice(name="all", described="all houses", rows=20, rmse=4.0, rmse_error=0.5, bias=-0.1)
    ],
    data=Data(
        file="a.csv", digest="0" * 64, rows=20, rows_left_out=1, rows_with_blanks=2, unit="USD",
        accepted=[],
    ),
    lineage=Lineage(data_digest="0" * 64, code_version="1", run_id=""),
)  # fmt: skip


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(bundle_card.encode(CARD))
    change(document)
    return json.dumps(document).encode()


def nested(depth: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return {"a": value}


def test_a_card_is_read_as_it_was_written() -> None:
    assert bundle_card.decode(bundle_card.encode(CARD)) == CARD
    deep = changed(lambda found: found["recipe"].update(params=nested(7)))
    assert bundle_card.decode(deep).recipe.params == nested(7)
    later = changed(lambda found: found.update(reviewed_by="somebody of a later release"))
    assert bundle_card.decode(later) == CARD


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda found: found.pop("use"), "missing required field `use`"),
        (lambda found: found["use"].update(banned=["x" * 2001]), r"length <= 2000 .*\.banned"),
        (lambda found: found["use"].update(intended="\x1b[2J"), r"matching regex .*\.intended"),
        (lambda found: found["use"].update(remarks=["x"] * 101), r"length <= 100 .*\.remarks"),
        (lambda found: found["recipe"].update(params=nested(8)), "nested more than 8 deep"),
        (lambda found: found["recipe"].update(params=nested(500)), "nested more than 8 deep"),
        (lambda found: found["recipe"].update(seed=-1), r"`int` >= 0 .*\.seed"),
        (lambda found: found["scores"][0].update(value="low"), r"Expected `float`"),
        (lambda found: found["slices"][0].update(coverage=1.5), r"`float` <= 1.0 .*\.coverage"),
        (lambda found: found["lineage"].update(parent="none"), r"matching regex .*\.parent"),
    ],
)
def test_what_no_card_can_say_is_refused(
    change: Callable[[dict[str, Any]], object], text: str
) -> None:
    with pytest.raises(BundleFormatError, match=rf"card\.json: .*{text}"):
        bundle_card.decode(changed(change))


def test_a_server_checks_the_card_and_serves_without_one(
    tmp_path: Path, metadata: Metadata, blobs: dict[str, bytes]
) -> None:
    found = bundle_card.encode(CARD)
    bundle_format.write(tmp_path / "with", metadata, {**blobs, CARD_FILE: found})
    assert bundle_format.read(tmp_path / "with").blobs[CARD_FILE] == found
    bundle_model.load(tmp_path / "with")
    bundle_format.write(tmp_path / "without", metadata, blobs)
    bundle_model.load(tmp_path / "without")
    bundle_format.write(tmp_path / "wrong", metadata, {**blobs, CARD_FILE: b'{"name": 1}'})
    with pytest.raises(BundleFormatError, match=r"card\.json: Expected `str`, got `int`"):
        bundle_model.load(tmp_path / "wrong")
    padded = found + b" " * CARD_LIMIT
    bundle_format.write(tmp_path / "large", metadata, {**blobs, CARD_FILE: padded})
    with pytest.raises(BundleFormatError, match=rf"card\.json: is larger than {CARD_LIMIT} bytes"):
        bundle_model.load(tmp_path / "large")


def test_a_card_of_another_layout_is_refused(
    tmp_path: Path, metadata: Metadata, blobs: dict[str, bytes]
) -> None:
    folder = tmp_path / "bundle"
    bundle_format.write(folder, metadata, {**blobs, CARD_FILE: bundle_card.encode(CARD)})
    document = msgspec.json.decode((folder / "metadata.json").read_bytes())
    document["files"][CARD_FILE]["version"] = 2
    (folder / "metadata.json").write_bytes(msgspec.json.encode(document))
    with pytest.raises(BundleFormatError, match=r"card\.json: is of version 2, .* reads 1"):
        bundle_format.read(folder)
