"""Adds up by how much one of two models was nearer to true prices, in the database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from housing_grpc.challenger.verdict import Mean, Pairs
from housing_grpc.feedback.tables import OUTCOMES


def read(connection: Connection, champion: str, challenger: str) -> Pairs:
    """Returns the outcomes whose houses two models have priced, those retracted left out.

    Args:
        connection: In a transaction.
        champion: First 16 digits of the digest of the live model's bundle.
        challenger: The same of the other one.
    """
    # Where the challenger gave the price, the rival is the live model: the other way round.
    ours, theirs = _read(connection, champion, challenger), _read(connection, challenger, champion)
    return Pairs(
        loss=_minus(ours[:3], theirs[:3]),
        error=_minus((ours[0], *ours[3:5]), (theirs[0], *theirs[3:5])),
        price=float(ours[5] + theirs[5]),
    )


def _read(connection: Connection, digest: str, rival: str) -> tuple[Any, ...]:
    """Returns count, and sums: of the rival's loss minus the price's, its squares, and so on."""
    column = OUTCOMES.c
    mine, other = column.price - column.actual, column.rival_price - column.actual
    loss = other * other - mine * mine
    error = func.abs(other) - func.abs(mine)
    asked = select(
        func.count(), _sum(loss), _sum(loss * loss), _sum(error), _sum(error * error),
        _sum(column.actual),
    ).where(
        column.digest == digest, column.rival_digest == rival, column.retracted.is_(False)
    )  # fmt: skip
    return tuple(connection.execute(asked).one())


def _sum(numbers: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(numbers), 0.0)


def _minus(some: Sequence[Any], others: Sequence[Any]) -> Mean:
    """Returns some numbers and others turned round, as a count, their sum and that of squares."""
    (count, total, squares), (more, less, more_squares) = some, others
    return Mean(int(count + more), float(total - less), float(squares + more_squares))
