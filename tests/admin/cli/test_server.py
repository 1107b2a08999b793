"""The commands that talk to a server, with a real one."""

import json
import os
import re
import socket
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from admin import cli
from admin.base.settings import Settings
from admin.data.dataset import Dataset
from admin.server.houses_to_price import EXAMPLE
from admin.tracking.connection import connect
from admin.tracking.promotion import promote
from admin.tracking.registry import register
from clients.python.command.main import main as housing
from housing_grpc.bundle.regressor_file import Linear
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings as ServerSettings
from tests.support import examples
from tests.support.commands import Say
from tests.support.examples import DATA, Example, rewrite
from tests.support.homes import Trained


def start(stack: ExitStack, settings: ServerSettings, patch: pytest.MonkeyPatch) -> None:
    server = HousingServer(settings)
    stack.callback(server.close, grace_seconds=0)
    server.start()
    patch.setenv("HOUSING_TARGET", f"127.0.0.1:{server.port}")


@pytest.fixture
def folder_server(stack: ExitStack, linear: Example, monkeypatch: pytest.MonkeyPatch) -> Example:
    """A server of a bundle folder, which the environment names."""
    start(stack, ServerSettings(grpc_port=0, bundle_dir=str(linear.folder)), monkeypatch)
    return linear


@pytest.fixture
def honest_server(stack: ExitStack, honest: Example, monkeypatch: pytest.MonkeyPatch) -> Example:
    """A server of a bundle that has all there is to tell."""
    start(stack, ServerSettings(grpc_port=0, bundle_dir=str(honest.folder)), monkeypatch)
    return honest


def price(example: Example, **house: float) -> float:
    row = np.array([[house.get(name, np.nan) for name in FEATURE_NAMES]])
    return float(example.prices(row)[0])


def test_the_example_house_is_priced(
    folder_server: Example, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["predict"]) == 0
    expected = f"{price(folder_server, **EXAMPLE):.3f} thousands of USD"
    version = f"(model version {folder_server.version})"
    assert capsys.readouterr().out == f"{expected} {version}\n"


def test_a_house_is_priced_from_flags_or_json(
    folder_server: Example, say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = say("predict", "--RM", "9.5", "--lstat", "4", "--B", "-1").out.splitlines()
    assert lines[0].startswith(f"{price(folder_server, RM=9.5, LSTAT=4, B=-1):.3f} ")
    assert lines[1].startswith("imputed: CRIM, ZN, ")
    assert "'RM' value 9.5 is outside training range" in lines[2]

    assert cli.main(["predict", "--json", '{"RM": 6.5, "LSTAT": null}']) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["prediction"] == pytest.approx(price(folder_server, RM=6.5))
    assert "LSTAT" in found["imputed_features"]


def test_the_houses_of_a_file_are_priced(folder_server: Example, say: Say, tmp_path: Path) -> None:
    found = json.loads(say("predict", "--file", str(DATA), "--json").out)
    assert len(found) == 506
    assert found[0]["prediction"] == pytest.approx(price(folder_server, **EXAMPLE))
    few = tmp_path / "few.csv"
    few.write_text("".join(DATA.read_text().splitlines(keepends=True)[:3]))
    header, first, _ = say("predict", "--file", str(few)).out.splitlines()
    assert header.split("\t")[1] == "price (thousands of USD)"
    assert first.split("\t")[1] == f"{price(folder_server, **EXAMPLE):.3f}"


@pytest.mark.parametrize(
    ("house", "complaint"),
    [
        ('{"CHAS": 0.5}', "house.CHAS is 0.5, but must be 0 or 1 [FEATURE_DOMAIN]"),
        ("{}", "[NO_FEATURES]"),
    ],
)
def test_what_a_server_refuses_is_one_line(
    folder_server: Example, say: Say, house: str, complaint: str
) -> None:
    said = say("predict", "--json", house, code=5)
    assert said.out == ""
    assert "answered INVALID_ARGUMENT" in said.err
    assert complaint in said.err
    assert said.err.count("\n") == 1


def test_one_bad_house_of_many_does_not_spoil_the_others(folder_server: Example, say: Say) -> None:
    bad, good = json.loads(say("predict", "--json", '[{"CHAS": 0.5}, {"RM": 6}]').out)
    assert bad["error"]["message"] == "CHAS is 0.5, but must be 0 or 1"
    assert (bad["row"], good["row"]) == (0, 1)
    assert good["prediction"] == pytest.approx(price(folder_server, RM=6))


@pytest.mark.parametrize("target", ["http://localhost:50051", "localhost"])
@pytest.mark.parametrize("command", ["info", "predict", "reload"])
def test_an_address_that_is_none_is_told(say: Say, command: str, target: str) -> None:
    assert "write localhost:50051" in say(command, "--target", target, code=2).err


def test_a_server_says_what_it_serves(folder_server: Example, say: Say) -> None:
    out = say("info").out
    assert f"model\thousing-price-model version {folder_server.version}" in out
    assert "\nCHAS\t0\t1\t" in out
    assert json.loads(say("info", "--json").out)["bundle_digest"] == folder_server.digest
    assert "\ninterval\tnot in its bundle\nunusual houses\tnot in its bundle\n" in out


def test_a_server_says_how_sure_it_can_be(honest_server: Example, say: Say) -> None:
    found = json.loads(say("info", "--json").out)
    rows = dict(line.split("\t", 1) for line in say("info").out.splitlines())
    covered = f"90 %: covers {100 * found['interval']['coverage']:.1f} ± "
    assert rows["interval"].startswith(covered)
    assert " % where towns are held out; cross-conformal" in rows["interval"]
    assert rows["unusual houses"] == "nearest neighbour, of 506 known houses"
    assert rows["explanation"].startswith("linear, from ")
    assert rows["explanation"].endswith(" prices a call")


def test_a_row_has_its_number_among_all_houses(folder_server: Example, say: Say) -> None:
    houses = [{"RM": 6}] * 700 + [{"CHAS": 3}]
    found = json.loads(say("predict", "--json", json.dumps(houses)).out)
    assert [each["row"] for each in found] == list(range(701))
    assert found[-1]["error"]["message"] == "CHAS is 3, but must be 0 or 1"


def test_models_says_what_is_live_where_that_is_not_what_is_promoted(
    stack: ExitStack,
    ready: Settings,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
    say: Say,
) -> None:
    monkeypatch.setenv("HOUSING_HOME", str(ready.home))
    monkeypatch.setenv("HOUSING_TARGET", "127.0.0.1:1")
    with connect(ready) as client:
        register(client, ready.location, trained.run_id)
        promote(client, ready.location, 1)
    alone = say("models")
    assert len(alone.out.splitlines()) == 3
    assert json.loads(say("models", "--json").out)["live"] is None

    wanted = ServerSettings(grpc_port=0, housing_home=str(ready.home), registry_timeout_seconds=60)
    start(stack, wanted, monkeypatch)
    assert say("models") == alone
    live = json.loads(say("models", "--json").out)["live"]
    assert (live["name"], live["version"], live["stale"]) == ("housing-price-model", "1", False)

    say("train", "--model", "linear", "--params", "alpha=5", "--register")
    say("promote", "2")
    assert say("models").out.splitlines()[-2:] == [
        f"The server at {live['target']} serves housing-price-model version 1; production is 2.",
        "To make the server take it: housing-admin reload",
    ]
    say("reload")
    assert len(say("models").out.splitlines()) == 4


def test_a_server_that_does_not_answer_keeps_no_list_back(
    here: Settings, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HOUSING_TARGET", f"127.0.0.1:{silent.getsockname()[1]}")
        assert "has no version yet" in say("models").out


def test_a_server_of_a_folder_refuses_versions(folder_server: Example, say: Say) -> None:
    assert "[SOURCE_HAS_NO_VERSIONS]" in say("reload", "--version", "2", code=5).err


def test_promoting_can_reload_a_server_in_the_same_breath(
    stack: ExitStack,
    ready: Settings,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
    say: Say,
) -> None:
    monkeypatch.setenv("HOUSING_HOME", str(ready.home))
    with connect(ready) as client:
        register(client, ready.location, trained.run_id)
        promote(client, ready.location, 1)
    wanted = ServerSettings(grpc_port=0, housing_home=str(ready.home), registry_timeout_seconds=60)
    start(stack, wanted, monkeypatch)
    say("train", "--model", "linear", "--params", "alpha=5", "--register")

    done = json.loads(say("promote", "2", "--reload", "--json").out)
    assert (done["previous_version"], done["version"]) == ("1", "2")
    assert (done["reload"]["previous_version"], done["reload"]["version"]) == ("1", "2")
    assert done["reload"]["changed"] is True

    first, second, *changes = say("reload", "--version", "1", "--dry-run").out.splitlines()
    assert first == "version 2 serves, version 1 would; nothing changed"
    assert re.fullmatch(
        r"prices of \d+ golden rows: mean change [+-]\d+\.\d\d, 99 % within \d+\.\d\d, "
        r"largest \d+\.\d\d",
        second,
    )
    assert len(changes) == 5
    assert re.match(r"  \d+\.\d\d -> \d+\.\d\d: .*\bRM \d", changes[0])
    told = json.loads(say("reload", "--version", "1", "--dry-run", "--json").out)
    assert (told["previous_version"], told["version"], told["generation"]) == ("2", "1", 2)
    assert told["diff"]["changes"][0]["house"]["RM"] > 0

    assert ": version 2 -> 1 in " in say("reload", "--version", "1").out
    assert ": version 1 -> 2 in " in say("reload").out


def test_a_price_is_explained_with_bars(honest_server: Example, say: Say, tmp_path: Path) -> None:
    said = say("predict", "--RM", "6.2", "--LSTAT", "9", "--explain", "--level", "0.8").out
    lines = said.splitlines()
    assert any(line.startswith("interval 80 %: ") for line in lines)
    assert any(
        line.startswith("house: like those of the training data (p-value ") for line in lines
    )
    begin = next(place for place, line in enumerate(lines) if line.startswith("base "))
    base, *features, last = lines[begin : begin + 15]
    amounts = [float(line.split()[1]) for line in (base, *features)]
    assert last.startswith("price ")
    assert sum(amounts) == pytest.approx(float(last.split()[1]), abs=0.01)
    assert sum(line.endswith("(imputed)") for line in features) == 11
    assert features[0].count("+" if amounts[1] > 0 else "-") == 21
    house = tmp_path / "house.csv"
    house.write_text("RM\n6\n")
    found = json.loads(say("predict", "--RM", "6.2", "--reference", house, "--json").out)
    assert found["explanation"]["method"] == "EXPLANATION_METHOD_REFERENCE"
    (many,) = json.loads(say("predict", "--explain", "--json", '[{"RM": 6}]').out)
    assert {"interval", "applicability", "explanation"} <= many.keys()


@pytest.fixture
def few_server(
    stack: ExitStack, houses: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server of a bundle that few houses were known for."""
    few = replace(houses, features=houses.features[:60], target=houses.target[:60])
    example = examples.make(tmp_path / "few", few, "linear", "v1_median", honest=True)
    start(stack, ServerSettings(grpc_port=0, bundle_dir=str(example.folder)), monkeypatch)


@pytest.mark.usefixtures("few_server")
def test_a_level_that_few_houses_do_not_bear_is_no_silence(
    say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = say("predict", "--RM", "6.2", "--level", "0.99").out.splitlines()
    assert "interval 99 %: none; the model has too few known houses for it" in lines
    assert "interval 90 %: " in say("predict", "--RM", "6.2").out
    target = os.environ["HOUSING_TARGET"]
    assert housing(["predict", "--target", target, "--level", "0.99", "RM=6.2"]) == 0
    assert "99 % interval: none; too few known houses for it" in capsys.readouterr().err


def test_each_of_many_houses_says_how_sure_and_why(
    honest_server: Example, say: Say, tmp_path: Path
) -> None:
    few = tmp_path / "few.csv"
    few.write_text("RM,LSTAT,CHAS\n6.2,9,0\n7,9,1\n")
    header, first, second, *below = say("predict", "--file", few, "--explain").out.splitlines()
    assert header.split("\t")[2:5] == ["lower", "upper", "p-value"]
    alone = json.loads(say("predict", "--RM", "6.2", "--LSTAT", "9", "--CHAS", "0", "--json").out)
    interval, p_value = alone["interval"], alone["applicability"]["p_value"]
    told = [f"{interval['lower']:.3f}", f"{interval['upper']:.3f}", f"{p_value:.2g}"]
    assert first.split("\t")[2:5] == told
    assert below[0] == "house 1"
    assert below[1].startswith("base ")
    assert below[16] == "house 2"
    assert below[-1].split() == ["price", second.split("\t")[1]]
    assert len(below) == 32


def test_more_houses_than_are_explained_at_once_go_in_parts(
    stack: ExitStack, linear: Example, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ServerSettings(grpc_port=0, bundle_dir=str(linear.folder), max_explain_seconds=1e-9)
    start(stack, settings, monkeypatch)
    houses = json.dumps([{"RM": 6}] * 3)
    found = json.loads(say("predict", "--explain", "--json", houses).out)
    assert [each["row"] for each in found] == [0, 1, 2]
    assert all(len(each["explanation"]["contributions"]) == 13 for each in found)


def test_what_cannot_be_asked_beside_a_price_is_told(
    folder_server: Example, say: Say, tmp_path: Path
) -> None:
    two = tmp_path / "two.csv"
    two.write_text("RM\n6\n7\n")
    assert "holds 2 houses" in say("predict", "--reference", two, code=2).err
    told = say("predict", "--level", "high", code=2).err
    assert "--level: 'high' is not right; give one from 0.5 to 0.99, such as 0.9" in told
    assert "[NOT_IN_BUNDLE]" in say("predict", "--level", "0.8", code=5).err


def test_a_price_is_a_curve_over_one_feature(
    honest_server: Example, say: Say, tmp_path: Path
) -> None:
    known = {name: value for name, value in EXAMPLE.items() if name != "RM"}
    flags = [part for name, value in known.items() for part in (f"--{name}", str(value))]
    header, *rows = say("whatif", "--RM", "5:9.5:0.5", *flags).out.splitlines()
    assert header.split("\t")[:4] == ["RM", "price", "lower", "upper"]
    cells = [row.split("\t") for row in rows]
    assert [float(each[0]) for each in cells] == [5 + place / 2 for place in range(10)]
    assert all(float(low) < float(price) < float(high) for _, price, low, high, *_ in cells)
    assert cells[3][-1] == "-"
    assert [each[-1] for each in cells[-2:]] == ["off the data"] * 2
    house = tmp_path / "house.csv"
    house.write_text("LSTAT,RM\n9,6\n")
    found = json.loads(say("whatif", "--rm", "6:6.3:0.1", "--file", house, "--json").out)
    assert [each["value"] for each in found] == [6, 6.1, 6.2, 6.3]
    assert found[1]["prediction"] == pytest.approx(price(honest_server, RM=6.1, LSTAT=9))


def test_a_curve_of_prices_as_high_as_numbers_go(
    stack: ExitStack, linear: Example, tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    high = Linear(coefficients=np.zeros(len(FEATURE_NAMES)), intercept=1.5e308)
    rewrite(linear.folder, tmp_path / "high", regressor=high)
    start(stack, ServerSettings(grpc_port=0, bundle_dir=str(tmp_path / "high")), monkeypatch)
    _, *rows = say("whatif", "--RM", "5:7:1").out.splitlines()
    assert [row.split("\t")[4] for row in rows] == ["#" * 20] * 3


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--RM", "6"], "give one feature as LOW:HIGH:STEP"),
        (["--RM", "5:6:1", "--AGE", "5:6:1"], "give one feature as LOW:HIGH:STEP"),
        (["--RM", "5:6"], "--RM: '5:6' is not LOW:HIGH:STEP"),
        (["--RM", "5:six:1"], "is not LOW:HIGH:STEP"),
        (["--RM", "6:5:1"], "LOW is at most HIGH"),
        (["--RM", "5:6:0"], "STEP above zero"),
        (["--RM", "5:nan:1"], "LOW is at most HIGH"),
        (["--RM", "0:inf:1"], "at most 500 values"),
        (["--RM", "0:500:1"], "at most 500 values"),
        (["--ROOMS", "5:6:1"], "is no feature"),
        (["--RM", "5:6:1", "--AGE", "5", "--file", "x.csv"], "only one"),
    ],
)
def test_a_curve_that_cannot_be_drawn(say: Say, flags: list[str], complaint: str) -> None:
    assert complaint in say("whatif", *flags, code=2).err
