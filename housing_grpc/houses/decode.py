"""From the bytes of a request to rows, and to what is asked of them.

Rows that are written as every protobuf library writes them, without options, are read in C, without
a message for each; all others, and all where the extension was not built, by protobuf's parser.
Both give the same rows.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from operator import attrgetter

import msgspec
import numpy as np
from housing.v1 import prediction_pb2 as pb

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.bundle import extension
from housing_grpc.bundle.arrays import Rows
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses import row_limit, wire_scan
from housing_grpc.houses.options import NO_OPTIONS, RECEIPT_ONLY, Options

_WIDTH = len(FEATURE_NAMES)
_ALL = tuple(range(_WIDTH))
_ITEMS = (1,)
_ROWS_ITEMS = (2, 1)
_MATRIX: wire_scan.Nested = {3: {}}
# Of so many, the first that is unknown is told.
_MOST_NAMES = 1000

# The field of House for each place in a row. The JSON name is the dataset's own.
_NAMES = {field.json_name: field.name for field in pb.House.DESCRIPTOR.fields}
FIELDS = [_NAMES[name] for name in FEATURE_NAMES]
_values = attrgetter(*FIELDS)

# The fields of a chunk of rows, by their tags.
_chunk = pb.PredictStreamRequest.DESCRIPTOR.fields_by_name
_SEQUENCE = wire_scan.tag(_chunk["sequence"].number, wire_scan.VARINT)
_PIN = wire_scan.tag(_chunk["pin_model"].number, wire_scan.VARINT)
_ROWS = wire_scan.tag(_chunk["rows"].number, wire_scan.LENGTH_DELIMITED)
_RECEIPT = wire_scan.tag(_chunk["receipt"].number, wire_scan.VARINT)
_MOST = {_SEQUENCE: 2**64 - 1, _PIN: 1, _RECEIPT: 1}

# Of a PredictRequest and of a PredictBatchRequest: the field that comes last, after the houses.
_ASKS_RECEIPT = (
    bytes(
        [
            wire_scan.tag(
                pb.PredictRequest.DESCRIPTOR.fields_by_name["receipt"].number, wire_scan.VARINT
            )
        ]
    )
    + b"\1"
)

# The extension counts fields from 1, in the order of FEATURES.
_IN_ORDER = [pb.House.DESCRIPTOR.fields_by_name[name].number for name in FIELDS] == list(
    range(1, _WIDTH + 1)
)


class HouseRequest(msgspec.Struct, frozen=True):  # Made for every call: quicker than a dataclass.
    """A PredictRequest.

    Attributes:
        row: The house: float64, one for each feature, NaN where a value is missing.
        options: What is asked besides its price.
        routing_key: Decides which of two models answers, unless it is empty.
    """

    row: bytes
    options: Options = NO_OPTIONS
    routing_key: str = ""


class BatchRequest(msgspec.Struct, frozen=True):
    """A PredictBatchRequest.

    Attributes:
        rows: The houses.
        options: What is asked besides prices.
        routing_key: As of a HouseRequest.
    """

    rows: Rows
    options: Options = NO_OPTIONS
    routing_key: str = ""


class Chunk(msgspec.Struct, frozen=True):
    """A PredictStreamRequest.

    Attributes:
        sequence: Chosen by the caller.
        pin_model: Whether all chunks are to be answered by one model.
        rows: The houses.
        as_matrix: Whether they came as numbers, and prices are to go back as numbers.
        options: What is asked besides prices; only those of a stream's first chunk count.
        routing_key: As of a HouseRequest; only that of a stream's first chunk counts.
    """

    sequence: int
    pin_model: bool
    rows: Rows
    as_matrix: bool
    options: Options = NO_OPTIONS
    routing_key: str = ""


def read_house(data: bytes) -> HouseRequest:
    """Reads a PredictRequest.

    Raises:
        DecodeError: The bytes are none.
    """
    # It is written as a list of one row is.
    row, options = _plain_request(data, 1)
    if not row:
        message = pb.PredictRequest.FromString(data)
        row = _rows([message.house]).tobytes()
        return HouseRequest(row, _options(message), message.routing_key)
    return HouseRequest(row, options)


def read_batch(data: bytes, most: int) -> BatchRequest:
    """Reads a PredictBatchRequest of so many houses at most.

    Raises:
        DecodeError: The bytes are none.
        ServingError: EMPTY_BATCH or BATCH_TOO_LARGE.
    """
    plain, options = _plain_request(data, most)
    routing_key = ""
    if plain is not None:
        rows = rows_of(plain)
    else:
        # guard: rows are counted before they are parsed
        row_limit.check_bytes(data, _ITEMS, most, "items")
        message = pb.PredictBatchRequest.FromString(data)
        rows, options = _rows(message.items), _options(message)
        routing_key = message.routing_key
    row_limit.check(len(rows), most, "items")
    return BatchRequest(rows, options, routing_key)


def read_chunk(data: bytes, most: int) -> Chunk:
    """Reads a PredictStreamRequest of so many houses at most.

    Raises:
        DecodeError: The bytes are none.
        ServingError: EMPTY_BATCH, BATCH_TOO_LARGE, UNKNOWN_FEATURE or SHAPE_MISMATCH.
    """
    chunk = _plain_chunk(data, most)
    if chunk is None:
        row_limit.check_bytes(data, _ROWS_ITEMS, most, "rows.items")
        # An empty name takes two bytes, too.
        # guard: the names of a matrix are counted before they are parsed
        if wire_scan.holds_more(data, _MATRIX, _MOST_NAMES):
            raise _wrong_features(f"holds more than {_MOST_NAMES} names")
        message = pb.PredictStreamRequest.FromString(data)
        as_matrix = message.WhichOneof("payload") == "matrix"
        rows = _matrix_rows(message.matrix, most) if as_matrix else _rows(message.rows.items)
        options = _options(message, intervals=message.intervals)
        chunk = Chunk(
            message.sequence, message.pin_model, rows, as_matrix, options, message.routing_key
        )
    row_limit.check(len(chunk.rows), most, "matrix.values" if chunk.as_matrix else "rows.items")
    return chunk


def rows_of(data: bytes) -> Rows:
    """Returns houses of their bytes, shape (n, features)."""
    return np.frombuffer(data).reshape(-1, _WIDTH)


def _plain_request(data: bytes, most: int) -> tuple[bytes | None, Options]:
    """Reads houses that nothing is asked of but their prices, or these and receipts."""
    if data.endswith(_ASKS_RECEIPT):
        rows = _plain_rows(data[: -len(_ASKS_RECEIPT)], most)
        if rows is not None:
            return rows, RECEIPT_ONLY
    return _plain_rows(data, most), NO_OPTIONS


def _plain_rows(data: bytes | memoryview, most: int) -> bytes | None:
    if extension.read_rows is None or not _IN_ORDER:
        return None
    return extension.read_rows(data, _WIDTH, most)


def _plain_chunk(data: bytes, most: int) -> Chunk | None:
    """Reads a chunk of rows, each field of which is there at most once."""
    found, rows, position = dict.fromkeys(_MOST, 0), None, 0
    try:
        while position < len(data):
            tag, start = data[position], position + 1
            value, position = wire_scan.varint(data, start)
            if not wire_scan.shortest(data, start, position):
                return None
            if tag == _ROWS and rows is None and position + value <= len(data):
                rows = _plain_rows(memoryview(data)[position : position + value], most)
                position += value
                if rows is None:
                    return None
            elif found.get(tag) == 0 and value <= _MOST[tag]:
                found[tag] = value
            else:
                return None
    except IndexError:  # A number does not end.
        return None
    if rows is None:
        return None
    options = RECEIPT_ONLY if found[_RECEIPT] else NO_OPTIONS
    return Chunk(found[_SEQUENCE], bool(found[_PIN]), rows_of(rows), False, options)


def _options(
    message: pb.PredictRequest | pb.PredictBatchRequest | pb.PredictStreamRequest,
    *,
    intervals: bool = False,
) -> Options:
    against = message.HasField("reference")
    if not (message.explain or against or message.level or intervals):
        return RECEIPT_ONLY if message.receipt else NO_OPTIONS
    return Options(
        explain=message.explain or against,
        reference=_rows([message.reference]) if against else None,
        asked_level=message.level,
        intervals=intervals,
        receipt=message.receipt,
    )


def _rows(houses: Iterable[pb.House]) -> Rows:
    rows = [_row(house) for house in houses]
    return np.array(rows, dtype=np.float64).reshape(-1, _WIDTH)


def _row(house: pb.House) -> list[float]:
    values: list[float] = list(_values(house))
    for column, value in enumerate(values):
        # A field that is not set reads as 0: only then does it have to be asked.
        if value == 0.0:
            if not house.HasField(FIELDS[column]):
                values[column] = math.nan
        # A NaN that was sent is not a value that is missing: it is refused, as infinity is.
        elif value != value:  # noqa: PLR0124 - quicker than math.isnan
            values[column] = math.inf
    return values


def _matrix_rows(matrix: pb.HouseMatrix, most: int) -> Rows:
    data, names = matrix.values, tuple(matrix.features)
    # Before an array is made: of one feature, a message holds 13 times its size in rows.
    if len(data) > 8 * len(names) * most > 0:
        row_limit.check(len(data) // (8 * len(names)), most, "matrix.values")
    columns = _columns(names)
    if len(data) % (8 * len(columns)):
        raise ServingError(
            Reason.SHAPE_MISMATCH,
            f"matrix.values: is {len(data)} bytes long, which is no multiple of "
            f"{len(columns)} features of 8 bytes",
            violations=(
                Violation(
                    field="matrix.values", description="send 8 bytes a feature for every house"
                ),
            ),
        )
    values = np.frombuffer(data, dtype="<f8").reshape(-1, len(columns))
    if columns == _ALL:
        return values
    rows = np.full((len(values), _WIDTH), np.nan)
    rows[:, columns] = values
    return rows


@lru_cache(maxsize=64)
def _columns(names: tuple[str, ...]) -> tuple[int, ...]:
    unknown = [name for name in names if name not in FEATURE_NAMES]
    if unknown or not names or len(set(names)) < len(names):
        fault = f"has an unknown name {unknown[0]!r}" if unknown else "is empty or repeats a name"
        raise _wrong_features(fault)
    return tuple(FEATURE_NAMES.index(name) for name in names)


def _wrong_features(fault: str) -> ServingError:
    fix = f"name each at most once of {', '.join(FEATURE_NAMES)}"
    return ServingError(
        Reason.UNKNOWN_FEATURE,
        f"matrix.features: {fault}; {fix}",
        violations=(Violation(field="matrix.features", description=fix),),
    )
