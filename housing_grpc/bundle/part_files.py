"""The files of a bundle's parts; whoever moves bundles knows no more of the parts than this."""

PREPROCESSOR_FILE = "preprocessor.json"
LINEAR_FILE = "model.linear"
TREES_FILE = "model.trees"
NEIGHBOURS_FILE = "neighbours.bin"
SCALE_FILE = "scale.trees"
INTERVAL_FILE = "interval.bin"
COVERS_FILE = "covers.bin"
CARD_FILE = "card.json"

PREPROCESSOR_LIMIT = 24 * 2**20
"""Most bytes of `preprocessor.json`: one that reaches its other limits, each number in full."""

CARD_LIMIT = 2**18
"""Most bytes of `card.json`: fifty times what the export writes."""
