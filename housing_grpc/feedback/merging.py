"""What outcomes change of those that are there: the rules, without a database."""

from collections.abc import Iterable, Mapping

import msgspec

from housing_grpc.feedback.outcome import Outcome, Recorded


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What the store has of a receipt, as far as it may change."""

    actual: float
    observed_at: int | None
    source: str
    recorded_at: int
    retracted: bool


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """What counted until now, and what was done with it."""

    id: bytes
    kept: Kept
    change: Recorded
    changed_at: int


class Changes(msgspec.Struct, kw_only=True):
    """What has to be written, and what is answered.

    Attributes:
        results: One an outcome.
        new: Outcomes whose receipts are new, and what is to be kept of each, by id.
        changed: What is to be kept from now on of receipts that are known, by id.
        replaced: What goes to the history, in order.
    """

    results: list[Recorded]
    new: dict[bytes, tuple[Outcome, Kept]]
    changed: dict[bytes, Kept]
    replaced: list[Replaced]


def merge(found: Mapping[bytes, Kept], outcomes: Iterable[Outcome], at: int) -> Changes:
    """Returns what outcomes change, each after those before it.

    Args:
        found: What is there of their receipts, by id.
        outcomes: In order; a receipt may come several times.
        at: This moment, in microseconds of Unix time.
    """
    changes = Changes(results=[], new={}, changed={}, replaced=[])
    state = dict(found)
    for outcome in outcomes:
        before = state.get(outcome.id)
        result = _result(before, outcome)
        changes.results.append(result)
        if result in (Recorded.SAME, Recorded.NOT_FOUND):
            continue
        if before is not None and not before.retracted:
            changes.replaced.append(
                Replaced(id=outcome.id, kept=before, change=result, changed_at=at)
            )
        after = _after(before, outcome, at)
        state[outcome.id] = after
        if outcome.id in found:
            changes.changed[outcome.id] = after
        else:
            first = changes.new[outcome.id][0] if outcome.id in changes.new else outcome
            changes.new[outcome.id] = first, after
    return changes


def _result(before: Kept | None, outcome: Outcome) -> Recorded:
    if outcome.retract:
        if before is None:
            return Recorded.NOT_FOUND
        return Recorded.SAME if before.retracted else Recorded.RETRACTED
    if before is None:
        return Recorded.NEW
    same = not before.retracted and before.actual == outcome.actual
    # guard: an outcome that is sent again counts once
    return Recorded.SAME if same else Recorded.CORRECTED


def _after(before: Kept | None, outcome: Outcome, at: int) -> Kept:
    if outcome.retract and before is not None:
        return msgspec.structs.replace(before, recorded_at=at, retracted=True)
    return Kept(
        actual=outcome.actual,
        observed_at=outcome.observed_at,
        source=outcome.source,
        recorded_at=at,
        retracted=False,
    )
