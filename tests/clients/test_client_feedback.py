"""What houses sold for, from the Python client and its command."""

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from grpc import StatusCode

from clients.python import (
    AsyncHousingClient,
    HousingClient,
    Outcome,
    Recorded,
    RowError,
    UnimplementedError,
)
from clients.python.command.main import main
from tests.clients.conftest import Host, Serve
from tests.clients.servicers import Recorder
from tests.support.commands import saying
from tests.support.errors import raised
from tests.support.examples import Example
from tests.support.outcomes import KEY, MODEL, receipt, sealed

Keep = Callable[..., str]


@pytest.fixture
def keep(serve: Serve, linear: Example, tmp_path: Path) -> Keep:
    """Starts a server that keeps outcomes; returns its address."""
    keys = tmp_path / "receipt.keys"
    keys.write_text(KEY.hex() + "\n")
    url = f"sqlite:///{tmp_path / 'feedback.db'}"
    return lambda **more: serve(
        linear.folder, feedback_url=url, receipt_keys_file=str(keys), **more
    )


def test_outcomes_are_recorded_and_counted(keep: Keep) -> None:
    text = sealed(receipt(20.0))
    with HousingClient(keep()) as client:
        first, wrong = client.record_outcomes(
            [Outcome(receipt=text, actual=22.0), Outcome(receipt="short", actual=22.0)]
        )
        assert first is Recorded.NEW
        assert isinstance(wrong, RowError)
        assert (wrong.row, wrong.code, wrong.reason) == (
            1,
            StatusCode.INVALID_ARGUMENT,
            "RECEIPT_MALFORMED",
        )
        assert wrong.message.startswith("receipt has 5 characters")
        assert client.record_outcomes([Outcome(receipt=text, retract=True)]) == ["RETRACTED"]
        assert client.record_outcomes([Outcome(receipt=text, actual=23.0)]) == ["CORRECTED"]
        live, other = client.quality()
        assert (live.live, live.labels, live.rmse, live.latest) == (True, 0, None, None)
        assert (other.model_version, other.bundle_digest) == ("3", MODEL.digest)
        assert (other.mae, other.bias) == (3.0, -3.0)
        assert other.interval
        assert (other.interval.labels, other.interval.covered) == (1, 1)
        assert client.quality("3") == (other,)


def test_the_same_with_asyncio(keep: Keep) -> None:
    async def ask(address: str) -> None:
        async with AsyncHousingClient(address) as client:
            sent = [Outcome(receipt=sealed(), actual=22.0)]
            assert await client.record_outcomes(sent) == [Recorded.NEW]
            assert [each.labels for each in await client.quality()] == [0, 1]

    asyncio.run(ask(keep()))


def test_a_server_of_before_says_that_it_is_older(host: Host) -> None:
    with HousingClient(host(Recorder())) as client:
        for call in (lambda: client.record_outcomes([]), client.quality):
            error = raised(UnimplementedError, call)
            assert "the server is of an older release" in str(error)


def test_a_file_of_outcomes(keep: Keep, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    say = saying(main, capsys)
    address, file = keep(), tmp_path / "sold.csv"
    good = [sealed() for _ in range(3)]
    lines = ["receipt,price", f"{good[0]},21", "short,21", f"{good[1]},x", f"{good[1]},22"]
    file.write_text("\n".join([*lines, f"{good[0]},21", f"{good[2]},900000"]) + "\n")
    out, _ = say("feedback", file, "--target", address, "--json", code=4)
    done = json.loads(out)
    assert {name: done[name] for name in ("new", "same", "corrected")} == {
        "new": 2,
        "same": 0,
        "corrected": 0,
    }
    assert [each["line"] for each in done["errors"]] == [3, 4, 6, 7]
    assert "RECEIPT_MALFORMED" in done["errors"][0]["message"]
    assert "OUTCOME_UNIT" in done["errors"][3]["message"]
    # What was recorded counts once.
    out, err = say("feedback", file, "--target", address, code=4)
    assert out == "2 same, 4 with errors\n"
    assert err.startswith("line 3: receipt has 5 characters")


def test_what_is_no_utf_8_costs_its_line_alone(
    keep: Keep, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = f"receipt,price\n\xff,21\n{sealed()},21\n".encode("latin-1")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), "utf-8"))
    out, err = saying(main, capsys)("feedback", "-", "--target", keep(), code=4)
    assert out == "1 new, 1 with errors\n"
    assert err.startswith("line 2: receipt")


def test_a_whole_file(keep: Keep, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "sold.csv"
    lines = [f"{sealed()};21.5;2026-01-30" for _ in range(1200)]
    file.write_text("\n".join(["receipt;price;observed_at", *lines]))
    out, err = saying(main, capsys)("feedback", file, "--target", keep(), "--source", "registry")
    assert (out, err) == ("1200 new\n", "")


def test_a_file_without_our_columns(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "sold.csv"
    file.write_text("a,b\n1,2\n")
    _, err = saying(main, capsys)("feedback", file, code=1)
    assert err.startswith(f"error: {file}: there is no column receipt or price")


def test_a_server_that_keeps_no_outcomes(
    address: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "sold.csv"
    file.write_text(f"receipt,price\n{sealed()},21\n")
    _, err = saying(main, capsys)("feedback", file, "--target", address, code=1)
    assert "set FEEDBACK_URL on the server" in err
