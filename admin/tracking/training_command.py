"""Says what to type to train the model of a run once more, which gives the same numbers."""

import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path

from housing_grpc.bundle import small_file

from ..base.errors import UsageError
from ..data.table import MOST_BYTES
from ..training.spec import default_data
from .records import Run
from .tags import DATA_FILE_TAG, DATA_PATH_TAG

_PARTS = {"--params": "model.", "--preprocessor_params": "preprocessing."}
_DIGITS = 12
_A_FILE = "FILE.csv"


def training_command(run: Run) -> str:
    """Return the command that trains what a run trained, and registers it, in words.

    It works as it is printed, in the working folder, as long as the data is where it was, or here.

    Args:
        run: With the parameters of a training.
    """
    data, words = _data(run.tags)
    return f"{words}: {typed(run.params, data)}"


def typed(params: Mapping[str, str], data: Mapping[str, str]) -> str:
    """Return the command that trains with some parameters.

    Args:
        params: Of a training, by the name that they are logged under.
        data: Flags for the data, none for the shipped one.
    """
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
    given = [f"{flag} {shlex.quote(value)}" for flag, value in {**flags, **data}.items() if value]
    if params.get("no_neighbours"):
        given.append("--no_neighbours")
    return " ".join(("housing-admin train", *given, "--register"))


def _data(tags: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return the flags for the data, none if it is trained on without them, and what to do."""
    digest, name = tags.get("data_digest", ""), tags.get(DATA_FILE_TAG, _A_FILE)
    unit = {"--target_unit": tags.get("target_unit", "")}
    file = data_file(digest, tags)
    if file is not None:
        given = {} if file == default_data() else {"--data": _shown(file), **unit}
        return given, "train and register the same model with"
    words = (
        f"its data, {name} with the SHA-256 {digest[:_DIGITS]}..., is not where it was; train and"
        " register the same model, once --data names that file, with"
    )
    return {"--data": f".../{name}", **unit}, words


def data_file(digest: str, tags: Mapping[str, str]) -> Path | None:
    """Return the file that a run was trained on: the shipped one, or where it was, or here.

    Args:
        digest: SHA-256 of it.
        tags: Of the run.

    Returns:
        None if none of these has the digest.
    """
    name = tags.get(DATA_FILE_TAG, _A_FILE)
    places = (default_data(), Path(tags.get(DATA_PATH_TAG, name)), Path(name))
    return next((file for file in places if is_file(file, digest)), None)


def given_file(file: Path, digest: str, number: int) -> Path:
    """Return a file that is named as what a version was trained on.

    Args:
        file: As it is given.
        digest: SHA-256 of what it was trained on.
        number: Of the version.

    Raises:
        UsageError: It is another one.
    """
    if not is_file(file, digest):
        raise UsageError(
            f"--data: {file} is not what version {number} was trained on, whose SHA-256 begins with"
            f" {digest[:_DIGITS]}"
        )
    return file


def is_file(file: Path, digest: str) -> bool:
    """Return whether a file is there and has a digest."""
    return sha256_of(file) == digest


def sha256_of(file: Path) -> str | None:
    """Return the SHA-256 of a file in hexadecimal, or None if it cannot be read."""
    try:
        # A registry may name anything: what is no plain file, or has no end, is no data.
        return hashlib.sha256(small_file.read(file, MOST_BYTES)).hexdigest()
    except (OSError, ValueError):
        return None


def _shown(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
