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
from housing_grpc.calls.boundary import Boundary, Parse
from housing_grpc.calls.call import REQUEST_ID, Call
from housing_grpc.calls.call_pool import CallPool, on_pool
from housing_grpc.calls.deadline import check_deadline

# Answers with a message, or with its bytes.
Serve = Callable[[Any, grpc.ServicerContext], Message | bytes]

_OK = grpc.StatusCode.OK


class UnaryMethod:
    """Serves one method.

    Args:
        parse: Makes a request of bytes.
        serve: Answers a request.
        pool: Runs the calls.
        boundary: What they pass.
        check_room: Raises a ServingError if such a call cannot be taken.
    """

    def __init__(
        self,
        parse: Parse,
        serve: Serve,
        pool: CallPool,
        boundary: Boundary,
        *,
        check_room: Callable[[Call], None],
    ) -> None:
        self._parse = parse
        self._serve = serve
        self._pool = pool
        self._boundary = boundary
        self._check_room = check_room

    def handler(self, call: Call) -> Any:
        """Returns what grpcio runs for one call."""
        admit = partial(self._admits, call)
        behaviour = on_pool(self._answer, self._pool, call, admit=admit)
        return grpc.stream_unary_rpc_method_handler(behaviour)

    def _admits(self, call: Call) -> bool:
        # The queue may have filled since the gate looked, by calls that waited for their message.
        try:
            # guard: the queue's limits for messages that come late
            self._check_room(call)
        except ServingError as error:
            call.refusal = error
        return call.refusal is None

    def _answer(
        self, call: Call, messages: Iterator[bytes], context: grpc.ServicerContext
    ) -> bytes:
        if call.refusal is not None:
            self._boundary.refuse(call, context, call.refusal)
        code, received, sent = _OK, 0, 0
        try:
            data = self._receive(messages, context)
            received = 1
            # Not whether it was cancelled: to ask takes longer than to compute a price.
            check_deadline(context)
            made = self._serve(self._parse(data), context)
            answer = made if isinstance(made, bytes) else made.SerializeToString()
            if call.request_id:
                context.set_trailing_metadata(((REQUEST_ID, call.request_id),))
            self._pool.answers(context)
            sent = 1
        # guard: also what is no Exception
        except BaseException as raised:  # noqa: BLE001 - SystemExit, too: the call would hang
            code = public_error(raised).code
            self._boundary.fail(call, context, raised)
        finally:
            self._boundary.ended(call, code, received, sent)
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
