"""What houses sold for, as files have it."""

from datetime import UTC, datetime

import pytest

from housing_table import outcomes
from housing_table.errors import TableError
from housing_table.outcomes import OutcomeFault, OutcomeRow


def read(text: str) -> list[OutcomeRow | OutcomeFault]:
    return list(outcomes.read(text.splitlines(keepends=True)))


@pytest.mark.parametrize(
    "text",
    [
        "receipt,price\nabc,21.5\n",
        "\ufeffReceipt;Price\r\nabc;21.5\r\n",
        'price\treceipt\n21.5\t"abc"\n',
        "id,price,receipt,other\n1,21.5,abc,x\n",
    ],
)
def test_a_receipt_and_a_price(text: str) -> None:
    expected = OutcomeRow(line=2, receipt="abc", price=21.5, observed_at=None, source="")
    assert read(text) == [expected]


def test_the_moment_and_the_source() -> None:
    text = "receipt,price,observed_at,source\na,1,2026-01-30,x\nb,2,2026-01-30T12:00:00+01:00,\n"
    first, second = read(text)
    assert isinstance(first, OutcomeRow)
    assert isinstance(second, OutcomeRow)
    assert (first.observed_at, first.source) == (datetime(2026, 1, 30, tzinfo=UTC), "x")
    assert second.observed_at == datetime(2026, 1, 30, 11, tzinfo=UTC)


def test_a_line_of_commas_costs_itself_alone() -> None:
    fault, row = read(f"receipt,price\n{',' * 100_000}\na,1\n")
    assert isinstance(fault, OutcomeFault)
    assert "more than 65536 characters" in fault.text
    assert isinstance(row, OutcomeRow)
    with pytest.raises(TableError, match="more than 65536 characters"):
        read("," * 100_000)


def test_what_no_line_can_hold_costs_that_line() -> None:
    moments = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
    odd = [f"a,1,{moment}" for moment in moments]
    text = "\n".join(["receipt,price,observed_at", "x" * 140_000 + ",1,", *odd, "b,1,"])
    *faults, good = read(text)
    assert [(type(each), each.line) for each in faults] == [
        (OutcomeFault, 2), (OutcomeFault, 3), (OutcomeFault, 4),
    ]  # fmt: skip
    assert isinstance(good, OutcomeRow)


def test_faults_are_those_of_their_line() -> None:
    text = "receipt,price,observed_at\na,x,\n\nb,,\nc,1,soon\nd,1\ne,1,\n"
    found = read(text)
    assert [each.line for each in found] == [2, 4, 5, 6, 7]
    assert [each.text for each in found if isinstance(each, OutcomeFault)] == [
        "price is 'x': write a plain number, or NA if it is not known",
        "has no price; leave the line out until it is known",
        "observed_at is 'soon': write it as 2026-01-30 or 2026-01-30T12:00:00Z",
        "has 2 cells, and the first line 3",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no line; the first one names the columns"),
        ("receipt,actual\na,1\n", "there is no column price; name receipt and price"),
        ("x" * 140_000, "the first line cannot be read"),
        ("a,b\n1,2\n", "there is no column receipt or price"),
        ("receipt,price,price\na,1,2\n", "there are two columns price; leave one out"),
    ],
)
def test_a_table_without_our_columns(text: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read(text)
