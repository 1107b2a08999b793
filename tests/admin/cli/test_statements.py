"""Promotions of whoever has the signing key, and of whoever has not."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from admin.tracking.audit import chain
from admin.tracking.audit import entry as entries
from admin.tracking.connection import connect
from admin.tracking.mlflow_client import Client
from housing_grpc.bundle.signature import Verifier, signer
from housing_grpc.registry import statement as statements
from housing_grpc.registry.location import statement_tag
from housing_grpc.registry.statement import WITHDRAWN, Statement
from tests.support.commands import Say
from tests.support.examples import MODEL_NAME
from tests.support.homes import settings_of
from tests.support.keys import Pair

TAG = statement_tag("production")


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """The keys that commands and servers are set to use."""
    pair = Pair(tmp_path, "key")
    monkeypatch.setenv("BUNDLE_SIGNING_KEY_FILE", str(pair.private))
    monkeypatch.setenv("BUNDLE_PUBLIC_KEY_FILE", str(pair.public))
    return pair


def read(home: Path, number: int, pair: Pair) -> Statement:
    with connect(settings_of(home)) as client:
        text = client.get_model_version(MODEL_NAME, str(number)).tags[TAG]
    return statements.read(text, Verifier(pair.public))


def verified(say: Say, code: int = 0) -> list[str]:
    found = json.loads(say("history", "--verify", "--json", code=code).out)
    assert found["whole"] == (code == 0)
    return list(found["problems"])


def test_each_promotion_has_a_statement(two: Path, pair: Pair, say: Say) -> None:
    (text,) = verified(say, 4)
    assert text == "no signed statement lets production name version 1: there is none"
    say("promote", "2")
    second = read(two, 2, pair)
    assert (second.version, second.action, second.model) == (2, "promote", MODEL_NAME)
    say("rollback", "--reason", "worse")
    first = read(two, 1, pair)
    assert (first.version, first.action, first.alias) == (1, "rollback", "production")
    assert first.sequence > second.sequence
    with connect(settings_of(two)) as client:
        assert client.get_model_version(MODEL_NAME, "2").tags[TAG] == WITHDRAWN
    assert verified(say) == []
    # Where it is named already, a new one is made, as the old one may be lost or too old.
    say("promote", "1")
    assert read(two, 1, pair).sequence > first.sequence
    assert verified(say) == []


@pytest.mark.parametrize("command", ["promote", "rollback"])
def test_without_the_signing_key_nothing_is_promoted(
    two: Path, say: Say, pair: Pair, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    arguments = {"promote": ("2",), "rollback": ("--reason", "no")}[command]
    monkeypatch.delenv("BUNDLE_SIGNING_KEY_FILE")
    said = say(command, *arguments, code=2).err
    assert "BUNDLE_PUBLIC_KEY_FILE is set, so servers follow signed statements only" in said
    other = Pair(two, "other")
    monkeypatch.setenv("BUNDLE_SIGNING_KEY_FILE", str(other.private))
    said = say(command, *arguments, code=2).err
    assert "BUNDLE_SIGNING_KEY_FILE: " in said
    assert f"is none of the keys of BUNDLE_PUBLIC_KEY_FILE, {pair.public}" in said
    monkeypatch.setenv("BUNDLE_PUBLIC_KEY_FILE", str(pair.private))
    assert "holds a private key" in say(command, *arguments, code=2).err
    assert "holds a private key" in say("history", "--verify", code=2).err


@pytest.mark.usefixtures("two")
def test_a_promotion_without_keys_says_that_servers_may_not_follow(
    say: Say, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    warning = "this one has none: servers with BUNDLE_PUBLIC_KEY_FILE do not follow"
    monkeypatch.delenv("BUNDLE_PUBLIC_KEY_FILE")
    assert warning not in say("promote", "2").err
    monkeypatch.delenv("BUNDLE_SIGNING_KEY_FILE")
    assert warning in say("promote", "1").err
    monkeypatch.setenv("BUNDLE_PUBLIC_KEY_FILE", str(pair.public))
    assert verified(say, 4) == [
        "version 2 has a statement, and production does not name it",
        "no signed statement lets production name version 1: there is none",
    ]


def test_a_statement_outdoes_one_of_a_faster_clock(two: Path, pair: Pair, say: Say) -> None:
    say("promote", "2")
    ahead = datetime.now(UTC) + timedelta(days=400)
    later = int(ahead.timestamp() * 1000)
    said = read(two, 2, pair)
    fast = Statement(
        **{name: getattr(said, name) for name in said.__struct_fields__} | {"sequence": later}
    )
    with connect(settings_of(two)) as client:
        text = statements.written(fast, signer(pair.private))
        client.set_version_tag(MODEL_NAME, 2, TAG, text)
    say("promote", "1")
    assert read(two, 1, pair).sequence == later + 1


def cut(client: Client) -> None:
    last = chain.read(client.model_tags(MODEL_NAME)).kept[-1]
    client.delete_registered_model_tag(MODEL_NAME, last.key)


def cut_and_move(client: Client) -> None:
    cut(client)
    client.set_alias(MODEL_NAME, "production", 1)


def change(client: Client) -> None:
    last = chain.read(client.model_tags(MODEL_NAME)).kept[-1]
    assert last.entry is not None
    text = entries.written(replace(last.entry, action="force"))
    client.set_model_tag(MODEL_NAME, last.key, text)


def forge(client: Client) -> None:
    client.set_version_tag(MODEL_NAME, 2, TAG, "AAAA {}")


def take(client: Client) -> None:
    text = client.get_model_version(MODEL_NAME, "2").tags[TAG]
    client.set_version_tag(MODEL_NAME, 1, TAG, text)
    client.set_alias(MODEL_NAME, "production", 1)


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (cut, "missing at the end of the chain: what moved production at 2"),
        (cut_and_move, "version 2 has a statement, and production does not name it"),
        (change, "the statement of production is not of entry 2, but of 2"),
        (forge, "no signed statement lets production name version 2: none of the keys that are"),
        (take, "the statement of version 1 is of another version, alias or bundle"),
    ],
)
@pytest.mark.usefixtures("pair")
def test_what_was_done_without_the_key_shows(
    two: Path, say: Say, done: Callable[[Client], Any], said: str
) -> None:
    say("promote", "2")
    assert verified(say) == []
    with connect(settings_of(two)) as client:
        done(client)
    assert any(each.startswith(said) for each in verified(say, 4))
