"""How sure prices are, as the columns of a file that are written on request."""

from collections.abc import Sequence

from ..scores import ChunkScores

COLUMNS = ("lower", "upper", "p_value")


def columns(scores: ChunkScores) -> list[Sequence[float | None]]:
    """Returns lower ends, upper ends and p-values of a chunk's houses; None where there is none."""
    return [
        [None] * len(scores.prices)
        if found is None
        else [each if each == each else None for each in found]  # noqa: PLR0124
        for found in (scores.lower, scores.upper, scores.p_value)
    ]
