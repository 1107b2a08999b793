"""Ports for servers that cannot choose one themselves."""

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager

# Below those that systems choose for connections, and for servers that ask for any port: between
# the choice here and the start of the server nothing else takes one of these.
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    """Returns a port on which nobody listens."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def held_port() -> Iterator[int]:
    """Gives a port that is nobody's but the test's: it is refused until a server is told of it."""
    with socket.socket() as holder:
        # Bound, but not listening: so a server may listen on it that says the same.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])
