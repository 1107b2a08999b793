"""A setting that names what is no small file ends the start with one line, and at once."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from admin.base.errors import UsageError
from admin.base.settings import Settings as AdminSettings
from admin.server import channel
from housing_grpc.access import key_file
from housing_grpc.access.key_file import KeysError
from housing_grpc.base.options import OptionError
from housing_grpc.base.pem import PemFile
from housing_grpc.bundle import small_file
from housing_grpc.bundle.signature import KeyFileError, Verifier, signer
from housing_grpc.receipts import key_file as receipt_key_file
from housing_grpc.receipts.sealing import SealingKeyError
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.serving.tls import Certificates

PLAIN = "it is not a plain file"


def admins(file: Path) -> None:
    where = RegistryLocation(tracking_uri="", model_name="m", alias="a")
    settings = AdminSettings(location=where, home=file, target="", api_key=None, ca_file=file)
    channel.opened(settings, "127.0.0.1:1", tls=True)


READERS: dict[str, tuple[type[Exception], Callable[[Path], object]]] = {
    "BUNDLE_PUBLIC_KEY_FILE": (KeyFileError, lambda file: Verifier(file).keys()),
    "BUNDLE_SIGNING_KEY_FILE": (KeyFileError, signer),
    "API_KEYS_FILE": (KeysError, lambda file: key_file.load("", str(file))),
    "RECEIPT_KEYS_FILE": (SealingKeyError, receipt_key_file.load),
    "TLS_CERT_FILE": (
        OptionError,
        lambda file: Certificates(str(file), str(file), ""),
    ),
    "API_TLS_CERT_FILE": (OptionError, lambda file: PemFile("", str(file)).read()),
    "HOUSING_CA_FILE": (UsageError, admins),
}


@pytest.fixture(params=["device", "pipe", "large"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """What cannot be read as a key, and why."""
    if request.param == "device":
        return Path("/dev/zero"), PLAIN
    file = tmp_path / "file"
    if request.param == "pipe":
        os.mkfifo(file)
        return file, PLAIN
    with file.open("wb") as large:
        large.truncate(2**40)
    return file, f"it is larger than {small_file.LIMIT} bytes"


@pytest.mark.parametrize("setting", READERS)
def test_what_is_no_small_file(setting: str, odd: tuple[Path, str]) -> None:
    error, read = READERS[setting]
    file, why = odd
    with pytest.raises(error, match=why):
        read(file)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(small_file.LIMIT))
    (tmp_path / "link").symlink_to("file")
    assert small_file.read(tmp_path / "link") == bytes(small_file.LIMIT)
