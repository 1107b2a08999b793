"""Trees at random."""

import numpy as np

from admin.strategies.graph import Tree

WIDTH = 13


def random_tree(random: np.random.Generator, splits: int) -> Tree:
    """Grows a tree by splitting any of its leaves, again and again."""
    left, right = [-1], [-1]
    leaves = [0]
    for _ in range(splits):
        place = leaves.pop(int(random.integers(len(leaves))))
        left[place], right[place] = len(left), len(left) + 1
        leaves += [len(left), len(left) + 1]
        left += [-1, -1]
        right += [-1, -1]
    # A threshold between two float32, at one, and close to one.
    cuts = np.round(random.normal(size=len(left)), 1)
    cuts = np.where(random.random(len(cuts)) < 0.5, np.float32(cuts), cuts)
    return Tree(
        feature=random.integers(0, WIDTH, len(left)),
        threshold=cuts.astype(np.float64),
        left=np.array(left),
        right=np.array(right),
        value=random.normal(size=len(left)),
    )
