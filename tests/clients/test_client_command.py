"""The command line, from arguments to files and exit codes."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import pytest

from clients.python.command.main import main
from tests.clients.conftest import Run, Serve, Spawn
from tests.clients.jobs import end, wait_until_serving
from tests.conftest import ROOT
from tests.support.commands import Say
from tests.support.examples import Example
from tests.support.waiting import SECONDS, until

Capture = pytest.CaptureFixture[str]


def test_predict_prints_the_price(say: Say) -> None:
    out, err = say("predict", "RM=6.5", "lstat=4.98", "CRIM=200")
    assert float(out) > 0
    assert "warning: Feature 'CRIM' value 200 is outside training range" in err
    assert "filled in: ZN, INDUS" in err


def test_predict_takes_and_gives_json(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"RM": 6.5}'))
    found = json.loads(say("predict", "--json", "--house", "-").out)
    again = json.loads(say("predict", "--json", "--house", '{"RM": 1}', "RM=6.5").out)
    assert again["prediction"] == found["prediction"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["RX=1"], "house.RX is no feature"),
        (["--house", '{"RM": ' + "[" * 100_000], "the JSON is nested too deeply"),
        (["--house", '{"RM": ' + "9" * 5000 + "}"], "house.RM is too large; send a finite"),
        (["CHAS=0.5"], "house.CHAS is 0.5, but must be 0 or 1"),
        ([], "house: has no feature"),
        (["--house", "{"], "the house is not JSON: Expecting property name"),
        (["--house", "[]"], "house is a list; send an object"),
        (["--api-key-file", "/no/such/file"], "/no/such/file: No such file"),
        (["--cert-file", "/no/such/file"], "needs its key"),
        (["--ca-file", "/no/such/file"], "/no/such/file: No such file"),
    ],
)
def test_errors_are_one_line(say: Say, arguments: list[str], text: str) -> None:
    out, err = say("predict", *arguments, code=1)
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert text in err


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "there is no key in it"),
        (b"one\ntwo\n", "a key is one line of printable ASCII"),
        (b"k\xe9y", "a key is one line of printable ASCII"),
    ],
)
def test_a_file_that_holds_no_key_is_named(
    say: Say, tmp_path: Path, content: bytes, text: str
) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    assert say("predict", "RM=6", "--api-key-file", path, code=1).err.startswith(
        f"error: {path}: {text}"
    )


def test_a_key_may_have_a_byte_order_mark_before_it(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"\xef\xbb\xbfa-key\r\n")
    assert say("predict", "RM=6", "--api-key-file", path).err.endswith("\n")


def test_help_names_a_server_with_a_percent_sign(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("HOUSING_TARGET", "[fe80::1%eth0]:50051")
    with pytest.raises(SystemExit) as left:
        main(["info", "--help"])
    assert left.value.code == 0
    assert "[fe80::1%eth0]:50051" in capsys.readouterr().out


@pytest.mark.parametrize("flag", ["--version", "--alias"])
def test_a_reload_of_nothing_named_is_none_of_the_usual_one(say: Say, flag: str) -> None:
    assert "need a value" in say("reload", flag, "", code=2).err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            ["--RM", "6.5"],
            "housing predict: error: unrecognized arguments: --RM; a feature is given ",
        ),
        (["--lstat=5"], "; a feature is given as NAME=VALUE, such as LSTAT=6.5\n"),
        (["--nonsense"], "housing predict: error: unrecognized arguments: --nonsense\n"),
    ],
)
def test_a_flag_that_predict_has_not_is_refused_with_what_it_takes(
    given: list[str], said: str, capsys: Capture
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["predict", *given])
    assert left.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("RM", "RM: has no value"),
        ("RM=six", "RM=six: 'six' is no number"),
        ("RM=\u0663", "is no number"),
        ("=5", "=5: has no name"),
    ],
)
def test_what_is_no_feature_and_number_is_a_wrong_command_line(
    given: str, said: str, say: Say
) -> None:
    assert f"{said}; write for example RM=6.5" in say("predict", given, code=2).err


def test_no_server_is_exit_code_3(free_port: int, capsys: Capture) -> None:
    assert main(["info", "--target", f"127.0.0.1:{free_port}"]) == 3
    assert capsys.readouterr().err.startswith(f"error: 127.0.0.1:{free_port}: ")


def test_a_wrong_command_line_is_exit_code_2(capsys: Capture) -> None:
    for wrong in (
        [],
        ["sell"],
        ["score"],
        ["info", "--timeout", "0"],
        ["info", "--timeout", "1_0"],
    ):
        with pytest.raises(SystemExit) as caught:
            main(wrong)
        assert caught.value.code == 2
    assert "usage: housing" in capsys.readouterr().err


@contextmanager
def scoring(
    address: str, folder: Path, *flags: str
) -> Iterator[tuple["subprocess.Popen[str]", TextIO]]:
    """A job that has written prices and waits for more of a pipe, which is given, too."""
    pipe, target = folder / "houses.csv", folder / "prices.csv"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "clients.python", "score", "--quiet", "--target", address]
    command += ["--chunk-rows", "1", *flags, str(pipe), str(target)]
    with (
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as job,
        pipe.open("w") as rows,
    ):
        rows.write("RM\n" + "6\n" * 20)
        rows.flush()
        until(lambda: target.exists() and target.read_text().count("\n") >= 3)
        yield job, rows


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_job_that_is_stopped_says_how_to_go_on(
    address: str, tmp_path: Path, stop: signal.Signals
) -> None:
    with scoring(address, tmp_path) as (job, _):
        job.send_signal(stop)
        assert job.wait(SECONDS) == 128 + stop
        assert job.stderr
        first, last = job.stderr.read().splitlines()
    assert first.endswith("done; go on with --resume")
    assert last == "error: stopped"


def test_a_server_that_goes_is_waited_for_as_long_as_told(
    spawn: Spawn, free_port: int, linear: Example, tmp_path: Path
) -> None:
    address = f"127.0.0.1:{free_port}"
    server = spawn(linear.folder, free_port)
    wait_until_serving(address, server)
    with scoring(address, tmp_path, "--patience", "0.5") as (job, rows):
        end(server)
        # A job that waits for an answer, not for the pipe, may have ended before there is more.
        with suppress(BrokenPipeError), rows:
            rows.write("6\n" * 20)
        assert job.stderr
        first, second, *_ = job.stderr.read().splitlines()
        assert job.wait(SECONDS) == 3
    assert first.endswith("done; go on with --resume")
    assert second.startswith(f"error: {address}: ")


def test_info_and_reload(say: Say, linear: Example) -> None:
    text = say("info").out
    assert text.startswith(f"housing-price-model version {linear.version}\n")
    assert "linear, v1_median" in text
    assert "\n  interval     not in the bundle\n  unusual      not in the bundle\n" in text
    assert json.loads(say("info", "--json").out)["version"] == linear.version
    assert say("reload").out == f"{linear.version} is live already\n"
    first, second = say("reload", "--dry-run").out.splitlines()
    assert first == f"{linear.version} is live, {linear.version} would be; nothing changed"
    assert second.endswith("golden rows: mean change +0.00, 99 % within 0.00, largest 0.00")
    assert "SOURCE_HAS_NO_VERSIONS" in say("reload", "--version", "3", code=1).err
    assert "NO_PREVIOUS_MODEL" in say("rollback", code=1).err


def test_info_says_how_sure_the_model_can_be(
    serve: Serve, honest: Example, capsys: Capture
) -> None:
    assert main(["info", "--target", serve(honest.folder)]) == 0
    text = capsys.readouterr().out
    assert re.search(r"\n  interval     90%: covers \d\d\.\d% out of fold, [\d.]+ wide; ", text)
    assert "\n  unusual      nearest neighbour, of 506 known houses\n" in text
    assert re.search(r"\n  explanation  from \d+\.\d+, at most \d+ prices a call\n", text)


def test_watch_once(run: Run, say: Say) -> None:
    for service in ((), ("housing.v1.ModelService",)):
        assert say("watch", "--once", *service).out == "SERVING\n"
        assert json.loads(say("watch", "--once", "--json", *service).out) == {"status": "SERVING"}
    assert run("watch", "--once", "no.such.Service") == 1


def test_watch_follows(spawn: Spawn, free_port: int, linear: Example) -> None:
    command = [sys.executable, "-m", "clients.python", "watch", "--target"]
    watching = subprocess.Popen(
        [*command, f"127.0.0.1:{free_port}"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        states = (line.split()[1] for line in watching.stdout or ())
        assert next(states) == "UNREACHABLE"
        server = spawn(linear.folder, free_port)
        # A probe may come while the first model is loading.
        assert next(state for state in states if state != "NOT_SERVING") == "SERVING"
        server.terminate()
        assert next(states) in {"NOT_SERVING", "UNREACHABLE"}
        server.wait()
        watching.send_signal(signal.SIGINT)
        assert watching.wait(SECONDS) == 130
    finally:
        watching.kill()
        watching.wait()
        if watching.stdout:
            watching.stdout.close()
