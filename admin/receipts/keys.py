"""The keys that receipts are opened with, and new ones."""

from housing_grpc.receipts import key_file
from housing_grpc.receipts.key_file import SETTING, new_key
from housing_grpc.receipts.sealing import SealingKeyError, Seals

from ..base.errors import UsageError
from ..base.settings import Settings

__all__ = ["SETTING", "Seals", "load", "new_key"]


def load(settings: Settings) -> Seals:
    """Return the keys that are configured, or that of the server of this machine.

    Raises:
        UsageError: There are none, or they cannot be used.
    """
    configured = settings.receipt_keys_file
    try:
        return key_file.load(configured) if configured else key_file.kept(settings.home)
    except SealingKeyError as error:
        fix = "" if configured else f"; set {SETTING} to what the server has"
        raise UsageError(f"{error}{fix}") from error
