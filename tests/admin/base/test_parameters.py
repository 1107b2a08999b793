from typing import Any

import pytest

from admin.base import options, parameters
from admin.base.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("max_depth=3", {"max_depth": 3}),
        ("max_depth=3, learning_rate = 0.1", {"max_depth": 3, "learning_rate": 0.1}),
        (
            "alpha=1e-3,loss=huber,max_depth=none",
            {"alpha": 1e-3, "loss": "huber", "max_depth": None},
        ),
        ("a=6_5,b=\u0663,c=1e3_0", {"a": "6_5", "b": "\u0663", "c": "1e3_0"}),
        ("bootstrap=True,warm=false", {"bootstrap": True, "warm": False}),
        ('{"max_depth": 3, "loss": null}', {"max_depth": 3, "loss": None}),
        ("{'max_depth': 3, 'loss': None}", {"max_depth": 3, "loss": None}),
    ],
)
def test_parameters_are_read_as_people_write_them(text: str, expected: dict[str, Any]) -> None:
    assert parameters.parse(text, "--params") == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("max_depth", "--params: 'max_depth' is not NAME=VALUE"),
        ("3=4", "--params: '3=4' is not NAME=VALUE"),
        ("a=1,a=2", "--params gives a twice"),
        ("{max_depth: 3}", "--params: {max_depth: 3} is not JSON"),
        ("{1: 2}", "--params: {1: 2} is not JSON"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parameters.parse(text, "--params")
    assert str(caught.value).startswith(complaint)


def test_numbers_of_flags_are_held_to_their_range() -> None:
    assert options.whole(None, "--cv", low=2) is None
    assert options.whole("5", "--cv", low=2) == 5
    assert options.share("0.25", "--test_size") == 0.25
    for text in ("1", "x", "2.5", "99999999999", "1_0", "\u0663", "9" * 5000):
        with pytest.raises(UsageError, match=f"--cv: '{text}' is not right; give a whole number"):
            options.whole(text, "--cv", low=2)
    for text in ("0", "1", "x", "nan", "0.2_5", "0.\u0665"):
        with pytest.raises(UsageError, match=f"--test_size: '{text}' is not right"):
            options.share(text, "--test_size")


def test_a_flag_without_its_value_is_named() -> None:
    with pytest.raises(UsageError, match="--model needs a value"):
        options.given("True", "--model")
    with pytest.raises(UsageError, match="--register takes no value, but 'yes' follows it"):
        options.flag("yes", "--register")
    with pytest.raises(UsageError, match="--tls takes no value, but --tls= gives it an empty one"):
        options.flag("", "--tls")
    assert not options.flag(None, "--tls")
