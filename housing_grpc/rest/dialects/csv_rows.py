"""Rows in CSV: the first line names the features."""

import csv
import io
import math
import re
from collections.abc import Iterator

from housing.v1.prediction_pb2 import House

from housing_grpc.rest.dialects import rows
from housing_grpc.rest.dialects.rows import Rows
from housing_grpc.rest.http.errors import Reason, RestError
from housing_grpc.rest.json.faults import MOST, FaultError, shortened

PATH = "rows"

# One way to read each text: with two, a hundred thousand digits and a letter take minutes.
# guard: a number of a table in one pass
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# As pandas and R write what is missing.
_MISSING = frozenset({"", "NA", "NaN", "nan", "null"})


def read(body: bytes, reader: Rows) -> list[House]:
    """Reads houses.

    Args:
        body: UTF-8, values separated by commas.
        reader: Makes houses of columns.

    Raises:
        RestError: It is no such text.
        FaultError: A line cannot be taken.
    """
    unread = _lines(body)
    names = rows.check_columns([name.strip() for name in next(unread, [])])
    lines = reader.allowed(unread)
    faults = []
    found: list[list[float]] = []
    for place, line in enumerate(lines):
        try:
            found.append(_row(line, names))
        except FaultError as error:
            faults += error.under(f"{PATH}[{place}]")
            if len(faults) >= MOST:
                break
    if faults:
        raise FaultError(faults)
    return reader.columns(dict(zip(names, zip(*found, strict=True), strict=True)))


def _lines(body: bytes) -> Iterator[list[str]]:
    try:
        # Spreadsheets begin with the mark.
        text = io.StringIO(body.decode("utf-8-sig"), newline="")
        yield from filter(None, csv.reader(text, strict=True))
    except UnicodeDecodeError as error:
        raise _malformed(f"byte {error.start} is not UTF-8") from None
    except csv.Error as error:
        raise _malformed(str(error)) from None


def _row(line: list[str], names: list[str]) -> list[float]:
    if len(line) != len(names):
        text = f"holds {len(line)} values, and the first line names {len(names)} features"
        raise FaultError.at(Reason.SHAPE_MISMATCH, text)
    faults = []
    found = []
    for cell, name in zip(line, names, strict=True):
        try:
            found.append(_number(cell.strip()))
        except FaultError as error:
            faults += error.under(name)
    if faults:
        raise FaultError(faults)
    return found


def _number(text: str) -> float:
    if text in _MISSING:
        return math.nan
    if not _NUMBER.fullmatch(text):
        fix = "send a number, or nothing where it is missing"
        raise FaultError.at(Reason.JSON_WRONG_TYPE, f"is '{shortened(text)}'; {fix}")
    found = float(text)
    if math.isinf(found):
        raise FaultError.at(Reason.JSON_NOT_FINITE, "is too large; send a finite number")
    return found


def _malformed(text: str) -> RestError:
    return RestError(reason=Reason.JSON_MALFORMED, message=f"the body is no CSV: {text}")
