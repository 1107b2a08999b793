"""Trains one model."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import options
from ..base.options import Text
from ..base.parameters import parse
from ..base.settings import Settings
from ..terminal.console import Console
from ..training.spec import (
    BUNDLE_FORMAT,
    DEFAULT_FOLDS,
    DEFAULT_MODEL,
    DEFAULT_PREPROCESSING,
    DEFAULT_SEED,
    DEFAULT_TEST_SIZE,
    TrainingSpec,
    default_data,
)
from .mlflow_session import open_mlflow
from .models import text

if TYPE_CHECKING:
    from ..data.dataset import Dataset
    from ..jobs.train import Trained

_METRICS = ("rmse", "mae", "r2", "mape")


def run(console: Console, settings: Settings, **flags: Text) -> None:
    """Train, and register if asked to; at a terminal, without a flag, ask what.

    Args:
        console: Where the scores go.
        settings: Where MLflow is.
        **flags: As for `spec_of`; and `register`, whether the run becomes a version of the
            registered model.
    """
    if console.interactive and not any(flags.values()):
        flags = _asked(console)
    wanted = options.flag(flags.pop("register", None), "--register")
    spec = spec_of(**flags)
    # Whatever can be refused is, before what takes seconds is loaded: first scikit-learn, which
    # knows what parameters may be, and then MLflow.
    dataset = load_data(spec)
    with console.busy("Loading scikit-learn ..."):
        from ..training.pipeline import complete
    spec = complete(spec)
    with open_mlflow(console, settings) as client:
        with console.busy("Loading scikit-learn ..."):
            from ..jobs.train import steps, train
            from ..tracking.registry import register as register_run
        with console.steps(steps(spec), spec.title) as step:
            trained = train(client, settings, spec, dataset=dataset, step=step)
        run_id = trained.bundle.run_id
        made = register_run(client, settings.location, run_id) if wanted else None
    show(console, trained)
    if made is not None:
        console.show(f"Registered as version {made.version} of {settings.location.model_name}.")
        console.show(f"To serve it: housing-admin promote {made.version}")
    else:
        console.show(f"To register it: housing-admin register {run_id}")
    console.give(_document(trained) | {"version": text(made.version if made else None)})


def spec_of(
    *,
    model: Text = None,
    preprocessor: Text = None,
    data: Text = None,
    accept: Text = None,
    cv: Text = None,
    params: Text = None,
    preprocessor_params: Text = None,
    seed: Text = None,
    test_size: Text = None,
    target_unit: Text = None,
    bundle_format: Text = None,
    no_neighbours: Text = None,
) -> TrainingSpec:
    """Return what the flags ask for; a flag that is None leaves the default.

    Raises:
        UsageError: A flag is wrong.
    """
    share = options.share(test_size, "--test_size")
    chosen = options.whole(seed, "--seed", low=0, high=2**32 - 1)
    file = options.given(data, "--data")
    layout = options.whole(bundle_format, "--bundle_format", low=1, high=BUNDLE_FORMAT)
    spec = TrainingSpec(
        model=options.given(model, "--model") or DEFAULT_MODEL,
        preprocessing=options.given(preprocessor, "--preprocessor") or DEFAULT_PREPROCESSING,
        params=parse(options.given(params, "--params") or "", "--params"),
        preprocessing_params=parse(
            options.given(preprocessor_params, "--preprocessor_params") or "",
            "--preprocessor_params",
        ),
        data=Path(file) if file else default_data(),
        accept=options.column_names(accept, "--accept"),
        target_unit=options.bundle_text(
            options.given(target_unit, "--target_unit"), "--target_unit"
        ),
        seed=DEFAULT_SEED if chosen is None else chosen,
        cv=_folds(cv),
        test_size=DEFAULT_TEST_SIZE if share is None else share,
        bundle_format=BUNDLE_FORMAT if layout is None else layout,
        neighbours=not options.flag(no_neighbours or False, "--no_neighbours"),
    )
    # What can be seen without what takes seconds to load.
    from .. import models, preprocessing

    models.require(spec.model)
    preprocessing.require(spec.preprocessing)
    return spec


def load_data(spec: TrainingSpec) -> "Dataset":
    """Load the data of a specification.

    Raises:
        DataError: It cannot be used.
    """
    from ..data import dataset

    return dataset.load(spec.data, target_unit=spec.target_unit, accept=spec.accept)


def show(console: Console, trained: "Trained") -> None:
    """Show what a training came to."""
    evaluation = trained.evaluation
    for warning in evaluation.warnings:
        console.say(f"warning: {warning}")
    found = evaluation.metrics
    rows = [(name, _number(found.get(name)), _spread(found, name)) for name in _METRICS]
    title = f"{evaluation.spec.title}, {evaluation.rows} houses, errors in {evaluation.target_unit}"
    folds = evaluation.spec.cv
    columns = ("score", "hold-out", f"{folds} folds" if folds else "folds")
    console.table(columns, rows, title=title)
    if trained.bundle.intervals is not None:
        console.show(trained.bundle.intervals.described)
    console.show(f"Run {trained.bundle.run_id}, bundle {trained.bundle.digest[:12]}")


def _asked(console: Console) -> dict[str, Text]:
    with console.busy("Loading scikit-learn ..."):
        from ..terminal import wizard
    flags = wizard.ask()
    console.say(f"The same without questions: {wizard.command(flags)}")
    return flags


def _document(trained: "Trained") -> dict[str, Any]:
    spec = trained.evaluation.spec
    return {
        "run_id": trained.bundle.run_id,
        "bundle_digest": trained.bundle.digest,
        "largest_gap": trained.bundle.largest_gap,
        "interval": trained.bundle.intervals.metrics if trained.bundle.intervals else None,
        "model_type": spec.model,
        "preprocessing": spec.preprocessing,
        "params": spec.params,
        "preprocessing_params": spec.preprocessing_params,
        "seed": spec.seed,
        "metrics": trained.evaluation.metrics,
        "target_unit": trained.evaluation.target_unit,
        "data_digest": trained.evaluation.data_digest,
        "warnings": trained.evaluation.warnings,
    }


def _folds(text: Text) -> int | None:
    if text in ("False", "0", "1"):
        return None
    return DEFAULT_FOLDS if text == "True" else options.whole(text, "--cv", low=2)


def _spread(found: dict[str, float], name: str) -> str:
    mean, std = found.get(f"cv_{name}"), found.get(f"cv_{name}_std")
    return f"{_number(mean)} ± {_number(std)}" if mean is not None else "-"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
