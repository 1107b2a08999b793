"""What the parameters of a request ask; those that are not known here are passed over."""

from collections.abc import Mapping
from typing import Any

from housing_grpc.base.errors import Reason
from housing_grpc.oip.refusals import refusal

_ON_ERROR = {"fail": False, "nan": True}


def fills_errors(parameters: Mapping[str, Any]) -> bool:
    """Returns whether a row that cannot be scored is answered with NaN, and fails nothing.

    Raises:
        ServingError: INVALID_PARAMETER.
    """
    if "on_error" not in parameters:
        return False
    value = _value(parameters["on_error"])
    if value not in _ON_ERROR:
        raise refusal(
            Reason.INVALID_PARAMETER,
            "parameters.on_error",
            f"is {value!r}, but must be one of {', '.join(_ON_ERROR)}",
        )
    return _ON_ERROR[value]


def level(parameters: Mapping[str, Any]) -> float:
    """Returns the share of prices that bounds are to hold, or 0 where that is left open.

    Raises:
        ServingError: INVALID_PARAMETER.
    """
    if "level" not in parameters:
        return 0.0
    # As text, too: many clients have no number with a fraction for a parameter.
    value = _value(parameters["level"])
    try:
        # Python alone reads 0_0.9, and digits of all scripts.
        if isinstance(value, str) and ("_" in value or not value.isascii()):
            raise ValueError  # noqa: TRY301 - refused as any other text
        return float(value)
    except (TypeError, ValueError):
        raise refusal(
            Reason.INVALID_PARAMETER, "parameters.level", f"is {value!r}; send a number such as 0.9"
        ) from None


def wants_end(parameters: Mapping[str, Any]) -> bool:
    """Returns whether a client of a stream waits for the mark of a last answer."""
    name = "triton_enable_empty_final_response"
    return name in parameters and parameters[name].bool_param


def _value(parameter: Any) -> Any:
    chosen = parameter.WhichOneof("parameter_choice")
    return None if chosen is None else getattr(parameter, chosen)
