"""Turns a fitted scikit-learn pipeline into a bundle, and proves that they agree.

The only code that knows both scikit-learn and the bundle. `exporter` does it: `flatten` makes the
arrays, `description` the metadata, and `comparison` asks the two for the prices of `probes`. The
bundle's own `format` writes it.
"""

from housing_grpc.bundle.metadata import Metadata

from .exporter import Exported, TrainingFacts, export
from .reading import NEWEST_FORMAT, digest_of, has_card, metadata_of, same_prices
from .upgrade import upgrade

__all__ = [
    "NEWEST_FORMAT",
    "Exported",
    "Metadata",
    "TrainingFacts",
    "digest_of",
    "export",
    "has_card",
    "metadata_of",
    "same_prices",
    "upgrade",
]
