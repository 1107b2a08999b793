"""Trains an experiment on a Dask cluster that runs already, on this machine or on others.

Everything a worker needs travels with the job: the specification and the rows. Workers need
this package, and neither the data file nor MLflow: what they measured comes back, and only
the process that asked logs it.
"""

import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from ..base.errors import UsageError
from .evaluate import load_data
from .experiment_backends import Backend, Outcome, reason_of
from .spec import TrainingSpec

_INSTALL = "pip install 'housing-grpc[dask]'"
_CONNECT_SECONDS = 8.0
# A cluster that starts or replaces its workers has none for a while.
_WORKERLESS_SECONDS = 60.0
_POLL_SECONDS = 2.0
_RETRIES = 2
# What decides the numbers: another release of one may give others.
_DECIDING = ("housing-grpc", "numpy", "pandas", "scikit-learn", "xgboost-cpu", "xgboost")


def cluster(address: str) -> Backend:
    """Return a backend of a cluster's workers.

    A worker that dies costs its trainings no more than time: they are done again by another.

    Args:
        address: Of the scheduler, such as "tcp://host:8786".

    Raises:
        UsageError: Dask is not installed here.
    """
    try:
        import distributed
    except ImportError as error:
        raise UsageError(f"--backend dask needs Dask; install it with: {_INSTALL}") from error

    def train_all(specs: Sequence[TrainingSpec]) -> Iterator[Outcome]:
        with _connected(distributed, address) as client:
            _check_workers(client, address)
            yield from _trained(distributed, client, specs)

    return train_all


def _connected(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"--scheduler {address}: no Dask scheduler answers there; start one with:"
            " dask scheduler, and workers with: dask worker ADDRESS --nworkers=-1 --nthreads=1"
        ) from error


def _check_workers(client: Any, address: str) -> None:
    """Refuse a cluster that has no worker, or one that would give other numbers."""
    try:
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
    except TimeoutError as error:
        raise UsageError(
            f"--scheduler {address}: the cluster has no worker; start some with:"
            f" dask worker {address} --nworkers=-1 --nthreads=1"
        ) from error
    here = installed()
    # Each worker answers with a value or with what it raised.
    for worker, there in client.run(installed, on_error="return").items():
        if isinstance(there, BaseException):
            raise UsageError(
                f"the Dask worker {worker} cannot import this package ({there});"
                " install there what is installed here"
            )
        other = [name for name in _DECIDING if there.get(name) != here.get(name)]
        if other:
            has = ", ".join(f"{name} {there.get(name, 'missing')}" for name in other)
            wanted = ", ".join(f"{name} {here.get(name, 'missing')}" for name in other)
            raise UsageError(f"the Dask worker {worker} has {has}; install there: {wanted}")


def installed() -> dict[str, str]:
    """Return the versions, in this process, of what decides the numbers."""
    found = {}
    for name in _DECIDING:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _trained(distributed: Any, client: Any, specs: Sequence[TrainingSpec]) -> Iterator[Outcome]:
    # A task rather than scattered data: rows that are lost with a worker are made again.
    keep, train = _portable()
    rows = {
        key: client.submit(keep, pickle.dumps(load_data(spec)), pure=False, retries=_RETRIES)
        for key, spec in {_rows_of(spec): spec for spec in specs}.items()
    }
    indices = {}
    for index, spec in enumerate(specs):
        job = pickle.dumps((index, replace(spec, data=Path(spec.data.name))))
        table = rows[_rows_of(spec)]
        future = client.submit(train, job, table, pure=False, retries=_RETRIES)
        indices[future] = index
    for future in _as_completed(distributed, client, set(indices)):
        index = indices[future]
        yield _restored(_outcome(future, index), specs[index])


def _rows_of(spec: TrainingSpec) -> tuple[Any, ...]:
    """Returns what decides which rows a training has."""
    return spec.data, spec.target_unit, spec.accept


def _portable() -> tuple[Callable[[bytes], bytes], Callable[[bytes, bytes], Any]]:
    """Return what runs on workers: one keeps rows, one trains a pickled job on them.

    The scheduler unpickles what is submitted, but need not have this package. So these are
    functions in a function, which travel by value, with types that are there as well.
    """

    def keep(rows: bytes) -> bytes:
        return rows

    def train(job: bytes, rows: bytes) -> Any:
        from .experiment_backends import evaluated

        index, spec = pickle.loads(job)  # noqa: S301 (the cluster runs our code in any case)
        return evaluated(index, spec, lambda _: pickle.loads(rows))  # noqa: S301 (same)

    return keep, train


def _as_completed(distributed: Any, client: Any, waiting: set[Any]) -> Iterator[Any]:
    """Yield each future when it is done, or when no worker has been there for too long."""
    seen = time.monotonic()
    while waiting:
        try:
            done = distributed.wait(
                waiting, timeout=_POLL_SECONDS, return_when="FIRST_COMPLETED"
            ).done
        except TimeoutError:
            if client.status == "running" and client.scheduler_info()["workers"]:
                seen = time.monotonic()
            if time.monotonic() - seen < _WORKERLESS_SECONDS:
                continue
            done = set(waiting)
        else:
            seen = time.monotonic()
        waiting -= done
        yield from done


def _outcome(future: Any, index: int) -> Outcome:
    if future.status == "finished":
        found: Outcome = future.result()
        return found
    if future.status == "error":
        reason = reason_of(future.exception())
    else:
        reason = "the cluster has lost all its workers; start some and run this again"
    return Outcome(index=index, evaluation=None, reason=reason)


def _restored(outcome: Outcome, asked: TrainingSpec) -> Outcome:
    """Return the outcome with the path of the data as it is here."""
    evaluation = outcome.evaluation
    if evaluation is None:
        return outcome
    spec = replace(evaluation.spec, data=asked.data)
    return replace(outcome, evaluation=replace(evaluation, spec=spec))
