"""The year that docs/year.py plays, with its own server, and with two on PostgreSQL."""

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from housing_grpc.receipts import key_file
from tests.integration import stack as stacks
from tests.integration.stack import STORES
from tests.support import postgres
from tests.support.processes import ROOT, outcome, started

pytestmark = pytest.mark.integration

SECONDS = 1200.0


def played(variables: Mapping[str, str], *servers: str) -> list[str]:
    """Returns the lines that the script prints."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    paths = os.pathsep.join((str(ROOT), str(ROOT / "generated")))
    done = outcome(
        [sys.executable, "-m", "docs.year", *servers],
        env={**inherited, "PYTHONPATH": paths, **variables},
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def assert_a_year(lines: list[str]) -> None:
    text = "\n".join(lines)
    alarmed = [line for line in lines if "ALARM" in line]
    assert alarmed
    # The market stands still until June.
    assert not any(line.startswith(("January", "March", "June")) for line in alarmed)
    assert "VERDICT_OUTCOME_CHALLENGER_BETTER" in text
    assert "version 2 serves" in text
    assert "same to the bit" in text


def test_a_year_with_a_server_of_its_own() -> None:
    assert_a_year(played({}))


def test_a_year_of_two_replicas_on_postgresql(tmp_path: Path) -> None:
    keys = tmp_path / "receipt-keys"
    keys.write_text(key_file.new_key() + "\n")
    with (
        stacks.real(STORES["minio"]) as models,
        postgres.running() as database,
        ExitStack() as open_,
    ):
        shared = {
            **models.variables,
            "RECEIPT_KEYS_FILE": str(keys),
            "FEEDBACK_URL": database.new_database(),
            "FEEDBACK_KEEP_FEATURES": "true",
        }
        assert models.admin("seed").returncode == 0
        servers = []
        for name in ("one", "other"):
            own = {"HOUSING_HOME": str(tmp_path / name), "GRPC_PORT": "0", "LOG_FORMAT": "json"}
            process = open_.enter_context(started(["-m", "housing_grpc"], **shared | own))
            servers.append(f"localhost:{process.event('server.serving')['port']}")
        assert_a_year(played(shared, *servers))
