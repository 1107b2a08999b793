"""A version whose bundle has an older format becomes one of the newest."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from admin.base.errors import RegistryError, UsageError
from admin.base.settings import Settings
from admin.jobs.train import train
from admin.jobs.upgrade import upgrade_version
from admin.tracking.promotion import promote
from admin.tracking.registry import register
from admin.tracking.tags import UPGRADED_TAG
from admin.training.spec import TrainingSpec
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.model import Bundle
from housing_grpc.registry.location import BUNDLE_FOLDER
from tests.support.commands import Say
from tests.support.examples import DATA

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client


def bundle_of(client: "Client", settings: Settings, number: int) -> Bundle:
    import mlflow

    found = mlflow.artifacts.download_artifacts(
        f"models:/{settings.location.model_name}/{number}/{BUNDLE_FOLDER}"
    )
    return bundle_model.load(Path(found))


@pytest.mark.parametrize("model", ["linear", "xgboost"])
def test_a_version_of_format_1_becomes_one_of_format_2(
    bare_client: "Client", bare: Settings, model: str
) -> None:
    spec = TrainingSpec(model=model, data=DATA, bundle_format=1)
    run_id = train(bare_client, bare, spec).bundle.run_id
    register(bare_client, bare.location, run_id)
    made = upgrade_version(bare_client, bare, 1)
    assert made.version == 2
    older, newer = (bundle_of(bare_client, bare, number) for number in (1, 2))
    assert (older.metadata.format_version, newer.metadata.format_version) == (1, 2)
    assert newer.digest == made.digest
    assert newer.metadata.run_id == run_id
    rows = np.random.default_rng(0).uniform(0, 10, (200, 13))
    rows[::3, ::2] = np.nan
    assert newer.predict(rows).tolist() == older.predict(rows).tolist()
    latest, first = bare_client.versions(bare.location.model_name)
    assert (latest.model, latest.preprocessing) == (first.model, first.preprocessing)
    assert latest.rmse == first.rmse
    assert bare_client.get_run(made.run_id).data.tags[UPGRADED_TAG] == "1"
    assert promote(bare_client, bare.location, 2).version == 2
    with pytest.raises(UsageError, match="of format 2 already"):
        upgrade_version(bare_client, bare, 2)
    with pytest.raises(RegistryError, match="has no version 7"):
        upgrade_version(bare_client, bare, 7)


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["upgrade"], 2, "upgrade needs VERSION"),
        (["upgrade", "two"], 2, "VERSION"),
        (["train", "--bundle_format", "3"], 2, "--bundle_format"),
        (["train", "--bundle-format", "0"], 2, "--bundle_format"),
    ],
)
def test_what_is_wrong_is_named(say: Say, arguments: list[str], code: int, text: str) -> None:
    assert text in say(*arguments, code=code).err
