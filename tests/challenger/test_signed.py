"""A challenger where bundles are signed: in a file, and on a real MLflow server."""

from contextlib import ExitStack
from pathlib import Path

from housing_grpc.registry.location import CHALLENGER_ALIAS
from tests.challenger.conftest import compared, experiment, found
from tests.registry.test_statement_check import POLL, Registry, registry, signed
from tests.support.examples import MODEL_NAME
from tests.support.registry_server import started
from tests.support.waiting import until

__all__ = ["registry", "signed"]


def challenge(registry: Registry, number: int) -> None:
    """Chooses a challenger as whoever has the key does."""
    from admin.tracking.challenge import challenge as choose
    from admin.tracking.statements import of_settings

    signing = of_settings(registry.settings)
    location = registry.settings.location
    choose(registry.client, location, number, shadow=1.0, share=0.5, signing=signing)


def test_a_challenger_takes_a_statement_of_its_own(
    registry: Registry, tmp_path: Path, stack: ExitStack
) -> None:
    settings = {**registry.keys, "model_poll_seconds": POLL}
    client = started(stack, registry.uri, tmp_path / "server", **settings)
    registry.client.set_alias(MODEL_NAME, CHALLENGER_ALIAS, 2)
    until(lambda: found(client) is not None)
    refused = experiment(client)
    assert (refused.challenger_version, refused.challenger_digest) == ("2", "")
    assert refused.fault.startswith("no signed statement lets 'challenger' name version 2")
    assert "`housing-admin challenge 2` with BUNDLE_SIGNING_KEY_FILE set" in refused.fault
    challenge(registry, 2)
    compared(client, "2")
    until(lambda: experiment(client).share == 0.5)
    shown = experiment(client)
    assert (shown.champion_version, shown.challenger_version, shown.fault) == ("1", "2", "")
    from admin.tracking.challenge import stop

    stop(registry.client, registry.settings.location)
    until(lambda: found(client) is None)
