"""The keys of receipts: the file of them, this machine's own, and how they are read anew."""

import os
import re
import signal
from pathlib import Path

import pytest

from housing_grpc.base.errors import EXIT_SETTINGS
from housing_grpc.receipts import key_file
from housing_grpc.receipts.key_file import MOST_KEYS, OWN_NAME
from housing_grpc.receipts.sealing import SealingKeyError
from housing_grpc.serving import receipt_keys
from housing_grpc.settings import Settings
from tests.support.errors import raised
from tests.support.examples import Example
from tests.support.processes import serving
from tests.support.serving import Events

KEY, OTHER = "ab" * 32, "cd" * 32
CANARY = "c0ffee4711"

WRONG = {
    "too short": CANARY,
    "too long": KEY + CANARY,
    "odd": KEY[:-1],
    "other letters": "zz" * 32,
    "two on a line": f"{KEY} {KEY}",
    "spaces between digits": "ab " * 32,
}


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "receipt-keys"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("line", WRONG.values(), ids=list(WRONG))
def test_a_wrong_line_is_named_and_not_shown(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, f"# keys\n{KEY}\n\n{line}\n")
    error = raised(SealingKeyError, key_file.load, path)
    fault = "a key is 64 hexadecimal digits"
    assert str(error) == f"RECEIPT_KEYS_FILE={path}, line 4: {fault}"
    assert CANARY not in str(error)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "there is no key"),
        ("# nothing\n\n", "there is no key"),
        (b"\xff\xfe", "cannot be read: it is not ASCII"),
        (f"{KEY}\n{KEY}\n", "two keys are the same"),
        (f"{KEY}\n{KEY.upper()}\n", "two keys are the same"),
        ("\n".join(f"{number:064x}" for number in range(9)), "there are 9 keys; keep 8 at most"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str | bytes, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SealingKeyError, match=re.escape(f"RECEIPT_KEYS_FILE={path}: {told}")):
        key_file.load(path)


def test_the_first_key_seals(tmp_path: Path) -> None:
    path = written(tmp_path, f"# of today\n{KEY}\r\n  {OTHER.upper()}  \n")
    assert key_file.load(path).keys == (bytes.fromhex(KEY), bytes.fromhex(OTHER))
    lines = "\n".join(key_file.new_key() for _ in range(MOST_KEYS))
    assert len(key_file.load(written(tmp_path, lines)).keys) == MOST_KEYS


def test_a_machine_has_one_key_of_its_own_for_its_owner(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    first = key_file.own(home)
    assert key_file.own(home).keys == first.keys
    assert [each.name for each in home.iterdir()] == [OWN_NAME]
    assert (home / OWN_NAME).stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_gone_is_not_replaced_by_a_signal(tmp_path: Path) -> None:
    chosen = Settings(housing_home=str(tmp_path))
    assert receipt_keys.load(chosen) is not None
    (tmp_path / key_file.OWN_NAME).unlink()
    assert receipt_keys.load_again(chosen) is None
    assert not (tmp_path / key_file.OWN_NAME).exists()


def test_a_key_of_its_own_that_is_spoilt_is_named_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / OWN_NAME).write_text(f"{CANARY}\n")
    error = raised(SealingKeyError, key_file.own, tmp_path)
    assert str(error) == f"{tmp_path / OWN_NAME}, line 1: a key is 64 hexadecimal digits"


def test_a_server_that_others_reach_makes_no_key(tmp_path: Path) -> None:
    chosen = Settings(grpc_host="0.0.0.0", housing_home=str(tmp_path))
    assert receipt_keys.load(chosen) is None
    assert not list(tmp_path.iterdir())


def test_a_home_that_cannot_be_written_turns_receipts_off(tmp_path: Path, events: Events) -> None:
    home = tmp_path / "file"
    home.write_text("")
    assert receipt_keys.load(Settings(housing_home=str(home))) is None
    reason = events.wait_for("receipts.off")["reason"]
    assert reason == f"{home / OWN_NAME}: cannot be made: File exists"


def test_a_wrong_file_ends_the_start(linear: Example, tmp_path: Path) -> None:
    path = written(tmp_path, f"{KEY}\n{CANARY}\n")
    for workers in ("1", "2"):
        with serving(linear.folder, RECEIPT_KEYS_FILE=str(path), WORKERS=workers) as process:
            code, _, err = process.end()
        fault = "a key is 64 hexadecimal digits"
        assert (code, err) == (
            EXIT_SETTINGS,
            f"error: RECEIPT_KEYS_FILE={path}, line 2: {fault}\n",
        )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_keys_that_may_not_be_read(linear: Example, tmp_path: Path) -> None:
    path = written(tmp_path, KEY)
    path.chmod(0)
    with serving(linear.folder, RECEIPT_KEYS_FILE=str(path)) as process:
        assert process.end()[0] == EXIT_SETTINGS


def test_a_broken_file_on_sighup_keeps_the_previous_keys(linear: Example, tmp_path: Path) -> None:
    path = written(tmp_path, KEY)
    with serving(linear.folder, RECEIPT_KEYS_FILE=str(path)) as process:
        process.event("server.serving")
        written(tmp_path, CANARY)
        process.signal(signal.SIGHUP)
        kept = process.event("receipt_keys.kept")
        assert (kept["level"], f"{path}, line 1" in kept["reason"]) == ("error", True)
        written(tmp_path, f"{OTHER}\n{KEY}")
        process.signal(signal.SIGHUP)
        assert process.event("receipt_keys.reloaded")["keys"] == 2
    assert not [line for line in process.lines if CANARY in line]
