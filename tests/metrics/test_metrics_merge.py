"""What several servers have counted becomes one."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from prometheus_client import generate_latest

from housing_grpc.houses.scored import Scored
from housing_grpc.metrics import drift, render
from housing_grpc.metrics.catalogue import DRIFT_PSI, DRIFT_ROWS, DRIFT_WINDOW, FAMILIES
from housing_grpc.metrics.server_metrics import ServerMetrics
from housing_grpc.metrics.state import State, merge, retire
from housing_grpc.model import child_processes
from housing_grpc.model.folder_source import FolderSource
from housing_grpc.model.live import LiveModel
from housing_grpc.model.trial import Trial
from tests.metrics.conftest import PREDICTIONS, Samples, new_metrics, samples
from tests.support.examples import Example
from tests.support.model_manager import ModelManager

HANDLED = ("OK", "Predict", PREDICTIONS, "unary")


def go_live(folder: Path, *metrics: ServerMetrics) -> LiveModel:
    manager = ModelManager(
        FolderSource(folder),
        trial=Trial(child_processes.Children()),
        on_live=[each.on_live for each in metrics],
    )
    return manager.start()


def work(metrics: ServerMetrics, live: LiveModel, calls: int) -> None:
    """Counts calls that ended, one more that has not, and as many predictions."""
    counts = metrics.calls.of(PREDICTIONS, "Predict")
    for _ in range(calls):
        counts.started()
        counts.ended(0, 0.001)
    counts.started()
    ranges = live.bundle.ranges
    rows = np.tile(ranges.minimum, (calls, 1))
    metrics.predictions.observe(ranges, rows, Scored(np.full(calls, 20.0)))


def shown(state: State) -> Samples:
    return samples(generate_latest(render.registry(lambda: state)).decode())


@pytest.fixture
def two(linear: Example) -> tuple[State, State]:
    """The states of two servers of one model, after 300 and 400 calls."""
    one, other = new_metrics(), new_metrics()
    live = go_live(linear.folder, one, other)
    work(one, live, 300)
    work(other, live, 400)
    return one.state(), other.state()


def test_counters_and_histograms_are_added_up(two: tuple[State, State]) -> None:
    found = shown(merge(two))
    assert found["grpc_server_handled_total", HANDLED] == 700
    assert found["prediction_requests_total", ("Predict", "ok")] == 700
    assert found["prediction_values_count", ()] == 700
    assert found["prediction_values_sum", ()] == 14_000
    assert found["prediction_latency_seconds_sum", ("Predict",)] == pytest.approx(0.7)
    assert found["process_cpu_seconds_total", ()] > 0


def test_gauges_become_one_as_the_catalogue_says(two: tuple[State, State]) -> None:
    found, one = shown(merge(two)), shown(two[0])
    assert found["housing_calls_in_flight", ()] == 2
    assert found["housing_queue_depth", ()] == 6
    assert found["housing_build_info", ("1.2.3",)] == 1
    assert found["model_load_time_seconds", ()] == one["model_load_time_seconds", ()] > 0
    for name in ("process_start_time_seconds", "housing_model_generation", "process_max_fds"):
        assert found[name, ()] == one[name, ()]


def test_drift_is_that_of_all_houses_together(two: tuple[State, State]) -> None:
    # Neither has enough alone.
    assert not any(name == DRIFT_PSI for one in two for name, _ in shown(one))
    merged = merge(two)
    found = shown(merged)
    assert found[DRIFT_ROWS, ()] == 700
    live = [700.0] + [0.0] * 10
    training = merged[DRIFT_WINDOW]["RM",][11:]
    assert found[DRIFT_PSI, ("RM",)] == pytest.approx(drift.stability_index(live, training))


def test_while_servers_change_models_the_newest_is_told(
    two: tuple[State, State], forest: Example
) -> None:
    new = new_metrics()
    work(new, go_live(forest.folder, new), 50)
    found = shown(merge([*two, new.state()]))
    models = [labels for name, labels in found if name == "housing_model_info"]
    assert [labels[0] for labels in models] == [forest.digest]
    assert found[DRIFT_ROWS, ()] == 50
    assert found["prediction_values_count", ()] == 750


def test_a_server_without_a_model_yet_hides_no_other(two: tuple[State, State]) -> None:
    found = shown(merge([new_metrics().state(), *two]))
    assert any(name == "housing_model_info" for name, _ in found)
    assert found[DRIFT_ROWS, ()] == 700


def test_what_a_server_that_is_gone_has_counted_stays(two: tuple[State, State]) -> None:
    gone, left = two
    found = shown(merge([retire(gone), left]))
    assert found["grpc_server_handled_total", HANDLED] == 700
    assert found["prediction_values_count", ()] == 700
    assert found["housing_calls_in_flight", ()] == 1
    assert found["housing_queue_depth", ()] == 3
    assert found[DRIFT_ROWS, ()] == 400
    twice = merge([retire(merge([retire(gone), retire(left)])), new_metrics().state()])
    assert shown(twice)["grpc_server_handled_total", HANDLED] == 700


def test_one_state_alone_stays_what_it_is(two: tuple[State, State]) -> None:
    assert merge(two[:1]) == two[0]


def test_a_state_can_be_sent_to_another_process(two: tuple[State, State]) -> None:
    sent = msgspec.msgpack.decode(msgspec.msgpack.encode(two[0]), type=State)
    assert sent == two[0]


def test_every_count_is_in_the_catalogue(two: tuple[State, State]) -> None:
    assert set(two[0]) <= {each.name for each in FAMILIES}
