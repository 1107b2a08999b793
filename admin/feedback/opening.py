"""Opens the store of outcomes that servers use."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from housing_grpc.feedback import location
from housing_grpc.feedback.errors import FeedbackUrlError, StoreUnavailableError
from housing_grpc.feedback.store import Store

from ..base.errors import RegistryError, UsageError
from ..base.settings import Settings

# Nobody waits behind it, and a file may have millions.
_TRANSACTION_SECONDS = 60.0


@contextmanager
def store(settings: Settings, *, may_be_new: bool = False) -> Iterator[Store]:
    """Open the store of FEEDBACK_URL, or else that of a server of this home.

    Args:
        settings: Where that is.
        may_be_new: Whether a file that is not there is made.

    Raises:
        UsageError: There is none, or FEEDBACK_URL cannot be used.
        RegistryError: It does not answer.
    """
    from housing_grpc.feedback.database import Database

    try:
        url = location.read(_url(settings))
    except FeedbackUrlError as error:
        raise UsageError(str(error)) from error
    file = url.database if url.get_backend_name() == location.SQLITE else None
    if file is not None and not may_be_new and not Path(file).exists():
        raise UsageError(f"FEEDBACK_URL: {file} is not there; set it to what the server has")
    opened = Store(
        Database(url, connections=1, seconds=_TRANSACTION_SECONDS),
        keep_features=settings.feedback_keep_features,
    )
    try:
        yield opened
    except StoreUnavailableError as error:
        raise RegistryError(f"the store of outcomes: {error}; check FEEDBACK_URL") from error
    finally:
        opened.close()


def _url(settings: Settings) -> str:
    if settings.feedback_url:
        return settings.feedback_url
    if not (settings.home / location.OWN_NAME).exists():
        raise UsageError(
            f"no outcomes are kept in {settings.home}; set FEEDBACK_URL to what the server has"
        )
    return location.own(settings.home)
