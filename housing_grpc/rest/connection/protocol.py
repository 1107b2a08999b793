"""HTTP with bounds on the head of a request, and on what divides or follows its body.

uvicorn and its parser take heads of any size, and queue what is pipelined without end. Each
override extends the hook of uvicorn or of its parser that has its name.
"""

from http import HTTPStatus
from typing import Any, NoReturn

from httptools import HttpParserError, HttpParserUpgrade

from housing_grpc.rest.connection.connections import Closed
from housing_grpc.rest.connection.deadlines import TimedProtocol
from housing_grpc.rest.http import errors, status
from housing_grpc.rest.http.errors import RestError

HEAD_BYTES = 16 * 1024
HEADERS = 100

CROWDED = "crowded"
"""In a request's state: whether it has to be refused, as too many are in work."""

# Of a request line, beside method and target; of a header, beside name and value.
_LINE_BYTES = len("  HTTP/1.1\r\n")
_HEADER_BYTES = len(": \r\n")
_MOST_PIPELINED = 16
# For a caller that still sends to read why it is refused.
_LINGER_SECONDS = 2.0
_NOT_HTTP = "Invalid HTTP request received."


class BoundedProtocol(TimedProtocol):
    """One connection; its arguments are those of TimedProtocol."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._in_head = False
        # What has come of a head, or of the trailers.
        self._bytes = self._headers = 0
        # Bytes since the parser last made something of them.
        self._unfinished = 0
        self._too_large = False
        self._deaf = False

    def data_received(self, data: bytes) -> None:
        """Reads on, in parts so small that none can hold much beyond a limit."""
        self._unset_keepalive_if_required()
        for start in range(0, len(data), HEAD_BYTES):
            if self._deaf:
                return
            self._read(data[start : start + HEAD_BYTES])
        if self.idle:
            self.await_head()
        elif self.in_body:
            self.place()

    def on_message_begin(self) -> None:
        """Begins to count a head."""
        self._in_head, self.in_body = True, False
        self._bytes, self._headers, self._unfinished = _LINE_BYTES, 0, 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Takes a part of the target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header; a trailer is none, or a key in one would pass what checks headers."""
        self._headers += 1
        if self._headers > HEADERS:
            self._stop()
        self._count(len(name) + len(value) + _HEADER_BYTES)
        if name.lower() == b"transfer-encoding" and value.lower() != b"chunked":
            # The parser would undo the last coding, and leave the others in the body.
            raise _UnreadError
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Starts a request, or leaves it unread if many wait for their turn before it."""
        self._count(len(self.parser.get_method()) + len("\r\n"))
        self._in_head = False
        self._bytes = self._headers = self._unfinished = 0
        self.end_wait()
        if len(self.pipeline) >= _MOST_PIPELINED:
            self._read_no_more()
            raise _UnreadError
        self.scope["state"][CROWDED] = self.idle and not self.connections_open.admit(self)
        super().on_headers_complete()
        # Not before: what is refused there, such as a target that is none, has no body.
        self.in_body = True

    def on_chunk_header(self) -> None:
        """Begins to count anew: what may stand beside a chunk's size has ended."""
        self._unfinished = 0

    def on_body(self, body: bytes) -> None:
        """Takes a part of the body."""
        self._unfinished = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Leaves the request to the proxy, if it was not answered before its end."""
        self.in_body, self._unfinished = False, 0
        super().on_message_complete()
        if self.idle:
            self.end_wait()
        self.place()

    def on_response_complete(self) -> None:
        """Waits for the rest of a head that has begun behind the request."""
        super().on_response_complete()
        if self._in_head and self.idle:
            self.await_head()

    def head_timeout(self) -> None:
        """Says so where a head has begun."""
        if self._in_head:
            self._refuse(errors.head_too_slow(self.patience.head_seconds), Closed.HEAD_TIMEOUT)
        else:
            super().head_timeout()

    def _read(self, part: bytes) -> None:
        self._unfinished += len(part)
        try:
            self.parser.feed_data(part)
        except HttpParserUpgrade:
            # The parser has dropped what follows: none could say where the next request begins.
            self._read_no_more()
        except HttpParserError:
            # It is one, too, if a callback raises.
            if self._too_large:
                self._refuse_size()
            elif not self._deaf:
                self._refuse(None, Closed.NOT_HTTP)
        else:
            if self._unfinished >= HEAD_BYTES:
                self._refuse_size()

    def _count(self, more: int) -> None:
        self._bytes += more
        if self._bytes > HEAD_BYTES:
            self._stop()

    def _stop(self) -> NoReturn:
        self._too_large = True
        raise _UnreadError

    def _read_no_more(self) -> None:
        """Answers what has come whole, and then closes; clients send the rest again."""
        self._deaf = True
        self.cycle.keep_alive = False

    def _refuse_size(self) -> None:
        self._refuse(errors.head_too_large(HEADERS, HEAD_BYTES), Closed.HEAD_TOO_LARGE)

    def _refuse(self, error: RestError | None, reason: Closed) -> None:
        """Ends a message that cannot be read on; without an error, it is no HTTP."""
        if not self.idle and not self.in_body:
            # An error would be taken for the answer to a request before it.
            self.connections_open.count(reason)
            self._read_no_more()
            return
        self._deaf = True
        if self.in_body and (self.idle or self.pipeline or self.cycle.response_started):
            self.connections_open.close(self, reason)
            return
        self.connections_open.count(reason)
        if not self.idle:
            # Nobody needs the answer of the proxy any more.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if error is None:
            self.send_400_response(_NOT_HTTP)
        else:
            self._write(error)
        self._linger()

    def _write(self, error: RestError) -> None:
        response = status.response(status.of_error(error))
        headers = [*self.server_state.default_headers, *response.raw_headers]
        code = HTTPStatus(response.status_code)
        lines = [f"HTTP/1.1 {code.value} {code.phrase}".encode()]
        lines += [b"%b: %b" % header for header in (*headers, (b"connection", b"close"))]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(response.body)]))

    def _linger(self) -> None:
        """Closes, but not before the caller could read why: what is unread would reset it."""
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
            self.wait(_LINGER_SECONDS, self.abort)
        else:
            self.transport.close()
            self.wait(self.patience.head_seconds, self.abort)


class _UnreadError(Exception):
    """Stops the parser in one of its callbacks."""
