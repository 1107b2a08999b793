"""JSON to messages and back, compared with protobuf's own on one field of every kind."""

import json
from typing import Any

import hypothesis
import pytest
from google.protobuf import json_format
from hypothesis import strategies as st

from housing_grpc.rest.json import strict, writer
from housing_grpc.rest.json.faults import FaultError
from housing_grpc.rest.json.reader import Readers
from housing_grpc.rest.json.writer import Writers

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
DOUBLE = st.floats(allow_nan=False, allow_infinity=False)
INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "a_double": DOUBLE,
    "an_int32": INT32,
    "a_uint32": st.integers(0, 2**32 - 1),
    "an_int64": INT64 | INT64.map(str),
    "a_uint64": st.integers(0, 2**64 - 1),
    "a_bool": st.booleans(),
    "a_string": TEXT,
    "a_bytes": st.sampled_from(["", "aGk=", "aGk", "_-8=", "+/8="]),
    "an_enum": st.sampled_from(["STYLE_INK", "STYLE_UNSPECIFIED", 0, 1]),
    "doubles": st.lists(DOUBLE, max_size=3),
    "a_time": st.sampled_from(["2026-01-02T03:04:05Z", "1970-01-01T00:00:00.000000001Z"]),
    "a_duration": st.sampled_from(["1s", "-0.5s", "1.000000001s"]),
    "maybe": TEXT,
}
TREES = st.recursive(
    st.fixed_dictionaries({}, optional=FIELDS),
    lambda inner: st.fixed_dictionaries({"more": inner}, optional=FIELDS),
    max_leaves=3,
)


@hypothesis.settings(deadline=None, max_examples=200)
@hypothesis.given(tree=TREES)
def test_what_is_right_is_read_as_protobuf_reads_it(atlas: Any, tree: dict[str, Any]) -> None:
    read = Readers(100).message(atlas.Lots.DESCRIPTOR)
    message = read(strict.parse(json.dumps(tree).encode()))
    assert message == json_format.ParseDict(tree, atlas.Lots())


@hypothesis.settings(deadline=None, max_examples=200)
@hypothesis.given(tree=TREES)
def test_what_is_written_is_what_protobuf_writes(atlas: Any, tree: dict[str, Any]) -> None:
    message = json_format.ParseDict(tree, atlas.Lots())
    wanted = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    found = json.loads(writer.encode(Writers().message(atlas.Lots.DESCRIPTOR)(message)))
    assert _as_texts(found) == _without_maps(wanted)
    assert Readers(100).message(atlas.Lots.DESCRIPTOR)(found) == message


def _without_maps(tree: Any) -> Any:
    tree.pop("by_name")
    if "more" in tree:
        _without_maps(tree["more"])
    return tree


def _as_texts(tree: Any) -> Any:
    """Writes 64-bit numbers as protobuf does, which are numbers here where JavaScript can."""
    for name in ("an_int64", "a_uint64"):
        value = tree[name]
        assert isinstance(value, str) == (abs(int(value)) >= 2**53)
        tree[name] = str(value)
    # A map is written, but none is read.
    assert tree.pop("by_name") == {}
    if "more" in tree:
        _as_texts(tree["more"])
    return tree


def test_numbers_that_are_none_are_written_as_protobuf_does(atlas: Any) -> None:
    message = atlas.Lots(doubles=[float("nan"), float("inf"), float("-inf")], by_name={"a": 1.5})
    tree = Writers().message(atlas.Lots.DESCRIPTOR)(message)
    assert tree["doubles"] == ["NaN", "Infinity", "-Infinity"]
    assert tree["by_name"] == {"a": 1.5}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"an_int32": 2147483648}', "an_int32 JSON_OUT_OF_RANGE"),
        ('{"an_int32": 1.5}', "an_int32 JSON_WRONG_TYPE"),
        ('{"an_int32": "5"}', "an_int32 JSON_WRONG_TYPE"),
        ('{"an_int32": true}', "an_int32 JSON_WRONG_TYPE"),
        ('{"an_int32": 1e400}', "an_int32 JSON_NOT_FINITE"),
        ('{"a_uint64": -1}', "a_uint64 JSON_OUT_OF_RANGE"),
        ('{"a_uint64": "1.5"}', "a_uint64 JSON_WRONG_TYPE"),
        ('{"a_bool": 1}', "a_bool JSON_WRONG_TYPE"),
        ('{"a_bool": "true"}', "a_bool JSON_WRONG_TYPE"),
        ('{"a_string": 1}', "a_string JSON_WRONG_TYPE"),
        ('{"a_bytes": "a*"}', "a_bytes JSON_WRONG_TYPE"),
        ('{"a_bytes": "é"}', "a_bytes JSON_WRONG_TYPE"),
        ('{"an_enum": "INK"}', "an_enum JSON_WRONG_TYPE"),
        ('{"an_enum": 7}', "an_enum JSON_WRONG_TYPE"),
        ('{"doubles": 1}', "doubles JSON_WRONG_TYPE"),
        ('{"doubles": [1, "2"]}', "doubles[1] JSON_WRONG_TYPE"),
        ('{"doubles": [1, null]}', "doubles[1] JSON_WRONG_TYPE"),
        ('{"a_time": "noon"}', "a_time JSON_WRONG_TYPE"),
        ('{"a_time": 5}', "a_time JSON_WRONG_TYPE"),
        ('{"a_duration": "1"}', "a_duration JSON_WRONG_TYPE"),
        ('{"more": []}', "more JSON_WRONG_TYPE"),
        ('{"more": {"more": {"a_bool": 0}}}', "more.more.a_bool JSON_WRONG_TYPE"),
        ('{"aDouble": 1, "a_double": 1}', "a_double JSON_DUPLICATE_KEY"),
    ],
)
def test_what_is_wrong_is_refused_where_it_is(atlas: Any, text: str, fault: str) -> None:
    with pytest.raises(FaultError) as caught:
        Readers(100).message(atlas.Lots.DESCRIPTOR)(strict.parse(text.encode()))
    assert [f"{path} {reason}" for path, reason, _ in caught.value.faults] == [fault]


def test_null_is_what_is_not_there(atlas: Any) -> None:
    tree = dict.fromkeys(FIELDS)
    assert Readers(100).message(atlas.Lots.DESCRIPTOR)(tree) == atlas.Lots()
