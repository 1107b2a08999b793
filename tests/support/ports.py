"""Ports for servers that cannot choose one themselves."""

import random
import socket

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
