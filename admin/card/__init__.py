"""The card of a model: what it is for, how it was made and how good it is.

`making` makes it of a training, `use` knows what the data may be used for, `reading` finds it in a
bundle, and `markdown` writes it for people.
"""

from housing_grpc.bundle.card import Card, Retrained

from .making import Origin, make
from .markdown import LONGEST_DESCRIPTION, brief, whole
from .reading import document, read

__all__ = [
    "LONGEST_DESCRIPTION",
    "Card",
    "Origin",
    "Retrained",
    "brief",
    "document",
    "make",
    "read",
    "whole",
]
