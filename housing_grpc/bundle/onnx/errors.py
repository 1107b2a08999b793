"""What can be wrong with a graph.

GraphError                 it is no ONNX graph
└── ForeignGraphError      it is one, but holds what the export does not write
"""


class GraphError(ValueError):
    """The bytes are no ONNX graph."""


class ForeignGraphError(GraphError):
    """The graph holds what the export does not write; the text names it."""


def require(condition: bool, text: str) -> None:
    """Raises ForeignGraphError with this text unless the condition holds."""
    if not condition:
        raise ForeignGraphError(text)
