"""Ends calls that nobody waits for any more."""

import grpc

from housing_grpc.base.errors import Reason, ServingError


def check_active(context: grpc.ServicerContext) -> None:
    """Ends a call that nobody waits for any more.

    Raises:
        ServingError: The deadline has passed, or the caller has cancelled.
    """
    check_deadline(context)
    if not context.is_active():
        raise ServingError(Reason.CANCELLED, "the call was cancelled")


def check_deadline(context: grpc.ServicerContext) -> None:
    """Ends a call whose deadline has passed.

    Raises:
        ServingError: It has.
    """
    if context.time_remaining() <= 0:
        raise ServingError(Reason.DEADLINE_EXCEEDED, "the deadline passed")
