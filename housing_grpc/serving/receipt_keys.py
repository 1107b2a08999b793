"""Finds the keys of receipts that settings allow."""

import logging
from collections.abc import Callable
from pathlib import Path

from housing_grpc.base import log
from housing_grpc.base.address import is_loopback
from housing_grpc.base.errors import EXIT_SETTINGS, StartError
from housing_grpc.receipts import key_file
from housing_grpc.receipts.sealing import SealingKeyError, Seals
from housing_grpc.settings import Settings

_logger = logging.getLogger(__name__)


def load(chosen: Settings) -> Seals | None:
    """Returns the keys that are configured, or this machine's own, or None if receipts are off.

    A server that other machines reach makes none: with a key of its own, it could not take back
    what the server beside it has given.

    Raises:
        StartError: The file of keys cannot be used.
    """
    try:
        return _find(chosen, key_file.own)
    except SealingKeyError as error:
        if chosen.receipt_keys_file:
            raise StartError(str(error), EXIT_SETTINGS) from error
        # Nobody asked for receipts: prices are served without.
        log.event(_logger, logging.WARNING, "receipts.off", reason=str(error))
        return None


def load_again(chosen: Settings) -> Seals | None:
    """Returns the keys that are configured now, or None if the previous ones are to stay."""
    try:
        # A file that is gone is no reason for another key, which would open no receipt.
        found = _find(chosen, key_file.kept)
    except SealingKeyError as error:
        log.event(_logger, logging.ERROR, "receipt_keys.kept", reason=str(error))
        return None
    if found is not None:
        log.event(_logger, logging.INFO, "receipt_keys.reloaded", keys=len(found.keys))
    return found


def _find(chosen: Settings, of_home: Callable[[Path], Seals]) -> Seals | None:
    if chosen.receipt_keys_file:
        return key_file.load(Path(chosen.receipt_keys_file))
    if is_loopback(chosen.grpc_host):
        return of_home(chosen.home)
    return None
