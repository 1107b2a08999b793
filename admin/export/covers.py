"""Which share of the training rows goes left at each split of a model's trees."""

import numpy as np
from numpy.typing import NDArray

from housing_grpc.bundle.trees import Trees

from ..strategies import graph

Rows = NDArray[np.float64]


def cover_shares(trees: graph.Trees, made: Trees, scaled: Rows) -> Rows:
    """Return the share of each node, shape (nodes,), 0 at leaves.

    By the weights that the library has counted in training, if the strategy hands them on; else by
    the training rows.

    Args:
        trees: What the model computes.
        made: The same as it is written into a bundle.
        scaled: The training rows as the model gets them.
    """
    split = made.left >= 0
    weight = _handed_on(trees)
    weight = _counted(made, scaled) if weight is None else weight
    left, right = weight[made.left[split]], weight[made.right[split]]
    found = np.zeros(len(split))
    # A split that no row has come to parts nothing.
    found[split] = np.divide(
        left, left + right, out=np.full(len(left), 0.5), where=left + right > 0
    )
    return found


def _handed_on(trees: graph.Trees) -> Rows | None:
    found = []
    for tree in trees.trees:
        if tree.weight is None:
            return None
        # A tree of one leaf has become one of a split and two.
        found.append(tree.weight if len(tree.left) > 1 else np.array([2.0, 1.0, 1.0]))
    return np.concatenate(found)


def _counted(made: Trees, scaled: Rows) -> Rows:
    compared = scaled.astype(np.float32).astype(np.float64)
    holds = np.less_equal if made.inclusive else np.less
    weight = np.zeros(len(made.left))
    for root in made.roots:
        place, row = np.full(len(compared), root), np.arange(len(compared))
        while len(place):
            np.add.at(weight, place, 1.0)
            inner = made.left[place] >= 0
            place, row = place[inner], row[inner]
            left = holds(compared[row, made.feature[place]], made.number[place])
            place = np.where(left, made.left[place], made.right[place])
    return weight
