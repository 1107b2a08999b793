"""The history of promotions on PostgreSQL, whose tags have 5,000 characters and no more."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from mlflow.exceptions import MlflowException

from admin.tracking.audit import chain
from admin.tracking.audit import entry as entries
from admin.tracking.audit.entry import LONGEST_ENTRY, LONGEST_REASON, Entry
from admin.tracking.mlflow_client import Client
from tests.integration import daemons
from tests.support.homes import embedded

pytestmark = pytest.mark.integration

NAME = "housing-price-model"


@pytest.fixture(scope="module")
def records() -> Iterator[Client]:
    """MLflow on a PostgreSQL of its own, with a registered model."""
    with ExitStack() as stack:
        folder = daemons.scratch()
        stack.callback(daemons.remove, folder)
        daemon, uri = daemons.postgres(folder)
        stack.callback(daemon.stop)
        daemon.start()
        stack.enter_context(embedded())
        client = Client(tracking_uri=uri, registry_uri=uri)
        client.create_registered_model(NAME)
        yield client


@pytest.mark.parametrize("letter", ["x", '"', "\\", "ü", "\U0001f3e0"])
def test_an_entry_with_the_longest_reason_is_kept_as_it_is(records: Client, letter: str) -> None:
    entry = Entry(
        sequence=1,
        at="2026-05-04T10:00:00.000+00:00",
        who="w" * 200,
        action="promote",
        alias="a" * 255,
        from_version=2**31 - 2,
        to_version=2**31 - 1,
        from_digest="a" * 64,
        to_digest="b" * 64,
        evidence_digest="c" * 64,
        reason=entries.checked_reason(letter * LONGEST_REASON),
        before="d" * 64,
        outcome="pending",
    )
    key = chain.new_key(1)
    records.set_model_tag(NAME, key, entries.written(entry))
    assert entries.read(records.model_tags(NAME)[key]) == entry


@pytest.mark.parametrize("letter", ["x", "\U0001f3e0"])
def test_a_tag_has_as_many_characters_as_an_entry_at_most(records: Client, letter: str) -> None:
    records.set_model_tag(NAME, "longest", letter * LONGEST_ENTRY)
    assert records.model_tags(NAME)["longest"] == letter * LONGEST_ENTRY
    with pytest.raises(MlflowException, match="too long"):
        records.set_model_tag(NAME, "longer", letter * (LONGEST_ENTRY + 1))
    assert "longer" not in records.model_tags(NAME)
