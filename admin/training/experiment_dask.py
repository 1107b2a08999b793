"""Trains an experiment on a Dask cluster.

What the workers measured comes back, and only the process that asked logs it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data.dataset import Dataset
from .dask_cluster import Cluster, Job
from .evaluate import load_data
from .experiment_backends import Backend, Outcome, evaluated, reason_of
from .spec import TrainingSpec


def cluster(address: str) -> Backend:
    """Return a backend of a cluster's workers.

    Args:
        address: Of the scheduler, such as "tcp://host:8786".

    Raises:
        UsageError: Dask is not installed here.
    """
    workers = Cluster(address)

    def train_all(specs: Sequence[TrainingSpec]) -> Iterator[Outcome]:
        tables = {
            key: load_data(spec) for key, spec in {_rows_of(spec): spec for spec in specs}.items()
        }
        jobs = [
            Job(
                call=_trained,
                arguments=(index, replace(spec, data=Path(spec.data.name))),
                table=_rows_of(spec),
            )
            for index, spec in enumerate(specs)
        ]
        for done in workers.run(tables, jobs):
            if done.error is None:
                yield _restored(done.value, specs[done.index])
            else:
                yield Outcome(index=done.index, evaluation=None, reason=reason_of(done.error))

    return train_all


def _trained(rows: Dataset, index: int, spec: TrainingSpec) -> Outcome:
    return evaluated(index, spec, lambda _: rows)


def _rows_of(spec: TrainingSpec) -> tuple[Any, ...]:
    """Returns what decides which rows a training has."""
    return spec.data, spec.target_unit, spec.accept


def _restored(outcome: Outcome, asked: TrainingSpec) -> Outcome:
    """Return the outcome with the path of the data as it is here."""
    evaluation = outcome.evaluation
    if evaluation is None:
        return outcome
    spec = replace(evaluation.spec, data=asked.data)
    return replace(outcome, evaluation=replace(evaluation, spec=spec))
