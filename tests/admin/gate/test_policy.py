"""The rules of `gate`, and what is said of a file of rules that is wrong."""

from pathlib import Path

import pytest

from admin.base.errors import UsageError
from admin.gate import policy


def load(folder: Path, text: str) -> policy.Policy:
    file = folder / "rules.yaml"
    file.write_text(text)
    return policy.load(file)


def test_the_shipped_rules() -> None:
    found = policy.load()
    assert (found.quality_pass_up_to, found.quality_fail_above) == (1.10, 1.02)
    assert found.quality_allow_inconclusive is False
    assert (found.interval_widest, found.slices_worst, found.slices_fewest_rows) == (1.15, 1.15, 30)
    assert (found.speed_microseconds, found.size_mebibytes) == (50, 64)
    assert found.comparison_confidence == 0.95


def test_a_file_names_what_it_changes(tmp_path: Path) -> None:
    shipped = policy.load()
    found = load(tmp_path, "quality: {pass_up_to: 2, allow_inconclusive: true}\n")
    assert (found.quality_pass_up_to, found.quality_allow_inconclusive) == (2, True)
    assert found.quality_fail_above == shipped.quality_fail_above
    assert found.digest != shipped.digest
    # However a number is written, it is the same rule.
    same = load(tmp_path, "quality: {pass_up_to: 1.1}\nspeed: {microseconds: 50.0}\n")
    assert same.digest == shipped.digest


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("qualty: {}", r"'qualty' is no rule; did you mean 'quality'\?|'qualty' is no rule"),
        ("quality: 3", "quality is 3; give fields below it"),
        ("quality: {pass_upto: 1}", "quality.pass_upto is no field"),
        ("quality: {pass_up_to: much}", "quality.pass_up_to is 'much'; give a number from 1 to 10"),
        ("quality: {pass_up_to: .nan}", "quality.pass_up_to is nan; give a number"),
        ("quality: {pass_up_to: true}", "quality.pass_up_to is True; give a number"),
        ("quality: {allow_inconclusive: 1}", "quality.allow_inconclusive is 1; give true or false"),
        ("quality: {fail_above: 1.5}", "quality.fail_above is more than quality.pass_up_to"),
        ("comparison: {folds: 2.5}", "comparison.folds is 2.5; give a whole number from 2 to 20"),
        ("comparison: {resamples: 1000000000}", "comparison.resamples is 1000000000; give"),
        ("comparison: {seed: -1}", "comparison.seed is -1; give a whole number from 0"),
        ("speed: {microseconds: &a 5}\nsize: {mebibytes: *a}", "line 2: an alias"),
        ("- quality", "it holds no keys; it needs rules"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as raised:
        load(tmp_path, text)
    assert "rules.yaml" in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        policy.load(tmp_path / "none.yaml")
