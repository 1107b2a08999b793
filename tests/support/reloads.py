"""Reloads: calls for them, sources that alternate, and a count of the models that live."""

import itertools
import shutil
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
from housing.v1.model_pb2 import ReloadModelRequest, ReloadModelResponse
from housing.v1.prediction_pb2 import House, PredictRequest

from housing_grpc.bundle.model import Bundle
from housing_grpc.model.live import LiveModel
from housing_grpc.model.source import Fetched, Target
from tests.support.client import SECONDS, Client
from tests.support.examples import Example
from tests.support.unchallenged import Unchallenged
from tests.support.waiting import until


def reload(client: Client, **target: Any) -> ReloadModelResponse:
    """Asks a server to reload."""
    return client.models.ReloadModel(ReloadModelRequest(**target), timeout=SECONDS)


def reload_after(client: Client) -> None:
    """Reloads once what changes the model by itself has come to its end."""
    after_changes(lambda: reload(client))


def after_changes(call: Callable[[], object]) -> None:
    """Makes a call once what changes the model by itself has come to its end."""

    def done() -> bool:
        try:
            call()
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.ABORTED:
                raise
            return False
        return True

    until(done)


def price(client: Client) -> float:
    """Asks a server for the price of one house."""
    request = PredictRequest(house=House(rm=6.5, lstat=12, crim=1))
    return client.predictions.Predict(request, timeout=SECONDS).prediction


def replace(folder: Path, by: Path) -> None:
    """Puts a copy of another folder in the place of one."""
    shutil.rmtree(folder)
    shutil.copytree(by, folder)


class Alternating(Unchallenged):
    """A source that wants the next bundle at every reload."""

    kind = "alternating"

    def __init__(self, *examples: Example) -> None:
        self._turns = itertools.cycle(examples)

    def fetch(self, target: Target) -> Fetched:
        """Returns the next bundle."""
        example = next(self._turns)
        return Fetched(folder=example.folder, version=example.version, digest=example.digest)

    def wanted(self) -> str:
        """Fails."""
        raise AssertionError("a manager does not ask for this")

    def last_known(self) -> None:
        """Returns nothing: no bundle is kept."""

    def served(self, fetched: Fetched) -> None:
        """Takes no note."""


class Census:
    """Counts the bundles that are alive."""

    def __init__(self) -> None:
        self._seen: list[weakref.ref[Bundle]] = []
        self.most = 0

    def __call__(self, live: LiveModel) -> None:
        self._seen.append(weakref.ref(live.bundle))
        self.most = max(self.most, self.alive())

    def alive(self) -> int:
        """Returns how many there are."""
        return sum(each() is not None for each in self._seen)
