"""The follower: what it takes a move for, what it does not, and how it bears failures."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from housing_grpc.base.errors import DOUBTFUL, Reason, ServingError
from housing_grpc.bundle.errors import (
    BundleChecksumError,
    BundleError,
    BundleSignatureError,
    SelfTestError,
)
from housing_grpc.model.alias_follower import Follower
from housing_grpc.model.source import Fetched, Target
from tests.support.examples import Example
from tests.support.model_manager import ModelManager
from tests.support.serving import Events
from tests.support.unchallenged import Unchallenged

SECONDS = 0.01
WAIT = 30


@dataclass
class Register(Unchallenged):
    """A source that a test writes: what each version is, or is in turn, and which it names."""

    versions: dict[str, Fetched | Exception | list[Fetched | Exception]]
    named: str | Exception
    kind: str = "register"
    last: Fetched | None = None
    questions: int = 0
    fetches: list[str] = field(default_factory=list)
    asked: threading.Condition = field(default_factory=threading.Condition)

    def fetch(self, target: Target) -> Fetched:
        version = target.version or self._named()
        self.fetches.append(version)
        found = self.versions[version]
        if isinstance(found, list):
            found = found.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def wanted(self) -> str:
        with self.asked:
            self.questions += 1
            self.asked.notify_all()
        return self._named()

    def last_known(self) -> Fetched | None:
        return self.last

    def served(self, fetched: Fetched) -> None:
        return None

    def _named(self) -> str:
        if isinstance(self.named, Exception):
            raise self.named
        return self.named

    def await_questions(self, more: int) -> None:
        """Waits until it has been asked so many times more."""
        with self.asked:
            wanted = self.questions + more
            assert self.asked.wait_for(lambda: self.questions >= wanted, WAIT)


def fetched(example: Example, version: str, *, stale: bool = False) -> Fetched:
    return Fetched(folder=example.folder, version=version, digest=example.digest, stale=stale)


def down() -> ServingError:
    return ServingError(Reason.REGISTRY_UNAVAILABLE, "down", retry_seconds=5)


@pytest.fixture
def register(linear: Example, forest: Example) -> Register:
    versions: dict[str, Fetched | Exception | list[Fetched | Exception]] = {
        "1": fetched(linear, "1"),
        "2": fetched(forest, "2"),
        "3": fetched(linear, "3"),
    }
    return Register(versions=versions, named="1")


def probation(register: Register) -> ModelManager:
    return ModelManager(register, trial=lambda _: None, probation_seconds=3600)


@contextmanager
def following(register: Register, manager: ModelManager | None = None) -> Iterator[ModelManager]:
    manager = manager or ModelManager(register, trial=lambda _: None)
    follower = Follower(manager.manager, register, SECONDS)
    follower.start(manager.start().release)
    try:
        yield manager
    finally:
        follower.stop()
        follower.join()


def until(register: Register, condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        register.await_questions(1)
    raise AssertionError("it did not come about")


def test_a_moved_alias_is_noticed_and_told_once(register: Register, events: Events) -> None:
    with following(register) as manager:
        register.named = "2"
        until(register, lambda: manager.version() == "2")
        register.await_questions(5)
    assert manager.current().facts.generation == 2
    assert events.of("follower.moved") == [{"version": "2", "previous": "1", "changed": True}]
    assert register.fetches == ["1", "2"]


def test_an_alias_that_stays_is_nothing_to_tell(register: Register, events: Events) -> None:
    with following(register):
        register.await_questions(10)
    assert [record.msg for record in events.records] == ["model.live"]


def test_what_an_operator_chose_stays_until_the_alias_moves(register: Register) -> None:
    with following(register) as manager:
        manager.reload(Target(version="2"))
        register.await_questions(10)
        assert manager.version() == "2"
        register.named = "3"
        until(register, lambda: manager.version() == "3")


def test_a_refused_version_is_tried_once_until_the_alias_moves(
    register: Register, events: Events
) -> None:
    register.versions["2"] = SelfTestError("an answer is off")
    with following(register) as manager:
        register.named = "2"
        until(register, lambda: bool(events.of("follower.refused")))
        register.await_questions(10)
        assert manager.version() == "1"
        register.named = "3"
        until(register, lambda: manager.version() == "3")
    assert events.of("follower.refused") == [{"version": "2", "reason": "SELF_TEST"}]
    assert register.fetches == ["1", "2", "3"]


def test_a_version_that_arrives_damaged_is_tried_again(
    register: Register, forest: Example, events: Events
) -> None:
    register.versions["2"] = BundleChecksumError("a file is missing")
    with following(register) as manager:
        register.named = "2"
        until(register, lambda: register.fetches.count("2") >= 2)
        register.versions["2"] = fetched(forest, "2")
        until(register, lambda: manager.version() == "2")
        events.wait_for("follower.recovered")
    assert events.of("follower.failing") == [{"reason": "BUNDLE_CHECKSUM"}]


PASSING = [
    ServingError(Reason.TRIAL_FAILED, "killed"),
    BundleSignatureError("the key is on its way"),
]


@pytest.mark.parametrize("error", PASSING, ids=str)
def test_what_may_be_passing_is_tried_again(
    register: Register, forest: Example, events: Events, error: ServingError | BundleError
) -> None:
    register.versions["2"] = [error, error, fetched(forest, "2")]
    with following(register) as manager:
        register.named = "2"
        until(register, lambda: manager.version() == "2")
    assert register.fetches == ["1", "2", "2", "2"]
    assert events.of("follower.refused") == []


@pytest.mark.parametrize("error", PASSING, ids=str)
def test_what_may_be_passing_is_not_tried_for_ever(
    register: Register, events: Events, error: ServingError | BundleError
) -> None:
    register.versions["2"] = error
    with following(register) as manager:
        register.named = "2"
        until(register, lambda: bool(events.of("follower.refused")))
        register.await_questions(10)
        assert register.fetches.count("2") == DOUBTFUL
        assert manager.version() == "1"


@pytest.mark.parametrize("error", [down(), ServingError(Reason.MODEL_NOT_FOUND, "none")])
def test_a_source_that_fails_is_told_once_and_asked_again(
    register: Register, events: Events, error: ServingError
) -> None:
    with following(register) as manager:
        register.named = error
        register.await_questions(4)
        assert manager.version() == "1"
        register.named = "2"
        until(register, lambda: manager.version() == "2")
        events.wait_for("follower.recovered")
    assert events.of("follower.failing") == [{"reason": error.reason.value}]
    assert len(events.of("follower.recovered")) == 1


def test_a_fault_of_its_own_does_not_end_it(register: Register, events: Events) -> None:
    with following(register) as manager:
        register.named = RuntimeError("unforeseen")
        events.wait_for("follower.failing")
        register.named = "2"
        until(register, lambda: manager.version() == "2")
    assert events.of("follower.failing") == [{"reason": "INTERNAL"}]


def test_a_stale_start_ends_when_the_registry_is_back(register: Register, linear: Example) -> None:
    register.named, register.last = down(), fetched(linear, "1", stale=True)
    with following(register) as manager:
        assert manager.current().facts.stale
        register.named = "1"
        until(register, lambda: not manager.current().facts.stale)


def ending_a_stale_start(register: Register) -> tuple[ModelManager, Follower]:
    """Starts one that is to do nothing else."""
    manager = ModelManager(register, trial=lambda _: None)
    follower = Follower(manager.manager, register, SECONDS, until_fresh=True)
    follower.start(manager.start().release)
    return manager, follower


def test_without_following_a_stale_start_is_ended_all_the_same(
    register: Register, linear: Example
) -> None:
    register.named, register.last = down(), fetched(linear, "1", stale=True)
    manager, follower = ending_a_stale_start(register)
    register.await_questions(2)
    register.named = "2"
    follower.join()
    assert (manager.version(), manager.current().facts.stale) == ("2", False)
    asked, register.named = register.questions, "3"
    follower.join()
    assert (register.questions, manager.version()) == (asked, "2")


def test_without_following_a_fresh_start_asks_nothing(register: Register) -> None:
    manager, follower = ending_a_stale_start(register)
    follower.join()
    assert (manager.version(), register.questions) == ("1", 0)


def test_a_choice_made_during_a_stale_start_stays(register: Register, linear: Example) -> None:
    register.named, register.last = down(), fetched(linear, "1", stale=True)
    with following(register) as manager:
        manager.reload(Target(version="2"))
        register.named = "3"
        register.await_questions(10)
        assert manager.version() == "2"


def test_a_reload_that_is_under_way_is_no_fault(
    register: Register, forest: Example, events: Events
) -> None:
    trying, go_on = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        if register.fetches[-1] == "2":
            trying.set()
            assert go_on.wait(WAIT)

    manager = ModelManager(register, trial=hold)
    with following(register, manager):
        running = threading.Thread(target=manager.reload, args=[Target(version="2")])
        running.start()
        assert trying.wait(WAIT)
        register.named = "3"
        register.await_questions(5)
        go_on.set()
        running.join()
        until(register, lambda: manager.version() == "3")
    assert events.of("follower.failing") == []


def test_it_waits_longer_and_longer_up_to_ten_times(register: Register) -> None:
    waits: list[float] = []

    class Impatient(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0)
            return len(waits) > 8 or super().wait(0)

    manager = ModelManager(register, trial=lambda _: None)
    follower = Follower(manager.manager, register, 100, stopping=Impatient())
    live = manager.start()
    register.named = down()
    follower.start(live.release)
    follower.join()
    for wait, times in zip(waits, (1, 2, 4, 8, 10, 10, 10, 10, 10), strict=True):
        assert 80 * times <= wait <= 120 * times
    assert len(set(waits)) == len(waits)


def test_it_stops_while_it_waits(register: Register) -> None:
    manager = ModelManager(register, trial=lambda _: None)
    follower = Follower(manager.manager, register, 3600)
    follower.start(manager.start().release)
    follower.stop()
    follower.join()
    assert register.questions == 0
    assert not any(thread.name == "follower" for thread in threading.enumerate())


def test_what_was_rolled_back_comes_back_once_another_one_was_named(
    register: Register, events: Events
) -> None:
    with following(register, probation(register)) as manager:
        register.named = "2"
        until(register, lambda: manager.version() == "2")
        assert manager.manager.rollback().live.version == "1"
        register.await_questions(5)
        assert manager.version() == "1"
        register.named = "3"
        until(register, lambda: manager.version() == "3")
        register.named = "2"
        until(register, lambda: manager.version() == "2")
    assert not events.of("follower.refused")


def test_what_was_rolled_back_is_refused_once(register: Register, events: Events) -> None:
    with following(register, probation(register)) as manager:
        # The follower has not seen it; the source names it only now.
        manager.reload(Target(version="2"))
        manager.manager.rollback()
        register.named = "2"
        until(register, lambda: bool(events.of("follower.refused")))
        register.await_questions(5)
        assert manager.version() == "1"
        # Whoever asks for it gets it.
        assert manager.reload(Target()).live.version == "2"
        manager.manager.rollback()
        register.await_questions(5)
        assert manager.version() == "1"
    assert events.of("follower.refused") == [{"version": "2", "reason": "ROLLED_BACK"}]


def test_the_source_names_the_previous_version_after_a_rollback(
    register: Register, events: Events
) -> None:
    with following(register, probation(register)) as manager:
        register.named = "2"
        until(register, lambda: manager.version() == "2")
        manager.manager.rollback()
        register.named = "1"
        until(register, lambda: bool(len(events.of("follower.moved")) == 2))
        assert manager.current().facts.rolled_back_from == "2"
        register.named = "2"
        until(register, lambda: manager.version() == "2")
