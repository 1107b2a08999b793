"""An HTTP/2 connection that sends what it is told to, right or wrong."""

import socket
import struct
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hpack import Decoder, Encoder
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PREDICT = "/housing.v1.PredictionService/Predict"
SECONDS = 60.0

_HEADER_BYTES = 9
# Until settings say otherwise, of each stream and of the connection.
_FIRST_WINDOW = 65_535
_FRAME_BYTES = 16_384


@dataclass(kw_only=True)
class Heard:
    """What a server said.

    Attributes:
        headers: Headers and trailers of a stream, together.
        data: Content of a stream.
        resets: Error code of each stream that was reset.
        pongs: Content of each PING that was answered.
        settings: Whether the server's settings have come.
        first_window: Bytes that each new stream may send at first.
        windows: Bytes that each stream may send besides; 0 is the connection.
        goaway: Error code of a GOAWAY, or None without one.
        closed: Whether the server has closed the connection.
    """

    headers: dict[int, dict[str, str]] = field(default_factory=dict)
    data: dict[int, bytes] = field(default_factory=dict)
    resets: dict[int, int] = field(default_factory=dict)
    pongs: list[bytes] = field(default_factory=list)
    settings: bool = False
    first_window: int = _FIRST_WINDOW
    windows: Counter[int] = field(default_factory=Counter)
    goaway: int | None = None
    closed: bool = False

    @property
    def refused(self) -> bool:
        """Whether the server has given up the connection."""
        return self.closed or self.goaway is not None

    def status(self, stream: int) -> str:
        """Returns the gRPC status of a stream, "reset" or "" for none yet."""
        if stream in self.resets:
            return "reset"
        return self.headers.get(stream, {}).get("grpc-status", "")


class Connection:
    """A connection of raw frames.

    Args:
        port: Of the server, on loopback.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self._encoder = Encoder()
        self._decoder = Decoder()
        self._unread = b""
        self._sent: Counter[int] = Counter()
        self.heard = Heard()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def greet(self, settings: Mapping[int, int] | None = None) -> "Connection":
        """Sends what a connection begins with."""
        self.send(PREFACE, SettingsFrame(settings=dict(settings or {})))
        return self

    def agree(self) -> "Connection":
        """Waits for the server's settings and accepts them; some limits hold only then."""
        while not self.heard.settings:
            assert not self.heard.closed
            self.listen(seconds=0.05)
        self.send(SettingsFrame(0, flags=["ACK"]))
        return self

    def send(self, *parts: Frame | bytes) -> None:
        """Sends frames or bytes; a server that has hung up is no fault here."""
        data = b"".join(x if isinstance(x, bytes) else x.serialize() for x in parts)
        try:
            self._socket.settimeout(SECONDS)  # To listen may have made it shorter.
            self._socket.sendall(data)
        except OSError:
            self.heard.closed = True

    def fill(self, stream: int, content: bytes, seconds: float = SECONDS) -> int:
        """Sends the content of a stream, and its end, as the server's windows allow.

        Returns:
            How many bytes of the stream it has taken in that time.
        """
        end = time.monotonic() + seconds
        while content and not self._over(stream) and time.monotonic() < end:
            room = min(self._room(stream), _FRAME_BYTES)
            part, content = content[:room], content[room:]
            if part:
                self._sent.update({stream: len(part), 0: len(part)})
                self.send(data(stream, part, end=not content))
            else:
                self.listen(stream, seconds=0.05)
        return self._sent[stream]

    def reset(self) -> None:
        """Breaks the connection off without a word."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def shut(self) -> None:
        """Ends the half of the connection that is ours."""
        self._socket.shutdown(socket.SHUT_WR)

    def encode(self, headers: list[tuple[str, str]]) -> bytes:
        """Returns compressed headers."""
        return bytes(self._encoder.encode(headers, huffman=False))

    def block(
        self, *, method: str = "POST", path: str | None = PREDICT, **changes: str | None
    ) -> bytes:
        """Returns the compressed headers of a call; `changes` sets or drops some."""
        headers = {
            ":method": method,
            ":scheme": "http",
            ":path": path,
            ":authority": "localhost",
            "content-type": "application/grpc",
            "te": "trailers",
            **{name.replace("_", "-"): value for name, value in changes.items()},
        }
        return self.encode([(name, each) for name, each in headers.items() if each is not None])

    def headers(self, stream: int, *flags: str, **changes: str | None) -> HeadersFrame:
        """Returns the HEADERS of a call."""
        return HeadersFrame(stream, data=self.block(**changes), flags=["END_HEADERS", *flags])  # type: ignore[arg-type]

    def listen(self, stream: int = 0, seconds: float = SECONDS) -> Heard:
        """Reads until a stream has ended, or else the connection, or the time is up."""
        end = time.monotonic() + seconds
        while not self._over(stream) and (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                found = self._socket.recv(65536)
            except TimeoutError:
                break
            except OSError:
                found = b""
            self.heard.closed = not found
            self._unread += found
            self._take()
        return self.heard

    def _room(self, stream: int) -> int:
        windows, first = self.heard.windows, self.heard.first_window
        own = first + windows[stream] - self._sent[stream]
        return max(0, min(own, _FIRST_WINDOW + windows[0] - self._sent[0]))

    def _over(self, stream: int) -> bool:
        return self.heard.closed or bool(stream and self.heard.status(stream))

    def _take(self) -> None:
        while len(self._unread) >= _HEADER_BYTES:
            frame, length = Frame.parse_frame_header(memoryview(self._unread[:_HEADER_BYTES]))
            whole = _HEADER_BYTES + length
            if len(self._unread) < whole:
                return
            frame.parse_body(memoryview(self._unread[_HEADER_BYTES:whole]))
            self._unread = self._unread[whole:]
            self._hear(frame)

    def _hear(self, frame: Frame) -> None:
        stream = frame.stream_id
        if isinstance(frame, HeadersFrame):
            found = {_text(name): _text(value) for name, value in self._decoder.decode(frame.data)}
            self.heard.headers.setdefault(stream, {}).update(found)
        elif isinstance(frame, DataFrame):
            self.heard.data[stream] = self.heard.data.get(stream, b"") + frame.data
        elif isinstance(frame, RstStreamFrame):
            self.heard.resets[stream] = frame.error_code
        elif isinstance(frame, SettingsFrame):
            self.heard.settings = True
            self.heard.first_window = frame.settings.get(
                SettingsFrame.INITIAL_WINDOW_SIZE, self.heard.first_window
            )
        elif isinstance(frame, WindowUpdateFrame):
            self.heard.windows[stream] += frame.window_increment
        elif isinstance(frame, PingFrame) and "ACK" in frame.flags:
            self.heard.pongs += [frame.opaque_data]
        elif isinstance(frame, PingFrame):
            self.send(PingFrame(0, opaque_data=frame.opaque_data, flags=["ACK"]))
        elif isinstance(frame, GoAwayFrame):
            self.heard.goaway = frame.error_code


def data(stream: int, payload: bytes, *, end: bool = True) -> DataFrame:
    """Returns a DATA frame."""
    return DataFrame(stream, data=payload, flags=["END_STREAM"] if end else [])


def message(content: bytes, *, compressed: int = 0, length: int | None = None) -> bytes:
    """Returns a gRPC message with its prefix, which may lie."""
    return struct.pack(">BI", compressed, len(content) if length is None else length) + content


def raw(kind: int, flags: int, stream: int, body: bytes, length: int | None = None) -> bytes:
    """Returns any frame at all, with a length that may lie."""
    size = len(body) if length is None else length
    return struct.pack(">I", size)[1:] + struct.pack(">BBI", kind, flags, stream) + body


def joined(frames: Iterable[Frame]) -> bytes:
    """Returns the bytes of many frames."""
    return b"".join(frame.serialize() for frame in frames)


def _text(found: str | bytes) -> str:
    return found if isinstance(found, str) else found.decode("latin-1")
