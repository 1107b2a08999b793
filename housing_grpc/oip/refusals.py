"""The errors of this dialect: each names the tensor or the parameter at fault, and the fix."""

from housing_grpc.base.errors import Reason, ServingError, Violation

# Of what a caller has sent.
_MOST_SHOWN = 100


def refusal(reason: Reason, field: str, text: str) -> ServingError:
    """Returns the error of a request that cannot be taken.

    Args:
        reason: Why.
        field: The tensor or the parameter at fault.
        text: What is wrong with it, and the fix.
    """
    return ServingError(
        reason, f"{field}: {text}", violations=(Violation(field=field, description=text),)
    )


def not_found(field: str, asked: str) -> ServingError:
    """Returns the error of who asks for another model than the live one.

    Args:
        field: Of the request.
        asked: What it says.
    """
    # Not which one is live: ModelReady takes no key.
    return refusal(
        Reason.MODEL_NOT_FOUND,
        field,
        f"{asked[:_MOST_SHOWN]!r} is not live here; RepositoryIndex lists what is",
    )
