"""Takes outcomes of a file into the store, through the checks of the server."""

import io
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from housing.v1 import feedback_pb2 as pb

from housing_grpc.base.errors import ServingError
from housing_grpc.bundle import small_file
from housing_grpc.feedback.outcome import Outcome, Recorded
from housing_grpc.feedback.request import Checks
from housing_grpc.feedback.store import Store
from housing_grpc.receipts.sealing import Seals
from housing_table import outcomes
from housing_table.errors import TableError
from housing_table.outcomes import OutcomeFault, OutcomeRow

from ..base.errors import DataError
from ..data.table import MOST_BYTES

_ROWS = 1000
_MOST_FAULTS = 1000


class Import:
    """Takes one file.

    Args:
        store: Takes the outcomes.
        seals: Open the receipts.
        days: Age from which on a receipt is too old; 0 for none.

    Attributes:
        counts: What was done, by what it was.
        refused: How many lines were not taken.
        faults: The first of these, and why.
    """

    def __init__(self, store: Store, seals: Seals, days: int) -> None:
        self.counts = dict.fromkeys((Recorded.NEW, Recorded.SAME, Recorded.CORRECTED), 0)
        self.refused = 0
        self.faults: list[OutcomeFault] = []
        self._store = store
        self._seals = seals
        self._days = days

    def take(self, path: Path) -> Mapping[Recorded, int]:
        """Record what a CSV file says; return the counts.

        Raises:
            DataError: It cannot be read, or has not our columns.
            StoreUnavailableError: The store does not answer; what was recorded stays.
        """
        try:
            # Others have made it: a pipe, a device or what has no end is no file of outcomes.
            content = io.BytesIO(small_file.read(path, MOST_BYTES))
            rows = outcomes.read(io.TextIOWrapper(content, "utf-8-sig", "replace", newline=""))
            while part := list(islice(rows, _ROWS)):
                self._record(part)
        except TableError as error:
            raise DataError(f"{path}: {error}") from error
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error
        return self.counts

    def _record(self, part: list[OutcomeRow | OutcomeFault]) -> None:
        taken = list(self._checked(part))
        for recorded in self._store.record(taken) if taken else ():
            self.counts[recorded] += 1

    def _checked(self, part: list[OutcomeRow | OutcomeFault]) -> Iterator[Outcome]:
        checks = Checks(self._seals, self._days)
        for row in part:
            if isinstance(row, OutcomeFault):
                self._refuse(row)
                continue
            item = pb.Outcome(receipt=row.receipt, actual=row.price, source=row.source)
            if row.observed_at is not None:
                item.observed_at.FromDatetime(row.observed_at)
            try:
                yield checks.outcome(item, "")
            except ServingError as error:
                text = f"{error.message.removeprefix('.')} [{error.reason}]"
                self._refuse(OutcomeFault(row.line, text))

    def _refuse(self, fault: OutcomeFault) -> None:
        self.refused += 1
        # guard: the faults of a file that are kept
        if self.refused <= _MOST_FAULTS:
            self.faults.append(fault)
