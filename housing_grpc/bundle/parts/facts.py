"""Which parts a bundle has, and what was measured of them."""

from dataclasses import dataclass

from ..metadata import IntervalFacts
from .explanation import Link, Method


@dataclass(frozen=True, kw_only=True)
class Applicability:
    """How houses that are unlike the training ones are found.

    Attributes:
        method: "nearest neighbour", "nearest centre" or "copula".
        points: Training rows, or centres of them; 1 of a copula.
        distances: How many training houses a house is held against.
    """

    method: str
    points: int
    distances: int


@dataclass(frozen=True, kw_only=True)
class Explaining:
    """How prices are explained.

    Attributes:
        method: Without a reference.
        link: What the model's sum is.
    """

    method: Method
    link: Link


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a bundle can say besides prices; None for what it cannot.

    Attributes:
        interval: Bounds of prices, and how they did in training.
        applicability: How unusual a house is.
        explanation: What made a price.
    """

    interval: IntervalFacts | None
    applicability: Applicability | None
    explanation: Explaining | None
