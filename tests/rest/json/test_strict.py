"""What is not exactly right is refused, and the field is named."""

import httpx
import pytest

from tests.rest.answers import HOUSE, error, refused

LARGE = "9" * 400
ALL = ", ".join(HOUSE)


def post(rest: httpx.Client, text: str | bytes, path: str = "/predict") -> httpx.Response:
    return rest.post(path, content=text, headers={"content-type": "application/json"})


@pytest.mark.parametrize(
    ("text", "reason", "field", "told"),
    [
        ('{"RMM": 6}', "JSON_UNKNOWN_FIELD", "RMM", 'is not a field here; did you mean "RM"?'),
        ('{"Lstat": 6}', "JSON_UNKNOWN_FIELD", "Lstat",
         'is not a field here; did you mean "LSTAT"?'),
        ('{"é": 6}', "JSON_UNKNOWN_FIELD", "\\xe9", f"is not a field here; there are: {ALL}"),
        ('{"RM": 6, "RM": 6}', "JSON_DUPLICATE_KEY", "RM", "is there twice; send it once"),
        ('{"RM": 6, "rm": 6}', "JSON_DUPLICATE_KEY", "rm", "is there twice; send it once"),
        ('{"RM": true}', "JSON_WRONG_TYPE", "RM", "is true; send a number"),
        ('{"RM": false}', "JSON_WRONG_TYPE", "RM", "is false; send a number"),
        ('{"RM": "6"}', "JSON_WRONG_TYPE", "RM", "is a text; send a number without quotes"),
        ('{"RM": "NaN"}', "JSON_WRONG_TYPE", "RM", "is a text; send a number without quotes"),
        ('{"RM": [6]}', "JSON_WRONG_TYPE", "RM", "is a list; send a number"),
        ('{"RM": {"a": 1}}', "JSON_WRONG_TYPE", "RM", "is an object; send a number"),
        ('{"RM": NaN}', "JSON_NOT_FINITE", "RM", "is NaN; send a finite number, or leave it out"),
        ('{"RM": -Infinity}', "JSON_NOT_FINITE", "RM",
         "is -Infinity; send a finite number, or leave it out"),
        ('{"RM": 1e999}', "JSON_NOT_FINITE", "RM",
         "is too large; send a finite number, or leave it out"),
        (f'{{"RM": {LARGE}}}', "JSON_NOT_FINITE", "RM",
         "is too large; send a finite number, or leave it out"),
        ("[]", "JSON_WRONG_TYPE", "body", "is a list; send an object"),
        ("6", "JSON_WRONG_TYPE", "body", "is a number; send an object"),
        ('"RM"', "JSON_WRONG_TYPE", "body", "is a text; send an object"),
    ],
)  # fmt: skip
def test_one_fault(rest: httpx.Client, text: str, reason: str, field: str, told: str) -> None:
    response = post(rest, text)
    assert response.status_code == 400
    assert response.json() == error(
        400, "INVALID_ARGUMENT", reason, f"{field} {told}", violations={field: told}
    )


def test_all_faults_are_told_at_once(rest: httpx.Client) -> None:
    response = post(rest, '{"CRIM": true, "RMM": 6, "TAX": NaN, "RM": 6.5}')
    assert refused(response) == (400, "JSON_WRONG_TYPE", ["CRIM", "RMM", "TAX"])


def test_faults_are_named_where_they_are_in_a_batch(rest: httpx.Client) -> None:
    text = '{"items": [{"RM": 6}, {"RMM": 6}, {"RM": "6"}, null, {"RM": 1, "RM": 2}]}'
    response = post(rest, text, "/predict/batch")
    fields = ["items[1].RMM", "items[2].RM", "items[3]", "items[4].RM"]
    assert refused(response) == (400, "JSON_UNKNOWN_FIELD", fields)


def test_at_most_twenty_faults_are_told(rest: httpx.Client) -> None:
    response = post(rest, "{" + ",".join(f'"x{n}": 1' for n in range(1000)) + "}")
    assert len(refused(response)[2]) == 20
    assert len(response.content) < 8000


def test_long_names_are_shortened(rest: httpx.Client) -> None:
    response = post(rest, '{"' + "x" * 100_000 + '": 1}')
    assert refused(response)[2] == ["x" * 60 + "..."]
    assert len(response.content) < 1000


@pytest.mark.parametrize(
    "text",
    [b"{", b"\n", b'{"RM": 6,}', b'{"RM": 6} {}', b'{"RM": 6, \xff}', b"{'RM': 6}", b'{"RM": 06}'],
)
def test_what_is_no_json_at_all(rest: httpx.Client, text: bytes) -> None:
    response = post(rest, text)
    assert refused(response) == (400, "JSON_MALFORMED", [])
    assert response.json()["error"]["message"].startswith("the body is not JSON: ")


def test_a_byte_order_mark_is_named(rest: httpx.Client) -> None:
    response = post(rest, b'\xef\xbb\xbf{"RM": 6}')
    assert refused(response) == (400, "JSON_MALFORMED", [])
    assert "byte order mark" in response.json()["error"]["message"]


@pytest.mark.parametrize("text", ['{"RM":' * 50_000, "[" * 500_000])
def test_a_depth_bomb_is_refused(rest: httpx.Client, text: str) -> None:
    assert refused(post(rest, text)) == (400, "JSON_TOO_DEEP", [])


def test_only_one_of_two_rivals_may_be_set(rest: httpx.Client) -> None:
    response = post(rest, '{"version": "1", "alias": "production"}', "/model/reload")
    assert refused(response) == (400, "JSON_ONEOF_CONFLICT", ["alias"])
    response = post(rest, '{"version": 1}', "/model/reload")
    assert refused(response) == (400, "JSON_WRONG_TYPE", ["version"])
    response = post(rest, '{"version": "\\ud800"}', "/model/reload")
    assert refused(response) == (400, "JSON_WRONG_TYPE", ["version"])


@pytest.mark.parametrize("path", ["/predict?RM=6", "/predict/batch?x=", "/model/info?verbose=1"])
def test_a_parameter_that_is_not_read_is_refused(rest: httpx.Client, path: str) -> None:
    response = rest.get(path) if "info" in path else rest.post(path, json={})
    assert refused(response)[:2] == (400, "UNKNOWN_PARAMETER")


def test_a_body_that_is_not_read_is_refused(rest: httpx.Client) -> None:
    response = rest.request("GET", "/model/info", json={"verbose": True})
    assert refused(response) == (400, "UNEXPECTED_BODY", [])


def test_the_servers_own_refusals_name_the_fields_as_they_were_written(
    rest: httpx.Client,
) -> None:
    response = post(rest, '{"CHAS": 3, "RAD": 1.5}')
    assert response.json() == error(
        400, "INVALID_ARGUMENT", "FEATURE_DOMAIN",
        "CHAS is 3, but must be 0 or 1; RAD is 1.5, but must be a whole number",
        violations={
            "CHAS": "is 3, but must be 0 or 1", "RAD": "is 1.5, but must be a whole number",
        },
    )  # fmt: skip
    assert refused(post(rest, "{}")) == (400, "NO_FEATURES", ["body"])
    assert refused(post(rest, '{"RM": 1e300}')) == (400, "FEATURE_NOT_FINITE", ["RM"])
    assert refused(post(rest, '{"items": []}', "/predict/batch")) == (400, "EMPTY_BATCH", ["items"])


@pytest.mark.parametrize("text", ["{}", '{"items": []}'])
def test_an_empty_batch_is_told_the_limit_that_counts_here(rest: httpx.Client, text: str) -> None:
    assert post(rest, text, "/predict/batch").json() == error(
        400, "INVALID_ARGUMENT", "EMPTY_BATCH",
        "items: is empty; send at least one, at most 100",
        violations={"items": "send at least one house"},
    )  # fmt: skip
