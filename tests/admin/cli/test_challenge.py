import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from admin.tracking.connection import connect
from housing_grpc.model.challenge import Challenge
from housing_grpc.registry import challenge
from housing_grpc.registry.location import CHALLENGER_ALIAS
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings
from tests.challenger import conftest as experiments
from tests.support.commands import Say
from tests.support.examples import MODEL_NAME
from tests.support.homes import settings_of
from tests.support.serving import connected
from tests.support.waiting import until


@pytest.fixture
def two(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with two versions that can be served, of which 1 is promoted."""
    with connect(settings_of(home)) as client:
        first = client.versions(MODEL_NAME)[0]
        client.create_model_version(MODEL_NAME, first.source, first.run_id, dict(first.tags))
    monkeypatch.setenv("HOUSING_HOME", str(home))
    return home


@pytest.fixture
def told(say: Say) -> Callable[..., Any]:
    return lambda *arguments, code=0: json.loads(say(*arguments, "--json", code=code).out)


def wanted(home: Path) -> Challenge:
    """What servers read."""
    with connect(settings_of(home)) as client:
        found = client.versions(MODEL_NAME)
        aliases = {alias: str(each.number) for each in found for alias in each.aliases}
        return challenge.read(aliases, client.model_tags(MODEL_NAME))


def test_a_challenger_is_chosen_changed_and_stopped(
    two: Path, say: Say, told: Callable[..., Any]
) -> None:
    assert wanted(two).version == ""
    done = told("challenge", "2", "--reason", "fewer trees")
    assert done == {"version": "2", "previous_version": None, "shadow": 1.0, "share": 0.0}
    found = wanted(two)
    assert (found.version, found.shadow, found.share) == ("2", 1.0, 0.0)
    said = say("challenge", "--version", "2", "--shadow", "0.25", "--share", "1e-2").out
    assert "prices 25% of the houses unseen, and answers 0.01 of the calls" in said
    found = wanted(two)
    assert (found.version, found.shadow, found.share) == ("2", 0.25, 0.01)
    assert told("challenge", "--stop") == {"version": None, "previous_version": "2"}
    assert wanted(two).version == ""
    entries = told("history", "--verify")["entries"]
    of_alias = [
        (each["action"], each["to_version"], each["reason"])
        for each in entries
        if each["alias"] == CHALLENGER_ALIAS
    ]
    assert of_alias == [
        ("stop", "2", ""),
        ("challenge", "2", "shadow 0.25, share 0.01"),
        ("challenge", "2", "shadow 1, share 0: fewer trees"),
    ]


@pytest.mark.usefixtures("two")
def test_what_cannot_be_compared_is_refused(say: Say) -> None:
    assert "say which version" in say("challenge", code=2).err
    for given, text in {
        ("2", "--share", "2"): "--share is '2', but has to be a number from 0 to 1",
        ("2", "--shadow", "nan"): "--shadow is 'nan', but has to be a number from 0 to 1",
        ("2", "--shadow", "0"): "--shadow or --share has to be above 0",
        ("2", "--stop"): "not both",
    }.items():
        assert text in say("challenge", *given, code=2).err
    for given, text in {
        ("9",): "has no version 9",
        ("1",): "production names version 1 itself",
        ("--stop",): "has no challenger",
    }.items():
        assert text in say("challenge", *given, code=4).err


def test_a_server_is_asked_for_the_verdict(
    two: Path, say: Say, told: Callable[..., Any], stack: ExitStack
) -> None:
    uri = settings_of(two).location.tracking_uri
    server = HousingServer(
        Settings(grpc_port=0, mlflow_tracking_uri=uri, housing_home=str(two), model_poll_seconds=1)
    )
    stack.callback(server.close, grace_seconds=0)
    server.start()
    client = connected(stack, server.port)
    assert "there is no challenger" in say("verdict", "--target", client.address, code=5).err
    # Both versions are one bundle: nothing can be compared, which shows.
    say("challenge", "2")
    until(lambda: experiments.found(client) is not None)
    shown = told("verdict", "--target", client.address)
    assert (shown["champion_version"], shown["challenger_version"]) == ("1", "2")
    assert "is what the live model is" in shown["fault"]
    assert (
        "fault\tversion 2 is what the live model is"
        in say("verdict", "--target", client.address).out
    )
