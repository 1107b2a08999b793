"""Says what to type to train the model of a run once more, which gives the same numbers."""

import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path

from mlflow.entities import Run

from ..training.spec import default_data

_PARTS = {"--params": "model.", "--preprocessor_params": "preprocessing."}


def training_command(run: Run) -> str:
    """Return the command that trains what a run trained, and registers it.

    Args:
        run: With the parameters of a training.
    """
    params, tags = run.data.params, run.data.tags
    flags = {"--model": params["model"], "--preprocessor": params.get("preprocessing", "")}
    for flag, prefix in _PARTS.items():
        flags[flag] = ",".join(
            f"{name.removeprefix(prefix)}={value}"
            for name, value in params.items()
            if name.startswith(prefix)
        )
    flags |= {f"--{name}": params.get(name, "") for name in ("seed", "test_size")}
    folds = params.get("cv_folds", "0")
    flags["--cv"] = "" if folds == "0" else folds
    flags["--accept"] = params.get("accept", "")
    flags |= _data(tags)
    typed = [f"{flag} {shlex.quote(value)}" for flag, value in flags.items() if value]
    return " ".join(("housing-admin train", *typed, "--register"))


def _data(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the flags for the data, unless it is what is trained on without them."""
    usual = default_data()
    if usual.is_file() and _digest(usual) == tags.get("data_digest"):
        return {}
    # Where the file is, a run does not say.
    file = tags.get("data_file") or "FILE.csv"
    return {"--data": f".../{file}", "--target_unit": tags.get("target_unit", "")}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
