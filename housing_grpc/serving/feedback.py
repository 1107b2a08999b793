"""Keeps outcomes where settings say so."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from housing_grpc.base.errors import EXIT_SETTINGS, StartError
from housing_grpc.feedback import location, quality
from housing_grpc.feedback.errors import FeedbackUrlError, NewerStoreError, StoreUnavailableError
from housing_grpc.feedback.measuring import Live, Measured, Measuring
from housing_grpc.feedback.refresher import Refresher
from housing_grpc.metrics.feedback import FeedbackMetrics
from housing_grpc.model.live import LiveModel
from housing_grpc.receipts.record import DIGEST_DIGITS
from housing_grpc.settings import Settings

if TYPE_CHECKING:
    from housing_grpc.feedback.retention import Retention
    from housing_grpc.feedback.store import Store

WORKERS = 4
"""Threads that serve feedback."""

# Beside those threads: what deletes, what measures, and what asks for the verdict.
_CONNECTIONS = WORKERS + 3
_TRANSACTION_SECONDS = 5.0
# A start does not wait longer for a store that does not answer.
_START_SECONDS = 3.0


class Feedback:
    """The store of outcomes, what deletes those that are too old, and what measures them.

    Args:
        chosen: The settings.
        live: Returns the live model.
        metrics: Show how good prices were.

    Attributes:
        store: None if the server is to keep no outcomes.
        measuring: The same.

    Raises:
        StartError: The URL cannot be used, or a newer release has made the store.
    """

    def __init__(
        self, chosen: Settings, live: Callable[[], LiveModel | None], metrics: FeedbackMetrics
    ) -> None:
        self.store: Store | None = None
        self.measuring: Measuring | None = None
        self._retention: Retention | None = None
        self._refresher: Refresher | None = None
        if not chosen.feedback_url:
            return
        # SQLAlchemy takes a third of a second: only where outcomes are kept.
        self.store = _opened(chosen)
        from housing_grpc.feedback import retention

        self._retention = retention.Retention(self.store, chosen.feedback_days)
        self.measuring = Measuring(self.store, lambda: _described(live()))
        self._refresher = Refresher(self.measuring, lambda found: _show(metrics, found))

    def start(self) -> None:
        """Begins to delete what is too old, and to measure."""
        if self._retention is not None:
            self._retention.start()
        if self._refresher is not None:
            self._refresher.start()

    def close(self) -> None:
        """Deletes and measures no more, and ends the connections."""
        if self._refresher is not None:
            self._refresher.stop()
        if self._retention is not None:
            self._retention.stop()
        if self.store is not None:
            self.store.close()


def _described(live: LiveModel | None) -> Live | None:
    if live is None:
        return None
    about = live.bundle.metadata
    return Live(
        digest=live.bundle.digest[:DIGEST_DIGITS],
        version=live.version,
        expects=quality.expected(about.metrics, about.target.max),
    )


def _show(metrics: FeedbackMetrics, found: Sequence[Measured]) -> None:
    # Of two bundles of one version, from two registries, the one with the latest outcome counts.
    metrics.measured({each.version: each.figures for each in reversed(found)}.items())


def _opened(chosen: Settings) -> "Store":
    try:
        url = location.read(chosen.feedback_url)
    except FeedbackUrlError as error:
        raise StartError(str(error), EXIT_SETTINGS) from error
    from housing_grpc.feedback.database import Database
    from housing_grpc.feedback.store import Store

    database = Database(url, connections=_CONNECTIONS, seconds=_TRANSACTION_SECONDS)
    store = Store(database, keep_features=chosen.feedback_keep_features)
    try:
        store.prepare(_START_SECONDS)
    except NewerStoreError as error:
        store.close()
        raise StartError(str(error), EXIT_SETTINGS) from error
    except StoreUnavailableError:
        pass  # The log has it, and each call asks again.
    return store
