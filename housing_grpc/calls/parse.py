"""Makes requests of bytes.

grpcio hands on the bytes as they came, so that a large request is parsed on the worker that serves
the call and not on the one thread that accepts them all, and so that bytes which are no request
answer INVALID_ARGUMENT.
"""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.calls.call import Method

Parse = Callable[[bytes], Any]


def parser(method: Method, read: Parse | None = None) -> Parse:
    """Returns what makes a request of bytes, or raises MALFORMED_REQUEST.

    Args:
        method: Whose requests.
        read: Makes what the method takes, or raises DecodeError; without it, a message is made.
    """
    parse: Parse = read or GetMessageClass(method.descriptor.input_type).FromString
    name = method.descriptor.input_type.name

    def checked(data: bytes) -> Any:
        try:
            return parse(data)
        except DecodeError:
            raise ServingError(Reason.MALFORMED_REQUEST, f"the bytes are not a {name}") from None

    return checked
