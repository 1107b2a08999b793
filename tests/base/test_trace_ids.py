"""What of a caller's `traceparent` gets into the log: two ids, or nothing."""

import pytest

from housing_grpc.base import trace_ids

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
IDS = {"trace_id": TRACE, "span_id": SPAN}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"00-{TRACE}-{SPAN}-01", IDS),
        (f"00-{TRACE}-{SPAN}-00", IDS),
        (f"cc-{TRACE}-{SPAN}-01-what-comes-later", IDS),
        (f"00-{TRACE}-{SPAN}-01-more", {}),
        (f"cc-{TRACE}-{SPAN}-01more", {}),
        (f"ff-{TRACE}-{SPAN}-01", {}),
        (f"00-{'0' * 32}-{SPAN}-01", {}),
        (f"00-{TRACE}-{'0' * 16}-01", {}),
        (f"00-{TRACE.upper()}-{SPAN}-01", {}),
        (f"00-{TRACE}-{SPAN}-01\n", {}),
        (f"00-{TRACE}\n-{SPAN}-01", {}),
        (f"00-{'f' * 4000}", {}),
        ("", {}),
        (b"\x00", {}),
    ],
)
def test_ids_of_a_header(value: str | bytes, expected: dict[str, str]) -> None:
    assert trace_ids.of_headers([("x-other", "a"), ("traceparent", value)]) == expected


def test_no_header() -> None:
    assert trace_ids.of_headers(()) == {}
