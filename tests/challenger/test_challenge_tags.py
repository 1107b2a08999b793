"""What aliases and tags of a registry say of the challenger: anybody may have set them."""

import pytest

from housing_grpc.model.challenge import NO_CHALLENGE, Challenge
from housing_grpc.registry import challenge

ALIASES = {"production": "1", "challenger": "2"}


def tags(shadow: str = "1", share: str = "0") -> dict[str, str]:
    return {"challenger_shadow": shadow, "challenger_share": share, "note": "x"}


def test_what_is_there_is_taken() -> None:
    found = challenge.read(ALIASES, tags("0.25", ".1"))
    assert found == Challenge(version="2", alias="challenger", shadow=0.25, share=0.1)
    assert challenge.read(ALIASES, {}) == Challenge(version="2", alias="challenger")
    assert challenge.read({"production": "1"}, tags()) == NO_CHALLENGE
    assert challenge.read(ALIASES, tags("0", "0.000")) == NO_CHALLENGE


@pytest.mark.parametrize(
    "text",
    ["", "half", "1.5", "2", "-0.5", "nan", "inf", "1e-3", "0.5\n", " 0.5", "\u0660.\u0665", "0x1",
     "9" * 400, "0." + "1" * 400, "<script>"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["challenger_shadow", "challenger_share"])
def test_what_is_no_share_is_a_fault_and_nothing_is_compared(text: str, name: str) -> None:
    found = challenge.read(ALIASES, tags() | {name: text})
    assert (found.version, found.share, found.digest) == ("2", 0, "")
    assert f"the tag {name} of the registered model is no number from 0 to 1" in found.fault
    assert text not in found.fault or not text.strip() or len(text) < 3


@pytest.mark.parametrize("version", ["", "0", "-1", "1\n", "latest", "9" * 40])
def test_what_is_no_version_is_a_fault(version: str) -> None:
    found = challenge.read({"challenger": version}, tags())
    assert (found.version, found.digest) == ("?", "")
    assert "names what is no version" in found.fault
