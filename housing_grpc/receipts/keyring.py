"""The keys that a server seals and opens receipts with now; they may change while it serves."""

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.receipts.sealing import Seals

_FIX = (
    "set RECEIPT_KEYS_FILE on the server (housing-admin keygen FILE --receipt makes one), or leave "
    "{field} out"
)


class ReceiptKeys:
    """Holds the keys of receipts: all that seal and open have this one object.

    Args:
        seals: The keys, or None for a server without receipts.
    """

    def __init__(self, seals: Seals | None = None) -> None:
        self._seals = seals

    def current(self) -> Seals | None:
        """Returns the keys, or None if receipts are off."""
        return self._seals

    def needed(self, field: str) -> Seals:
        """Returns the keys.

        Args:
            field: What in the request needs them, for messages.

        Raises:
            ServingError: RECEIPTS_OFF.
        """
        seals = self._seals
        # guard: a receipt takes a key
        if seals is None:
            fix = _FIX.format(field=field)
            raise ServingError(
                Reason.RECEIPTS_OFF,
                f"{field}: this server has no keys to seal receipts with; {fix}",
                violations=(Violation(field=field, description=fix),),
            )
        return seals

    def replace(self, seals: Seals | None) -> None:
        """Takes other keys from now on."""
        self._seals = seals
