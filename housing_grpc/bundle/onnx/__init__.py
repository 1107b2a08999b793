"""The check that `model.onnx` passes before anything else reads it.

A graph can name files, call itself and go round in circles, so only what the export writes is
accepted: two forms, of which every field, name and size is known. This folder depends on
nothing else of this project.
"""

from .errors import ForeignGraphError, GraphError
from .reader import Ensemble, Graph, Linear, read

__all__ = ["Ensemble", "ForeignGraphError", "Graph", "GraphError", "Linear", "read"]
