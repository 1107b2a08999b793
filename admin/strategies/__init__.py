"""What a model type or a preprocessing is made of; a new one is one file that imports from here."""

from .graph import Graph, Linear, Tree, Trees
from .strategy import ModelStrategy, PreprocessingStrategy, shares

__all__ = [
    "Graph", "Linear", "ModelStrategy", "PreprocessingStrategy", "Tree", "Trees", "shares",
]  # fmt: skip
