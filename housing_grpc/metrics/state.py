"""All counts of a server as plain data, and how those of many servers become one."""

from collections.abc import Sequence

from housing_grpc.base.metric_family import Family, Merge
from housing_grpc.metrics.catalogue import FAMILIES, LOADED, MODEL_INFO

# What a server that is gone has counted.
_KEPT = frozenset({"counter", "histogram", "sums"})

Labels = tuple[str, ...]
Series = dict[Labels, list[float]]

# By family and label values. A histogram's numbers are its bucket counts, not cumulative,
# then its sum; a drift window's are in `drift`; all others have one number.
State = dict[str, Series]


def merge(states: Sequence[State]) -> State:
    """Returns the state of all servers together.

    Counters and histograms are added up, gauges as the catalogue says. What can only be said
    of one model is taken from the servers that serve the model that went live last.

    Args:
        states: At least one.
    """
    latest = max(states, key=_loaded)
    serving = [state for state in states if state.get(MODEL_INFO) == latest.get(MODEL_INFO)]
    merged: State = {}
    for family in FAMILIES:
        if family.merge is Merge.LATEST:
            parts = [latest.get(family.name)]
        else:
            among = serving if family.merge is Merge.WINDOW else states
            parts = [state.get(family.name) for state in among]
        found = [part for part in parts if part is not None]
        if found:
            merged[family.name] = _together(family, found)
    return merged


def retire(state: State) -> State:
    """Returns what remains of a server that is gone: what it has counted.

    Added to the others, it keeps their sum from falling, which Prometheus would take for a
    restart of them all.
    """
    kept = {family.name for family in FAMILIES if family.kind in _KEPT}
    return {name: series for name, series in state.items() if name in kept}


def _loaded(state: State) -> float:
    return state.get(LOADED, {}).get((), [0.0])[0]


def _together(family: Family, parts: Sequence[Series]) -> Series:
    together: Series = {}
    for part in parts:
        for labels, numbers in part.items():
            before = together.get(labels)
            together[labels] = numbers if before is None else _pair(family, before, numbers)
    return together


def _pair(family: Family, one: list[float], other: list[float]) -> list[float]:
    if family.merge is Merge.MIN:
        return [min(one[0], other[0])]
    if family.merge is Merge.MAX:
        return [max(one[0], other[0])]
    added = [a + b for a, b in zip(one, other, strict=True)]
    if family.merge is Merge.WINDOW:
        # The second half is of the training data, and the same for all.
        half = len(one) // 2
        return added[:half] + one[half:]
    return added
