"""An old signed bundle under the alias: who can have it served, and who cannot."""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from grpc import StatusCode

from admin.base.settings import Settings
from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle.signature import Verifier, signer
from housing_grpc.model.child_processes import Children
from housing_grpc.model.source import Target
from housing_grpc.registry import fetch_child, without_mlflow
from housing_grpc.registry import statement as statements
from housing_grpc.registry.location import DIGEST_TAG, statement_tag
from housing_grpc.registry.registry_source import RegistrySource
from housing_grpc.registry.statement import Statement
from tests.support import homes
from tests.support.client import Client, failure, reason_of
from tests.support.errors import raised
from tests.support.examples import DATA, MODEL_NAME
from tests.support.keys import Pair
from tests.support.mlflow_server import mlflow_server
from tests.support.processes import started as process_of
from tests.support.registry_server import info, refused, reload, started
from tests.support.serving import Events, connected
from tests.support.waiting import until

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client as Mlflow

TAG = statement_tag("production")
POLL = 0.05


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A home with two signed versions, of which none is promoted, and the key."""

    home: Path
    pair: Pair


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A registry of two signed versions, and what its writers can do."""

    settings: Settings
    client: "Mlflow"
    pair: Pair

    @property
    def uri(self) -> str:
        return self.settings.location.tracking_uri

    @property
    def keys(self) -> dict[str, Any]:
        """What a server is set to take."""
        return {"bundle_public_key_file": str(self.pair.public)}

    def promote(self, number: int, settings: Settings | None = None) -> None:
        from admin.tracking.promotion import promote
        from admin.tracking.statements import of_settings

        signing = of_settings(settings or self.settings)
        promote(self.client, self.settings.location, number, signing=signing)

    def name(self, number: int) -> None:
        """Moves the alias as whoever has no key can."""
        self.client.set_alias(MODEL_NAME, "production", number)

    def statement(self, number: int) -> str:
        return self.client.get_model_version(MODEL_NAME, str(number)).tags[TAG]

    def put(self, number: int, statement: str) -> None:
        self.client.set_version_tag(MODEL_NAME, number, TAG, statement)


@pytest.fixture(scope="module")
def signed(bare_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Signed:
    from admin.jobs.train import train
    from admin.tracking.connection import connect
    from admin.tracking.registry import register
    from admin.training.spec import TrainingSpec

    folder = tmp_path_factory.mktemp("signed")
    pair = Pair(folder, "key")
    with homes.embedded():
        settings = homes.copy(bare_home, folder / "home")
        settings = replace(settings, signing_key_file=pair.private)
        with connect(settings) as client:
            for model, params in (("linear", {}), ("random_forest", {"n_estimators": 5})):
                spec = TrainingSpec(model=model, params=params, data=DATA)
                register(client, settings.location, train(client, settings, spec).bundle.run_id)
    return Signed(home=settings.home, pair=pair)


@pytest.fixture(params=["file", "server"])
def registry(
    request: pytest.FixtureRequest, signed: Signed, tmp_path: Path, stack: ExitStack
) -> Iterator[Registry]:
    """One whose version 1 was promoted, and then 2."""
    from admin.tracking.connection import connect

    stack.enter_context(homes.embedded())
    settings = homes.copy(signed.home, tmp_path / "home")
    if request.param == "server":
        shutil.copyfile(settings.home / "mlflow.db", tmp_path / "mlflow.db")
        uri = stack.enter_context(mlflow_server(tmp_path))
        settings = homes.settings_of(settings.home, uri=uri)
    settings = replace(
        settings, signing_key_file=signed.pair.private, public_key_file=signed.pair.public
    )
    with connect(settings) as client:
        found = Registry(settings=settings, client=client, pair=signed.pair)
        found.promote(1)
        yield found


file_alone = pytest.mark.parametrize("registry", ["file"], indirect=True)


def refusal_of(client: Client, **target: Any) -> str:
    status = failure(lambda: reload(client, **target))
    assert status.code == StatusCode.FAILED_PRECONDITION.value[0]
    assert reason_of(status) == "BUNDLE_DOWNGRADE"
    return str(status.message)


def test_an_old_bundle_is_served_by_a_statement_alone(
    registry: Registry, tmp_path: Path, stack: ExitStack
) -> None:
    registry.promote(2)
    client = started(stack, registry.uri, tmp_path / "server", **registry.keys)
    before = info(client)
    registry.name(1)
    for dry_run in (False, True):
        message = refusal_of(client, dry_run=dry_run)
        assert message.startswith("no signed statement lets 'production' name version 1: there is")
        assert "`housing-admin promote 1` with BUNDLE_SIGNING_KEY_FILE set" in message
    assert info(client) == before
    registry.promote(1)
    assert reload(client).version == "1"
    # By its number, a version is chosen by whoever calls.
    assert reload(client, version="2").version == "2"


def test_the_follower_stays_until_there_is_a_statement(
    registry: Registry, tmp_path: Path, stack: ExitStack, events: Events
) -> None:
    registry.promote(2)
    settings = {**registry.keys, "model_poll_seconds": POLL}
    client = started(stack, registry.uri, tmp_path / "server", **settings)
    registry.name(1)
    assert events.wait_for("follower.failing") == {"reason": "BUNDLE_DOWNGRADE"}
    assert info(client).version == "2"
    registry.promote(1)
    assert events.wait_for("follower.moved")["version"] == "1"
    assert info(client).version == "1"
    assert len(events.of("alias.refused")) == 1


@file_alone
def test_a_lost_statement_changes_nothing_and_is_said(
    registry: Registry, tmp_path: Path, stack: ExitStack, events: Events
) -> None:
    settings = {**registry.keys, "model_poll_seconds": POLL}
    client = started(stack, registry.uri, tmp_path / "server", **settings)
    registry.client.delete_model_version_tag(MODEL_NAME, "1", TAG)
    assert ": there is none; " in events.wait_for("alias.refused")["message"]
    assert ": there is none; " in refusal_of(client)
    assert info(client).version == "1"
    registry.promote(1)
    assert events.wait_for("follower.recovered") == {}
    assert not reload(client).changed


@file_alone
def test_an_older_statement_counts_where_no_later_one_was_seen(
    registry: Registry, tmp_path: Path, stack: ExitStack
) -> None:
    old = registry.statement(1)
    registry.promote(2)
    assert registry.statement(1) == statements.WITHDRAWN
    client = started(stack, registry.uri, tmp_path / "server", **registry.keys)
    registry.name(1)
    registry.put(1, old)
    message = refusal_of(client)
    assert re.search(r"that of 2\S+ \(\d+\) is older than the last .* \(\d+\); ", message)
    # What it has seen outlives it; another one has seen nothing, and cannot know.
    again = started(stack, registry.uri, tmp_path / "server", **registry.keys)
    assert (info(again).version, info(again).stale) == ("2", True)
    refusal_of(again)
    other = started(stack, registry.uri, tmp_path / "other", **registry.keys)
    assert info(other).version == "1"


@file_alone
def test_a_later_statement_counts_though_it_changed_nothing_here(
    registry: Registry, tmp_path: Path
) -> None:
    source = source_of(registry, tmp_path)
    assert source.fetch(Target()).version == "1"
    registry.promote(2)
    bad = registry.statement(2)
    registry.promote(1)
    # It never saw version 2 under the alias, and knows that it is over.
    assert source.wanted() == "1"
    registry.put(2, bad)
    registry.name(2)
    assert raised(ServingError, source.wanted).reason is Reason.BUNDLE_DOWNGRADE


@file_alone
@pytest.mark.parametrize(
    "changed",
    [{"model": "other"}, {"alias": "staging"}, {"version": 2}, {"digest": "ab" * 32}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_statement_of_something_else_is_none(
    registry: Registry, tmp_path: Path, changed: dict[str, Any]
) -> None:
    source = source_of(registry, tmp_path)
    version = registry.client.versions(MODEL_NAME)[-1]
    said = Statement(
        model=MODEL_NAME,
        alias="production",
        version=1,
        digest=version.digest,
        sequence=2**60,
        at=version.created.isoformat(),
        action="promote",
    )
    sign = signer(registry.pair.private)
    registry.put(1, statements.written(Statement(**{**_fields(said), **changed}), sign))
    error = raised(ServingError, source.wanted)
    assert error.reason is Reason.BUNDLE_DOWNGRADE
    assert ": it is of another version, alias or bundle; " in error.message
    registry.put(1, statements.written(said, sign))
    assert source.wanted() == "1"


def _fields(said: Statement) -> dict[str, Any]:
    return {name: getattr(said, name) for name in said.__struct_fields__}


@file_alone
def test_another_bundle_under_the_same_number_is_refused(
    registry: Registry, tmp_path: Path, stack: ExitStack
) -> None:
    registry.promote(2)
    client = started(stack, registry.uri, tmp_path / "server", **registry.keys)
    old = registry.client.get_model_version(MODEL_NAME, "1").tags[DIGEST_TAG]
    registry.client.set_version_tag(MODEL_NAME, 2, DIGEST_TAG, old)
    assert ": it is of another version, alias or bundle; " in refusal_of(client)


@file_alone
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "none of the keys that are trusted here has signed it"),
        ("{}", "it is none"),
        ("AAAA {}", "none of the keys that are trusted here has signed it"),
        ("\u00e9 {}", "it is none"),
        ("A" * 5001, "it is too long"),
    ],
)
def test_what_is_no_statement(registry: Registry, tmp_path: Path, text: str, why: str) -> None:
    registry.put(1, text)
    source = source_of(registry, tmp_path)
    for ask in (source.wanted, lambda: source.fetch(Target())):
        error = raised(ServingError, ask)
        assert (error.reason, f": {why}; " in error.message) == (Reason.BUNDLE_DOWNGRADE, True)


@file_alone
def test_a_bundles_signature_is_no_statements(registry: Registry, tmp_path: Path) -> None:
    sign = signer(registry.pair.private)
    said = registry.statement(1).partition(" ")[2]
    registry.put(1, f"{sign(said.encode()).decode().strip()} {said}")
    error = raised(ServingError, source_of(registry, tmp_path).wanted)
    assert "none of the keys that are trusted here has signed it" in error.message


@file_alone
def test_keys_that_cannot_be_read_are_no_downgrade(registry: Registry, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_bytes(registry.pair.public.read_bytes())
    source = source_of(registry, tmp_path, keys)
    keys.unlink()
    error = raised(ServingError, source.wanted)
    assert error.reason is Reason.BUNDLE_SIGNATURE
    assert "the file of public keys cannot be read: No such file" in error.message


@file_alone
def test_keys_rotate(registry: Registry, tmp_path: Path) -> None:
    old, new, keys = registry.pair, Pair(tmp_path, "new"), tmp_path / "keys"
    keys.write_bytes(old.public.read_bytes() + new.public.read_bytes())
    source = source_of(registry, tmp_path, keys)
    assert source.wanted() == "1"
    renewed = replace(registry.settings, signing_key_file=new.private, public_key_file=keys)
    registry.promote(2, renewed)
    assert source.wanted() == "2"
    stale = registry.statement(2)
    registry.promote(2, replace(registry.settings, public_key_file=keys))
    assert source.wanted() == "2"
    keys.write_bytes(new.public.read_bytes())
    assert "has signed it" in raised(ServingError, source.wanted).message
    # Neither does the earlier one of the new key hold any more.
    registry.put(2, stale)
    assert "is older than the last one" in raised(ServingError, source.wanted).message
    registry.promote(2, renewed)
    assert source.wanted() == "2"


@file_alone
def test_a_start_without_a_statement(
    registry: Registry, tmp_path: Path, stack: ExitStack, events: Events
) -> None:
    registry.put(1, statements.WITHDRAWN)
    error = refused(registry.uri, tmp_path / "new", **registry.keys)
    assert "no signed statement lets 'production' name version 1: there is none" in str(error)
    assert "`housing-admin promote 1`" in str(error)
    # One that has served before it took statements serves on, and waits for one.
    before = info(started(stack, registry.uri, tmp_path / "old"))
    settings = {**registry.keys, "model_poll_seconds": POLL}
    client = started(stack, registry.uri, tmp_path / "old", **settings)
    assert (info(client).bundle_digest, info(client).stale) == (before.bundle_digest, True)
    events.wait_for("alias.refused")
    registry.promote(1)
    until(lambda: not info(client).stale)


@file_alone
def test_without_public_keys_nothing_is_asked(registry: Registry, tmp_path: Path) -> None:
    registry.put(1, "no statement")
    source = source_of(registry, tmp_path, "")
    assert (source.wanted(), source.fetch(Target()).version) == ("1", "1")


@file_alone
def test_what_cannot_be_kept_is_not_followed(registry: Registry, tmp_path: Path) -> None:
    source = source_of(registry, tmp_path)
    (tmp_path / "cache").write_text("in the way")
    for ask in (source.wanted, lambda: source.fetch(Target())):
        error = raised(ServingError, ask)
        assert error.reason is Reason.REGISTRY_UNAVAILABLE
        assert error.message.startswith("the bundle cache cannot be used")


def test_whoever_is_asked_gives_the_statement(registry: Registry, tmp_path: Path) -> None:
    found = without_mlflow.registry(registry.uri, 60, {})
    assert found is not None
    wanted = source_of(registry, tmp_path)._wanted(Target())  # noqa: SLF001
    for each in (found, fetch_child._mlflow(registry.uri)):  # noqa: SLF001
        assert each.find(wanted).statement == registry.statement(1)


@file_alone
def test_all_workers_stay(registry: Registry, tmp_path: Path, stack: ExitStack) -> None:
    registry.promote(2)
    process = stack.enter_context(fleet(registry, tmp_path))
    port = int(process.event("server.serving")["port"])
    clients = [connected(stack, port) for _ in range(4)]
    registry.name(1)
    for client in clients:
        refusal_of(client)
        assert info(client).version == "2"
    registry.promote(1)
    assert reload(clients[0]).changed
    assert {info(client).version for client in clients} == {"1"}


def fleet(registry: Registry, home: Path) -> Any:
    return process_of(
        ["-m", "housing_grpc"],
        GRPC_PORT="0",
        WORKERS="2",
        LOG_FORMAT="json",
        MODEL_POLL_SECONDS="0",
        MLFLOW_TRACKING_URI=registry.uri,
        HOUSING_HOME=str(home / "fleet"),
        BUNDLE_PUBLIC_KEY_FILE=str(registry.pair.public),
    )


def source_of(registry: Registry, folder: Path, keys: Path | str | None = None) -> RegistrySource:
    file = registry.pair.public if keys is None else keys
    return RegistrySource(
        registry.settings.location,
        folder / "cache",
        60,
        children=Children(),
        verifier=Verifier(Path(file)) if file else None,
    )
