"""Certificates and their keys, which may be replaced at any moment."""

import os
import threading
from pathlib import Path

import pytest

from housing_grpc.base import pem, small_file
from housing_grpc.base.options import OptionError
from housing_grpc.base.pem import PemFile
from tests.support.certificates import Ca, Pair


def files(pair: Pair) -> tuple[PemFile, PemFile]:
    return PemFile("CERTIFICATE", str(pair.certificate)), PemFile("KEY", str(pair.key))


def swap(file: Path) -> None:
    """Puts a pipe that nobody writes to where a file was."""
    file.unlink()
    os.mkfifo(file)


def test_files_that_are_replaced_while_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Ca(tmp_path).issue("server")
    content = pair.content

    plainly = small_file.read

    def read(file: Path) -> bytes:
        found = plainly(file)
        swap(file)
        return found

    monkeypatch.setattr(small_file, "read", read)
    done: list[pem.Pair] = []
    # A thread, as nothing ends a wait for a pipe.
    reading = threading.Thread(target=lambda: done.append(pem.load_pair(*files(pair))), daemon=True)
    reading.start()
    reading.join(10)
    (found,) = done
    assert (found.key, found.certificate) == content


def test_a_pair_of_two_moments_is_refused(tmp_path: Path) -> None:
    ca = Ca(tmp_path)
    first = ca.issue("server").content
    second = ca.issue("server")
    second.key.write_bytes(first[0])
    with pytest.raises(OptionError, match="a key that belongs to the certificate"):
        pem.load_pair(*files(second))
