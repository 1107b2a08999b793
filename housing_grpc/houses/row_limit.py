"""How many houses, or what they sold for, a request may hold."""

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.houses import wire_scan


def check_bytes(
    data: bytes, path: tuple[int, ...], most: int, field: str, *, things: str = "houses"
) -> None:
    """Checks a message before it is parsed: an empty house takes two bytes, its message a hundred.

    Args:
        data: The message.
        path: Numbers of the fields that lead to the houses.
        most: Most houses that are allowed.
        field: The path for people, such as "items".
        things: What they are, for messages.

    Raises:
        ServingError: BATCH_TOO_LARGE.
    """
    if wire_scan.exceeds(data, path, most):
        raise _too_many(most, field, things)


def check(count: int, most: int, field: str, *, things: str = "houses") -> None:
    """Checks how many houses there are.

    Args:
        count: Houses that were sent.
        most: Most that are allowed.
        field: Where they stand in the request.
        things: What they are, for messages.

    Raises:
        ServingError: EMPTY_BATCH or BATCH_TOO_LARGE.
    """
    # guard: a batch has rows
    if count == 0:
        raise ServingError(
            Reason.EMPTY_BATCH,
            f"{field}: is empty; send 1 to {most} {things}",
            violations=(
                Violation(field=field, description=f"send at least one {things.removesuffix('s')}"),
            ),
        )
    # guard: the rows of a matrix
    if count > most:
        raise _too_many(most, field, things)


def _too_many(most: int, field: str, things: str) -> ServingError:
    return ServingError(
        Reason.BATCH_TOO_LARGE,
        f"{field}: holds more than {most} {things}, which is the most; send them in parts",
        violations=(Violation(field=field, description=f"send at most {most}"),),
    )
