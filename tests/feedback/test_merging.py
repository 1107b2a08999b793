"""The rules of what an outcome does to those that are there."""

import msgspec
import pytest

from housing_grpc.feedback.merging import Kept, merge
from housing_grpc.feedback.outcome import Outcome, Recorded
from tests.support.outcomes import outcome

OUTCOME = outcome(21.0, source="registry", observed_at=5)
OTHER = msgspec.structs.replace(OUTCOME, actual=22.0)
RETRACTION = msgspec.structs.replace(OUTCOME, retract=True)
KEPT = Kept(actual=21.0, observed_at=5, source="registry", recorded_at=7, retracted=False)
GONE = msgspec.structs.replace(KEPT, retracted=True)

NEW, SAME, CORRECTED, RETRACTED, NOT_FOUND = (
    Recorded.NEW,
    Recorded.SAME,
    Recorded.CORRECTED,
    Recorded.RETRACTED,
    Recorded.NOT_FOUND,
)


@pytest.mark.parametrize(
    ("found", "given", "result", "replaced"),
    [
        (None, OUTCOME, NEW, 0),
        (None, RETRACTION, NOT_FOUND, 0),
        (KEPT, OUTCOME, SAME, 0),
        (KEPT, OTHER, CORRECTED, 1),
        (KEPT, RETRACTION, RETRACTED, 1),
        (GONE, RETRACTION, SAME, 0),
        # What was retracted went to the history then.
        (GONE, OUTCOME, CORRECTED, 0),
        (GONE, OTHER, CORRECTED, 0),
    ],
)
def test_one_outcome(found: Kept | None, given: Outcome, result: Recorded, replaced: int) -> None:
    changes = merge({} if found is None else {OUTCOME.id: found}, [given], at=9)
    assert changes.results == [result]
    assert [each.kept for each in changes.replaced] == [found] * replaced
    assert [each.change for each in changes.replaced] == [result] * replaced
    assert len(changes.new) == (result is NEW)
    assert len(changes.changed) == (result in (CORRECTED, RETRACTED))


def test_several_of_one_receipt_follow_each_other() -> None:
    given = [OUTCOME, OUTCOME, OTHER, RETRACTION, RETRACTION, OUTCOME]
    changes = merge({}, given, at=9)
    assert changes.results == [NEW, SAME, CORRECTED, RETRACTED, SAME, CORRECTED]
    assert changes.changed == {}
    (first, kept) = changes.new[OUTCOME.id]
    assert first is OUTCOME
    assert kept == msgspec.structs.replace(KEPT, recorded_at=9)
    assert [(each.kept.actual, each.change) for each in changes.replaced] == [
        (21.0, CORRECTED),
        (22.0, RETRACTED),
    ]


def test_a_correction_brings_its_own_source_and_moment() -> None:
    given = msgspec.structs.replace(OTHER, source="agent", observed_at=None)
    (kept,) = merge({OUTCOME.id: KEPT}, [given], at=9).changed.values()
    expected = Kept(actual=22.0, observed_at=None, source="agent", recorded_at=9, retracted=False)
    assert kept == expected
