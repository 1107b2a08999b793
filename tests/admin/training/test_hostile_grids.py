"""Grids that are made to hurt whoever trains them: each is refused, in one short line."""

import os
from pathlib import Path

import pytest

from admin.base.errors import UsageError
from admin.training import experiment_config

REST = "models: [linear]\npreprocessors: [v1_median]\n"
MANY = list(range(1, 200))
TREES, NEAR = f"{{n_estimators: {MANY}}}", f"{{n_neighbors: {MANY}}}"


def laughs(key: str) -> str:
    """Returns a list of lists of lists, each ten times in the next: a billion values."""
    lists = "&a0 [" + ",".join("x" * 10) + "]"
    for number in range(1, 10):
        lists = f"&a{number} [{lists}{f',*a{number - 1}' * 9}]"
    return f"{key}: {lists}\n"


GRIDS = {
    "a billion laughs": (laughs("seed") + REST, r"line 1: an alias \(\*name\) is not read here"),
    "among the models": (laughs("models"), r"line 1: an alias \(\*name\) is not read here"),
    "of itself": ("models: &a [*a]\n", r"line 1: an alias \(\*name\) is not read here"),
    "merged": ("a: &a {x: 1}\nb: {<<: [*a, *a]}\n", r"line 2: an alias \(\*name\) is not read"),
    "deep": (f"models: {'[' * 50_000}{']' * 50_000}\n", "it is nested too deeply"),
    "a long number": (f"seed: {'1' * 5000}\n{REST}", "a value cannot be read"),
    "no date": (f"seed: 2020-99-99\n{REST}", "a value cannot be read"),
    "a large seed": (f"seed: {10**12}\n{REST}", "seed is 1000000000000; give a whole"),
    "a long value": (f"cv: {'x' * 100_000}\n{REST}", "cv is 'xxx"),
    "a long key": (f"? {'x' * 100_000}\n: 1\n{REST}", "'xxx"),
    "an object": (f"seed: !!python/name:os.system x\n{REST}", "could not determine a constructor"),
    "16 bits": ("\ufeff" + REST * 1, "is not UTF-8"),
    "combinations of one model": (
        f"models: {{xgboost: {{n_estimators: {MANY}, max_depth: {MANY}}}}}\n",
        "there are 39,601 combinations or more, but at most 10,000 are trained",
    ),
    "combinations of both": (
        f"models: {{xgboost: {TREES}}}\npreprocessors: {{v2_knn: {NEAR}}}\n",
        "there are 39,601 combinations or more, but at most 10,000 are trained",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), GRIDS.values(), ids=GRIDS)
def test_a_grid_that_is_made_to_hurt(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "grid.yaml"
    file.write_bytes(text.encode("utf-16" if text.startswith("\ufeff") else "utf-8"))
    with pytest.raises(UsageError, match=message) as caught:
        experiment_config.load(file)
    assert len(str(caught.value)) < 500


@pytest.mark.timeout(60)
def test_what_is_no_plain_file_or_too_large(tmp_path: Path) -> None:
    pipe, large = tmp_path / "pipe", tmp_path / "large"
    os.mkfifo(pipe)
    with large.open("wb") as file:
        file.truncate(2**40)
    for path, text in ((pipe, "not a plain file"), (large, "larger than"), ("/dev/zero", "plain")):
        with pytest.raises(UsageError, match=text):
            experiment_config.load(Path(path))
