import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from admin.base.errors import RegistryError
from admin.base.settings import Settings
from admin.tracking import run_lookup
from admin.tracking.connection import experiment_id

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client


def test_as_much_of_an_id_as_no_other_run_shares_is_enough(
    bare_client: "Client", bare: Settings
) -> None:
    experiment = experiment_id(bare_client, bare)
    ids = [bare_client.create_run(experiment).info.run_id for _ in range(3)]
    for run_id in ids:
        for beginning in (run_id, run_id[:31], run_id[:12]):
            assert run_lookup.find(bare_client, bare, beginning).run_id == run_id


def test_several_runs_are_named(bare_client: "Client", bare: Settings) -> None:
    experiment = experiment_id(bare_client, bare)
    file = bare.location.sqlite_file
    assert file is not None
    with closing(sqlite3.connect(file)) as database, database:
        for number in range(7):
            run_id = bare_client.create_run(experiment).info.run_id
            shared = f"0123abc{number}{'0' * 24}"
            database.execute("UPDATE runs SET run_uuid = ? WHERE run_uuid = ?", (shared, run_id))
            database.commit()
    assert run_lookup.find(bare_client, bare, "0123abc6").run_id == f"0123abc6{'0' * 24}"
    with pytest.raises(RegistryError) as caught:
        run_lookup.find(bare_client, bare, "0123")
    text = str(caught.value)
    assert text.startswith("more than one run begins with 0123: 0123abc")
    assert text.endswith(" and others; give more of it")
    assert text.count("0123abc") == 5


@pytest.mark.parametrize("text", ["abc", "abcd", "ABCD1234", "a%", "____", "'; --", "0" * 32, "é"])
def test_what_is_no_run_is_refused(bare_client: "Client", bare: Settings, text: str) -> None:
    with pytest.raises(RegistryError) as caught:
        run_lookup.find(bare_client, bare, text)
    assert str(caught.value) == f"there is no run {text}; see: housing-admin runs"
