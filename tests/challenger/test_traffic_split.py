"""Which of two models gets a call."""

import numpy as np
import pytest

from housing_grpc.challenger import traffic_split
from housing_grpc.challenger.traffic_split import chosen

ONE, OTHER = "ab" * 32, "cd" * 32
EXPECTED = [bool(int(each)) for each in "010011101001"]
KEYS = [f"caller {number}".encode() for number in range(4000)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_share_of_the_keys_is_what_was_asked_for(share: float) -> None:
    found = np.mean([chosen(key, ONE, share) for key in KEYS])
    assert abs(found - share) <= 3 * np.sqrt(share * (1 - share) / len(KEYS))


def test_who_is_chosen_stays_so_when_the_share_grows() -> None:
    few = {key for key in KEYS if chosen(key, ONE, 0.1)}
    assert few < {key for key in KEYS if chosen(key, ONE, 0.2)}


def test_another_challenger_gets_others() -> None:
    one, other = ([chosen(key, digest, 0.5) for key in KEYS] for digest in (ONE, OTHER))
    assert 0.45 < np.mean(np.array(one) == np.array(other)) < 0.55


def test_it_is_the_same_on_all_replicas_and_releases() -> None:
    # b2sum does not know keys: this was computed once, and must stay as it is.
    assert [chosen(key, ONE, 0.5) for key in KEYS[:12]] == EXPECTED


def test_a_house_is_the_same_however_it_was_written() -> None:
    one = np.array([[0.0, np.nan, 6.5]])
    other = np.array([[-0.0, -np.nan, 6.5]])
    assert one.tobytes() != other.tobytes()
    assert traffic_split._canonical(one) == traffic_split._canonical(other)  # noqa: SLF001
