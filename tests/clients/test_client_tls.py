"""Encryption: whom the client trusts, who it says it is, and what it says of unusable files."""

import sys
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from clients import python as housing
from clients.python import HousingClient, Tls
from clients.python.command.main import main
from tests.clients.conftest import Host
from tests.clients.jobs import score_in_asyncio
from tests.clients.servicers import Recorder
from tests.support.certificates import Ca, Pair
from tests.support.processes import outcome
from tests.support.serving import ALONE

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def authority(tmp_path: Path) -> Ca:
    return Ca(tmp_path, "authority")


@pytest.fixture
def own(authority: Ca) -> Pair:
    """What a client shows of itself."""
    return authority.issue("client")


@pytest.fixture
def secure(host: Host, authority: Ca) -> Callable[..., str]:
    """Starts servers: `secure(mutual=True)` also asks who the client is."""
    pair = authority.issue("server").content
    trusted = authority.file.read_bytes()

    def start(*, mutual: bool = False) -> str:
        credentials = grpc.ssl_server_credentials(
            [pair], trusted if mutual else None, require_client_auth=mutual
        )
        return host(Recorder(), credentials)

    return start


def test_a_server_of_an_authority_of_ones_own(secure: Callable[..., str], authority: Ca) -> None:
    with HousingClient(secure(), tls=Tls(ca=authority.file), options=ALONE) as client:
        assert client.predict(RM=6).price == 7
        assert len(list(client.score([{"RM": 6}] * 3, progress=False))) == 3


def test_the_same_in_asyncio(secure: Callable[..., str], authority: Ca, own: Pair) -> None:
    tls = Tls(ca=authority.file, certificate=own.certificate, key=own.key)

    found, _ = score_in_asyncio(secure(mutual=True), [{"RM": 6}] * 3, tls=tls)
    assert len(found) == 3


@pytest.mark.parametrize("mutual", [False, True], ids=["server", "mutual"])
def test_nobody_else_is_trusted(
    secure: Callable[..., str], authority: Ca, tmp_path: Path, mutual: bool
) -> None:
    other = Ca(tmp_path, "other")
    stranger = other.issue("stranger")
    wrong = (
        Tls(ca=authority.file, certificate=stranger.certificate, key=stranger.key)
        if mutual
        else Tls(ca=other.file)
    )
    target = secure(mutual=mutual)
    for tls in (wrong, Tls(ca=authority.file) if mutual else True, False):
        with (
            HousingClient(target, tls=tls, options=ALONE) as client,
            pytest.raises(housing.UnavailableError, match="does it use TLS where you do"),
        ):
            client.predict(RM=6, timeout=5)


def test_a_server_may_have_another_name(host: Host, authority: Ca) -> None:
    credentials = grpc.ssl_server_credentials([authority.issue("server").content])
    _, _, port = host(Recorder(), credentials).rpartition(":")
    tls = Tls(ca=authority.file, server_name="localhost")
    with HousingClient(f"ipv4:127.0.0.1:{port}", tls=tls, options=ALONE) as client:
        assert client.predict(RM=6).price == 7


def test_the_command_takes_the_files_from_flags_and_from_the_environment(
    secure: Callable[..., str],
    authority: Ca,
    own: Pair,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = secure(mutual=True)
    files = {"ca-file": authority.file, "cert-file": own.certificate, "key-file": own.key}
    flags = [text for name, file in files.items() for text in (f"--{name}", str(file))]
    assert main(["predict", "RM=6", "--target", target, *flags]) == 0
    for name, file in files.items():
        monkeypatch.setenv(f"HOUSING_{name.replace('-', '_').upper()}", str(file))
    monkeypatch.setenv("HOUSING_TARGET", target)
    assert main(["predict", "RM=6"]) == 0
    assert capsys.readouterr().out == "7.0000\n" * 2
    monkeypatch.delenv("HOUSING_CERT_FILE")
    assert main(["predict", "RM=6"]) == 1
    assert "a key its certificate" in capsys.readouterr().err


def test_the_command_tells_what_is_wrong_with_the_encryption(
    secure: Callable[..., str], host: Host, authority: Ca, tmp_path: Path
) -> None:
    strangers = str(Ca(tmp_path, "other").file)
    plain, encrypted, mutual = host(Recorder()), secure(), secure(mutual=True)
    for target, flags, text in (
        (plain, ["--tls"], "so it may be one without TLS"),
        (encrypted, [], "speaks TLS; give --tls, or --ca-file FILE"),
        (encrypted, ["--ca-file", strangers], "its certificate is not accepted: "),
        (mutual, ["--ca-file", str(authority.file)], "does it ask for a --cert-file?"),
    ):
        command = [sys.executable, "-m", "clients.python", "info", "--target", target, *flags]
        job = outcome(command)
        assert job.returncode == 3
        # gRPC's own lines do not stand between.
        error, tried = job.stderr.splitlines()
        assert error.startswith(f"error: {target}: ")
        assert tried.startswith(f"  {target}: ")
        assert text in tried


def test_files_that_cannot_be_used_are_named(authority: Ca, own: Pair) -> None:
    other = authority.issue("other")
    odd = own.key.with_name("odd.pem")
    odd.write_text("no certificate")
    wrong = {
        "needs its key": Tls(certificate=own.certificate),
        "a key its certificate": Tls(key=own.key),
        "odd.pem: holds no certificate in PEM": Tls(ca=odd),
        "odd.pem: holds no certificate": Tls(certificate=odd, key=own.key),
        "other.key not its key": Tls(certificate=own.certificate, key=other.key),
    }
    for text, tls in wrong.items():
        with pytest.raises(ValueError, match=text):
            HousingClient("localhost:1", tls=tls)
    with pytest.raises(FileNotFoundError) as caught:
        HousingClient("localhost:1", tls=Tls(ca=own.key.with_name("none.pem")))
    assert str(caught.value.filename).endswith("none.pem")
