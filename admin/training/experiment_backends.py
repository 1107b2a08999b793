"""Where the trainings of an experiment run.

A backend takes specifications, which are plain values, and yields an outcome for each as
it is known, in any order. Another one, such as a cluster, is another such function.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from ..base import mlflow_environment
from ..base.errors import AdminError
from ..data.dataset import Dataset
from .evaluate import Evaluation, evaluate, load_data
from .pipeline import complete
from .spec import TrainingSpec


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What became of one training.

    Attributes:
        index: Of its specification.
        evaluation: Its scores, or None if it failed.
        reason: Why it failed, or "".
    """

    index: int
    evaluation: Evaluation | None
    reason: str = ""


Backend = Callable[[Sequence[TrainingSpec]], Iterator[Outcome]]


def in_turn(specs: Sequence[TrainingSpec]) -> Iterator[Outcome]:
    """Train one after the other, in this process."""
    for index, spec in enumerate(specs):
        yield attempt(index, spec)


def processes(count: int) -> Backend:
    """Return a backend of several processes on this machine.

    Args:
        count: How many train at the same time.
    """

    def train_all(specs: Sequence[TrainingSpec]) -> Iterator[Outcome]:
        # Not forked: a copy of a process in which libraries run threads may hang.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(count, mp_context=context, initializer=_prepare) as pool:
            indices = {pool.submit(attempt, index, spec): index for index, spec in enumerate(specs)}
            try:
                for future in as_completed(indices):
                    yield _outcome(future, indices[future])
            except BaseException:
                # Nobody waits for what is still being trained.
                for child in multiprocessing.active_children():
                    child.terminate()
                raise
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    return train_all


def attempt(index: int, spec: TrainingSpec) -> Outcome:
    """Measure one specification; whatever goes wrong becomes the reason."""
    return evaluated(index, spec, load_data)


def evaluated(index: int, spec: TrainingSpec, load: Callable[[TrainingSpec], Dataset]) -> Outcome:
    """Measure one specification; whatever goes wrong becomes the reason.

    Args:
        index: Of the specification.
        spec: What to train.
        load: Gives its rows.
    """
    try:
        full = complete(spec)
        return Outcome(index=index, evaluation=evaluate(full, load(full)))
    except Exception as error:  # noqa: BLE001 (the libraries may raise anything; the others go on)
        return Outcome(index=index, evaluation=None, reason=reason_of(error))


def reason_of(error: BaseException) -> str:
    """Return in one line why a training failed."""
    if isinstance(error, AdminError):
        return str(error)
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def _outcome(future: Future[Outcome], index: int) -> Outcome:
    try:
        return future.result()
    except BrokenProcessPool:
        reason = "a process ended at once, for want of memory perhaps; use fewer --jobs"
        return Outcome(index=index, evaluation=None, reason=reason)


def _prepare() -> None:
    mlflow_environment.configure()
    # Ctrl-C reaches every process; these have nothing to say about it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
