"""Reads `model.onnx`, which in bundles of format 1 is all there is of the model.

Only what the export writes is accepted: two forms, of which every field, name and size is known.
The folder goes when format 1 goes.
"""

from .errors import ForeignGraphError, GraphError
from .reader import read

__all__ = ["ForeignGraphError", "GraphError", "read"]
