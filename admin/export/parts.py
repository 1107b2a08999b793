"""Makes the parts of a bundle besides its model: bounds of prices, known houses, explanations."""

import numpy as np

from housing_grpc.bundle import regressor_file
from housing_grpc.bundle.metadata import IntervalFacts
from housing_grpc.bundle.part_files import (
    COVERS_FILE,
    INTERVAL_FILE,
    NEIGHBOURS_FILE,
    SCALE_FILE,
)
from housing_grpc.bundle.parts import covers, neighbours, spread
from housing_grpc.bundle.parts.neighbours import Neighbours
from housing_grpc.bundle.parts.spread import Spread
from housing_grpc.bundle.regressor_file import Regressor
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.bundle.trees import Trees, TreesError, check

from ..strategies.graph import Graph
from ..strategies.graph import Trees as GraphTrees
from ..training import intervals
from ..training.known_houses import KnownHouses
from ..training.uncertainty import Uncertainty
from .covers import Rows, cover_shares
from .flatten import flatten_trees


def honest(found: Uncertainty) -> dict[str, bytes]:
    """Return the files of what a training has learned besides the model, by name."""
    trees = flatten_trees(found.intervals.spread.graph())
    made = Spread(trees=trees, scores=found.intervals.scores, reach=found.intervals.reach)
    return {
        NEIGHBOURS_FILE: neighbours.encode(known(found.known)),
        SCALE_FILE: regressor_file.encode_trees(trees),
        INTERVAL_FILE: spread.encode(made),
    }


def known(houses: KnownHouses) -> Neighbours:
    """Return what a row is held against as it is written into a bundle."""
    return Neighbours(
        method=houses.method,
        counts=np.array([len(values) for values, _ in houses.knots]),
        values=np.concatenate([values for values, _ in houses.knots]),
        scores=np.concatenate([scores for _, scores in houses.knots]),
        matrix=houses.matrix,
        points=houses.points,
        distances=houses.distances,
    )


def explaining(graph: Graph, made: Regressor, scaled: Rows) -> dict[str, bytes]:
    """Return the file that explains trees, by name; none for a weighted sum.

    Nor is there one for trees that take too long to explain.

    Args:
        graph: What the model computes.
        made: The same as it is written into a bundle.
        scaled: The training rows as the model gets them.
    """
    if not isinstance(graph, GraphTrees) or not isinstance(made, Trees):
        return {}
    try:
        check(made, len(FEATURE_NAMES))
    except TreesError:
        # Nobody can walk them; the bundle is refused when it is read.
        return {}
    if not covers.is_explainable(made):
        return {}
    return {COVERS_FILE: covers.encode(made, cover_shares(graph, made, scaled))}


def facts(found: Uncertainty) -> IntervalFacts:
    """Return what the metadata says of the bounds of prices."""
    measured = found.intervals
    return IntervalFacts(
        method=intervals.METHOD,
        folds=measured.folds,
        scores=len(measured.scores),
        coverage=measured.coverage,
        coverage_error=measured.coverage_error,
        width=measured.width,
        town_coverage=measured.town_coverage,
        winkler=measured.winkler,
    )
