"""What a caller may ask beside the houses: outputs, the level of intervals, what bad rows do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from housing_grpc.rest.dialects import rows
from housing_grpc.rest.dialects.outputs import BOUNDS, EXPLAINED, OUTPUTS, PRICE
from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.json import scalars
from housing_grpc.rest.json.faults import FaultError, shortened

_NAMES = ", ".join(OUTPUTS)
_ON_ERROR = {"fail": False, "nan": True}
# What the server takes where none is given. Named, it refuses a model that has no intervals.
_LEVEL = 0.9


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is asked.

    Attributes:
        outputs: Names of the outputs, in order.
        level: Share of prices that bounds are to hold, or 0 where there are none.
        fills_errors: Whether a house that cannot be scored is NaN, and fails nothing.
    """

    outputs: tuple[str, ...] = (PRICE,)
    level: float = 0.0
    fills_errors: bool = False

    @property
    def explains(self) -> bool:
        """Whether prices are to be explained."""
        return not EXPLAINED.isdisjoint(self.outputs)


def read(parameters: Mapping[str, Any], path: str, outputs: Sequence[str] = ()) -> Options:
    """Reads parameters; those that are not known here are passed over.

    Args:
        parameters: By name.
        path: Where they stand.
        outputs: Those that are named elsewhere.

    Raises:
        FaultError: One cannot be taken.
    """
    try:
        return _read(parameters, outputs)
    except FaultError as error:
        raise FaultError(error.under(path)) from None


def _read(parameters: Mapping[str, Any], outputs: Sequence[str]) -> Options:
    names = tuple(outputs) or _outputs(parameters.get("outputs"))
    level = _level(parameters.get("level"))
    if not level and not BOUNDS.isdisjoint(names):
        level = _LEVEL
    return Options(
        outputs=names, level=level, fills_errors=_fills_errors(parameters.get("on_error"))
    )


def output(name: Any, before: Sequence[str]) -> str:
    """Reads the name of an output.

    Args:
        name: The name.
        before: Those that are asked for already.

    Raises:
        FaultError: INVALID_TENSOR.
    """
    if not isinstance(name, str):
        raise scalars.wrong(name, f"one of {_NAMES}")
    if name not in OUTPUTS:
        text = f"is no output of this model; ask for some of {_NAMES}"
        raise FaultError.at(Reason.INVALID_TENSOR, text, shortened(name))
    if name in before:
        raise FaultError.at(Reason.INVALID_TENSOR, "is asked for twice; ask once", name)
    return name


def _outputs(value: Any) -> tuple[str, ...]:
    if value is None:
        return (PRICE,)
    if not isinstance(value, list) or not value:
        raise FaultError(scalars.wrong(value, f"a list of some of {_NAMES}").under("outputs"))
    found: list[str] = []
    for name in value:
        try:
            found.append(output(name, found))
        except FaultError as error:
            raise FaultError(error.under("outputs")) from None
    return tuple(found)


def _level(value: Any) -> float:
    if value is None:
        return 0.0
    try:
        # As text, too: many clients have no number with a fraction for a parameter. Python alone
        # reads 0_0.9, and digits of all scripts.
        if isinstance(value, str) and value.isascii() and "_" not in value:
            return float(value)
        return rows.number(value)
    except (ValueError, FaultError):
        text = "is no number; send one from 0.5 to 0.99, such as 0.9"
        raise FaultError.at(Reason.INVALID_PARAMETER, text, "level") from None


def _fills_errors(value: Any) -> bool:
    if value is None:
        return False
    if not isinstance(value, str) or value not in _ON_ERROR:
        text = f"must be one of {', '.join(_ON_ERROR)}"
        raise FaultError.at(Reason.INVALID_PARAMETER, text, "on_error")
    return _ON_ERROR[value]
