"""Whether arrays are trees, and which are too large to walk."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from housing_grpc.bundle.trees import Trees, TreesError, check


def trees(**columns: Any) -> Trees:
    arrays = {name: np.array(column) for name, column in columns.items()}
    return Trees(**arrays, inclusive=True, float32=False, exponential=False)


# The second tree's root leads to a split, whose children stand before it.
TWO_TREES = trees(
    roots=[0, 3],
    feature=[5, 0, 0, 6, 0, 0, 0, 7],
    number=[0.5, 1.0, 2.0, 0.25, 3.0, 4.0, 5.0, 0.75],
    left=[1, -1, -1, 7, -1, -1, -1, 4],
    right=[2, -1, -1, 6, -1, -1, -1, 5],
)


def test_trees_are_trees() -> None:
    check(TWO_TREES, 13)


def changed(name: str, place: int, value: float) -> Trees:
    column = getattr(TWO_TREES, name).copy()
    column[place] = value
    return replace(TWO_TREES, **{name: column})


@pytest.mark.parametrize(
    ("name", "place", "value", "text"),
    [
        ("roots", 1, 8, "a node that is not there"),
        ("roots", 1, 2**62, "a node that is not there"),
        ("roots", 1, -1, "a node that is not there"),
        ("roots", 1, 0, "two parents"),
        ("roots", 1, 7, "two parents"),
        ("feature", 0, 13, "a feature that is not there"),
        ("feature", 1, -1, "a feature that is not there"),
        ("number", 0, np.nan, "not finite"),
        ("number", 1, np.inf, "not finite"),
        ("left", 0, 8, "a node that is not there"),
        ("left", 0, -2, "a node that is not there"),
        ("left", 0, -1, "neither a leaf nor a split"),
        ("left", 0, 2, "two parents"),
        ("right", 7, 0, "two parents"),
        ("right", 1, 2, "neither a leaf nor a split"),
    ],
)
def test_what_is_no_tree_is_refused(name: str, place: int, value: float, text: str) -> None:
    with pytest.raises(TreesError, match=text):
        check(changed(name, place, value), 13)


def test_no_tree_is_refused() -> None:
    with pytest.raises(TreesError, match="no trees"):
        check(replace(TWO_TREES, roots=np.array([], dtype=np.int64)), 13)


@pytest.mark.parametrize("to", [0, 1, 2], ids=["its root", "its parent", "itself"])
def test_a_circle_is_refused(to: int) -> None:
    # A chain of three splits, whose last one goes back up.
    circle = trees(
        roots=[0], feature=[0] * 6, number=[0.0] * 6,
        left=[1, 2, to, -1, -1, -1], right=[3, 4, 5, -1, -1, -1],
    )  # fmt: skip
    with pytest.raises(TreesError, match="two parents"):
        check(circle, 13)


def chain(levels: int, count: int = 1) -> Trees:
    """Trees of so many levels each, of which every split has a leaf and the next one."""
    splits = np.arange(levels * count)
    total = levels * count
    ends = splits % levels == levels - 1
    leaves = np.full(total + count, -1)
    return trees(
        roots=splits[::levels],
        feature=np.zeros(2 * total + count, dtype=np.int64),
        number=np.zeros(2 * total + count),
        left=np.concatenate([np.where(ends, 2 * total + splits // levels, splits + 1), leaves]),
        right=np.concatenate([total + splits, leaves]),
    )


def test_a_tree_may_be_deep_but_not_without_limit() -> None:
    check(chain(4095), 13)
    with pytest.raises(TreesError, match=r"more than 4096 levels \(limit its depth\)"):
        check(chain(4097), 13)


def test_trees_may_take_many_comparisons_but_not_without_limit() -> None:
    check(chain(64, count=2048), 13)
    with pytest.raises(TreesError, match="131072 comparisons a row"):
        check(chain(64, count=2049), 13)


def test_nodes_that_no_root_leads_to_do_no_harm() -> None:
    # Two splits that lead to each other: neither has two parents, but neither is ever met.
    apart = trees(
        roots=[0], feature=[0] * 7, number=[0.0] * 7,
        left=[1, -1, -1, 4, 3, -1, -1], right=[2, -1, -1, 5, 6, -1, -1],
    )  # fmt: skip
    check(apart, 13)
