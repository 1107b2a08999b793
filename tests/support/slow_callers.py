"""Callers that keep a server waiting: headers and no message, answers that nobody reads."""

from contextlib import ExitStack

from tests.http2.frames import PREDICT, Connection, joined

CANCELLED = "1"


def headers_only(
    stack: ExitStack, port: int, count: int, *, path: str = PREDICT, connections: int = 4
) -> list[tuple[Connection, range]]:
    """Makes calls of headers alone.

    Args:
        stack: Closes the connections.
        port: Of the server, on loopback.
        count: How many calls, over all connections.
        path: Of the method.
        connections: How many connections share them.

    Returns:
        Each connection and the numbers of its calls.
    """
    made = []
    for _ in range(connections):
        connection = stack.enter_context(Connection(port)).greet()
        streams = range(1, 2 * count // connections, 2)
        connection.send(joined(connection.headers(stream, path=path) for stream in streams))
        made.append((connection, streams))
    return made
