"""The parts of a bundle, read from its files and held against each other."""

from collections.abc import Mapping
from dataclasses import dataclass

from .. import card
from ..arrays import Vector
from ..errors import BundleFormatError
from ..metadata import Metadata
from ..part_files import CARD_FILE, COVERS_FILE, INTERVAL_FILE, NEIGHBOURS_FILE, SCALE_FILE
from ..regressor_file import Linear, Regressor, decode_trees
from ..schema import FEATURE_NAMES
from . import covers, facts, neighbours, spread
from .explanation import Link, Method
from .neighbours import Neighbours
from .spread import EXTRA_INPUTS, Spread


@dataclass(frozen=True, kw_only=True, eq=False)
class Loaded:
    """What a bundle has besides its model; None for what it has not.

    Attributes:
        known: The houses that a row is held against.
        spread: What the width of intervals is made of.
        shares: Of the training rows that go left, shape (nodes,).
        facts: The same for people and other programs.
    """

    known: Neighbours | None = None
    spread: Spread | None = None
    shares: Vector | None = None
    facts: facts.Parts


def load(metadata: Metadata, blobs: Mapping[str, bytes], regressor: Regressor) -> Loaded:
    """Reads the parts of a bundle.

    Raises:
        BundleFormatError: A file is wrong, or one is missing that another one needs.
    """
    known = neighbours.decode(blobs[NEIGHBOURS_FILE]) if NEIGHBOURS_FILE in blobs else None
    scale = _spread(metadata, blobs)
    if scale is not None and known is None:
        raise BundleFormatError(f"metadata.json: lists {INTERVAL_FILE}, but no {NEIGHBOURS_FILE}")
    shares = None
    if COVERS_FILE in blobs:
        if isinstance(regressor, Linear):
            raise BundleFormatError(f"{COVERS_FILE}: is of no use to a weighted sum")
        shares = covers.decode(blobs[COVERS_FILE], regressor)
    if CARD_FILE in blobs:
        # For people; checked, as what is served should say nothing that cannot be read.
        card.decode(blobs[CARD_FILE])
    found = facts.Parts(
        interval=metadata.interval if scale else None,
        applicability=_applicability(known) if known else None,
        explanation=_explaining(metadata, regressor, shares),
    )
    return Loaded(known=known, spread=scale, shares=shares, facts=found)


def _spread(metadata: Metadata, blobs: Mapping[str, bytes]) -> Spread | None:
    there = {SCALE_FILE, INTERVAL_FILE} & blobs.keys()
    if not there:
        return None
    if len(there) == 1 or metadata.interval is None:
        raise BundleFormatError(
            f"metadata.json: of {SCALE_FILE}, {INTERVAL_FILE} and `interval` all or none must be"
            " there"
        )
    trees = decode_trees(blobs[SCALE_FILE], SCALE_FILE, len(FEATURE_NAMES) + EXTRA_INPUTS)
    found = spread.decode(blobs[INTERVAL_FILE], trees)
    if metadata.interval.scores != len(found.scores):
        raise BundleFormatError(f"metadata.json: counts other scores than {INTERVAL_FILE} has")
    return found


def _applicability(known: Neighbours) -> facts.Applicability:
    points, distances = len(known.points), len(known.distances)
    return facts.Applicability(method=known.method, points=points, distances=distances)


def _explaining(
    metadata: Metadata, regressor: Regressor, shares: Vector | None
) -> facts.Explaining | None:
    if isinstance(regressor, Linear):
        if metadata.format_version == 1:
            return None
        return facts.Explaining(method=Method.LINEAR, link=Link.IDENTITY)
    if shares is None:
        return None
    link = Link.LOG if regressor.exponential else Link.IDENTITY
    return facts.Explaining(method=Method.TREE_PATH_DEPENDENT, link=link)
