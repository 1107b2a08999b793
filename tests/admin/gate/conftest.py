"""Versions to hold against each other, and rules that take no longer than tests need."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from admin.base.settings import Settings
from admin.jobs.train import train
from admin.tracking.promotion import promote
from admin.tracking.registry import register
from admin.training.spec import TrainingSpec
from tests.support.homes import Trained

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """Rules that take no longer than tests need."""
    file = tmp_path / "quick.yaml"
    file.write_text("comparison: {repeats: 1, folds: 5, resamples: 2000}\n")
    return file


@pytest.fixture
def first(here: Settings, client: "Client", trained: Trained) -> Settings:
    """Version 1, of a linear model, is promoted."""
    register(client, here.location, trained.run_id)
    promote(client, here.location, 1)
    return here


def add(client: "Client", settings: Settings, spec: TrainingSpec) -> int:
    run_id = train(client, settings, spec).bundle.run_id
    return register(client, settings.location, run_id).version
