"""`housing-admin keygen`, and bundles that are signed with what it made."""

import json
from pathlib import Path

import pytest

from admin.base.errors import UsageError
from admin.base.settings import from_environment
from admin.base.signing import signing
from admin.data.dataset import Dataset
from housing_grpc.bundle.model import load
from housing_grpc.bundle.signature import Verifier
from housing_grpc.receipts import key_file as receipt_key_file
from tests.support import examples
from tests.support.commands import Say


def made(where: Path, say: Say) -> tuple[Path, Path]:
    answer = json.loads(say("keygen", str(where), "--json").out)
    return Path(answer["private_key"]), Path(answer["public_key"])


def test_a_bundle_is_signed_with_one_key_and_verified_with_the_other(
    tmp_path: Path, say: Say, houses: Dataset
) -> None:
    private, public = made(tmp_path / "key.pem", say)
    settings = from_environment({"BUNDLE_SIGNING_KEY_FILE": str(private)})
    sign = signing(settings.signing_key_file)
    example = examples.make(tmp_path / "b", houses, "linear", "v1_median", sign=sign)
    assert load(example.folder, Verifier(public)).digest == example.digest


def test_only_the_owner_may_read_the_private_key(tmp_path: Path, say: Say) -> None:
    private, public = made(tmp_path / "key.pem", say)
    assert private.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in public.read_text()


def test_the_file_may_follow_a_flag(tmp_path: Path, say: Say) -> None:
    answer = json.loads(say("keygen", "--json", str(tmp_path / "key.pem")).out)
    assert Path(answer["private_key"]) == tmp_path / "key.pem"


def test_the_settings_that_are_shown_hold_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = say("keygen", "key.pem").out
    assert f"BUNDLE_SIGNING_KEY_FILE={tmp_path / 'key.pem'}\n" in shown
    assert f"BUNDLE_PUBLIC_KEY_FILE={tmp_path / 'key.pem.pub'}\n" in shown


def test_no_key_is_written_over(tmp_path: Path, say: Say) -> None:
    private, public = made(tmp_path / "key.pem", say)
    before = private.read_bytes(), public.read_bytes()
    told = say("keygen", str(private), code=UsageError.exit_code).err
    assert "is there already; name another file" in told
    assert (private.read_bytes(), public.read_bytes()) == before


def test_a_folder_that_is_not_there(tmp_path: Path, say: Say) -> None:
    told = say("keygen", str(tmp_path / "none" / "key"), code=UsageError.exit_code).err
    assert "cannot be written: No such file or directory" in told


def test_a_signing_key_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"BUNDLE_SIGNING_KEY_FILE: {tmp_path / 'none'} cannot"):
        signing(tmp_path / "none")


def test_without_a_key_nothing_is_signed() -> None:
    assert signing(from_environment({}).signing_key_file) is None


def test_a_key_of_receipts_is_one_file_that_servers_take(tmp_path: Path, say: Say) -> None:
    path = tmp_path / "receipt-keys"
    answer = json.loads(say("keygen", "--receipt", str(path), "--json").out)
    assert (answer, path.stat().st_mode & 0o777) == ({"receipt_key": str(path)}, 0o600)
    assert len(receipt_key_file.load(path).keys) == 1
    assert not path.with_name("receipt-keys.pub").exists()
    told = say("keygen", str(path), "--receipt", code=UsageError.exit_code).err
    assert "is there already; name another file" in told
    shown = say("keygen", str(tmp_path / "other"), "--receipt").out
    assert f"RECEIPT_KEYS_FILE={tmp_path / 'other'}\n" in shown
    assert (tmp_path / "other").read_text().strip() not in shown
