"""Says what to type to train the model of a run once more, which gives the same numbers."""

import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path

from ..training.spec import default_data
from .records import Run
from .tags import DATA_FILE_TAG, DATA_PATH_TAG

_PARTS = {"--params": "model.", "--preprocessor_params": "preprocessing."}
_DIGITS = 12


def training_command(run: Run) -> str:
    """Return the command that trains what a run trained, and registers it, in words.

    It works as it is printed, in the working folder, as long as the data is where it was, or here.

    Args:
        run: With the parameters of a training.
    """
    params = run.params
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
    data, words = _data(run.tags)
    typed = [f"{flag} {shlex.quote(value)}" for flag, value in (flags | data).items() if value]
    if params.get("no_neighbours"):
        typed.append("--no_neighbours")
    return f"{words}: {' '.join(('housing-admin train', *typed, '--register'))}"


def data_file(tags: Mapping[str, str]) -> Path | None:
    """Return the file that a run was trained on, or None if it is not here.

    Args:
        tags: Of the run.
    """
    digest, name = tags.get("data_digest", ""), tags.get(DATA_FILE_TAG, "FILE.csv")
    places = (default_data(), Path(tags.get(DATA_PATH_TAG, name)), Path(name))
    return next((file for file in places if _is(file, digest)), None)


def _data(tags: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return the flags for the data, none if it is trained on without them, and what to do."""
    digest, name = tags.get("data_digest", ""), tags.get(DATA_FILE_TAG, "FILE.csv")
    unit = {"--target_unit": tags.get("target_unit", "")}
    if _is(default_data(), digest):
        return {}, "train and register the same model with"
    file = data_file(tags)
    if file is not None:
        return {"--data": _shown(file), **unit}, "train and register the same model with"
    words = (
        f"its data, {name} with the SHA-256 {digest[:_DIGITS]}..., is not where it was; train and"
        " register the same model, once --data names that file, with"
    )
    return {"--data": f".../{name}", **unit}, words


def _is(file: Path, digest: str) -> bool:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest() == digest
    except OSError:
        return False


def _shown(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
