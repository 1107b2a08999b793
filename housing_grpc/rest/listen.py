"""The socket that the proxy listens on."""

import os
import socket

BACKLOG = 2048


class PortError(Exception):
    """The address cannot be listened on; the text says which."""


def bind(host: str, port: int) -> socket.socket:
    """Returns a socket that listens.

    Raises:
        PortError: The port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay off only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # Elsewhere it would share a port that is taken.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise PortError(
            f"cannot listen on {host}:{port}: the port is taken, or the address is not this "
            "machine's; choose another with API_PORT or API_HOST"
        ) from error
    return listener
