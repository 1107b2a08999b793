"""Makes requests of bytes.

grpcio hands on the bytes as they came, so that a large request is parsed on the worker that serves
the call and not on the one thread that accepts them all, and so that bytes which are no request
answer INVALID_ARGUMENT.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.calls.call import Method

Parse = Callable[[bytes], Any]

_FREE = nullcontext()

# What is read in a millisecond.
_SMALL_BYTES = 2**16


def parser(
    method: Method, read: Parse | None = None, turn: AbstractContextManager[object] = _FREE
) -> Parse:
    """Returns what makes a request of bytes, or raises MALFORMED_REQUEST.

    Args:
        method: Whose requests.
        read: Makes what the method takes, or raises DecodeError; without it, a message is made.
        turn: Held while a large request is read.
    """
    parse: Parse = read or GetMessageClass(method.descriptor.input_type).FromString
    name = method.descriptor.input_type.name

    def checked(data: bytes) -> Any:
        try:
            # A number of one byte takes eight when it is parsed: many streams that read a large
            # message at the same moment would take gigabytes, and none of them ends sooner for it.
            # guard: large messages one at a time
            with turn if len(data) > _SMALL_BYTES else _FREE:
                return parse(data)
        except DecodeError:
            raise ServingError(Reason.MALFORMED_REQUEST, f"the bytes are not a {name}") from None

    return checked
