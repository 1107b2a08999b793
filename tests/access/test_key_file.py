"""The file of keys: what is in it, what is wrong with it, and how it is read anew."""

import hashlib
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from housing.v1.prediction_pb2 import House, PredictRequest

from housing_grpc.access import key_file
from housing_grpc.access.callers import Key, Role, digest
from housing_grpc.access.key_file import KeysError
from housing_grpc.base.errors import EXIT_SETTINGS
from tests.support.calls import UNAUTHENTICATED
from tests.support.client import SECONDS, Client, failure
from tests.support.errors import raised
from tests.support.examples import Example
from tests.support.processes import serving

Connect = Callable[[int], Client]

CANARY = "canary-4711"
EMPTY = hashlib.sha256(b"").hexdigest()

WRONG: dict[str, tuple[str, str]] = {
    "one word": (CANARY, "write NAME ROLE KEY, not 1 words"),
    "two words": (f"alice {CANARY}", "write NAME ROLE KEY, not 2 words"),
    "four words": (f"alice predict {CANARY} x", "write NAME ROLE KEY, not 4 words"),
    "a name without end": (
        f"{'a' * 129} predict {CANARY}", "the name is longer than 128 characters",
    ),
    "another role": (f"alice owner {CANARY}", "the role is one of predict, feedback, admin"),
    "a role in capitals": (f"alice ADMIN {CANARY}", "the role is one of predict, feedback, admin"),
    "a key in the place of the role": (
        f"alice {CANARY} x", "the role is one of predict, feedback, admin",
    ),
    "a digest too short": (
        f"alice predict sha256:{'ab' * 31}", "after 'sha256:' come 64 hexadecimal digits",
    ),
    "a digest of other letters": (
        f"alice predict sha256:{CANARY}", "after 'sha256:' come 64 hexadecimal digits",
    ),
    "no digest": ("alice predict sha256:", "after 'sha256:' come 64 hexadecimal digits"),
    "the digest of nothing": (
        f"alice predict sha256:{EMPTY}", "that is the digest of an empty key",
    ),
    "not ASCII": (f"alice predict {CANARY}ü", "a key is printable ASCII without spaces"),
    "not printable": (f"alice predict {CANARY}\x7f", "a key is printable ASCII without spaces"),
}  # fmt: skip


def written(folder: Path, text: str | bytes) -> str:
    path = folder / "keys"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize(("line", "message"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_line_is_named_and_not_shown(tmp_path: Path, line: str, message: str) -> None:
    path = written(tmp_path, f"# keys\nbob admin fine\n\n{line}\ncarol predict fine-too\n")
    error = raised(KeysError, key_file.load, "", path)
    assert str(error) == f"API_KEYS_FILE={path}, line 4: {message}"
    assert CANARY not in str(error)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n   # at all\n"])
def test_a_file_without_a_key(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(KeysError, match=re.escape(f"{path}: there is no key in it")):
        key_file.load("", path)


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = written(tmp_path, b"alice predict " + b"\xff\xfe")
    with pytest.raises(KeysError, match="cannot be read: it is not UTF-8"):
        key_file.load("", path)


def test_keys_plain_and_hashed(tmp_path: Path) -> None:
    hashed = hashlib.sha256(b"second").hexdigest()
    path = written(tmp_path, f"alice predict first\r\n\tbob\tadmin  sha256:{hashed.upper()}\n")
    assert key_file.load("single", path) == (
        Key(name="api_key", role=Role.ADMIN, digest=digest("single")),
        Key(name="alice", role=Role.PREDICT, digest=digest("first")),
        Key(name="bob", role=Role.ADMIN, digest=digest("second")),
    )


def test_the_single_key_may_be_hashed() -> None:
    found = key_file.load(f"sha256:{hashlib.sha256(b'single').hexdigest()}", "")
    assert found is not None
    assert [key.digest for key in found] == [digest("single")]


@pytest.mark.parametrize("key", ["with space", "ünicode", "line\nbreak", "sha256:12"])
def test_a_single_key_that_is_wrong_is_not_shown(key: str) -> None:
    with pytest.raises(KeysError, match=r"^API_KEY: ") as caught:
        key_file.load(key, "")
    assert key not in str(caught.value)


def test_no_setting_is_no_key() -> None:
    assert key_file.load("", "") is None


def test_keys_configured_but_unreadable(linear: Example, tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with serving(linear.folder, API_KEYS_FILE=str(path)) as process:
            code, out, err = process.end()
        assert (code, out) == (EXIT_SETTINGS, "")
        assert err.startswith(f"error: API_KEYS_FILE={path}: cannot be read: {why}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_keys_that_may_not_be_read(linear: Example, tmp_path: Path) -> None:
    path = written(tmp_path, "alice predict first\n")
    Path(path).chmod(0)
    with serving(linear.folder, API_KEYS_FILE=path) as process:
        assert process.end()[0] == EXIT_SETTINGS


def test_a_wrong_line_ends_the_start_without_showing_it(linear: Example, tmp_path: Path) -> None:
    path = written(tmp_path, f"alice predict\nalice predict {CANARY} {CANARY}\n")
    with serving(linear.folder, API_KEYS_FILE=path) as process:
        code, _, err = process.end()
    assert (code, CANARY in err) == (EXIT_SETTINGS, False)
    assert err == f"error: API_KEYS_FILE={path}, line 1: write NAME ROLE KEY, not 2 words\n"


def lets_in(client: Client, key: str) -> bool:
    request, shown = PredictRequest(house=House(rm=6)), (("x-api-key", key),)
    try:
        client.predictions.Predict(request, metadata=shown, timeout=SECONDS)
    except Exception:  # noqa: BLE001 - judged below
        predict = client.predictions.Predict
        assert failure(lambda: predict(request, metadata=shown, timeout=SECONDS)) == UNAUTHENTICATED
        return False
    return True


def test_keys_are_read_anew_on_sighup(linear: Example, tmp_path: Path, connect: Connect) -> None:
    path = written(tmp_path, "alice predict first\n")
    with serving(linear.folder, API_KEYS_FILE=path, API_KEY="single") as process:
        client = connect(process.event("server.serving")["port"])
        assert [lets_in(client, key) for key in ("first", "second", "single")] == [
            True, False, True,
        ]  # fmt: skip
        written(tmp_path, "alice predict first\nalice predict second\n")
        process.signal(signal.SIGHUP)
        assert process.event("keys.reloaded")["keys"] == 3
        assert [lets_in(client, key) for key in ("first", "second")] == [True, True]
        written(tmp_path, "alice predict second\n")
        process.signal(signal.SIGHUP)
        assert process.event("keys.reloaded")["keys"] == 2
        assert [lets_in(client, key) for key in ("first", "second", "single")] == [
            False, True, True,
        ]  # fmt: skip


def test_a_broken_file_on_sighup_keeps_the_keys_of_before(
    linear: Example, tmp_path: Path, connect: Connect
) -> None:
    path = written(tmp_path, "alice predict first\n")
    with serving(linear.folder, API_KEYS_FILE=path) as process:
        client = connect(process.event("server.serving")["port"])
        for broken, told in (
            (f"alice predict {CANARY} more\n", f"{path}, line 1: write NAME ROLE KEY"),
            ("", f"{path}: there is no key in it"),
            (None, f"{path}: cannot be read: No such file or directory"),
        ):
            Path(path).unlink() if broken is None else written(tmp_path, broken)
            process.signal(signal.SIGHUP)
            kept = process.event("keys.kept")
            assert (kept["level"], told in kept["reason"]) == ("error", True)
            assert [lets_in(client, key) for key in ("first", CANARY)] == [True, False]
    assert not [line for line in process.lines if CANARY in line]


@pytest.mark.parametrize("first", ["predict", "admin"])
def test_a_key_that_is_there_twice_has_no_role_to_go_by(tmp_path: Path, first: str) -> None:
    file = written(tmp_path, f"alice {first} {CANARY}\nbob predict {CANARY}\n")
    with pytest.raises(KeysError, match="the same key is there twice") as caught:
        key_file.load("", file)
    assert CANARY not in str(caught.value)
    with pytest.raises(KeysError, match="or is API_KEY, too"):
        key_file.load(CANARY, written(tmp_path, f"alice predict {CANARY}\n"))
