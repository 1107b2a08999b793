import hashlib
from pathlib import Path

import msgspec
import pytest

from admin import card
from admin.card.use import SHIPPED_DIGEST
from housing_grpc.bundle.card import Data, Score
from tests.bundle.test_card import CARD
from tests.support.examples import DATA


def described(**changes: object) -> str:
    return card.brief(msgspec.structs.replace(CARD, **changes))


def accepting(*lines: str) -> Data:
    return msgspec.structs.replace(CARD.data, accepted=list(lines))


def test_a_card_becomes_markdown() -> None:
    text = card.brief(CARD)
    assert text == card.whole(CARD)
    assert text.startswith("# linear x v1_median\n\n**Intended use.** To test.\n\n")
    assert "**Must not be used for**\n\n- Anything else.\n\n" in text
    assert "\n| rmse | 2 folds | 4.5 ± 0.25 |\n" in text
    assert "\n| all houses | 20 | 4 ± 0.5 | -0.1 | - |\n" in text
    assert "`a.csv`, SHA-256 `000000000000`: 20 houses, 2 of them with a value missing;" in text
    assert text.endswith("\n- to train it again: `train`")


def test_what_is_longer_than_a_description_is_summed_up() -> None:
    data = accepting(*(f"column {number} is odd: {'x' * 400}" for number in range(20)))
    assert len(card.whole(msgspec.structs.replace(CARD, data=data))) > card.LONGEST_DESCRIPTION
    text = described(data=data)
    assert len(text) <= card.LONGEST_DESCRIPTION == 4500
    assert "- Anything else." in text
    assert "4.5 ± 0.25" in text
    assert text.endswith(
        "The whole card is the file `data/bundle/card.json` of the model, and"
        " `housing-admin card VERSION` shows it."
    )


def test_a_summary_that_is_too_long_ends_between_paragraphs() -> None:
    use = msgspec.structs.replace(CARD.use, remarks=["ü" * 2000, "y" * 2000])
    scores = [Score(name="z" * 200, houses="2 folds", value=1.0)] * 20
    text = described(use=use, scores=scores)
    assert 4000 < len(text) <= card.LONGEST_DESCRIPTION
    assert "y" * 2000 in text
    assert "z" not in text
    assert "`housing-admin card VERSION`" in text


def test_nothing_of_a_card_is_taken_for_markdown_of_its_own() -> None:
    text = described(
        data=msgspec.structs.replace(
            accepting("RM is <img src=x> *odd*"), file="`a`.csv", unit="a | b"
        )
    )
    assert "Trained although RM is &lt;img src=x&gt; \\*odd\\*" in text
    assert "`'a'.csv`" in text
    assert "Errors in a \\| b." in text


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("![x](http://a.example/x.png)", "!\\[x\\](http://a.example/x.png)"),
        ("[x](javascript:alert)", "\\[x\\](javascript:alert)"),
        ("a\\|b", "a\\\\\\|b"),
        ("`a`", "\\`a\\`"),
    ],
)
def test_no_words_of_a_card_become_a_link_a_picture_or_a_cell(words: str, shown: str) -> None:
    use = msgspec.structs.replace(CARD.use, remarks=[words])
    text = described(use=use, scores=[Score(name=words, houses=words, value=1.0)])
    assert f"- {shown}\n" in text
    assert f"| {shown} | {shown} | 1 |" in text


def test_the_shipped_data_is_known_by_its_digest() -> None:
    assert hashlib.sha256(DATA.read_bytes()).hexdigest() == SHIPPED_DIGEST
    text = (Path(DATA).parent / "README.md").read_text()
    assert "Any real valuation" in text
    assert "race as an input" in text
