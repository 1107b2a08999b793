"""Serves small calls of a proxy that travel together, each as if it had come alone.

A call of gRPC costs more than a price does. Those that are there at the same moment share one
message; each is admitted, served, counted and ended as admission and its method do it.
"""

import secrets
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from housing_grpc.base import status
from housing_grpc.base.errors import Reason, ServingError, public_error
from housing_grpc.calls.admission import Admission, Route
from housing_grpc.calls.call_end import CallEnd

MOST_CALLS = 64
"""Most calls in one message."""

MOST_BYTES = 4096
"""Largest request: what takes no longer to serve than a call takes to come."""

MOST_FIELDS = 64 * MOST_CALLS
"""Most fields of a message: an empty text has two bytes. Proxies send some 12 with a call."""

# What comes with a request: keys and ids. Without a key, anybody may send messages.
_MOST_MESSAGE_BYTES = MOST_CALLS * (2 * MOST_BYTES + 16)
# It is held until the proxy takes it.
_MOST_ANSWER_BYTES = 2**18


class Relay:
    """Answers the messages of a relay.

    Args:
        routes: Of all methods, by path.
        together: Paths of those whose calls may travel together.
        admission: Admits calls.
        call_end: Ends those that fail.
        crowded: Whether the bytes of a message hold more than `MOST_FIELDS`.
        kind: Class of the messages that come: with `calls`, each of which has `method`,
            `metadata`, `request` and `timeout_ms`.
        answer: Class of the messages that go back: with `answers`, each of which has `response`
            or `error`.
        processes: So many serve on the port, this one included.
    """

    def __init__(
        self,
        routes: Mapping[str, Route],
        together: Collection[str],
        admission: Admission,
        call_end: CallEnd,
        *,
        crowded: Callable[[bytes], bool],
        kind: Any,
        answer: Any,
        processes: int = 1,
    ) -> None:
        self._routes = {path: routes[path] for path in together}
        self._admission = admission
        self._call_end = call_end
        self._crowded = crowded
        self._kind = kind
        self._answer = answer
        several = processes > 1
        self._whose = {
            "process": secrets.randbits(32) if several else 0,
            "processes": processes if several else 0,
        }

    def answer(self, message: bytes, context: grpc.ServicerContext) -> bytes | None:
        """Returns the answers to the calls of a message; None if it is none, or nobody waits."""
        # guard: the bytes and fields of a message of calls
        if len(message) > _MOST_MESSAGE_BYTES or self._crowded(message):
            return None
        try:
            calls = self._kind.FromString(message).calls
        except DecodeError:
            return None
        # guard: the calls of one message
        if len(calls) > MOST_CALLS:
            return None
        answers, begun, size = self._answer(**self._whose), time.monotonic(), 0
        for each in calls:
            # guard: a relay whose caller is gone
            if not context.is_active():
                return None
            answer = answers.answers.add()
            # What is left without an answer is called by itself.
            # guard: the bytes of the answers of one message
            if size <= _MOST_ANSWER_BYTES:
                self._serve(each, _Context(each, begun, context), answer)
                size += len(answer.response)
        made: bytes = answers.SerializeToString()
        return made

    def _serve(self, asked: Any, context: Any, answer: Any) -> None:
        route = self._routes.get(asked.method)
        if route is None or route.answer is None or len(asked.request) > MOST_BYTES:
            error = ServingError(
                Reason.MALFORMED_REQUEST,
                f"no call of that method, or of more than {MOST_BYTES} bytes, travels with others",
            )
            answer.error.CopyFrom(status.to_proto(error))
            return
        call, refusal = self._admission.admit(route, context.invocation_metadata())
        if refusal is not None:
            self._call_end.refused(call, public_error(refusal))
            answer.error.CopyFrom(status.to_proto(self._call_end.failed(call, refusal)))
            return
        try:
            answer.response = route.answer(call, asked.request, context)
        except BaseException as raised:  # noqa: BLE001 - SystemExit, too: it would end all others
            answer.error.CopyFrom(status.to_proto(self._call_end.failed(call, raised)))


class _Context:
    """What is known of one call of many, by the names that it has in gRPC's contexts."""

    def __init__(self, asked: Any, begun: float, whole: grpc.ServicerContext) -> None:
        values = tuple(asked.metadata)
        self._metadata = tuple(zip(values[::2], values[1::2], strict=False))
        self._end = begun + asked.timeout_ms / 1000
        self._whole = whole

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return self._metadata

    def time_remaining(self) -> float:
        return float(self._end - time.monotonic())

    def is_active(self) -> bool:
        return bool(self._whole.is_active())
