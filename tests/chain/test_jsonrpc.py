"""Bodies go out and come back unchanged, and no body breaks the reader."""

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.jsonrpc import Json, format_body, make_call, number_of, parse_body, replies_by_number

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(values)
def test_what_is_formatted_is_parsed_unchanged(value: Json) -> None:
    assert parse_body(format_body(value)) == value


@given(st.binary() | st.builds(lambda value, cut: format_body(value)[:cut], values, st.integers(0, 40)))
def test_any_body_holds_what_it_says_or_nothing(body: bytes) -> None:
    try:
        said = json.loads(body.decode())
    except ValueError:
        said = None

    assert parse_body(body) == said or body.strip() in (b"NaN", b"Infinity", b"-Infinity")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"[" * 100_000, b"9" * 5_000, b"NaN", b"-Infinity", b"1 1", b"\xef\xbb\xbf1"],
    ids=lambda body: repr(body[:8]),
)
def test_what_is_no_json_in_utf_8_is_none(body: bytes) -> None:
    assert parse_body(body) is None


def test_a_body_has_no_needless_bytes() -> None:
    body = format_body(make_call(7, "eth_chainId", []))

    assert body == b'{"jsonrpc":"2.0","id":7,"method":"eth_chainId","params":[]}'


@given(st.lists(st.integers(0, 20), max_size=12))
def test_each_call_finds_its_reply_unless_it_was_answered_twice(numbers: list[int]) -> None:
    replies = [cast(Json, {"id": number, "result": number}) for number in numbers]

    found = replies_by_number(replies)

    once = {number for number in numbers if numbers.count(number) == 1}
    assert found == {number: {"id": number, "result": number} for number in once}


@pytest.mark.parametrize(
    "reply", [{"id": True}, {"id": "1"}, {"id": 1.0}, {"id": None}, {}, [], 1], ids=json.dumps
)
def test_only_a_whole_number_is_an_id(reply: Json) -> None:
    assert number_of(reply) is None
