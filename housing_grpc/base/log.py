"""Structured logs on standard error: an event and its fields, one line each."""

import json
import logging
import sys
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

Format = Literal["text", "json"]

ROOT = "housing_grpc"


def configure(level: str, style: Format, **always: object) -> None:
    """Sends the project's logs to standard error in the given style.

    Args:
        level: Least level to log.
        style: For people or for collectors.
        **always: Fields of every line.
    """
    handler = logging.StreamHandler(sys.stderr)
    if always:
        handler.addFilter(partial(_add, always))
    handler.setFormatter(_JsonFormatter() if style == "json" else _TextFormatter())
    logger = logging.getLogger(ROOT)
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


def event(
    logger: logging.Logger,
    level: int,
    name: str,
    *,
    error: BaseException | None = None,
    **fields: object,
) -> None:
    """Logs an event such as "model.live" with its fields.

    Args:
        logger: The module's own logger.
        level: One of the levels of the logging module.
        name: What happened.
        error: Logged with its stack trace.
        **fields: What to know about it; never a feature value, a key or a path.
    """
    logger.log(level, name, extra={"fields": fields}, exc_info=error)


def _add(always: dict[str, object], record: logging.LogRecord) -> bool:
    record.fields = {**_fields(record), **always}
    return True


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{key}={_plain(value)}" for key, value in _fields(record).items())
        message = _shown(record.getMessage())
        line = f"{_time(record)} {record.levelname} {message} {fields}".rstrip()
        if not record.exc_info:
            return line
        return "\n".join((line, *map(_shown, self.formatException(record.exc_info).split("\n"))))


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(text: str) -> str:
    # A library's message, or an error's, may hold what a caller sent.
    return text if text.isprintable() else json.dumps(text)[1:-1]


def _plain(value: object) -> str:
    text = str(value)
    plain = text.isprintable() and not any(c in text for c in ' "=')
    return text if text and plain else json.dumps(text)
