"""What the client reads as a key or a certificate: nothing that never ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import outcome

PLAIN = "it is not a plain file"
SECONDS = 30
_COMMAND = (sys.executable, "-m", "clients.python", "predict", "RM=6", "--target", "127.0.0.1:1")


@pytest.fixture(params=["device", "pipe", "large"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """What cannot be read as a certificate, and why."""
    if request.param == "device":
        return Path("/dev/zero"), PLAIN
    file = tmp_path / "file"
    if request.param == "pipe":
        os.mkfifo(file)
        return file, PLAIN
    with file.open("wb") as large:
        large.truncate(2**40)
    return file, "it is larger than 1048576 bytes"


def said(*arguments: str | Path) -> str:
    found = outcome((*_COMMAND, *arguments), timeout=SECONDS)
    assert found.returncode == 1, found.stderr
    return found.stderr


def test_a_certificate_that_is_no_small_file(odd: tuple[Path, str]) -> None:
    file, why = odd
    assert said("--ca-file", file) == f"error: {file}: {why}\n"
    assert said("--cert-file", file, "--key-file", file) == f"error: {file}: {why}\n"


def test_an_api_key_without_end(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(2**40)
    for endless in ("/dev/zero", large):
        expected = f"error: {endless}: it is larger than 1048576 bytes\n"
        assert said("--api-key-file", endless) == expected


def test_an_api_key_from_a_pipe() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(b"two words\tand more")
    try:
        found = subprocess.run(
            (*_COMMAND, "--api-key-file", f"/dev/fd/{reading}"),
            pass_fds=(reading,), capture_output=True, timeout=SECONDS, check=False, text=True,
        )  # fmt: skip
    finally:
        os.close(reading)
    assert found.stderr == f"error: /dev/fd/{reading}: a key is one line of printable ASCII\n"
