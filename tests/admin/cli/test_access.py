"""The commands that talk to a server which wants a key, or speaks TLS."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from housing.v1 import model_pb2, model_pb2_grpc, prediction_pb2, prediction_pb2_grpc

from admin import cli
from tests.support.certificates import Ca
from tests.support.commands import Say

KEY = "canary-of-a-key"


class Guarded(prediction_pb2_grpc.PredictionServiceServicer, model_pb2_grpc.ModelServiceServicer):
    """Answers those who have the key, and lets nobody reload."""

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if dict(context.invocation_metadata()).get("x-api-key") != KEY:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "no")
        return prediction_pb2.PredictResponse(prediction=7, model_version="1")

    def PredictBatch(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        raise NotImplementedError

    def PredictStream(self, request_iterator: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        raise NotImplementedError

    def ModelInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return model_pb2.ModelInfoResponse()

    def ReloadModel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "no")

    def RollbackModel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        raise NotImplementedError


@contextmanager
def served(credentials: grpc.ServerCredentials | None = None) -> Iterator[str]:
    """Serve `Guarded`; gives the address."""
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        prediction_pb2_grpc.add_PredictionServiceServicer_to_server(Guarded(), server)
        model_pb2_grpc.add_ModelServiceServicer_to_server(Guarded(), server)
        if credentials is None:
            port = server.add_insecure_port("127.0.0.1:0")
        else:
            port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        yield f"localhost:{port}"
        server.stop(0).wait()


@pytest.fixture
def ca(tmp_path: Path) -> Ca:
    return Ca(tmp_path)


@pytest.fixture
def open_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with served() as target:
        monkeypatch.setenv("HOUSING_TARGET", target)
        yield target


@pytest.fixture
def tls_server(ca: Ca, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    credentials = grpc.ssl_server_credentials([ca.issue("server").content])
    monkeypatch.setenv("HOUSING_API_KEY", KEY)
    with served(credentials) as target:
        monkeypatch.setenv("HOUSING_TARGET", target)
        yield target


@pytest.mark.parametrize("variable", ["HOUSING_API_KEY", "API_KEY"])
def test_a_key_comes_from_the_environment(
    open_server: str, variable: str, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    monkeypatch.setenv(variable, KEY)
    assert say("predict").out.startswith("7.000 ")


def test_the_key_of_the_caller_comes_before_that_of_the_server(
    open_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "another")
    monkeypatch.setenv("HOUSING_API_KEY", KEY)
    assert cli.main(["predict"]) == 0


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        ("", "wants a key; set HOUSING_API_KEY (or API_KEY) to one that it has"),
        (
            "wrong",
            "does not know the key in HOUSING_API_KEY (or API_KEY); set it to one that it has",
        ),
    ],
)
def test_without_a_key_that_it_has_a_server_is_no_help(
    open_server: str, key: str, complaint: str, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    monkeypatch.setenv("HOUSING_API_KEY", key)
    assert say("predict", code=5).err == f"error: the server at {open_server} {complaint}\n"


def test_a_key_that_may_not_reload_is_told_which_may(
    open_server: str, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    monkeypatch.setenv("HOUSING_API_KEY", KEY)
    said = say("reload", code=5).err
    assert "does not allow this with the key in HOUSING_API_KEY (or API_KEY)" in said
    assert "takes the role admin" in said
    assert KEY not in said


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_refused_unseen(
    open_server: str, key: str, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    monkeypatch.setenv("HOUSING_API_KEY", key)
    said = say("info", code=2).err
    assert said.startswith("error: HOUSING_API_KEY holds a character")
    assert key not in said


def test_a_server_with_tls_answers_who_trusts_it(
    tls_server: str, ca: Ca, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    monkeypatch.setenv("HOUSING_CA_FILE", str(ca.file))
    for command in (["predict"], ["predict", "--tls", "--RM", "6"], ["info"]):
        say(*command)


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--tls"], "is not accepted; set HOUSING_CA_FILE to who signed it"),
        ([], "if it speaks TLS, add --tls"),
    ],
)
def test_a_server_with_tls_that_is_not_trusted_or_asked_in_the_clear(
    tls_server: str, flags: list[str], complaint: str, say: Say
) -> None:
    assert complaint in say("predict", *flags, code=5).err


@pytest.mark.parametrize(
    ("dates", "told"), [((-30, -1), "it has expired"), ((1, 2), "it is not yet valid")]
)
def test_a_certificate_of_another_time_says_so(
    ca: Ca, dates: tuple[int, int], told: str, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    monkeypatch.setenv("HOUSING_CA_FILE", str(ca.file))
    pair = ca.issue("server", since=dates[0], days=dates[1]).content
    with served(grpc.ssl_server_credentials([pair])) as target:
        said = say("predict", "--target", target, code=5).err
    assert f"{told}, or the clock of this machine is wrong" in said


def test_a_server_without_tls_is_not_taken_for_one_with_it(open_server: str, say: Say) -> None:
    assert "it may not speak TLS" in say("predict", "--tls", code=5).err


def test_a_client_certificate_is_shown_where_it_is_wanted(
    ca: Ca, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    shown, shown_key = ca.issue("client")
    pair, trusted = ca.issue("server").content, ca.file.read_bytes()
    wanted = grpc.ssl_server_credentials([pair], trusted, require_client_auth=True)
    monkeypatch.setenv("HOUSING_CA_FILE", str(ca.file))
    monkeypatch.setenv("HOUSING_API_KEY", KEY)
    with served(wanted) as target:
        say("predict", "--target", target, code=5)
        monkeypatch.setenv("HOUSING_CERT_FILE", str(shown))
        refused = say("predict", "--target", target, code=2).err
        assert "set both HOUSING_CERT_FILE and HOUSING_KEY_FILE" in refused
        monkeypatch.setenv("HOUSING_KEY_FILE", str(shown_key))
        say("predict", "--target", target)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_cannot_be_read_is_named(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    file = tmp_path / "ca.crt"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("HOUSING_CA_FILE", str(file))
    assert say("info", code=2).err.startswith(f"error: HOUSING_CA_FILE: {file}")
