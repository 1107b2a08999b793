"""Serves methods of one request and one response.

To grpcio they are streams of one message: it would wait for a unary call's message where nothing
could end the wait.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import grpc
from google.protobuf.message import Message

from housing_grpc.base.errors import Reason, ServingError, public_error
from housing_grpc.calls.call import REQUEST_ID, Call
from housing_grpc.calls.call_end import CallEnd
from housing_grpc.calls.call_pool import CallPool, on_pool
from housing_grpc.calls.deadline import check_deadline
from housing_grpc.calls.parse_guard import Parse
from housing_grpc.calls.unread_responses import UnreadResponses

# Answers with a message, or with its bytes.
Serve = Callable[[Any, grpc.ServicerContext], Message | bytes]

_OK = grpc.StatusCode.OK


class UnaryMethod:
    """Serves one method.

    Args:
        parse: Makes a request of bytes.
        serve: Answers a request.
        pool: Runs the calls.
        call_end: Ends those that fail, and hears how each ended.
        unread: Bounds the answers that are not taken.
        most_queued: Most calls that wait for a worker of the pool.
        longest_wait: Most seconds for which one may have to wait.
    """

    def __init__(
        self,
        parse: Parse,
        serve: Serve,
        pool: CallPool,
        call_end: CallEnd,
        unread: UnreadResponses,
        *,
        most_queued: int,
        longest_wait: float,
    ) -> None:
        self._parse = parse
        self._serve = serve
        self._pool = pool
        self._call_end = call_end
        self._unread = unread
        self._most_queued = most_queued
        self._longest_wait = longest_wait

    def handler(self, call: Call) -> Any:
        """Returns what grpcio runs for one call."""
        admit = partial(self._admits, call)
        behaviour = on_pool(self._answer_call, self._pool, call, admit=admit)
        return grpc.stream_unary_rpc_method_handler(behaviour)

    def check_room(self, _: Call) -> None:
        """Raises a ServingError if a call would wait too long for a worker."""
        self._pool.check_room(self._most_queued, self._longest_wait)

    def answer(self, call: Call, data: bytes, context: grpc.ServicerContext) -> bytes:
        """Answers a call that was let in, and whose request is there.

        Args:
            call: Ended here, however it ends.
            data: Its request.
            context: Of the call.

        Raises:
            BaseException: Whatever the method raises.
        """
        code, sent = _OK, 0
        try:
            answer = self._answer_to(data, context)
            sent = 1
        except BaseException as raised:
            code = public_error(raised).code
            raise
        finally:
            self._call_end.ended(call, code, 1, sent)
        return answer

    def _answer_to(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        # Not whether it was cancelled: to ask takes longer than to compute a price.
        check_deadline(context)
        made = self._serve(self._parse(data), context)
        return made if isinstance(made, bytes) else made.SerializeToString()

    def _admits(self, call: Call) -> bool:
        # The queue may have filled since admission looked, by calls that waited for their message.
        try:
            # guard: the queue's limits for messages that come late
            self.check_room(call)
        except ServingError as error:
            call.refusal = error
        return call.refusal is None

    def _answer_call(
        self, call: Call, messages: Iterator[bytes], context: grpc.ServicerContext
    ) -> bytes:
        if call.refusal is not None:
            self._call_end.refuse(call, context, call.refusal)
        code, received, sent = _OK, 0, 0
        try:
            data = self._receive(messages, context)
            received = 1
            answer = self._answer_to(data, context)
            if call.request_id:
                context.set_trailing_metadata(((REQUEST_ID, call.request_id),))
            self._pool.watch_answer(context)
            self._unread.begin_last(context, len(answer))
            sent = 1
        # guard: also what is no Exception
        except BaseException as raised:  # noqa: BLE001 - SystemExit, too: the call would hang
            code = public_error(raised).code
            self._call_end.fail(call, context, raised)
        finally:
            self._call_end.ended(call, code, received, sent)
        return answer

    def _receive(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        try:
            data: bytes = self._pool.receive(messages, context)
        except StopIteration:
            raise ServingError(
                Reason.MALFORMED_REQUEST, "the call ended without a request"
            ) from None
        except grpc.RpcError:
            check_deadline(context)
            raise ServingError(
                Reason.CANCELLED, "the call was cancelled before its request came"
            ) from None
        return data
