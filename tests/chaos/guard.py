"""What a guard is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guard:
    """Lines that keep something out.

    Attributes:
        name: Its marker: the comment "guard: NAME" stands above the lines.
        without: What stands there instead when the guard is gone.
        test: What fails then, within `tests`.
        lines: How many lines it is.
    """

    name: str
    without: str
    test: str
    lines: int = 1
