"""Input that is near what is real: bytes changed anywhere, or one value of a JSON document."""

import copy
import json
import random
from typing import Any

_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63) - 1, 0.5, -0.0, 1e-320, 1e308, -1e308, "",
    "x", "\x00", "\ud800", "😈" * 20, "../x", "metadata.json", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "1900-01-01T00:00:00Z", "2026-01-01T00:00:00", [], {}, [None],
)  # fmt: skip
_PIECES = (b"\xff" * 9, b"-1e999", b"{}", b"\x00", b"null", b'"')


def of_bytes(seed: bytes, chance: random.Random) -> bytes:
    """Returns a copy with some bytes changed, cut out or doubled."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(data) + 1)
        piece = bytes(data[start : start + chance.randint(0, 8)])
        data[start : start + chance.randint(0, 8)] = chance.choice(
            [b"", chance.randbytes(1), piece * 2, *_PIECES]
        )
    return bytes(data)


def of_json(seed: bytes, chance: random.Random) -> bytes:
    """Returns a copy of a document with a value or two changed; of bytes, if it is none."""
    try:
        tree = json.loads(seed)
    except (ValueError, RecursionError):
        return of_bytes(seed, chance)
    for _ in range(chance.randint(1, 2)):
        _change(tree, chance)
    return json.dumps(tree).encode()


def _change(tree: Any, chance: random.Random) -> None:
    """Changes one value: of an object or a list somewhere on the way down."""
    while isinstance(tree, dict | list) and tree:
        key = chance.choice([*tree] if isinstance(tree, dict) else range(len(tree)))
        inner = tree[key]
        if isinstance(inner, dict | list) and inner and chance.random() < 0.9:
            tree = inner
            continue
        action = chance.random()
        if action < 0.1:
            del tree[key]
        elif action < 0.2 and isinstance(tree, list):
            tree.append(copy.deepcopy(inner))
        elif action < 0.3 and isinstance(inner, int | float) and not isinstance(inner, bool):
            tree[key] = -inner
        else:
            tree[key] = copy.deepcopy(chance.choice(_VALUES))
        return
