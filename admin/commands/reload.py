"""Tells a server to take a version."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ..base import options
from ..base.errors import UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console

if TYPE_CHECKING:
    from housing.v1.model_pb2 import ReloadModelResponse

    from ..server.client import ServerClient


def run(
    console: Console,
    settings: Settings,
    *,
    version: Text = None,
    alias: Text = None,
    dry_run: Text = None,
    target: Text = None,
    tls: Text = None,
) -> None:
    """Make a server load a version, and wait until it serves.

    Args:
        console: Where the outcome goes.
        settings: The usual server, and its key.
        version: Number of the version.
        alias: Whose version to load; without either, the one that the server's alias names.
        dry_run: Whether to change nothing, and to show how the prices would change.
        target: Server (host:port).
        tls: Whether to encrypt the connection.
    """
    number = options.whole(options.given(version, "--version"), "--version", low=1)
    name = options.given(alias, "--alias")
    if number is not None and name is not None:
        raise UsageError("give --version or --alias, not both")
    text = None if number is None else str(number)
    address, dry = target or "True", options.flag(dry_run, "--dry-run")
    console.give(
        send(console, settings, version=text, alias=name, dry_run=dry, target=address, tls=tls)
    )


def send(
    console: Console,
    settings: Settings,
    *,
    version: Text = None,
    alias: Text = None,
    dry_run: bool = False,
    target: str,
    tls: Text = None,
) -> dict[str, Any]:
    """Make a server load a version, show what it did, and return that for JSON.

    Args:
        console: Where the outcome goes.
        settings: The usual server, and its key.
        version: Number of the version, or None.
        alias: Whose version to load, or None.
        dry_run: Whether to change nothing.
        target: Server (host:port), or "True" for the usual one.
        tls: Whether to encrypt the connection.

    Raises:
        ServerError: The server does not answer, or keeps the model it has.
    """
    address = _address(settings, target)
    from ..server.answers import document

    doing = "Asking" if dry_run else "Reloading"
    with console.busy(f"{doing} {address} ..."), _connected(settings, address, tls) as server:
        done = server.reload(version=version, alias=alias, dry_run=dry_run)
    if dry_run:
        for line in _differences(done):
            console.show(line)
        return document(done)
    seconds = done.duration.ToTimedelta().total_seconds()
    change = (
        f"version {done.previous_version} -> {done.version} in {seconds:.1f} s"
        if done.changed
        else f"serves version {done.version} already"
    )
    console.show(f"{address}: {change}")
    return document(done)


def _differences(found: "ReloadModelResponse") -> Iterator[str]:
    """Say how prices would change, line by line."""
    yield f"version {found.previous_version} serves, version {found.version} would; nothing changed"
    diff = found.diff
    yield (
        f"prices of {diff.rows} {diff.rows_from}: mean change {diff.mean_change:+.2f}, "
        f"99 % within {diff.p99_change:.2f}, largest {diff.largest_change:.2f}"
    )
    for change in diff.changes:
        given = [f"{field.json_name} {value:g}" for field, value in change.house.ListFields()]
        yield f"  {change.price:.2f} -> {change.new_price:.2f}: {', '.join(given)}"


def check(settings: Settings, target: str, tls: Text) -> None:
    """Check what is said of a server, before anything is done for it.

    Args:
        settings: The usual server, the key and the certificates.
        target: Server (host:port), or "True" for the usual one.
        tls: Whether to encrypt the connection.

    Raises:
        UsageError: The address, the key or a certificate is none.
    """
    with _connected(settings, _address(settings, target), tls):
        # Nothing is sent before the first call.
        pass


def _address(settings: Settings, target: str) -> str:
    return settings.target if target == "True" else target


def _connected(
    settings: Settings, address: str, tls: Text
) -> "AbstractContextManager[ServerClient]":
    encrypt = options.flag(tls, "--tls")
    from ..server.client import connect

    return connect(settings, address, tls=encrypt)
