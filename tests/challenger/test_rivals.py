"""What the other one of two models says of houses that were sold, as far as there is time."""

from typing import Any

import numpy as np
import pytest

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.challenger.rivals import Rivals
from housing_grpc.model.challenger_slot import ChallengerSlot
from housing_grpc.model.live import LiveSlot
from housing_grpc.receipts.record import DIGEST_DIGITS, Model
from tests.challenger.test_shadow import experiment
from tests.support.errors import raised
from tests.support.examples import Example
from tests.support.outcomes import receipt

ROW = np.full(13, 5.0).tobytes()


@pytest.fixture
def rivals(linear: Example, forest: Example) -> Rivals:
    slot = ChallengerSlot(LiveSlot(most=2))
    slot.experiment = experiment(linear, forest)
    return Rivals(slot)


def receipts(example: Example, count: int) -> list[Any]:
    model = Model(example.digest[:DIGEST_DIGITS], "89abcdef", 1)
    return [receipt(model=model, row=ROW)] * count


def test_what_there_is_no_time_for_is_left_out(
    rivals: Rivals, linear: Example, forest: Example
) -> None:
    asked = receipts(linear, 300) + receipts(forest, 300)
    times = iter([True, False])
    found = rivals.of(asked, lambda: next(times))
    known = [each.digest for each in found if each]
    assert 0 < len(known) < 300
    assert known == [forest.digest[:DIGEST_DIGITS]] * len(known)
    assert all(rivals.of(asked, lambda: True))


def test_what_says_that_nobody_waits_ends_it(rivals: Rivals, linear: Example) -> None:
    def has_time() -> bool:
        raise ServingError(Reason.CANCELLED, "the call was cancelled")

    error = raised(ServingError, rivals.of, receipts(linear, 1), has_time)
    assert error.reason is Reason.CANCELLED
