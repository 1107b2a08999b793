"""Serves methods of many requests and many responses."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.message import Message

from housing_grpc.access.rate_limit import RateLimit, too_fast
from housing_grpc.base.errors import public_error
from housing_grpc.calls.call import REQUEST_ID, Call
from housing_grpc.calls.call_end import CallEnd
from housing_grpc.calls.call_pool import on_pool
from housing_grpc.calls.parse_guard import Parse
from housing_grpc.calls.stream_slots import StreamSlots
from housing_grpc.calls.unread_responses import UnreadResponses

Serve = Callable[[Iterator[Any], grpc.ServicerContext], Iterator[Message]]

# Clients take a longer silence for a broken connection.
_LONGEST_WAIT_SECONDS = 5.0
_OK = grpc.StatusCode.OK


class StreamMethod:
    """Serves one method.

    Args:
        parse: Makes a request of bytes.
        serve: Answers the requests.
        pool: Runs the calls, each of which holds a worker as long as it lasts.
        call_end: Ends those that fail, and hears how each ended.
        unread: Bounds the answers that are not taken.
        room: For streams; each takes the room of one.
    """

    def __init__(
        self,
        parse: Parse,
        serve: Serve,
        pool: ThreadPoolExecutor,
        call_end: CallEnd,
        *,
        unread: UnreadResponses,
        room: StreamSlots,
    ) -> None:
        self._parse = parse
        self._serve = serve
        self._pool = pool
        self._call_end = call_end
        self._unread = unread
        self._room = room

    def handler(self, call: Call) -> Any:
        """Returns what grpcio runs for one call."""
        behaviour = on_pool(self._answer, self._pool, call)
        return grpc.stream_stream_rpc_method_handler(behaviour)

    def check_room(self, call: Call) -> None:
        """Raises a ServingError if there are too many streams already."""
        self._room.check(call.caller)

    def _answer(
        self, call: Call, messages: Iterator[bytes], context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        counted = _Counted(messages, self._parse, call)
        code, sent = _OK, 0
        if call.request_id:
            context.set_trailing_metadata(((REQUEST_ID, call.request_id),))
        try:
            with self._room.taken(call.caller):
                # Nothing here holds an answer while it waits to be taken: gRPC has a copy.
                for answer in map(_bytes, self._serve(counted, context)):
                    self._unread.begin(context, len(answer[0]))
                    yield answer.pop()
                    self._unread.end(context)
                    sent += 1
        except (GeneratorExit, grpc.RpcError):
            # The caller is gone: there is nobody to answer.
            code = _gone(context)
        except BaseException as raised:  # noqa: BLE001 - SystemExit, too: the call would hang
            code = public_error(raised).code
            self._call_end.fail(call, context, raised)
        finally:
            self._unread.end(context)
            self._call_end.ended(call, code, counted.count, sent)


class _Counted:
    """The requests of a stream, parsed and counted, no faster than the caller may send them."""

    def __init__(self, messages: Iterator[bytes], parse: Parse, call: Call) -> None:
        self.count = 0
        self._messages = messages
        self._parse = parse
        self._limit = call.caller.limit if call.caller else None

    def __iter__(self) -> "_Counted":
        return self

    def __next__(self) -> Any:
        data = next(self._messages)
        if self.count and self._limit is not None:  # The first was counted with the call.
            # guard: the rate of chunks
            _wait_for(self._limit)
        self.count += 1
        return self._parse(data)


def _bytes(answer: Message) -> list[bytes]:
    """Returns the bytes of an answer, to be taken out."""
    return [answer.SerializeToString()]


def _wait_for(limit: RateLimit) -> None:
    """Holds a stream back until its key may send more, unless that takes too long."""
    while (wait := limit.take()) > 0:
        if wait > _LONGEST_WAIT_SECONDS:
            raise too_fast(wait)
        time.sleep(wait)


def _gone(context: grpc.ServicerContext) -> grpc.StatusCode:
    late = context.time_remaining() <= 0
    return grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED
