"""`housing score`: files in all formats, rejected rows, and outputs that are half done."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from housing.v1 import prediction_pb2 as pb

from clients.python import FEATURES
from tests.clients.conftest import Host, Run, Serve
from tests.clients.servicers import Base
from tests.conftest import ROOT
from tests.support.commands import Say
from tests.support.examples import DATA, Example
from tests.support.waiting import until

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def expected(linear: Example) -> list[float]:
    table = pd.read_csv(DATA)[list(FEATURES)].to_numpy()
    prices: list[float] = linear.prices(table).tolist()
    return prices


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def check(path: Path, expected: list[float], version: str) -> None:
    rows = read(path)
    assert [row["row"] for row in rows] == [str(n) for n in range(len(expected))]
    assert [float(row["prediction"]) for row in rows] == pytest.approx(expected, abs=1e-4)
    assert {row["model_version"] for row in rows} == {version}


@pytest.mark.parametrize("name", ["houses.csv", "houses.parquet", "houses.ndjson"])
def test_score_reads_all_formats(
    run: Run, tmp_path: Path, name: str, expected: list[float], linear: Example
) -> None:
    source, target = tmp_path / name, tmp_path / "prices.csv"
    table = pd.read_csv(DATA)
    if name.endswith("parquet"):
        table.to_parquet(source)
    elif name.endswith("csv"):
        table.to_csv(source, index=False)
    else:
        table.to_json(source, orient="records", lines=True)
    assert run("score", source, target, "--chunk-rows", 100) == 0
    check(target, expected, linear.version)
    assert not (tmp_path / "prices.rejected.csv").exists()


def test_score_writes_all_formats(
    run: Run, tmp_path: Path, say: Say, capsys: Capture, expected: list[float]
) -> None:
    parquet, lines = tmp_path / "prices.parquet", tmp_path / "prices.ndjson"
    for target in (parquet, lines):
        assert run("score", DATA, target) == 0
    assert pd.read_parquet(parquet)["prediction"].tolist() == pytest.approx(expected, abs=1e-4)
    found = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [each["prediction"] for each in found] == pytest.approx(expected, abs=1e-4)
    capsys.readouterr()
    out, err = say("score", DATA)
    assert out.splitlines()[0] == "row,prediction,model_version,out_of_range,imputed"
    assert len(out.splitlines()) == 507
    assert err.startswith("506 rows; 111 with values filled in (CRIM 20, ZN 20, INDUS 20,")


def test_score_reads_what_is_piped(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("RM\n6\n7\n"))
    out, err = say("score", "-", "--to", "ndjson", "--quiet")
    assert [json.loads(line)["row"] for line in out.splitlines()] == [0, 1]
    assert err == ""


def test_rejected_rows_go_to_a_file_of_their_own(run: Run, tmp_path: Path, capsys: Capture) -> None:
    source, target = tmp_path / "houses.csv", tmp_path / "prices.csv"
    source.write_text("RM,CHAS,street\n6,0,a\nsix,0,b\n6,0.5,c\n,,d\n6\n7,1,e\n")
    assert run("score", source, target, "--ignore", "street") == 4
    rows = read(target)
    assert [row["prediction"] != "" for row in rows] == [True, False, False, False, False, True]
    rejected = read(tmp_path / "prices.rejected.csv")
    assert [(row["row"], row["reason"], row["field"]) for row in rejected] == [
        ("1", "NOT_A_NUMBER", "RM"),
        ("2", "FEATURE_DOMAIN", "CHAS"),
        ("3", "NO_FEATURES", "house"),
        ("4", "WRONG_WIDTH", ""),
    ]
    assert rejected[1]["message"] == "CHAS is 0.5, but must be 0 or 1"
    assert "6 rows; 4 rejected" in capsys.readouterr().err


def test_odd_houses_are_counted_and_named(run: Run, tmp_path: Path, say: Say) -> None:
    source, target = tmp_path / "houses.csv", tmp_path / "prices.csv"
    table = pd.read_csv(DATA).dropna()[:5].drop(columns="RAD")
    table["RM"] *= 1000
    table.rename(columns={"B": "black"}).to_csv(source)
    err = say("score", source, target).err
    renamed, unused, missing, summary = err.splitlines()
    assert renamed == "columns renamed: 'black' to B"
    assert unused == "columns not used: (no name)"
    assert missing == "RAD is in no row: filled in by the model"
    assert summary.startswith(
        "5 rows; 5 out of the training range (RM 5); 5 with values filled in (RAD 5); model "
    )
    found = read(target)
    assert {(row["out_of_range"], row["imputed"]) for row in found} == {("RM", "RAD")}
    lines, parquet = tmp_path / "prices.ndjson", tmp_path / "prices.parquet"
    for path in (lines, parquet):
        assert run("score", source, path, "--quiet") == 0
    for line in map(json.loads, lines.read_text().splitlines()):
        assert [each["feature"] for each in line["range_warnings"]] == ["RM"]
        assert line["imputed_features"] == ["RAD"]
    table = pd.read_parquet(parquet)
    assert [list(each) for each in table["out_of_range"]] == [["RM"]] * 5
    assert [list(each) for each in table["imputed"]] == [["RAD"]] * 5


def test_an_older_server_leaves_a_question_mark(host: Host, tmp_path: Path, say: Say) -> None:
    class Older(Base):
        def PredictStream(self, request_iterator: Any, context: Any) -> Any:  # noqa: N802
            for request in request_iterator:
                chunk = pb.ChunkResult(sequence=request.sequence, model_version="a")
                chunk.prices.values = bytes(8)
                chunk.prices.out_of_range_rows = 1
                yield pb.PredictStreamResponse(chunk=chunk)

    source = tmp_path / "houses.csv"
    source.write_text("RM\n6\n")
    address = host(Older())
    out, err = say("score", source, "--target", address)
    assert out.splitlines()[1] == "0,0.0,a,?,"
    assert "1 out of the training range (this server does not say which)" in err


def test_columns_are_kept_beside_the_price(run: Run, tmp_path: Path, say: Say) -> None:
    source, target = tmp_path / "houses.csv", tmp_path / "prices.csv"
    source.write_text('id,RM,street\n7,6,"Elm, 1"\n8,six,\n9,7,Oak\n')
    arguments = ["--keep", "id", "--keep", "street", "--chunk-rows", 1]
    assert run("score", source, target, *arguments) == 4
    assert [(row["id"], row["street"]) for row in read(target)] == [
        ("7", "Elm, 1"), ("8", ""), ("9", "Oak"),
    ]  # fmt: skip
    whole = target.read_bytes()
    target.write_bytes(whole[: whole.index(b"9,")])
    # Lines with fewer cells would not fit.
    assert "none of our outputs" in say("score", source, target, "--resume", code=2).err
    assert run("score", source, target, *arguments, "--resume") == 4
    assert target.read_bytes() == whole
    lines, parquet = tmp_path / "prices.ndjson", tmp_path / "prices.parquet"
    for path in (lines, parquet):
        assert run("score", source, path, *arguments, "--force") == 4
    found = [json.loads(line)["kept"] for line in lines.read_text().splitlines()]
    assert found[0] == {"id": "7", "street": "Elm, 1"}
    assert pd.read_parquet(parquet)["id"].tolist() == ["7", "8", "9"]


@pytest.mark.parametrize("name", ["row", "Prediction", "model_version", "out_of_range", "imputed"])
def test_a_column_that_would_be_there_twice_is_not_kept(
    tmp_path: Path, say: Say, name: str
) -> None:
    source = tmp_path / "houses.csv"
    source.write_text(f"{name},RM\n7,6\n")
    for target in (tmp_path / "prices.csv", tmp_path / "prices.parquet"):
        err = say("score", source, target, "--keep", name, code=1).err
        assert f"--keep {name}: the output has a column of that name itself; write NDJSON" in err
        assert "or rename the column of the input" in err
        err = say("score", source, target, "--keep", "id", "--keep", "ID", code=1).err
        assert "--keep ID is given twice; give it once" in err
        assert not target.exists()
    out = say("score", source, "--keep", name, "--to", "ndjson").out
    assert json.loads(out)["kept"] == {name: "7"}


def test_an_output_that_exists_is_kept(run: Run, tmp_path: Path, say: Say) -> None:
    target = tmp_path / "prices.csv"
    target.write_text("mine\n")
    assert "--resume" in say("score", DATA, target, code=1).err
    assert run("score", DATA, target, "--resume") == 2
    assert target.read_text() == "mine\n"
    assert run("score", DATA, target, "--force") == 0
    assert len(read(target)) == 506


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["no.csv", "out.csv"], "no.csv: No such file"),
        (["houses.xlsx", "out.csv"], "its name does not say what it holds"),
        (["-", "--from", "parquet"], "not from the standard input"),
        ([DATA, "--to", "parquet"], "not to the standard output"),
        ([DATA, "out.parquet", "--resume"], "--resume needs"),
        (["wrong.csv", "out.csv"], "column 'LSTATT' is no feature (did you mean LSTAT?)"),
        (["wrong.csv", "out.csv"], "(to the command: --ignore NAME)"),
        (["empty.csv", "out.csv"], "there is no line; the first one names the columns"),
        (["unbroken.csv", "out.csv"], "which names the columns, is longer than 1,048,576 char"),
        (["wide.csv", "out.csv"], "no column is a feature: 'xxxxx"),
        ([DATA, "out.csv", "--chunk-rows", 500], "(to the command: --chunk-rows N)"),
    ],
)
def test_what_cannot_be_scored_leaves_no_output(
    serve: Serve, linear: Example, scratch: Path, *, say: Say, arguments: list[Any], text: str
) -> None:
    (scratch / "wrong.csv").write_text("RM,LSTATT\n1,2\n")
    (scratch / "empty.csv").touch()
    (scratch / "unbroken.csv").write_bytes(b"x" * (3 << 20))
    (scratch / "wide.csv").write_text("x" * 1_000_000 + "\n")
    target = serve(linear.folder, max_chunk_rows=100)
    err = say("score", *arguments, "--target", target, code=1).err
    assert text in err
    assert len(err) < 400
    assert not (scratch / "out.csv").exists()


@pytest.mark.parametrize("cut", [0, 10, 29, 30, 500, 9_000])
def test_an_output_cut_anywhere_is_gone_on_with(run: Run, tmp_path: Path, cut: int) -> None:
    source, whole, part = (tmp_path / name for name in ("houses.csv", "whole.csv", "part.csv"))
    table = pd.read_csv(DATA)
    table["CHAS"] = np.where(table.index % 50 == 7, 0.5, table["CHAS"])
    table.to_csv(source, index=False)
    assert run("score", source, whole, "--chunk-rows", 20) == 4
    part.write_bytes(whole.read_bytes()[:cut])
    rejected = (tmp_path / "whole.rejected.csv").read_bytes()
    # What is rejected is written first, and may be further on.
    (tmp_path / "part.rejected.csv").write_bytes(rejected[: len(rejected) * 3 // 4 + 11])
    assert run("score", source, part, "--chunk-rows", 30, "--resume") == 4
    assert part.read_bytes() == whole.read_bytes()
    assert (tmp_path / "part.rejected.csv").read_bytes() == rejected


def test_an_output_of_a_longer_file_is_refused(run: Run, tmp_path: Path, say: Say) -> None:
    target, shorter = tmp_path / "prices.csv", tmp_path / "shorter.csv"
    assert run("score", DATA, target) == 0
    shorter.write_text("RM\n6\n")
    assert "is it the same file?" in say("score", shorter, target, "--resume", code=1).err
    assert len(read(target)) == 506


def test_a_killed_command_is_gone_on_with(address: str, run: Run, tmp_path: Path) -> None:
    source, target = tmp_path / "houses.fifo", tmp_path / "prices.csv"
    os.mkfifo(source)
    command = [sys.executable, "-m", "clients.python", "score", "--from", "csv"]
    options = ["--target", address, "--chunk-rows", "10", "--quiet"]
    with (
        subprocess.Popen([*command, *options, str(source), str(target)], cwd=ROOT) as job,
        source.open("w") as pipe,
    ):
        # Far more than the job has under way at a time, but not all, and no end.
        pipe.write("RM\n" + "".join(f"{5 + n / 1000}\n" for n in range(1500)))
        pipe.flush()
        until(lambda: target.exists() and len(target.read_bytes().splitlines()) >= 500)
        job.kill()
    done = target.read_bytes()
    assert len(done.splitlines()) < 2000
    whole = tmp_path / "houses.csv"
    whole.write_text("RM\n" + "".join(f"{5 + n / 1000}\n" for n in range(2000)))
    assert run("score", whole, target, "--resume", "--quiet") == 0
    prices = [float(row["prediction"]) for row in read(target)]
    assert len(prices) == len(set(prices)) == 2000
    assert prices == sorted(prices)
    assert target.read_bytes().startswith(done)


def test_a_reader_that_has_enough_ends_the_job(address: str) -> None:
    command = [sys.executable, "-m", "clients.python", "score", str(DATA), "--target", address]
    # Before the job begins: a pipe would hold all that it prints.
    reader, writer = os.pipe()
    os.close(reader)
    job = subprocess.run(
        command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert "Traceback" not in job.stderr
    assert job.returncode == 128 + signal.SIGPIPE


def timeless(path: Path) -> list[dict[str, object]]:
    """Returns what lines say but for when it was answered."""
    return [{**json.loads(line), "timestamp": ""} for line in path.read_text().splitlines()]


def test_ndjson_is_gone_on_with_wherever_it_was_cut(run: Run, tmp_path: Path) -> None:
    source, whole, part = (tmp_path / name for name in ("in.csv", "whole.ndjson", "part.ndjson"))
    source.write_text("RM,CHAS\n6,3\n6,0\nsix,0\n7,0\n")
    assert run("score", source, whole) == 4
    lines = whole.read_text().splitlines(keepends=True)
    for kept in range(5):
        part.write_text("".join(lines[:kept]) + "".join(lines[kept:])[:9])
        (tmp_path / "part.rejected.csv").unlink(missing_ok=True)
        assert run("score", source, part, "--resume") == 4
        assert timeless(part) == timeless(whole)


def test_rows_that_excel_writes_below_a_table_are_counted_and_not_rejected(
    run: Run, tmp_path: Path, capsys: Capture
) -> None:
    source, target = tmp_path / "houses.csv", tmp_path / "prices.csv"
    source.write_text("id;RM;LSTAT\r\n1;6.5;5\r\n2;;\r\n;;\r\n;;\r\n")
    # What has an id is a row, and says why it has no price.
    assert run("score", source, target, "--keep", "id", "--chunk-rows", 2) == 4
    assert [row["id"] for row in read(target)] == ["1", "2"]
    (rejected,) = read(tmp_path / "prices.rejected.csv")
    assert rejected["row"] == "1"
    said = capsys.readouterr().err
    assert said.count("rows left out because none of their cells has a value: 2") == 1
    assert "2 rows; 1 rejected" in said
