"""Many reloads at once."""

import gc
import threading
import weakref
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from housing_grpc.base.errors import ServingError
from housing_grpc.bundle.model import load
from housing_grpc.model.model_limit import ModelLimit
from housing_grpc.model.source import Target
from tests.support.examples import Example
from tests.support.model_manager import ModelManager
from tests.support.reloads import Alternating, Census
from tests.support.serving import Events
from tests.support.waiting import SECONDS, until

THREADS = 16
RELOADS = 50


def test_16_threads_of_50_reloads_are_ok_or_aborted(linear: Example, forest: Example) -> None:
    census, together = Census(), threading.Barrier(THREADS)
    manager = ModelManager(Alternating(linear, forest), trial=lambda _: None, on_live=[census])
    manager.start()

    def reload() -> str:
        try:
            assert manager.reload(Target()).changed
        except ServingError as error:
            return error.code.name
        return "OK"

    def many() -> Counter[str]:
        together.wait(SECONDS)
        return Counter(reload() for _ in range(RELOADS))

    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(many) for _ in range(THREADS)]
        outcomes = sum((each.result() for each in running), Counter[str]())
    assert set(outcomes) == {"OK", "ABORTED"}
    assert sum(outcomes.values()) == THREADS * RELOADS
    assert manager.current().facts.generation == 1 + outcomes["OK"]
    assert census.most <= 2
    until(lambda: census.alive() == 1)


def test_a_third_model_waits_for_the_calls_that_hold_the_first(
    linear: Example, forest: Example, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("housing_grpc.model.model_limit._SECONDS", SECONDS)
    census = Census()
    manager = ModelManager(Alternating(linear, forest), trial=lambda _: None, on_live=[census])
    held = [manager.start().bundle]
    assert manager.reload(Target()).changed
    release = threading.Timer(0.3, held.clear)
    release.start()
    assert manager.reload(Target()).changed
    release.join()
    assert (census.most, census.alive()) == (2, 1)
    assert events.of("model.held") == []


def test_a_call_that_never_ends_does_not_prevent_a_reload(
    linear: Example, forest: Example, monkeypatch: pytest.MonkeyPatch, events: Events
) -> None:
    monkeypatch.setattr("housing_grpc.model.model_limit._SECONDS", 0.05)
    manager = ModelManager(Alternating(linear, forest), trial=lambda _: None)
    held = [manager.start().bundle]
    assert manager.reload(Target()).changed
    assert manager.reload(Target()).changed
    assert events.of("model.held") == [{"models": 2}]
    assert held[0].digest == linear.digest


def test_a_model_that_only_a_circle_holds_is_collected(
    linear: Example, monkeypatch: pytest.MonkeyPatch, events: Events
) -> None:
    monkeypatch.setattr("housing_grpc.model.model_limit._SECONDS", 0.05)
    loaded = ModelLimit(1)
    gc.disable()
    try:
        # As an error that was kept holds it: by its traceback, which holds the error.
        held = load(linear.folder)
        circle: list[object] = [held]
        circle.append(circle)
        bundle = weakref.ref(held)
        loaded.note(held)
        del held, circle
        assert bundle() is not None
        loaded.make_room(lambda: False)
    finally:
        gc.enable()
    assert bundle() is None
    assert events.of("model.held") == []


def test_a_trial_that_is_slow_keeps_nobody_waiting(linear: Example, forest: Example) -> None:
    trying, go_on = threading.Event(), threading.Event()

    def hold(folder: Path) -> None:
        if folder == forest.folder:
            trying.set()
            assert go_on.wait(SECONDS)

    manager = ModelManager(Alternating(linear, forest), trial=hold)
    manager.start()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(manager.reload, Target())
        assert trying.wait(SECONDS)
        for _ in range(RELOADS):
            with pytest.raises(ServingError, match="another reload is running"):
                manager.reload(Target())
        go_on.set()
        assert running.result().live.facts.generation == 2
