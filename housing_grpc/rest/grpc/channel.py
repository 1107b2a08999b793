"""The channel to the gRPC server, made anew when the files of its TLS change."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio

from housing_grpc.base import log, pem
from housing_grpc.base.options import OptionError
from housing_grpc.base.pem import Changes, PemFile

_logger = logging.getLogger(__name__)


class ServerTls:
    """How TLS is spoken to the gRPC server.

    Args:
        ca: File of the roots of its certificate; "" for those that gRPC brings along.
        certificate: File of the proxy's own certificate, for a server that asks for one, or "".
        key: File of its private key, or "".

    Raises:
        OptionError: A file cannot be used.
    """

    def __init__(self, *, ca: str, certificate: str, key: str) -> None:
        self._ca = PemFile("GRPC_CA_FILE", ca) if ca else None
        self._pair = (
            (PemFile("GRPC_CERT_FILE", certificate), PemFile("GRPC_KEY_FILE", key))
            if certificate
            else None
        )
        self._changes = Changes(file for file in (self._ca, *(self._pair or ())) if file)
        self._latest = self._load()

    def credentials(self) -> grpc.ChannelCredentials:
        """Returns what a channel is opened with; another object after a file has changed.

        If the files cannot be used then, what was read before stays.
        """
        if self._changes.any():
            try:
                self._latest = self._load()
            except OptionError as error:
                log.event(_logger, logging.ERROR, "tls.kept", reason=str(error))
            else:
                log.event(_logger, logging.INFO, "tls.reloaded", setting="GRPC_CA_FILE")
        return self._latest

    def _load(self) -> grpc.ChannelCredentials:
        roots = pem.check_roots(self._ca) if self._ca else None
        certificate, key = None, None
        if self._pair:
            # gRPC would say neither that they do not belong together, nor that they are no PEM.
            pair = pem.load_pair(*self._pair)
            certificate, key = pair.certificate, pair.key
        return grpc.ssl_channel_credentials(roots, key, certificate)


class Channel:
    """The channel.

    Args:
        target: Host and port of the server.
        options: As gRPC takes them.
        tls: How TLS is spoken, or None for none.
    """

    def __init__(
        self, target: str, options: Sequence[tuple[str, Any]], tls: ServerTls | None
    ) -> None:
        self._target = target
        self._options = options
        self._tls = tls
        self._credentials = tls.credentials() if tls else None
        self._latest = self._open()
        self._former: grpc.aio.Channel | None = None
        self._closing: asyncio.Task[None] | None = None

    def latest(self) -> grpc.aio.Channel:
        """Returns what new calls are to be made on."""
        credentials = self._tls.credentials() if self._tls else None
        if credentials is not self._credentials:
            self._credentials = credentials
            self.renew()
        return self._latest

    def renew(self) -> None:
        """Has new calls made on another connection."""
        self._retire()
        self._latest = self._open()

    async def close(self) -> None:
        """Ends all calls."""
        if self._closing is not None:
            await self._closing
        for channel in (self._former, self._latest):
            if channel is not None:
                await channel.close()

    def _retire(self) -> None:
        """Leaves the latest to the calls that are under way, until the next one is left."""
        if self._former is not None:
            self._closing = asyncio.get_running_loop().create_task(self._former.close())
        self._former = self._latest

    def _open(self) -> grpc.aio.Channel:
        if self._credentials is None:
            return grpc.aio.insecure_channel(self._target, self._options)
        return grpc.aio.secure_channel(self._target, self._credentials, self._options)
