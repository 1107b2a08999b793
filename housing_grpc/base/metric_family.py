"""How a metric is described, for its page and for the documentation."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

Kind = Literal["counter", "gauge", "histogram", "window", "sums"]


class Merge(Enum):
    """How the values of several servers become one."""

    SUM = "sum"
    MIN = "min"
    MAX = "max"
    LATEST = "that of the server whose model went live last"
    WINDOW = "sum over the servers of that model"


@dataclass(frozen=True, kw_only=True)
class Family:
    """A metric.

    Attributes:
        name: As it is queried; a histogram's without _bucket, _sum and _count.
        kind: Its type; windows and sums are not exposed themselves.
        help: One line for people.
        labels: Names of its labels.
        buckets: Upper bounds of a histogram, without infinity.
        merge: How the values of several servers become one.
        always: Whether it is exposed from the start, or only once it has a value.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    merge: Merge = Merge.SUM
    always: bool = True
