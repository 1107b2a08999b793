import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from admin.tracking.connection import connect
from tests.support.commands import Say
from tests.support.examples import MODEL_NAME
from tests.support.homes import settings_of


@pytest.fixture
def told(say: Say) -> Callable[..., Any]:
    return lambda *arguments, code=0: json.loads(say(*arguments, "--json", code=code).out)


@pytest.mark.usefixtures("two")
def test_a_promotion_is_told_and_gone_back_from(say: Say, told: Callable[..., Any]) -> None:
    say("promote", "2", "--reason", "fewer errors")
    back = told("rollback", "--reason", "wrong prices")
    assert back == {"alias": "production", "previous_version": "2", "version": "1"}
    found = told("history", "--verify")
    assert (found["whole"], found["problems"]) == (True, [])
    moves = [
        (each["sequence"], each["action"], each["from_version"], each["to_version"], each["reason"])
        for each in found["entries"]
    ]
    assert moves == [
        (3, "rollback", "2", "1", "wrong prices"),
        (2, "promote", "1", "2", "fewer errors"),
        (1, "promote", None, "1", ""),
    ]
    newest, older, _ = found["entries"]
    assert newest["before"] == older["digest"]
    assert newest["outcome"] == "done"
    header, line, *_ = say("history", "--verify").out.splitlines()
    assert header.split("\t")[:4] == ["entry", "when", "who", "action"]
    assert line.split("\t")[3:] == [
        "rollback", "production", "2", "1", "done", "wrong prices",
    ]  # fmt: skip
    last = say("history", "--verify").out.splitlines()[-1]
    assert last == "The history holds: 3 entries, and each alias names what its last one says."


def test_an_alias_moved_by_hand_shows(two: Path, say: Say, told: Callable[..., Any]) -> None:
    promotion = told("models")["promotion"]
    assert (promotion["version"], promotion["moved_by_hand"]) == ("1", False)
    line = f"production names 1 since {promotion['at'][:16].replace('T', ' ')}Z by "
    assert f"\n{line}{promotion['who']}\n" in say("models").out
    with connect(settings_of(two)) as client:
        client.set_registered_model_alias(MODEL_NAME, "production", "2")
    text = "production was moved by hand: it names version 2, and entry 1 let it name version 1"
    said = say("history", "--verify", code=4)
    assert f"problem: {text}\n" in said.out
    assert "the history of housing-price-model does not hold: 1 found; see above" in said.err
    found = told("history", "--verify", code=4)
    assert (found["whole"], found["problems"]) == (False, [text])
    assert f"{text}; see: housing-admin history --verify\n" in say("models").out
    assert told("models")["promotion"]["moved_by_hand"] is True
    # A rollback takes it back to what was promoted.
    assert told("rollback", "--reason", "by hand")["version"] == "1"


@pytest.mark.usefixtures("two")
def test_what_cannot_be_gone_back_to_is_refused(say: Say) -> None:
    assert "say why: housing-admin rollback --reason" in say("rollback", code=2).err
    assert "give at most 1,000" in say("promote", "2", "--reason", "x" * 1001, code=2).err
    said = say("rollback", "--reason", "no", code=4).err
    assert "the history of production knows no version before this one" in said
    said = say("rollback", "--to", "2", "--reason", "no", code=4).err
    assert "production has never named version 2" in said
    said = say("rollback", "--to", "99", "--reason", "no", code=4).err
    assert "99" in said
    assert "promote" not in said


def test_without_a_promotion_there_is_no_history(
    tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSING_HOME", str(tmp_path / "none"))
    assert "has no history yet" in say("history", "--verify").out
    assert not (tmp_path / "none").exists()
