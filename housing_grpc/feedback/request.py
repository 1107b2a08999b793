"""From the bytes of a request to outcomes, each of which is checked by itself."""

import math
import time
from functools import partial

from google.protobuf.timestamp_pb2 import Timestamp
from housing.v1 import feedback_pb2 as pb

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.feedback.outcome import Outcome
from housing_grpc.houses import row_limit
from housing_grpc.receipts.record import Receipt
from housing_grpc.receipts.sealing import Seals, outcome_id

LONGEST_SOURCE = 100
"""Characters of a source, as the table has them."""

_ITEMS = (1,)
_MOST_RATIO = 100.0
# Clocks of other machines may be ahead.
_SKEW_SECONDS = 300.0
_DAY_SECONDS = 86_400
_YEAR_1, _YEAR_10000 = -62_135_596_800, 253_402_300_800

_check = partial(row_limit.check, things="outcomes")
_check_bytes = partial(row_limit.check_bytes, things="outcomes")


def read(data: bytes, most: int) -> pb.RecordOutcomesRequest:
    """Reads a RecordOutcomesRequest of so many outcomes at most.

    Raises:
        DecodeError: The bytes are none.
        ServingError: EMPTY_BATCH or BATCH_TOO_LARGE.
    """
    _check_bytes(data, _ITEMS, most, "items")
    request = pb.RecordOutcomesRequest.FromString(data)
    _check(len(request.items), most, "items")
    return request


class Checks:
    """Makes outcomes of the items of one request.

    Args:
        seals: Open their receipts.
        days: Age from which on a receipt is too old; 0 for none.
    """

    def __init__(self, seals: Seals, days: int) -> None:
        self._seals = seals
        self._days = days
        self._now = time.time()
        self._seen: set[bytes] = set()

    def outcome(self, item: pb.Outcome, path: str) -> Outcome:
        """Returns the outcome of the next item.

        Args:
            item: Of the request.
            path: Where it stands there.

        Raises:
            ServingError: It cannot be taken.
        """
        receipt = self._seals.open(item.receipt, f"{path}.receipt")
        key = outcome_id(item.receipt)
        # guard: a receipt counts once in a request
        if key in self._seen:
            raise _fault(
                Reason.RECEIPT_REPEATED, f"{path}.receipt",
                "is that of an earlier item, too; send one outcome a receipt",
            )  # fmt: skip
        outcome = self._checked(item, path, key, receipt)
        # Not one that was refused: it costs none of the others.
        self._seen.add(key)
        return outcome

    def _checked(self, item: pb.Outcome, path: str, key: bytes, receipt: Receipt) -> Outcome:
        if item.retract:
            return Outcome(id=key, receipt=receipt, actual=math.nan, retract=True)
        self._check_age(receipt, f"{path}.receipt")
        _check_price(item.actual, receipt.price, f"{path}.actual")
        _check_source(item.source, f"{path}.source")
        moment = item.observed_at if item.HasField("observed_at") else None
        return Outcome(
            id=key,
            receipt=receipt,
            actual=item.actual,
            observed_at=moment and self._moment(moment, f"{path}.observed_at"),
            source=item.source,
        )

    def _check_age(self, receipt: Receipt, field: str) -> None:
        age = self._now - receipt.priced_at / 1e9
        # guard: the age of a receipt
        if self._days and age > self._days * _DAY_SECONDS:
            raise _fault(
                Reason.RECEIPT_TOO_OLD, field,
                f"is older than the {self._days} days for which this server keeps outcomes; leave "
                "it out, or have FEEDBACK_DAYS set higher",
            )  # fmt: skip

    def _moment(self, moment: Timestamp, field: str) -> int:
        # guard: a moment that is one
        if not _YEAR_1 <= moment.seconds < _YEAR_10000 or not 0 <= moment.nanos < 10**9:
            raise _fault(
                Reason.OUTCOME_DOMAIN, field,
                "is no moment of the years 1 to 9999; leave it out if it is not known",
            )  # fmt: skip
        # guard: an outcome in the future
        if moment.seconds > self._now + _SKEW_SECONDS:
            raise _fault(
                Reason.OUTCOME_IN_FUTURE, field,
                "lies in the future; send when the house was sold, or nothing",
            )  # fmt: skip
        return moment.seconds * 1_000_000 + moment.nanos // 1000


def _check_price(actual: float, predicted: float, field: str) -> None:
    # guard: a price that is one
    if not 0 < actual < math.inf:
        raise _fault(
            Reason.OUTCOME_DOMAIN, field,
            "is no price: send a finite number above 0, in the target's unit",
        )  # fmt: skip
    # Of a model that predicts nothing or less, no unit can be told.
    # guard: a price in another unit
    if predicted > 0 and not predicted / _MOST_RATIO <= actual <= predicted * _MOST_RATIO:
        raise _fault(
            Reason.OUTCOME_UNIT, field,
            f"is more than {_MOST_RATIO:g} times the predicted price, or less than a hundredth of "
            "it; send it in the target's unit, which GET /v1/model/info tells",
        )  # fmt: skip


def _check_source(source: str, field: str) -> None:
    # guard: a source that can be kept and shown
    if len(source) > LONGEST_SOURCE or not source.isprintable():
        raise _fault(
            Reason.OUTCOME_SOURCE, field,
            f"takes at most {LONGEST_SOURCE} printable characters, such as land-registry",
        )  # fmt: skip


def _fault(reason: Reason, field: str, text: str) -> ServingError:
    return ServingError(
        reason, f"{field} {text}", violations=(Violation(field=field, description=text),)
    )
