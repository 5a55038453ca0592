"""JSON bodies and the headers of writes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import TypedDict

from shared.api.schemas import closed
from shared.errors import CallerError, InvalidInput, InvalidRequest, UnsupportedMediaType
from shared.web.bodies import parse_body, read_json
from shared.web.etags import is_as_expected
from shared.web.messages import Request
from shared.web.preconditions import idempotency_key, request_hash

JSON = (b"content-type", b"application/json; charset=utf-8")


@closed
class Leaf(TypedDict):
    name: str


@closed
class Tree(TypedDict, total=False):
    leaves: list[Leaf]
    height: int


def request_of(body: bytes, *headers: tuple[bytes, bytes], query: bytes = b"") -> Request:
    request = Request({"headers": headers, "method": "POST", "path": "/", "query_string": query})
    request.body = body
    return request


def faults(body: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        parse_body(request_of(json.dumps(body).encode(), JSON), Tree)
    return [(fault.field, fault.message) for fault in caught.value.faults]


def test_a_body_is_what_its_type_says() -> None:
    body = b'{"leaves":[{"name":"a"}],"height":3}'

    assert parse_body(request_of(body, JSON), Tree) == {"leaves": [{"name": "a"}], "height": 3}


def test_everything_wrong_is_named_at_once() -> None:
    told = faults({"leaves": [{"name": 1}, {"nam": "x"}], "height": "3", "girth": 2})

    assert [field for field, _ in told] == [
        "leaves[0].name",
        "leaves[1].name",
        "leaves[1].nam",
        "height",
        "girth",
    ]
    assert told[1][1] == "is needed"
    assert told[4][1] == "is not a field of this body"
    assert faults([]) == [("body", "input should be a valid dictionary")]


def test_numbers_never_become_floats() -> None:
    content = read_json(request_of(b"[0.1, 1e2, 12345678901234567890123, 0.30000000000000004]", JSON))

    assert content == [
        Decimal("0.1"),
        Decimal("1e2"),
        12345678901234567890123,
        Decimal("0.30000000000000004"),
    ]
    assert not any(isinstance(number, float) for number in content)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"a":1,"a":2}',
        b"[" * 200_000,
        b'["\\udc00"]',
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(CallerError):
        read_json(request_of(body, JSON))


@pytest.mark.parametrize(
    "number",
    [
        "1e99999999999999999999",
        "-1e-99999999999999999999",
        "NaN",
        "Infinity",
        "-Infinity",
        "9" * 5000,
        "-" + "9" * 5000,
    ],
    ids=lambda text: text[:12],
)
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"height":%s}', "height"),
        ('{"leaves":[{"name":"a"},{"name":%s}]}', "leaves[1].name"),
        ('{"leaves":%s}', "leaves"),
        ("%s", "body"),
    ],
)
def test_a_number_that_cannot_be_read_is_the_fault_of_its_field(number: str, body: str, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_body(request_of((body % number).encode(), JSON), Tree)
    (fault,) = caught.value.faults

    assert fault.field == field
    assert len(fault.message) < 120
    assert "set_int_max_str_digits" not in fault.message


def test_a_field_that_is_not_known_is_so_whatever_its_number() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_body(request_of(b'{"girth":NaN}', JSON), Tree)

    assert [fault.message for fault in caught.value.faults] == ["is not a field of this body"]


def test_a_whole_surrogate_pair_is_text() -> None:
    assert read_json(request_of(b'"\\ud83c\\udf89"', JSON)) == "🎉"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        value = read_json(request_of(body, JSON))
    except CallerError:
        return
    assert json.dumps(value, default=str)


@pytest.mark.parametrize("kind", [b"text/plain", b"application/x-www-form-urlencoded", b"text/json"])
def test_only_json_is_read(kind: bytes) -> None:
    with pytest.raises(UnsupportedMediaType):
        read_json(request_of(b"{}", (b"content-type", kind)))


def test_a_body_without_a_type_is_read_unless_a_browser_sends_it() -> None:
    assert read_json(request_of(b"{}")) == {}
    with pytest.raises(UnsupportedMediaType):
        read_json(request_of(b"{}", (b"origin", b"https://evil.example")))


@pytest.mark.parametrize(
    ("if_match", "expected"),
    [
        (None, True),
        (b"*", True),
        (b'"3"', True),
        (b'"1", "3"', True),
        (b'"1" , W/"2","3"', True),
        (b'W/"3"', False),
        (b'"33"', False),
        (b'"1"', False),
    ],
)
def test_if_match_is_compared_strongly(if_match: bytes | None, expected: bool) -> None:
    assert is_as_expected(if_match, b'"3"') is expected


@pytest.mark.parametrize("if_match", [b"", b"3", b'"3', b'"1" "3"'])
def test_an_if_match_that_is_no_list_of_tags_is_refused(if_match: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        is_as_expected(if_match, b'"3"')
    assert caught.value.field == "If-Match"


def test_a_key_is_as_it_was_sent() -> None:
    assert idempotency_key(request_of(b"")) is None
    assert idempotency_key(request_of(b"", (b"idempotency-key", b"order-1"))) == "order-1"


@given(st.tuples(st.text(), st.binary(), st.binary()), st.tuples(st.text(), st.binary(), st.binary()))
def test_different_requests_have_different_hashes(
    one: tuple[str, bytes, bytes], other: tuple[str, bytes, bytes]
) -> None:
    def hashed(parts: tuple[str, bytes, bytes]) -> str:
        endpoint, query, body = parts
        return request_hash(request_of(body, query=query), endpoint.encode(errors="replace").decode())

    if one[0].isascii() and other[0].isascii():
        assert (hashed(one) == hashed(other)) == (one == other)
