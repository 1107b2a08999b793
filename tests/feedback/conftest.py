"""Stores of outcomes, in SQLite and in a real PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from housing_grpc.feedback import location
from housing_grpc.feedback.database import Database
from housing_grpc.feedback.store import Store
from tests.support.postgres import Postgres, running

Open = Callable[..., Store]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store that is empty."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'feedback.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def open_store(stack: ExitStack, url: str) -> Open:
    """Opens the store: `open_store(keep_features=True)`."""

    def opened(url: str = url, *, seconds: float = 5.0, keep_features: bool = False) -> Store:
        database = Database(location.read(url), connections=4, seconds=seconds)
        store = Store(database, keep_features=keep_features)
        stack.callback(store.close)
        return store

    return opened


@pytest.fixture
def store(open_store: Open) -> Store:
    return open_store()
