"""A PostgreSQL server of the tests, with as many databases as they want."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.integration import daemons
from tests.integration.daemon import Daemon


class Postgres:
    """A server that runs.

    Args:
        daemon: It.
        url: Of its own database.
    """

    def __init__(self, daemon: Daemon, url: str) -> None:
        self.daemon = daemon
        self._url = url.replace("+psycopg", "")
        self._numbers = itertools.count()

    def new_database(self) -> str:
        """Makes an empty database; returns its URL."""
        name = f"empty_{next(self._numbers)}"
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self._url.rpartition("/")[0] + f"/{name}"


@contextmanager
def running() -> Iterator[Postgres]:
    """Runs a server until the end."""
    folder = daemons.scratch()
    try:
        daemon, url = daemons.postgres(folder)
        daemon.start()
        try:
            yield Postgres(daemon, url)
        finally:
            daemon.stop()
    finally:
        daemons.remove(folder)
