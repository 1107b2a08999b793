"""Who may call what: over real calls, as a caller sees it."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc import StatusCode
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from housing.v1.model_pb2 import ModelInfoRequest, ReloadModelRequest
from housing.v1.prediction_pb2 import House, PredictRequest, PredictStreamRequest

from housing_grpc.access import callers
from housing_grpc.access.callers import RULES, Access, Caller, Key, Role
from housing_grpc.base.errors import Reason, ServingError
from tests.http2.frames import Connection, data, message
from tests.support.calls import SHOW_A_KEY, UNAUTHENTICATED, raw
from tests.support.client import SECONDS, Client, failure, refusal
from tests.support.examples import Example
from tests.support.health import check
from tests.support.reflection import PACKAGES, asked
from tests.support.serving import Serve

Metadata = tuple[tuple[str, str], ...]

READER, SECOND_READER, ADMIN = "reader-key", "second-reader-key", "admin-key"
PREDICT = "/housing.v1.PredictionService/Predict"
HOUSE = PredictRequest(house=House(rm=6))
FORBIDDEN = refusal(
    StatusCode.PERMISSION_DENIED,
    "PERMISSION_DENIED",
    "the key's role is 'predict'; this method takes 'admin'",
)
NO_RULE = refusal(StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED", "no rule allows this method")

REFUSED: dict[str, Metadata] = {
    "no key": (),
    "a wrong one": (("x-api-key", "wrong"),),
    "a wrong one as a bearer": (("authorization", "Bearer wrong"),),
    "two, one a header": (("x-api-key", READER), ("authorization", f"Bearer {READER}")),
    "two, one header twice": (("x-api-key", READER), ("x-api-key", READER)),
    "two bearers": (("authorization", f"Bearer {READER}"), ("authorization", f"Bearer {READER}")),
    "a right one beside a wrong one": (("x-api-key", READER), ("x-api-key", "wrong")),
    "an empty one": (("x-api-key", ""),),
    "an empty bearer": (("authorization", "Bearer "),),
    "another scheme": (("authorization", f"Basic {READER}"),),
    "no scheme": (("authorization", READER),),
    "a part of one": (("x-api-key", READER[:-1]),),
    "one with more": (("x-api-key", f"{READER}x"),),
    "its digest": (("x-api-key", f"sha256:{hashlib.sha256(READER.encode()).hexdigest()}"),),
    "another header": (("x-key", READER),),
}
TAKEN: dict[str, Metadata] = {
    "in its own header": (("x-api-key", READER),),
    "as a bearer": (("authorization", f"Bearer {READER}"),),
    "as a bearer in small letters": (("authorization", f"bearer {READER}"),),
}


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    hashed = hashlib.sha256(SECOND_READER.encode()).hexdigest()
    path = tmp_path_factory.mktemp("keys") / "keys"
    path.write_text(
        f"# who may call\n\nreader predict {READER}\n"
        f"reader predict sha256:{hashed}\n  operator  admin\t{ADMIN}\n"
    )
    return path


@pytest.fixture
def guarded(serve: Serve, linear: Example, keys_file: Path) -> Client:
    return serve(linear.folder, api_keys_file=str(keys_file))


@pytest.mark.parametrize("metadata", REFUSED.values(), ids=list(REFUSED))
def test_no_key_a_wrong_one_two(guarded: Client, metadata: Metadata) -> None:
    calls = (
        lambda: guarded.predictions.Predict(HOUSE, metadata=metadata, timeout=SECONDS),
        lambda: guarded.models.ModelInfo(ModelInfoRequest(), metadata=metadata, timeout=SECONDS),
        lambda: guarded.models.ReloadModel(
            ReloadModelRequest(), metadata=metadata, timeout=SECONDS
        ),
        lambda: list(
            guarded.predictions.PredictStream(
                iter([PredictStreamRequest()]), metadata=metadata, timeout=SECONDS
            )
        ),
    )
    assert [failure(call) for call in calls] == [UNAUTHENTICATED] * len(calls)


@pytest.mark.parametrize("name", ["x_api_key", "authorization"])
def test_a_key_that_is_not_ascii(guarded: Client, name: str) -> None:
    """Such as gRPC's own clients refuse to send."""
    key = "Bearer schlüssel" if name == "authorization" else "schlüssel"
    content = message(HOUSE.SerializeToString())
    with Connection(int(guarded.address.rpartition(":")[2])) as connection:
        connection.greet().send(connection.headers(1, **{name: key}), data(1, content))
        heard = connection.listen(1)
    assert heard.status(1) == str(StatusCode.UNAUTHENTICATED.value[0])
    assert heard.headers[1]["grpc-message"] == SHOW_A_KEY


@pytest.mark.parametrize("metadata", TAKEN.values(), ids=list(TAKEN))
def test_a_right_key(guarded: Client, linear: Example, metadata: Metadata) -> None:
    answer = guarded.predictions.Predict(HOUSE, metadata=metadata, timeout=SECONDS)
    assert answer.model_version == linear.version


@pytest.mark.parametrize("key", [READER, SECOND_READER, ADMIN])
def test_several_keys_are_active_at_once(guarded: Client, linear: Example, key: str) -> None:
    shown = (("x-api-key", key),)
    answer = guarded.predictions.Predict(HOUSE, metadata=shown, timeout=SECONDS)
    assert answer.model_version == linear.version
    info = guarded.models.ModelInfo(ModelInfoRequest(), metadata=shown, timeout=SECONDS)
    assert info.version == linear.version


@pytest.mark.parametrize("key", [READER, SECOND_READER])
def test_a_predict_key_on_reloadmodel(guarded: Client, key: str) -> None:
    request, shown = ReloadModelRequest(), (("x-api-key", key),)
    reload = guarded.models.ReloadModel
    assert failure(lambda: reload(request, metadata=shown, timeout=SECONDS)) == FORBIDDEN


def test_an_admin_key_reloads(guarded: Client, linear: Example) -> None:
    answer = guarded.models.ReloadModel(
        ReloadModelRequest(), metadata=(("x-api-key", ADMIN),), timeout=SECONDS
    )
    assert (answer.version, answer.changed) == (linear.version, False)


def test_one_key_for_everything(serve: Serve, linear: Example) -> None:
    client, shown = serve(linear.folder, api_key="single"), (("x-api-key", "single"),)
    assert client.predictions.Predict(HOUSE, metadata=shown, timeout=SECONDS).prediction > 0
    client.models.ReloadModel(ReloadModelRequest(), metadata=shown, timeout=SECONDS)
    assert failure(lambda: client.predictions.Predict(HOUSE, timeout=SECONDS)) == UNAUTHENTICATED


def test_health_and_reflection_need_no_key(guarded: Client) -> None:
    assert check(guarded).status == health_pb2.HealthCheckResponse.SERVING
    for package in PACKAGES:
        (listed,) = asked(guarded, package, ServerReflectionRequest(list_services=""))
        assert listed.list_services_response.service


def methods_served(client: Client) -> set[str]:
    (listed,) = asked(client, PACKAGES[0], ServerReflectionRequest(list_services=""))
    names = [each.name for each in listed.list_services_response.service]
    questions = [ServerReflectionRequest(file_containing_symbol=name) for name in names]
    found = set()
    for answer in asked(client, PACKAGES[0], *questions):
        for described in answer.file_descriptor_response.file_descriptor_proto:
            file = FileDescriptorProto.FromString(described)
            found |= {
                f"/{file.package}.{service.name}/{method.name}"
                for service in file.service
                for method in service.method
            }
    return found


def test_every_method_that_is_served_has_a_rule(client: Client) -> None:
    assert methods_served(client) == set(RULES)


@pytest.mark.parametrize("settings", [{}, {"api_key": "single"}])
def test_a_method_without_an_access_rule(
    serve: Serve, linear: Example, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    monkeypatch.delitem(callers.RULES, PREDICT)
    client, shown = serve(linear.folder, **settings), (("x-api-key", "single"),)
    predict = client.predictions.Predict
    assert failure(lambda: predict(HOUSE, metadata=shown, timeout=SECONDS)) == NO_RULE


def work_of(lookup: Callable[[], Caller]) -> int:
    """Gives how many functions are called, so that no clock is needed."""
    count = 0

    def counted(_: object, event: str, __: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        lookup()
    finally:
        sys.setprofile(before)
    return count


def test_a_call_costs_as_much_with_many_keys_as_with_few() -> None:
    def work_with(keys: int) -> int:
        names = [f"key-{number}" for number in range(keys)]
        known = [Key(name=name, role=Role.PREDICT, digest=callers.digest(name)) for name in names]
        gate = Access(known, limits=lambda _: None)
        return work_of(lambda: gate.caller(PREDICT, (("x-api-key", names[-1]),)))

    assert work_with(1000) == work_with(1)


def test_a_server_with_a_list_of_no_keys_lets_nobody_in() -> None:
    with pytest.raises(ServingError) as caught:
        Access((), limits=lambda _: None).caller("/housing.v1.PredictionService/Predict", ())
    assert caught.value.reason is Reason.UNAUTHENTICATED


def test_keys_may_come_one_by_one() -> None:
    key = Key(name="reader", role=Role.PREDICT, digest=callers.digest(READER))
    gate = Access(iter([key]), limits=lambda _: None)
    assert gate.caller(PREDICT, (("x-api-key", READER),)).name == "reader"


def test_an_open_server_takes_any_key_or_none(client: Client, linear: Example) -> None:
    for shown in ((), (("x-api-key", "any"),)):
        answer = client.predictions.Predict(HOUSE, metadata=shown, timeout=SECONDS)
        assert answer.model_version == linear.version


def test_an_open_server_still_knows_what_it_serves(client: Client) -> None:
    call = raw(client, "/housing.v1.PredictionService/Nothing", b"")
    assert failure(call).code == StatusCode.UNIMPLEMENTED.value[0]
