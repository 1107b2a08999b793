"""Finds the card in a bundle."""

from pathlib import Path
from typing import Any

import msgspec

from housing_grpc.bundle import card as bundle_card
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.card import Card
from housing_grpc.bundle.errors import BundleError
from housing_grpc.bundle.part_files import CARD_FILE

from ..base.errors import ExportError

# The limit of servers is theirs: nothing is served here.
_LARGEST = 2**30


def document(card: Card) -> dict[str, Any]:
    """Return a card as `card.json` has it."""
    found: dict[str, Any] = msgspec.to_builtins(card)
    return found


def read(folder: Path) -> Card | None:
    """Return the card of a bundle, every file of which is verified; None if it has none.

    Args:
        folder: The bundle.

    Raises:
        ExportError: The bundle is damaged, or its card is wrong.
    """
    try:
        found = bundle_format.read(folder, max_bytes=_LARGEST).blobs.get(CARD_FILE)
        return None if found is None else bundle_card.decode(found)
    except BundleError as error:
        raise ExportError(f"its bundle cannot be used: {error}") from error
