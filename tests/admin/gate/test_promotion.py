"""`housing-admin promote`: what a version needs for it, and what is kept of that."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from admin.base.errors import RegistryError
from admin.base.settings import Settings
from admin.gate import kept
from admin.tracking import promotion
from admin.tracking.records import Version
from admin.tracking.registry import register
from admin.tracking.tags import EVIDENCE_TAG, VERDICT_TAG
from admin.training.spec import TrainingSpec
from housing_grpc.registry.location import DIGEST_TAG
from tests.admin.gate.conftest import add
from tests.registry.hostile_registry import running
from tests.support.commands import Say
from tests.support.examples import DATA
from tests.support.homes import Trained

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client

Promoting = Callable[..., Any]
VERSION = Version(number=1, run_id="", source="", created=datetime.now(UTC), tags={}, aliases=())


@pytest.fixture
def promoting(say: Say, quick: Path) -> Promoting:
    """Promotes by quick rules; returns what is said."""
    return lambda *arguments, code=0: say("promote", *arguments, "--policy", quick, code=code)


def worse(client: "Client", settings: Settings) -> int:
    """Registers a version that errs far more than a good linear model; returns its number."""
    return add(client, settings, TrainingSpec(model="linear", params={"alpha": 5000.0}, data=DATA))


def tags(client: "Client", settings: Settings, number: int) -> dict[str, str]:
    found = client.get_model_version(settings.location.model_name, str(number))
    return dict(found.tags)


def test_a_worse_version_is_promoted_by_force_alone(
    first: Settings, client: "Client", say: Say, promoting: Promoting
) -> None:
    number = worse(client, first)
    said = promoting(number, code=7)
    assert "quality\tFAIL\tRMSE " in said.out
    assert "version 2 is refused: quality, " in said.err
    assert "to promote it all the same: housing-admin promote 2 --force --reason WHY" in said.err
    assert promotion.sides(client, first.location, number).champion.number == 1  # type: ignore[union-attr]
    assert json.loads(promoting(number, "--json", code=7).out)["gate"]["refused"] is True

    models = json.loads(say("models", "--json").out)["versions"]
    assert "FAIL against 1" in say("models").out
    assert models[0]["gate"] == "FAIL"
    assert "say why: housing-admin promote 2 --force" in promoting(number, "--force", code=2).err
    done = json.loads(promoting(number, "--force", "--reason", "a test", "--json").out)
    assert (done["previous_version"], done["version"]) == ("1", "2")
    newest, *_ = json.loads(say("history", "--json").out)["entries"]
    assert (newest["action"], newest["reason"]) == ("force", "a test")
    assert newest["evidence_digest"] == done["gate"]["evidence_digest"]


def test_a_dry_run_tells_what_would_be_and_changes_nothing(
    first: Settings, client: "Client", say: Say, promoting: Promoting
) -> None:
    number = worse(client, first)
    before = say("history", "--json").out, tags(client, first, number)
    said = promoting(number, "--dry-run", code=7)
    assert "price of 1\tprice of 2\tchange\thouse\n" in said.out
    assert "Nothing was changed; version 2 would be refused.\n" in said.out
    assert "version 2 is refused: quality, " in said.err
    told = json.loads(promoting(1, "--dry-run", "--json").out)
    assert (told["gate"]["verdict"], told["prices"]["largest_change"]) == ("NOT_ASKED", 0)
    assert (say("history", "--json").out, tags(client, first, number)) == before
    assert promotion.sides(client, first.location, number).champion.number == 1  # type: ignore[union-attr]
    both = promoting(number, "--dry-run", "--reload", "localhost:1", code=2).err
    assert "give --dry-run or --reload, not both" in both


def test_evidence_is_kept_with_the_version_and_its_run(
    first: Settings, client: "Client", promoting: Promoting
) -> None:
    number = worse(client, first)
    promoting(number, code=7)
    found = tags(client, first, number)
    tag = json.loads(found[EVIDENCE_TAG])
    assert found[VERDICT_TAG] == tag["verdict"] == "FAIL"
    run_id = client.get_model_version(first.location.model_name, str(number)).run_id
    assert run_id is not None
    [file] = client.list_artifacts(run_id, "gate")
    document = json.loads(Path(client.download_artifacts(run_id, file.path)).read_text())
    assert document["inputs"] == tag["inputs"]
    assert file.path == f"gate/{tag['digest'][:12]}.json"


def test_evidence_of_a_version_whose_run_is_elsewhere_is_kept_as_a_tag(
    first: Settings, client: "Client", promoting: Promoting
) -> None:
    name = first.location.model_name
    seen = client.get_model_version(name, str(worse(client, first)))
    with running() as stranger:
        experiment = client.create_experiment("elsewhere", f"{stranger.uri}/files")
        run_id = client.create_run(experiment).info.run_id
        number = client.create_model_version(
            name, source=str(seen.source), run_id=run_id, model_id=seen.model_id, tags=seen.tags
        ).version
        said = promoting(number, code=7)
        assert not stranger.heard
    assert "quality\tFAIL\tRMSE " in said.out
    kept_in_short = f"kept in short, as a tag of the version: the run {run_id}: the registry names"
    assert kept_in_short in said.err
    assert tags(client, first, int(number))[VERDICT_TAG] == "FAIL"


def test_a_gate_is_asked_once_of_the_same(
    first: Settings, client: "Client", say: Say, promoting: Promoting, quick: Path
) -> None:
    number = add(client, first, TrainingSpec(model="linear", data=DATA, seed=1))
    other, table = quick.with_name("other.csv"), "quality\tPASS"
    other.write_text("".join(DATA.read_text().splitlines(keepends=True)[:300]))
    say("gate", number, "--policy", quick)
    digest = json.loads(tags(client, first, number)[EVIDENCE_TAG])["digest"]
    for more, asked in (([], False), (["--data", other], True), (["--data", other], False)):
        said = promoting(number, "--reason", "in turn", *more).out
        assert (table in said) is asked
        client.set_alias(first.location.model_name, first.location.alias, 1)
    entries = json.loads(say("history", "--json").out)["entries"]
    assert {each["action"] for each in entries} == {"promote"}
    assert entries[-2]["evidence_digest"] == digest
    quick.write_text(quick.read_text() + "quality: {pass_up_to: 1.2}\n")
    assert table in promoting(number).out
    # The promoted one again, and another with the same bundle, are nothing to look at.
    assert json.loads(promoting(number, "--json").out)["gate"]["verdict"] == "NOT_ASKED"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[]",
        "7",
        "[" * 100_000,
        '{"digest": "DIGEST", "verdict": "PASS"}',
        '{"digest": "DIGEST", "verdict": "PASS", "inputs": {}}',
        '{"digest": 1, "verdict": "PASS", "inputs": INPUTS}',
        '{"digest": "DIGEST", "verdict": "GOOD", "inputs": INPUTS}',
        '{"digest": "", "verdict": "PASS", "inputs": INPUTS}',
        '{"digest": "\\ud800", "verdict": "PASS", "inputs": INPUTS}',
        '{"digest": "DIGESTDIGEST", "verdict": "PASS", "inputs": INPUTS}',
        '{"digest": "\\u001b[2J", "verdict": "PASS", "inputs": INPUTS}',
    ],
)
def test_a_tag_that_no_gate_has_written_is_none(text: str) -> None:
    inputs = '{"candidate": "a", "champion": "b", "data": "c", "policy": "d"}'

    def kept_in(value: str) -> kept.Kept | None:
        value = value.replace("INPUTS", inputs).replace("DIGEST", "e" * 64)
        return kept.read(replace(VERSION, tags={EVIDENCE_TAG: value}))

    assert kept_in('{"digest": "DIGEST", "verdict": "PASS", "inputs": INPUTS}') is not None
    assert kept_in(text) is None


def test_what_was_found_without_a_champion_is_no_evidence_against_one(
    here: Settings, client: "Client", trained: Trained, promoting: Promoting
) -> None:
    name, alias = here.location.model_name, here.location.alias
    register(client, here.location, trained.run_id)
    number = worse(client, here)
    promoting(number)
    client.set_alias(name, alias, 1)
    client.delete_model_version_tag(name, "1", DIGEST_TAG)
    assert "INCONCLUSIVE" in promoting(number, code=7).out


def test_what_was_looked_at_is_what_is_promoted(first: Settings, client: "Client") -> None:
    number = worse(client, first)
    seen = promotion.sides(client, first.location, number)
    other = add(client, first, TrainingSpec(model="linear", data=DATA, seed=1))
    promotion.promote(client, first.location, other)
    with pytest.raises(RegistryError, match="what production names was changed meanwhile"):
        promotion.promote(client, first.location, number, sides=seen)
    assert promotion.sides(client, first.location, number).champion.number == other  # type: ignore[union-attr]
