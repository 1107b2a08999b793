"""`housing-admin feedback`: export, import, purge and forget."""

import csv
import json
import os
import time
from pathlib import Path

import pytest

from admin.base.errors import DataError, RegistryError, UsageError
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.feedback import location
from housing_grpc.feedback.database import Database
from housing_grpc.feedback.store import Store
from tests.support.commands import Say
from tests.support.outcomes import KEY, receipt, sealed

DAY_NS = 86_400 * 10**9


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a store and the key of a server."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "receipt.key").write_text(KEY.hex() + "\n")
    monkeypatch.setenv("HOUSING_HOME", str(home))
    monkeypatch.setenv("FEEDBACK_URL", f"sqlite:///{home / 'feedback.db'}")
    return home


def sold(folder: Path, *lines: str) -> str:
    file = folder / "sold.csv"
    file.write_text("\n".join(["receipt,price,source", *lines]) + "\n")
    return str(file)


def test_import_checks_each_line_as_the_server_does(say: Say, home: Path) -> None:
    first, second = sealed(), sealed()
    lines = [f"{first},21,x", "short,21,x", f"{second},90000,x", f"{second},x,x", f"{first},21,x"]
    file = sold(home, *lines, f"{sealed()},22,x")
    said = say("feedback", "import", file, "--json", code=DataError.exit_code)
    found = json.loads(said.out)
    assert {name: found[name] for name in ("new", "same", "corrected")} == {
        "new": 2,
        "same": 0,
        "corrected": 0,
    }
    assert [each["line"] for each in found["errors"]] == [3, 5, 4, 6] or [
        each["line"] for each in found["errors"]
    ] == [3, 4, 5, 6]
    assert "4 lines were not taken" in said.err
    # What was taken counts once.
    file = sold(home, f"{first},21,x")
    assert say("feedback", "import", file).out == "0 new, 1 same, 0 corrected\n"


@pytest.mark.parametrize("keep", ["true", "false"])
def test_export_writes_all_columns(
    say: Say, home: Path, keep: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDBACK_KEEP_FEATURES", keep)
    say("feedback", "import", sold(home, *(f"{sealed()},{price},agent" for price in (21, 22))))
    file = home / "all.csv"
    assert say("feedback", "export", str(file)).out == f"Wrote {file}: 2 outcomes\n"
    assert file.stat().st_mode & 0o077 == 0
    with file.open() as opened:
        first, second = csv.DictReader(opened)
    assert [float(each["actual"]) for each in (first, second)] == [21.0, 22.0]
    assert (first["source"], first["retracted"], first["version"]) == ("agent", "0", "3")
    assert all((first[name] != "") is (keep == "true") for name in FEATURE_NAMES)
    document = home / "all.json"
    assert json.loads(say("feedback", "export", str(document), "--json").out)["outcomes"] == 2
    assert [each["actual"] for each in json.loads(document.read_text())] == [21.0, 22.0]
    said = say("feedback", "export", str(file), code=UsageError.exit_code)
    assert "is there already" in said.err


@pytest.mark.parametrize("source", ["=1+1", "+1", "-1", "@SUM(A1)", " =1+1", "\uff1d1+1"])
def test_a_source_is_no_formula_of_a_spreadsheet(say: Say, home: Path, source: str) -> None:
    from tests.support.outcomes import outcome

    url = location.read(f"sqlite:///{home / 'feedback.db'}")
    store = Store(Database(url, connections=1, seconds=5))
    store.record([outcome(source=source)])
    store.close()
    for name in ("all.csv", "all.json"):
        say("feedback", "export", str(home / name))
    with (home / "all.csv").open() as opened:
        (row,) = csv.DictReader(opened)
    assert row["source"] == f"'{source}"
    assert json.loads((home / "all.json").read_text())[0]["source"] == source


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_plain_file_is_not_imported(say: Say, home: Path, kind: str) -> None:
    file = Path("/dev/zero")
    if kind == "pipe":
        file = home / "pipe"
        os.mkfifo(file)
    assert "cannot be read" in say("feedback", "import", str(file), code=DataError.exit_code).err


def test_of_many_faults_the_first_are_kept(say: Say, home: Path) -> None:
    file = sold(home, *["x"] * 5000, "," * 100_000)
    said = say("feedback", "import", file, "--json", code=DataError.exit_code)
    found = json.loads(said.out)
    assert (len(found["errors"]), found["refused"]) == (1000, 5001)
    assert "5001 lines were not taken" in said.err


def test_purge_takes_a_date_and_force(say: Say, home: Path) -> None:
    database = Database(
        location.read(f"sqlite:///{home / 'feedback.db'}"), connections=1, seconds=5
    )
    store = Store(database)
    from tests.support.outcomes import outcome

    old = receipt(priced_at=time.time_ns() - 300 * DAY_NS)
    store.record([outcome(of=old), outcome()])
    store.close()
    date = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 200 * 86_400))
    said = say("feedback", "purge", "--before", date, code=UsageError.exit_code)
    assert "add --force" in said.err
    assert say("feedback", "purge", "--before", date, "--force").out == "Deleted 1 outcome\n"


def test_forget_takes_receipts(say: Say, home: Path) -> None:
    texts = [sealed(), sealed()]
    say("feedback", "import", sold(home, *(f"{text},21,x" for text in texts)))
    found = json.loads(say("feedback", "forget", texts[0], sealed(), "--json").out)
    assert found == {"deleted": 1, "receipts": 2}
    assert say("feedback", "import", sold(home, *(f"{text},21,x" for text in texts))).out == (
        "1 new, 1 same, 0 corrected\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("exprt", "a.csv"), "feedback does not know 'exprt' (did you mean export?)"),
        (("export",), "feedback export takes one FILE"),
        (("export", "a.txt"), "name a file that ends in .csv or .json"),
        (("import", "a.csv", "b.csv"), "feedback import takes one FILE"),
        (("import", "a.csv", "--force"), "feedback import takes neither --before nor --force"),
        (("purge",), "feedback purge takes --before DATE"),
        (("purge", "--before", "soon"), "--before: 'soon' is no date"),
        (("forget",), "feedback forget takes the receipts"),
        (("forget", "short"), "a receipt has 240 characters"),
    ],
)
def test_what_is_wrong_is_said(
    say: Say, home: Path, arguments: tuple[str, ...], message: str
) -> None:
    home.mkdir(exist_ok=True)
    (home / "feedback.db").touch()
    assert message in say("feedback", *arguments, code=UsageError.exit_code).err


def test_a_home_without_outcomes(say: Say, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBACK_URL", "")
    said = say("feedback", "export", "a.csv", code=UsageError.exit_code)
    assert f"no outcomes are kept in {home}; set FEEDBACK_URL" in said.err


@pytest.mark.parametrize(
    "command", [("export", "a.csv"), ("purge", "--before", "2026-01-31", "--force")]
)
def test_a_store_that_is_not_there_is_not_made(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    file = tmp_path / "misspelt" / "f.db"
    monkeypatch.setenv("FEEDBACK_URL", f"sqlite:///{file}")
    assert f"{file} is not there" in say("feedback", *command, code=UsageError.exit_code).err
    assert not file.parent.exists()


def test_what_is_no_receipt_is_not_forgotten(say: Say) -> None:
    text = "\udcff" * 240
    assert "a receipt has letters" in say("feedback", "forget", text, code=UsageError.exit_code).err


def test_a_store_that_does_not_answer(
    say: Say, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDBACK_URL", "postgresql://someone:canary@127.0.0.1:9/none")
    said = say("feedback", "forget", sealed(), code=RegistryError.exit_code)
    assert "the store of outcomes: " in said.err
    assert "canary" not in said.err
