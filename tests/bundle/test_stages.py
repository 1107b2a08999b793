"""One bundle of each stage, as the release of that time has written it: all of them serve."""

from pathlib import Path

import numpy as np
import pytest

from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.parts.explanation import Method

STAGES = Path(__file__).parent / "stages"
ROWS = np.array([[np.nan] * 12 + [5.0], [1.0] * 13])


def test_there_is_one_of_each() -> None:
    assert {folder.name for folder in STAGES.iterdir()} == {
        "format_1", "format_2", "parts", "card",
    }  # fmt: skip


@pytest.mark.parametrize("stage", ["format_1", "format_2", "parts", "card"])
def test_it_serves_as_it_did(stage: str) -> None:
    bundle, newest = bundle_model.load(STAGES / stage), bundle_model.load(STAGES / "card")
    # All are of one fit.
    assert bundle.predict(ROWS).tolist() == newest.predict(ROWS).tolist()


@pytest.mark.parametrize("stage", ["format_1", "format_2"])
def test_what_it_has_no_part_for_it_does_not_say(stage: str) -> None:
    bundle = bundle_model.load(STAGES / stage)
    parts = bundle.parts
    assert (parts.interval, parts.applicability, parts.explanation) == (None, None, None)
    assert bundle.assess(ROWS, bundle.predict(ROWS)) is None
    assert bundle.explain(ROWS) is None


@pytest.mark.parametrize("stage", ["parts", "card"])
def test_what_it_has_parts_for_it_says(stage: str) -> None:
    bundle = bundle_model.load(STAGES / stage)
    interval, known = bundle.parts.interval, bundle.parts.applicability
    assert interval is not None
    assert known is not None
    assert (interval.folds, interval.scores, known.points) == (20, 506, 506)
    assert 0.85 < interval.coverage < 0.95
    assert known.method == "nearest neighbour"
    assessed, explained = bundle.assess(ROWS, bundle.predict(ROWS)), bundle.explain(ROWS)
    assert assessed is not None
    assert assessed.has_bounds
    assert explained is not None
    assert explained.method is Method.TREE_PATH_DEPENDENT
