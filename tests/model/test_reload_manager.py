"""The manager alone, with sources that a test controls."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.errors import BundleChecksumError, BundleError
from housing_grpc.model.live import LiveModel
from housing_grpc.model.source import Fetched, Target
from tests.support.errors import raised
from tests.support.examples import Example
from tests.support.model_manager import ModelManager
from tests.support.serving import Events
from tests.support.unchallenged import Unchallenged
from tests.support.waiting import SECONDS

Answer = Fetched | Exception


class Shelf(Unchallenged):
    """A source whose next answer is whatever lies on top."""

    kind = "shelf"

    def __init__(self, *answers: Answer, last: Fetched | None = None) -> None:
        self.answers = list(answers)
        self.asked: list[Target] = []
        self.noted: list[Fetched] = []
        self._last = last

    def fetch(self, target: Target) -> Fetched:
        self.asked.append(target)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wanted(self) -> str:
        raise AssertionError("a manager does not ask for this")

    def last_known(self) -> Fetched | None:
        return self._last

    def served(self, fetched: Fetched) -> None:
        self.noted.append(fetched)


def fetched(example: Example, version: str, *, stale: bool = False) -> Fetched:
    return Fetched(folder=example.folder, version=version, digest=example.digest, stale=stale)


def manage(shelf: Shelf, trial: Callable[[Path], None] = lambda _: None) -> ModelManager:
    return ModelManager(shelf, trial=trial)


def down() -> ServingError:
    return ServingError(Reason.REGISTRY_UNAVAILABLE, "down", retry_seconds=5)


def test_before_the_first_model_there_is_none(linear: Example) -> None:
    manager = manage(Shelf())
    assert manager.version() == ""
    for call in (manager.current, lambda: manager.reload(Target())):
        with pytest.raises(ServingError, match="the first model is still loading") as caught:
            call()
        assert (caught.value.reason, caught.value.retry_seconds) == (Reason.MODEL_NOT_READY, 1)


def test_a_start_makes_what_the_source_wants_live(linear: Example) -> None:
    shelf = Shelf(fetched(linear, "1"))
    told: list[LiveModel] = []
    manager = ModelManager(shelf, trial=lambda _: None, on_live=[told.append])
    live = manager.start()
    assert manager.current() is live
    assert told == [live]
    facts = live.facts
    assert (facts.version, facts.source, facts.stale, facts.generation) == ("1", "shelf", False, 1)
    assert (live.bundle.digest, manager.version()) == (linear.digest, "1")
    assert (shelf.asked, shelf.noted) == ([Target()], [fetched(linear, "1")])


def test_a_start_without_the_registry_takes_the_last_known_model(linear: Example) -> None:
    shelf = Shelf(down(), fetched(linear, "1"), last=fetched(linear, "1", stale=True))
    manager = manage(shelf)
    assert manager.start().facts.stale
    again = manager.reload(Target())
    assert (again.changed, again.live.facts.stale, again.live.facts.generation) == (False, False, 1)


@pytest.mark.parametrize(
    "error", [down(), ServingError(Reason.MODEL_NOT_FOUND, "none"), BundleChecksumError("bad")]
)
def test_a_start_without_a_model_fails(error: Exception) -> None:
    manager = manage(Shelf(error))
    assert raised(type(error), manager.start) is error
    assert manager.version() == ""


def test_a_start_does_not_hide_a_missing_model_behind_the_last_known(linear: Example) -> None:
    error = ServingError(Reason.MODEL_NOT_FOUND, "none")
    with pytest.raises(ServingError, match="none"):
        manage(Shelf(error, last=fetched(linear, "1", stale=True))).start()


def test_a_reload_asks_for_the_target_and_swaps(linear: Example, forest: Example) -> None:
    shelf = Shelf(fetched(linear, "1"), fetched(forest, "2"))
    tried: list[Path] = []
    manager = manage(shelf, tried.append)
    first = manager.start()
    answer = manager.reload(Target(version="2"))
    assert answer.live == manager.current().release
    assert (answer.previous_version, answer.live.version, answer.changed) == ("1", "2", True)
    assert (answer.live.facts.generation, answer.live.digest) == (2, forest.digest)
    assert shelf.asked == [Target(), Target(version="2")]
    assert tried == [linear.folder, forest.folder]
    # The old one is as it was, for the calls that still hold it.
    assert (first.version, first.bundle.digest) == ("1", linear.digest)


def test_another_version_of_the_same_bundle_is_not_loaded_again(linear: Example) -> None:
    manager = manage(Shelf(fetched(linear, "1"), fetched(linear, "2")))
    first = manager.start()
    answer = manager.reload(Target())
    assert (answer.changed, answer.live.version, answer.live.facts.generation) == (True, "2", 2)
    assert manager.current().bundle is first.bundle


def test_the_same_version_is_left_alone(linear: Example) -> None:
    shelf = Shelf(fetched(linear, "1"), fetched(linear, "1"))
    manager = manage(shelf)
    first = manager.start()
    answer = manager.reload(Target())
    assert (answer.changed, answer.live) == (False, first.release)
    assert manager.current() is first
    assert len(shelf.noted) == 1


@pytest.mark.parametrize("error", [down(), BundleError("bad"), OSError("disk")])
def test_a_source_that_fails_leaves_the_old_model_live(linear: Example, error: Exception) -> None:
    manager = manage(Shelf(fetched(linear, "1"), error, fetched(linear, "1")))
    first = manager.start()
    with pytest.raises(type(error)):
        manager.reload(Target())
    assert manager.current() is first
    assert not manager.reload(Target()).changed


def test_a_trial_that_fails_leaves_the_old_model_live(linear: Example, forest: Example) -> None:
    def refuse(folder: Path) -> None:
        if folder == forest.folder:
            raise ServingError(Reason.BUNDLE_FORMAT, "it crashed")

    manager = manage(Shelf(fetched(linear, "1"), fetched(forest, "2")), refuse)
    first = manager.start()
    with pytest.raises(ServingError, match="it crashed"):
        manager.reload(Target())
    assert manager.current() is first


def test_a_bundle_that_is_replaced_while_it_is_read_is_refused(
    linear: Example, forest: Example
) -> None:
    other = Fetched(folder=forest.folder, version="2", digest=Digest("0" * 64))
    manager = manage(Shelf(fetched(linear, "1"), other))
    first = manager.start()
    with pytest.raises(BundleChecksumError, match="replaced while it was read; reload again"):
        manager.reload(Target())
    assert manager.current() is first


def test_a_note_that_cannot_be_written_does_not_undo_the_swap(
    linear: Example, forest: Example, events: Events
) -> None:
    class Full(Shelf):
        def served(self, fetched: Fetched) -> None:
            raise OSError(28, "No space left on device")

    manager = manage(Full(fetched(linear, "1"), fetched(forest, "2")))
    assert manager.start().version == "1"
    answer = manager.reload(Target())
    assert (answer.live.version, manager.version()) == ("2", "2")
    assert events.of("model.not_remembered") == [
        {"version": "1", "error_number": 28},
        {"version": "2", "error_number": 28},
    ]


def test_one_reload_at_a_time(linear: Example, forest: Example) -> None:
    trying, go_on = threading.Event(), threading.Event()

    def wait(folder: Path) -> None:
        if folder == forest.folder:
            trying.set()
            assert go_on.wait(SECONDS)

    manager = manage(Shelf(fetched(linear, "1"), fetched(forest, "2")), wait)
    manager.start()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(manager.reload, Target())
        assert trying.wait(SECONDS)
        with pytest.raises(ServingError, match="another reload is running") as caught:
            manager.reload(Target())
        assert (caught.value.reason, caught.value.retry_seconds) == (Reason.RELOAD_IN_PROGRESS, 1)
        assert manager.version() == "1"
        go_on.set()
        assert running.result().live.version == "2"
