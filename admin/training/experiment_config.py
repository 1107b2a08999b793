"""Reads which combinations an experiment is to train."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from housing_table.cells import shortened

from .. import models, preprocessing
from ..base import yaml_file
from ..base.discovery import guess
from ..base.errors import UsageError
from ..base.options import bundle_text, column_names
from ..base.parameters import scalar
from ..strategies.strategy import ModelStrategy, PreprocessingStrategy
from .spec import DEFAULT_FOLDS, DEFAULT_SEED, DEFAULT_TEST_SIZE, TrainingSpec, default_data

_KEYS = (
    "data", "accept", "target_unit", "cv", "test_size", "seed", "no_neighbours", "models",
    "preprocessors",
)  # fmt: skip

_NOUNS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}

_NEEDS = "models and preprocessors"

# Each is a training of its own.
_MOST_COMBINATIONS = 10_000
_MOST_SEED = 2**31 - 1

Grid = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ExperimentConfig:
    """What an experiment trains.

    Attributes:
        name: Of the experiment: its file, without the ending.
        specs: One for each combination.
    """

    name: str
    specs: tuple[TrainingSpec, ...]


def load(path: Path) -> ExperimentConfig:
    """Read a YAML file: models and preprocessors, each with values or lists of values to try.

    Args:
        path: The file.

    Raises:
        UsageError: It cannot be read, or a key in it is wrong; the text names the key.
    """
    found = yaml_file.read(path, _NEEDS)
    try:
        return ExperimentConfig(name=path.stem, specs=_specs(found))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def shared(path: Path) -> TrainingSpec:
    """Return what all combinations of a file share, with whatever model, and load none.

    Raises:
        UsageError: The file cannot be read, or a key of these is wrong.
    """
    found = yaml_file.read(path, _NEEDS)
    try:
        return TrainingSpec(**_shared(found))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def _specs(found: Mapping[str, Any]) -> tuple[TrainingSpec, ...]:
    given = _shared(found)
    trained = _section(found, "models", models)
    filled = _section(found, "preprocessors", preprocessing)
    _check_number(len(trained) * len(filled))
    return tuple(
        TrainingSpec(
            model=model,
            params=params,
            preprocessing=preprocessor,
            preprocessing_params=preprocessor_params,
            **given,
        )
        for (model, params), (preprocessor, preprocessor_params) in itertools.product(
            trained, filled
        )
    )


def _shared(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is the same for all combinations."""
    for key in found:
        if key not in _KEYS:
            raise UsageError(
                f"{_shown(key)} is no key{guess(str(key), _KEYS)}; use {', '.join(_KEYS)}"
            )
    data, unit = _get(found, "data", str, None), _get(found, "target_unit", str, None)
    test_size = _get(found, "test_size", float, DEFAULT_TEST_SIZE)
    if not 0 < test_size < 1:
        raise UsageError(f"test_size is {test_size}; give a number between 0 and 1")
    folds = _get(found, "cv", int, DEFAULT_FOLDS)
    if folds < 2:
        raise UsageError(f"cv is {folds}; give 2 or more, for it is what the results are sorted by")
    seed = _get(found, "seed", int, DEFAULT_SEED)
    if not 0 <= seed <= _MOST_SEED:
        raise UsageError(f"seed is {_shown(seed)}; give a whole number from 0 to {_MOST_SEED}")
    return {
        "data": Path(data) if data else default_data(),
        "accept": column_names(_get(found, "accept", str, None), "accept"),
        "target_unit": bundle_text(unit, "target_unit"),
        "cv": folds,
        "test_size": test_size,
        "seed": seed,
        "neighbours": not _get(found, "no_neighbours", bool, False),
    }


def _get(found: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
    value = found.get(key)
    if value is None:
        return default
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # A bool is an int to Python, but not to the person who wrote it.
    if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
        raise UsageError(f"{key} is {_shown(value)}; give {_NOUNS[kind]}")
    return value


def _section(found: Mapping[str, Any], key: str, package: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return each name in `models` or `preprocessors` with each combination of its values."""
    section = found.get(key)
    if isinstance(section, str):
        section = [section]
    if isinstance(section, list):
        section = {str(name): None for name in section}
    if not isinstance(section, Mapping) or not section:
        known = ", ".join(package.names())
        raise UsageError(f"{key} names nothing to try; list some of: {known}")
    combinations = []
    for name, values in section.items():
        try:
            strategy = package.get(str(name))
        except UsageError as error:
            raise UsageError(f"{key}: {error}") from error
        combinations += [(str(name), each) for each in _grid(f"{key}.{name}", strategy, values)]
    return combinations


def _grid(key: str, strategy: ModelStrategy | PreprocessingStrategy, values: Any) -> Grid:
    if values is None:
        return [{}]
    if not isinstance(values, Mapping):
        raise UsageError(f"{key} is {_shown(values)}; give parameters below it, or nothing")
    lists = []
    for name, value in values.items():
        if name not in strategy.defaults:
            known = ", ".join(strategy.defaults) or "none"
            hint = guess(str(name), strategy.defaults)
            raise UsageError(f"{key}.{name} is no parameter{hint}; there are: {known}")
        several = value if isinstance(value, list) else [value]
        if not several or not all(
            each is None or isinstance(each, int | float | str) for each in several
        ):
            raise UsageError(f"{key}.{name} is {_shown(value)}; give a value or a list of values")
        # YAML takes 1e-3 for a text.
        lists.append([scalar(each) if isinstance(each, str) else each for each in several])
    _check_number(math.prod(map(len, lists)))
    return [
        dict(zip(values, combination, strict=True)) for combination in itertools.product(*lists)
    ]


def _check_number(combinations: int) -> None:
    # guard: combinations without end
    if combinations > _MOST_COMBINATIONS:
        raise UsageError(
            f"there are {combinations:,} combinations or more, but at most"
            f" {_MOST_COMBINATIONS:,} are trained; give fewer values"
        )


def _shown(value: object) -> str:
    return shortened(repr(value))
