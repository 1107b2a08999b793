"""Load from h2load: the same request again and again, many at a time.

h2load (Debian: nghttp2-client) is written in C, so that it costs little beside the
server. It takes any HTTP 200 for a success, and every gRPC answer is one, refusals too:
what sets them apart here is the size of the body, which is none for a refusal. Verify
the answer itself with a real client first, and give its size.
"""

import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from google.protobuf.message import Message
from numpy.typing import NDArray

from bench.serving import CLIENT_CORE

Seconds = NDArray[np.float64]

# Timestamps and decimal numbers differ in length from answer to answer.
_SLACK_BYTES = 8
_LIMIT_SECONDS = 120
_FRAME_HEADER = struct.Struct(">BI")


class LoadError(RuntimeError):
    """The load could not be made, or was not answered as it should be."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is asked, and how large its answer is.

    Attributes:
        url: With the path.
        body: Of the request, as it goes over the wire.
        headers: Such as "te: trailers".
        answer_bytes: Size of the answer's body.
        http1: Speak HTTP/1.1, one request at a time on each connection.
    """

    url: str
    body: bytes
    headers: tuple[str, ...]
    answer_bytes: int
    http1: bool = False


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one run found.

    Attributes:
        rate: Calls a second.
        latencies: Of every call, sorted.
    """

    rate: float
    latencies: Seconds


def grpc_target(
    port: int, method: str, request: Message, answer: bytes, *, key: str = ""
) -> Target:
    """Returns a unary gRPC call as a target.

    Args:
        port: Of a server on the loopback address.
        method: Such as "/housing.v1.PredictionService/Predict".
        request: Sent each time.
        answer: The bytes of what a real client got for it.
        key: API key to send, if any.
    """
    headers = ["te: trailers", "content-type: application/grpc"]
    if key:
        headers.append(f"authorization: Bearer {key}")
    return Target(
        url=f"http://127.0.0.1:{port}{method}",
        body=_frame(request),
        headers=tuple(headers),
        answer_bytes=_FRAME_HEADER.size + len(answer),
    )


def run(target: Target, *, connections: int, in_flight: int, calls: int) -> Load:
    """Makes calls, so many at a time on each connection, and waits for all.

    Raises:
        LoadError: A call failed, or was not answered with a body of the right size.
    """
    if target.http1:
        connections, in_flight = connections * in_flight, 1
    with tempfile.NamedTemporaryFile() as log:
        options = {"-c": connections, "-m": in_flight, "-n": calls, "--log-file": log.name}
        output = _h2load(target, options)
        _check(output, calls, target.answer_bytes)
        found = np.loadtxt(log.name, usecols=2, ndmin=1) / 1e6
    return Load(rate=_number(r"([\d.]+) req/s", output), latencies=np.sort(found))


def offer(target: Target, *, connections: int, in_flight: int, rate: float, seconds: int) -> float:
    """Makes calls at a rate, whatever becomes of them.

    Args:
        target: What is asked.
        connections: How many.
        in_flight: Most calls at a time on each: when they are made, no more are.
        rate: Calls a second of all connections.
        seconds: How long.

    Returns:
        Calls a second that were answered.
    """
    options = {
        "-c": connections,
        "-m": in_flight,
        "-D": seconds,
        "--rps": round(rate / connections),
    }
    return _number(r"\((\d+)\) data", _h2load(target, options)) / target.answer_bytes / seconds


def _h2load(target: Target, options: Mapping[str, object]) -> str:
    if not shutil.which("h2load"):
        raise LoadError("h2load is needed: apt-get install nghttp2-client")
    command = ["taskset", "-c", str(CLIENT_CORE), "h2load", *(["--h1"] * target.http1)]
    for name, value in options.items():
        command += [name, str(value)]
    for header in target.headers:
        command += ["-H", header]
    with tempfile.NamedTemporaryFile() as body:
        body.write(target.body)
        body.flush()
        done = subprocess.run(
            [*command, "-d", body.name, target.url],
            capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False,
        )  # fmt: skip
    return done.stdout + done.stderr


def _frame(message: Message) -> bytes:
    data = message.SerializeToString()
    return _FRAME_HEADER.pack(0, len(data)) + data


def _check(output: str, calls: int, answer_bytes: int) -> None:
    succeeded = int(_number(r"(\d+) 2xx", output))
    if succeeded != calls:
        raise LoadError(f"{succeeded} of {calls} calls were answered with HTTP 200")
    size = _number(r"\((\d+)\) data", output) / calls
    if abs(size - answer_bytes) > _SLACK_BYTES:
        raise LoadError(
            f"an answer had {size:.0f} bytes on average where a right one has {answer_bytes}: "
            "calls were refused"
        )


def _number(pattern: str, output: str) -> float:
    found = re.search(pattern, output)
    if not found:
        raise LoadError(f"h2load said nothing of {pattern!r}:\n{output}")
    return float(found[1])
