"""Runs jobs on a Dask cluster that runs already, on this machine or on others.

Everything a worker needs travels with the job: what to call, and the table. Workers need this
package, and neither the data file nor MLflow.
"""

import pickle
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from ..base.errors import UsageError

_INSTALL = "pip install 'housing-grpc[dask]'"
_CONNECT_SECONDS = 8.0
# A cluster that starts or replaces its workers has none for a while.
_WORKERLESS_SECONDS = 60.0
_POLL_SECONDS = 2.0
_RETRIES = 2
# What decides the numbers: another release of one may give others.
_DECIDING = ("housing-grpc", "numpy", "pandas", "scikit-learn", "xgboost-cpu", "xgboost")


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """What a worker is to do.

    Attributes:
        call: Function of a module of this package; gets the table, and then the arguments.
        arguments: Values that can be pickled.
        table: Key of the table.
    """

    call: Callable[..., Any]
    arguments: tuple[Any, ...]
    table: Hashable


@dataclass(frozen=True, kw_only=True, eq=False)
class Done:
    """What became of a job.

    Attributes:
        index: Of the job.
        value: What it returned, or None.
        error: What it raised, or why it was not done; None if it was.
    """

    index: int
    value: Any = None
    error: BaseException | None = None


class Cluster:
    """The workers of a scheduler.

    A worker that dies costs its jobs no more than time: they are done again by another.

    Args:
        address: Of the scheduler, such as "tcp://host:8786".

    Raises:
        UsageError: Dask is not installed here.
    """

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError as error:
            raise UsageError(f"--backend dask needs Dask; install it with: {_INSTALL}") from error
        self._distributed: Any = distributed
        self._address = address

    def run(self, tables: Mapping[Any, Any], jobs: Sequence[Job]) -> Iterator[Done]:
        """Yield what becomes of each job, in any order.

        Args:
            tables: What jobs work on, by key; can be pickled.
            jobs: What to do.

        Raises:
            UsageError: No scheduler answers there, or its workers cannot be used.
        """
        with self._connected() as client:
            _check_workers(client, self._address)
            # A task rather than scattered data: rows that are lost with a worker are made again.
            keep, call = _portable()
            kept = {
                key: client.submit(keep, pickle.dumps(table), pure=False, retries=_RETRIES)
                for key, table in tables.items()
            }
            indices = {}
            for index, job in enumerate(jobs):
                asked = pickle.dumps((job.call, job.arguments))
                future = client.submit(call, asked, kept[job.table], pure=False, retries=_RETRIES)
                indices[future] = index
            for future in self._as_completed(client, set(indices)):
                yield _done(future, indices[future])

    def _connected(self) -> Any:
        try:
            return self._distributed.Client(self._address, timeout=_CONNECT_SECONDS)
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(
                f"--scheduler {self._address}: no Dask scheduler answers there; start one with:"
                " dask scheduler, and workers with: dask worker ADDRESS --nworkers=-1 --nthreads=1"
            ) from error

    def _as_completed(self, client: Any, waiting: set[Any]) -> Iterator[Any]:
        """Yield each future when it is done, or when no worker has been there for too long."""
        seen = time.monotonic()
        while waiting:
            try:
                done = self._distributed.wait(
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


def installed() -> dict[str, str]:
    """Return the versions, in this process, of what decides the numbers."""
    found = {}
    for name in _DECIDING:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


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


def _portable() -> tuple[Callable[[bytes], bytes], Callable[[bytes, bytes], Any]]:
    """Return what runs on workers: one keeps a table, one does a pickled job with it.

    The scheduler unpickles what is submitted, but need not have this package. So these are
    functions in a function, which travel by value, with types that are there as well.
    """

    def keep(table: bytes) -> bytes:
        return table

    def call(job: bytes, table: bytes) -> Any:
        function, arguments = pickle.loads(job)  # noqa: S301 (the cluster runs our code anyway)
        return function(pickle.loads(table), *arguments)  # noqa: S301 (same)

    return keep, call


def _done(future: Any, index: int) -> Done:
    if future.status == "finished":
        return Done(index=index, value=future.result())
    if future.status == "error":
        return Done(index=index, error=future.exception())
    lost = "the cluster has lost all its workers; start some and run this again"
    return Done(index=index, error=UsageError(lost))
