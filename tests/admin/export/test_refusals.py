import dataclasses
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from admin import models, preprocessing
from admin.base.errors import ExportError, UsageError
from admin.strategies.graph import Tree, Trees
from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.admin.exporting import DOLLARS, FACTS, run, trees_of

Change = Callable[[Trees], Trees]


def nudged_threshold(graph: Trees) -> Trees:
    tree = graph.trees[-1]
    thresholds = tree.threshold.copy()
    thresholds[0] += 0.01
    return dataclasses.replace(
        graph, trees=(*graph.trees[:-1], dataclasses.replace(tree, threshold=thresholds))
    )


def missing_tree(graph: Trees) -> Trees:
    return dataclasses.replace(graph, trees=graph.trees[:-1])


def base_in_cents(graph: Trees) -> Trees:
    return dataclasses.replace(graph, base=graph.base + 2e-4)


def other_side(graph: Trees) -> Trees:
    return dataclasses.replace(graph, inclusive=not graph.inclusive)


def not_a_number(graph: Trees) -> Trees:
    return dataclasses.replace(graph, base=float("nan"))


@pytest.mark.parametrize(
    "change",
    [nudged_threshold, missing_tree, base_in_cents, other_side, not_a_number],
    ids=lambda change: change.__name__,
)
def test_a_wrong_graph_is_refused_and_nothing_is_left(tmp_path: Path, change: Change) -> None:
    model = models.get("xgboost")
    wrong = dataclasses.replace(model, graph=lambda fitted: change(trees_of(model, fitted)))
    with pytest.raises(ExportError, match=r"^house-prices: the bundle") as caught:
        run(tmp_path / "bundle", wrong)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def too_deep(graph: Trees) -> Trees:
    splits = np.arange(5000)
    leaves = np.full(5001, -1)
    chain = Tree(
        feature=np.zeros(10_001, np.int64),
        threshold=np.zeros(10_001),
        left=np.concatenate([splits[1:], [10_000], leaves]),
        right=np.concatenate([splits + 5000, leaves]),
        value=np.zeros(10_001),
    )
    return dataclasses.replace(graph, trees=(*graph.trees, chain))


def circle(graph: Trees) -> Trees:
    ring = Tree(
        feature=np.zeros(3, np.int64),
        threshold=np.zeros(3),
        left=np.array([1, 0, -1]),
        right=np.array([2, 2, -1]),
        value=np.zeros(3),
    )
    return dataclasses.replace(graph, trees=(*graph.trees, ring))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (too_deep, r"a tree of more than 4096 levels \(limit its depth\)"),
        (circle, "a node with two parents"),
    ],
    ids=["too deep", "circle"],
)
def test_what_no_server_takes_is_refused_here(tmp_path: Path, change: Change, text: str) -> None:
    model = models.get("xgboost")
    wrong = dataclasses.replace(model, graph=lambda fitted: change(trees_of(model, fitted)))
    with pytest.raises(ExportError, match=f"the bundle cannot be used: model.trees: holds {text}"):
        run(tmp_path / "bundle", wrong)
    assert list(tmp_path.iterdir()) == []


def test_what_is_larger_than_servers_take_is_refused_here(tmp_path: Path) -> None:
    run(tmp_path / "small", max_bytes=20_000)
    with pytest.raises(ExportError, match="the bundle is larger than MAX_BUNDLE_BYTES=2000; raise"):
        run(tmp_path / "large", "xgboost", max_bytes=2000)
    assert [each.name for each in tmp_path.iterdir()] == ["small"]


Described = dict[str, Any]


def other_median(found: Described) -> None:
    found["values"][FEATURE_NAMES.index("CRIM")] += 0.01


def other_neighbours(found: Described) -> None:
    found["neighbors"] += 1


def other_house(found: Described) -> None:
    found["rows"].pop()


def no_last_step(found: Described) -> None:
    found["steps"].pop()


def limited(found: Described) -> None:
    found["minimum"] = [0.0] * 13


@pytest.mark.parametrize(
    ("filling", "change"),
    [
        ("v1_median", other_median),
        ("v2_knn", other_neighbours),
        ("v2_knn", other_house),
        ("v3_iterative", no_last_step),
        ("v3_iterative", limited),
    ],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_a_wrong_imputer_is_refused_and_nothing_is_left(
    tmp_path: Path, filling: str, change: Callable[[Described], None]
) -> None:
    strategy = preprocessing.get(filling)

    def describe(fitted: object) -> Described:
        found = strategy.describe(fitted)
        change(found)
        return found

    with pytest.raises(ExportError, match="the bundle"):
        run(tmp_path / "bundle", filling=dataclasses.replace(strategy, describe=describe))
    assert list(tmp_path.iterdir()) == []


def test_the_refusal_says_how_far_off_it_is_and_what_helps(tmp_path: Path) -> None:
    model = models.get("gradient_boost")

    def wrong(fitted: object) -> Trees:
        graph = trees_of(model, fitted)
        leaning = dataclasses.replace(graph.trees[0], value=graph.trees[0].value + 0.35)
        return dataclasses.replace(graph, trees=(leaning, *graph.trees[1:]))

    with pytest.raises(ExportError) as caught:
        run(tmp_path / "bundle", dataclasses.replace(model, graph=wrong))
    text = str(caught.value)
    assert "off by up to 0.35 on " in text
    assert "0.0001 is allowed" in text
    assert "train fewer trees with a larger learning rate" in text


def test_a_dollar_is_too_much_in_dollars_too(tmp_path: Path) -> None:
    model = models.get("xgboost")

    def wrong(fitted: object) -> Trees:
        graph = trees_of(model, fitted)
        return dataclasses.replace(graph, base=graph.base + 0.2)

    with pytest.raises(ExportError):
        run(tmp_path / "bundle", dataclasses.replace(model, graph=wrong), dataset=DOLLARS)


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_is_there_already_is_kept(tmp_path: Path, what: str) -> None:
    there = tmp_path / "bundle"
    there.mkdir() if what == "folder" else there.write_text("mine")
    with pytest.raises(UsageError, match="bundle is there already; name a folder that is not"):
        run(there)
    assert there.is_dir() if what == "folder" else there.read_text() == "mine"


def test_a_place_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot be written: .*; name another folder"):
        run(tmp_path / "file" / "bundle")


def test_a_time_without_zone_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    naive = dataclasses.replace(FACTS, trained_at=datetime(2026, 1, 2))  # noqa: DTZ001 - the point
    with pytest.raises(ExportError, match="trained_at has no time zone"):
        run(tmp_path / "bundle", facts=naive)
    assert list(tmp_path.iterdir()) == []
