"""Whether arrays are trees, and which are too large to walk."""

from collections.abc import Sequence

import numpy as np
import pytest

from housing_grpc.bundle.onnx.errors import ForeignGraphError
from housing_grpc.bundle.onnx.trees import check_trees

NAMES = (
    "tree_roots", "nodes_featureids", "nodes_truenodeids", "nodes_trueleafs",
    "nodes_falsenodeids", "nodes_falseleafs",
)  # fmt: skip
TWO_TREES: Sequence[Sequence[int]] = [
    [0, 1], [5, 6, 7], [0, 2, 2], [1, 0, 1], [1, 4, 3], [1, 1, 1],
]  # fmt: skip


def check(values: Sequence[Sequence[int]], leaves: int = 5) -> None:
    arrays = [np.array(each, dtype=np.int64) for each in values]
    check_trees(dict(zip(NAMES, arrays, strict=True)), leaves, 13)


def test_trees_are_trees() -> None:
    check(TWO_TREES)


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        (0, [0, 3], "a child that is not there"),
        (0, [0, 2**62], "a child that is not there"),
        (0, [0, 0], "two parents"),
        (0, [0, 2], "two parents"),
        (1, [5, 6, 13], "a feature that is not there"),
        (1, [], "no splits"),
        (1, [5, 6, 7, 8], "splits of another number"),
        (2, [5, 2, 2], "a child that is not there"),
        (2, [1, 2, 2], "a split or leaf with two parents"),
        (3, [1, 0, 2], "neither a leaf nor a split"),
        (3, [1, 0], "splits of another number"),
        (4, [0, 4, 3], "two parents"),
    ],
    ids=str,
)
def test_what_is_no_tree_is_refused(column: int, value: list[int], text: str) -> None:
    with pytest.raises(ForeignGraphError, match=text):
        check([*TWO_TREES[:column], value, *TWO_TREES[column + 1 :]])


@pytest.mark.parametrize("to", [0, 1, 2], ids=["its root", "its parent", "itself"])
def test_a_circle_is_refused(to: int) -> None:
    # A chain of three splits, whose last one goes back up.
    values = [[0], [1, 1, 1], [1, 2, to], [0, 0, 0], [0, 1, 2], [1, 1, 1]]
    with pytest.raises(ForeignGraphError, match="two parents"):
        check(values)


def test_more_leaves_than_splits_can_have_are_refused() -> None:
    with pytest.raises(ForeignGraphError, match="no splits, or more than"):
        check(TWO_TREES, leaves=7)


def chain(length: int, trees: int = 1) -> list[list[int]]:
    """Trees of so many levels each, of which every split has a leaf and the next one."""
    splits = np.arange(length * trees)
    ends = splits % length == length - 1
    following = np.where(ends, length * trees + splits // length, splits + 1)
    return [
        list(range(0, length * trees, length)), [0] * len(splits), following.tolist(),
        ends.astype(int).tolist(), splits.tolist(), [1] * len(splits),
    ]  # fmt: skip


def test_a_tree_may_be_deep_but_not_without_limit() -> None:
    check(chain(4096), leaves=4097)
    with pytest.raises(ForeignGraphError, match=r"more than 4096 levels \(limit its depth\)"):
        check(chain(4097), leaves=4098)


def test_trees_may_take_many_comparisons_but_not_without_limit() -> None:
    check(chain(64, trees=2048), leaves=2048 * 65)
    with pytest.raises(ForeignGraphError, match="131072 comparisons a row"):
        check(chain(64, trees=2049), leaves=2049 * 65)


def test_splits_that_no_root_leads_to_do_no_harm() -> None:
    # Of two splits that lead to each other neither has two parents, but neither is ever met.
    values = [[0], [1, 1, 1], [0, 2, 1], [1, 0, 0], [1, 2, 3], [1, 1, 1]]
    check(values, leaves=4)
