"""Runs the project's own modules in child processes, with a time budget."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from housing_grpc import log
from housing_grpc.errors import Reason, ServingError

_TRIAL_SECONDS = 60.0

_logger = logging.getLogger(__name__)


class ChildTimeoutError(Exception):
    """The child did not finish within its budget, and was killed."""


class ChildCrashError(Exception):
    """The child ended without an answer."""


def run(module: str, *arguments: str, document: Mapping[str, Any], seconds: float) -> Any:
    """Runs `python -m module` and returns what it prints.

    Args:
        module: A module that answers with one JSON document on standard output.
        *arguments: Its command line; never a secret, which others could read.
        document: Given to it on standard input.
        seconds: Then it is killed, with all that it started.

    Returns:
        The document, or None if it printed nothing and exited with 0.

    Raises:
        ChildTimeoutError: The time is up.
        ChildCrashError: It ended without an answer.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = child.communicate(json.dumps(document).encode(), timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ChildTimeoutError from None
    finally:
        if child.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    if child.returncode == 0 and not out.strip():
        return None
    try:
        return json.loads(out)
    except ValueError:
        last = err.decode(errors="replace").strip().splitlines()[-1:]
        raise ChildCrashError(f"exit code {child.returncode}: {' '.join(last)}") from None


def try_bundle(folder: Path) -> None:
    """Loads a bundle in a child, so that one which crashes does not crash the server.

    Raises:
        ServingError: The bundle cannot be served.
    """
    try:
        refusal = run("housing_grpc.bundle.trial", str(folder), document={}, seconds=_TRIAL_SECONDS)
    except ChildTimeoutError:
        raise ServingError(
            Reason.BUNDLE_FORMAT, f"the bundle was still loading after {_TRIAL_SECONDS:g} s"
        ) from None
    except ChildCrashError as error:
        # What the child said may name files of this machine: it stays in the log.
        log.event(_logger, logging.ERROR, "trial.crashed", error=error)
        raise ServingError(
            Reason.BUNDLE_FORMAT, "the bundle crashed the process that tried it"
        ) from error
    if refusal is not None:
        raise ServingError(Reason(refusal["reason"]), refusal["message"])
