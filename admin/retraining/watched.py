"""Reads from a server's metrics how far houses have drifted, and how good its prices were."""

import http
import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import requests
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from housing_grpc.registry.http_deadline import AdapterWithDeadline
from housing_grpc.registry.location import without_password

from ..base.errors import ServerError, UsageError

_DRIFT = "housing_feature_drift_psi"
_SKILL = "housing_live_skill"
_SECONDS = 10.0
_MOST_BYTES = 16 * 2**20
_PART_BYTES = 2**16
_SCHEMES = ("http://", "https://")
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
    if not url.startswith(_SCHEMES):
        raise UsageError(
            f"--metrics: {without_password(url)!r} is no address; give one such as"
            " http://localhost:9464/metrics"
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
    end = time.monotonic() + _SECONDS
    try:
        with requests.Session() as session:
            # No proxy: a server's metrics are near.
            session.trust_env = False
            for scheme in _SCHEMES:
                # guard: the time of metrics
                session.mount(scheme, AdapterWithDeadline(end, Retry(0, redirect=0)))
            found = _read(session, url).decode(errors="replace")
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        raise ServerError(
            f"the metrics at {without_password(url)} cannot be read: {_reason(error)}; check that"
            " the server runs with METRICS_ENABLED, and --metrics"
        ) from error
    if "housing_" not in found:
        raise ServerError(f"{without_password(url)} has no metrics of this server; check --metrics")
    return found


def _read(session: requests.Session, url: str) -> bytes:
    content = bytearray()
    with session.get(
        url,
        headers={"Accept-Encoding": "identity"},
        timeout=_SECONDS,
        stream=True,
        # Whoever answers would choose whom this machine asks.
        # guard: redirects of metrics
        allow_redirects=False,
    ) as answer:
        if answer.status_code != http.HTTPStatus.OK:
            raise ValueError(f"HTTP {answer.status_code}")
        while (part := answer.raw.read1(_PART_BYTES)) and len(content) < _MOST_BYTES:
            content += part
    return bytes(content)


def _reason(error: Exception) -> str:
    return str(error) if type(error) is ValueError else type(error).__name__


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
