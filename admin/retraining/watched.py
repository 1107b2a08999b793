"""Reads from a server's metrics how far houses have drifted, and how good its prices were."""

import http.client
import math
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

from ..base.errors import ServerError, UsageError

_DRIFT = "housing_feature_drift_psi"
_SKILL = "housing_live_skill"
_SECONDS = 10.0
_MOST_BYTES = 16 * 2**20
_LINE = re.compile(r'(\w+)\{(\w+)="([^"]*)"\} (\S+)', re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What a server says.

    Attributes:
        drift: Largest population stability index of a feature; None if none is known.
        drifted: That feature, or "".
        skill: RMSE of what was sold over that of the training; None if it is not known.
    """

    drift: float | None = None
    drifted: str = ""
    skill: float | None = None


def read(url: str, version: int) -> Watched:
    """Return what a server says of a version.

    Args:
        url: Of its metrics.
        version: That is promoted.

    Raises:
        UsageError: It is no address of metrics.
        ServerError: Nobody answers there, or somebody else.
    """
    if not url.startswith(("http://", "https://")):
        raise UsageError(
            f"--metrics: {url!r} is no address; give one such as http://localhost:9464/metrics"
        )
    text = _text(url)
    drift = dict(_values(text, _DRIFT))
    skills = {name: value for value, name in _values(text, _SKILL)}
    largest = max(drift, default=None)
    return Watched(
        drift=largest,
        drifted="" if largest is None else drift[largest],
        skill=skills.get(str(version)),
    )


def _text(url: str) -> str:
    # No proxy: a server's metrics are near.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_SECONDS) as answer:
            found: str = answer.read(_MOST_BYTES).decode(errors="replace")
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise ServerError(
            f"the metrics at {url} cannot be read: {reason}; check that the server runs with"
            " METRICS_ENABLED, and --metrics"
        ) from error
    if "housing_" not in found:
        raise ServerError(f"{url} has no metrics of this server; check --metrics")
    return found


def _values(text: str, wanted: str) -> Iterator[tuple[float, str]]:
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None or match[1] != wanted:
            continue
        try:
            value = float(match[4])
        except ValueError:
            continue
        if math.isfinite(value):
            yield value, match[3]
