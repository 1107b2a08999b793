"""`housing score` never harms a file: not its input, and none that is not its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import Run
from tests.conftest import ROOT
from tests.support.commands import Say

Capture = pytest.CaptureFixture[str]

HOUSES = "RM\n6\nsix\n7\n"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of houses, in a folder of its own to be in."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "houses.csv"
    path.write_text(HOUSES)
    (tmp_path / "linked.csv").symlink_to(path)
    os.link(path, tmp_path / "twin.csv")
    return path


@pytest.mark.parametrize("mode", [[], ["--force"], ["--resume"]])
@pytest.mark.parametrize(
    "arguments",
    [
        ["houses.csv", "houses.csv"],
        ["houses.csv", "./linked.csv"],
        ["linked.csv", "houses.csv"],
        ["houses.csv", "twin.csv"],
        ["houses.csv", "new.csv", "--rejected", "houses.csv"],
        ["houses.csv", "-", "--rejected", "twin.csv"],
        ["houses.csv", "new.csv", "--rejected", "new.csv"],
        ["houses.csv", "new.csv", "--rejected", "../{folder}/new.csv"],
        ["prices.rejected.csv", "prices.csv"],
        # Where half of a Parquet file is kept until the other half is there.
        ["prices.parquet.part", "prices.parquet", "--from", "csv"],
        ["houses.csv", "prices.parquet", "--rejected", "prices.parquet.part"],
    ],
)
def test_no_file_has_two_purposes(
    source: Path, say: Say, arguments: list[str], mode: list[str]
) -> None:
    for name in ("prices.rejected.csv", "prices.parquet.part"):
        source.with_name(name).write_text(HOUSES)
    before = sorted(source.parent.iterdir())
    given = [each.format(folder=source.parent.name) for each in arguments]
    assert "name another" in say("score", *given, *mode, code=2).err
    assert sorted(source.parent.iterdir()) == before
    for name in ("houses.csv", "prices.rejected.csv", "prices.parquet.part"):
        assert source.with_name(name).read_text() == HOUSES


def test_the_input_may_be_known_only_as_the_standard_input(address: str, source: Path) -> None:
    command = [sys.executable, "-m", "clients.python", "score", "-", str(source), "--force"]
    with source.open() as piped:
        job = subprocess.run([*command, "--target", address], cwd=ROOT, stdin=piped, check=False)
    assert job.returncode == 2
    assert source.read_text() == HOUSES


def test_a_file_beside_the_output_is_kept(run: Run, source: Path, say: Say) -> None:
    beside = source.with_name("new.rejected.csv")
    beside.write_text("mine\n")
    assert run("score", source, "new.csv") == 1
    assert "new.rejected.csv" in say("score", source, "new.csv", "--resume", code=2).err
    assert beside.read_text() == "mine\n"
    assert not source.with_name("new.csv").exists()
    assert run("score", source, "new.csv", "--force") == 4
    assert beside.read_text().startswith("row,code,")
    source.write_text("RM\n6\n")
    assert run("score", source, "new.csv", "--force") == 0
    assert not beside.exists()


def test_a_file_beside_the_output_stays_until_there_is_an_answer(
    source: Path, free_port: int, run: Run
) -> None:
    beside = source.with_name("new.rejected.csv")
    beside.write_text("mine\n")
    source.write_text("RX\n6\n")
    assert run("score", source, "new.csv", "--force") == 1
    assert beside.read_text() == "mine\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("new.csv", "mine"),
        ("new.csv", "row,prediction,model_version,out_of_range,imputed\nmine\n"),
        ("new.csv", "row,prediction,model_version,out_of_range,imputed\n2,20.0,a,,\n"),
        ("new.csv", "row,prediction,model_version,out_of_range,imputed,id\n1,20.0,a,,,7\n"),
        ("new.csv", "row,prediction"[1:]),
        ("new.ndjson", "mine"),
        ("new.ndjson", '{"name": 1}\n'),
        ("new.ndjson", '{"row": 2, "prediction": 1.0, "model_version": "a"}\n'),
        ("new.ndjson", '{"row": 1, "prediction": 1.0}\n'),
    ],
)
def test_only_our_own_outputs_are_gone_on_with(
    run: Run, source: Path, name: str, text: str
) -> None:
    target = source.with_name(name)
    target.write_text(text)
    assert run("score", source, target, "--resume") == 2
    assert target.read_text() == text


@pytest.mark.parametrize("cut", [0, 3, 40, 75, 130, 10_000])
def test_an_output_of_lines_cut_anywhere_is_gone_on_with(run: Run, source: Path, cut: int) -> None:
    assert run("score", source, "whole.ndjson") == 4
    whole = source.with_name("whole.ndjson").read_bytes()
    part = source.with_name("part.ndjson")
    part.write_bytes(whole[:cut])
    assert run("score", source, part, "--resume") == 4
    assert timeless(part.read_bytes()) == timeless(whole)


def timeless(lines: bytes) -> list[dict[str, object]]:
    """Returns what lines say but for when it was answered."""
    return [{**json.loads(line), "timestamp": ""} for line in lines.splitlines()]


def test_a_pinned_job_stays_with_its_model_when_gone_on_with(
    run: Run, source: Path, say: Say
) -> None:
    target = source.with_name("new.csv")
    kept = "row,prediction,model_version,out_of_range,imputed\n0,20.0,another,,\n"
    target.write_text(kept)
    told = say("score", source, target, "--resume", "--pin-model", code=1).err
    assert "pinned to model another" in told
    assert target.read_text() == kept
    assert run("score", source, target, "--resume") == 4
    assert len(target.read_text().splitlines()) == 4
