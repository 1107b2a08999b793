"""The features of a house: their names, order, units and domains.

Source of units and meanings: D. Harrison and D. L. Rubinfeld, "Hedonic housing
prices and the demand for clean air", J. Environ. Economics & Management 5 (1978).
"""

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FeatureSpec:
    """What a feature means and which values it can take at all.

    Attributes:
        name: Column name in the dataset, and JSON name on the wire.
        unit: Unit of the value, or "" for a plain number.
        description: One line for people.
        integer: Whether only whole numbers make sense.
        choices: The only values allowed, or () for any.
    """

    name: str
    unit: str
    description: str
    integer: bool = False
    choices: tuple[float, ...] = ()


FEATURES: tuple[FeatureSpec, ...] = (
    FeatureSpec(
        name="CRIM", unit="", description="Crime rate of the town per capita, as published"
    ),
    FeatureSpec(
        name="ZN",
        unit="percent",
        description="Share of residential land zoned for lots over 25,000 square feet",
    ),
    FeatureSpec(
        name="INDUS", unit="percent", description="Share of non-retail business acres in the town"
    ),
    FeatureSpec(
        name="CHAS",
        unit="",
        description="1 if the tract bounds the Charles River, else 0",
        choices=(0.0, 1.0),
    ),
    FeatureSpec(name="NOX", unit="parts per 10 million", description="Nitric oxides concentration"),
    FeatureSpec(name="RM", unit="rooms", description="Average number of rooms of a dwelling"),
    FeatureSpec(
        name="AGE", unit="percent", description="Share of owner-occupied units built before 1940"
    ),
    FeatureSpec(
        name="DIS",
        unit="",
        description="Weighted distance to five Boston employment centres, as published",
    ),
    FeatureSpec(
        name="RAD", unit="index", description="Accessibility of radial highways", integer=True
    ),
    FeatureSpec(name="TAX", unit="USD per 10,000 USD", description="Full-value property tax rate"),
    FeatureSpec(
        name="PTRATIO", unit="pupils per teacher", description="Pupil-teacher ratio of the town"
    ),
    FeatureSpec(
        name="B",
        unit="index",
        description="1000 (Bk - 0.63)^2, Bk a share of residents by race; see data/README.md",
    ),
    FeatureSpec(
        name="LSTAT", unit="percent", description="Share of the population of lower status"
    ),
)

FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
TARGET_NAME = "MEDV"


def digest(target: str, unit: str) -> str:
    """Returns the digest of what goes in and comes out of models of this contract.

    Descriptions are for people and no part of it.

    Args:
        target: Name of what is predicted.
        unit: Its unit.

    Returns:
        SHA-256 of names, order, units and accepted values, as 64 hexadecimal digits.
    """
    features = [(each.name, each.unit, each.integer, each.choices) for each in FEATURES]
    text = json.dumps([features, (target, unit)], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
