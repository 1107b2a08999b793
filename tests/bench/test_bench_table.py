"""The table of measured figures."""

from pathlib import Path

from bench import results, table
from bench.results import Figure


def test_a_figure_stands_beside_its_goal_and_says_whether_it_was_reached(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results.record(
        "blanks",
        {"v1_median p50": Figure(value=1.05, low=1.0, high=1.1), "v2_knn p50": Figure(value=1.6)},
        path=path,
    )

    text = table.render(results.load(path))
    missed, _, reached = text.partition("Reached")

    row = "a row with two missing values ÷ a complete one"
    assert text.startswith("1 of 2 goals are reached. Missed:")
    assert f"| {row}: v2_knn | ≤ 1.5 | 1.6 |" in missed.splitlines()
    assert f"| {row}: v1_median | ≤ 1.1 | 1.05 (1 to 1.1) |" in reached.splitlines()
    day = results.load(path).parts["blanks"].measured[:10]
    assert f": {day} `blanks`." in reached


def test_of_a_peers_ways_to_run_the_best_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    ratios = {"batching off": 7.0, "batching on": 5.0}
    results.record(
        "peers",
        {f"xgboost mlserver, {way} ratio": Figure(value=v) for way, v in ratios.items()},
        path=path,
    )

    assert "xgboost | ≥ 4.5 | 5 |" in table.render(results.load(path))


def test_a_measurement_leaves_the_figures_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results.record("one", {"a": Figure(value=1.0)}, path=path)
    results.record("two", {"b": Figure(value=123456.0)}, path=path)

    found = results.load(path)

    assert found.parts["one"].figures == {"a": Figure(value=1.0)}
    assert found.parts["two"].figures == {"b": Figure(value=123500.0)}
