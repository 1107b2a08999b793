"""How many houses a request may hold, looked at before anything is made of them."""

from dataclasses import dataclass

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.houses import wire


@dataclass(frozen=True, kw_only=True)
class RowLimit:
    """Most houses in a kind of message.

    Attributes:
        path: Numbers of the fields that lead to the houses.
        field: The same for people, such as "items".
        most: The limit.
    """

    path: tuple[int, ...]
    field: str
    most: int

    def check(self, data: bytes) -> None:
        """Checks a message that is not parsed yet.

        Raises:
            ServingError: BATCH_TOO_LARGE.
        """
        if wire.exceeds(data, self.path, self.most):
            raise _too_many(self.most, self.field)


def check_count(count: int, limit: int, field: str) -> None:
    """Checks how many houses there are.

    Args:
        count: Houses that were sent.
        limit: Most that are allowed.
        field: Where they stand in the request.

    Raises:
        ServingError: EMPTY_BATCH or BATCH_TOO_LARGE.
    """
    if count == 0:
        raise ServingError(
            Reason.EMPTY_BATCH,
            f"{field}: is empty; send 1 to {limit} houses",
            violations=(Violation(field=field, description="send at least one house"),),
        )
    if count > limit:
        raise _too_many(limit, field)


def _too_many(limit: int, field: str) -> ServingError:
    return ServingError(
        Reason.BATCH_TOO_LARGE,
        f"{field}: holds more than {limit} houses, which is the most; send them in parts",
        violations=(Violation(field=field, description=f"send at most {limit}"),),
    )
