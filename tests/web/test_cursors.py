"""Cursors: a place in a list, for one caller and one question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.web.cursors import decode_cursor, encode_cursor

KEY = b"k" * 32
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXT, TEXT, TEXT)
def test_a_cursor_gives_back_its_place(user: str, question: str, place: str) -> None:
    cursor = encode_cursor(KEY, user, question, place)

    assert decode_cursor(KEY, user, question, cursor) == place
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?# ")


@given(TEXT, TEXT, TEXT, TEXT, TEXT)
def test_it_holds_for_its_user_question_and_key_alone(
    user: str, question: str, place: str, other: str, another: str
) -> None:
    cursor = encode_cursor(KEY, user, question, place)
    if (user, question) != (other, another):
        assert_refused(KEY, other, another, cursor)
    assert_refused(b"another", user, question, cursor)


@given(TEXT, st.data())
def test_a_change_of_any_letter_is_found(place: str, data: st.DataObject) -> None:
    cursor = encode_cursor(KEY, "alice", "trades", place)
    at = data.draw(st.integers(0, len(cursor) - 1))
    letter = data.draw(st.characters().filter(lambda drawn: drawn != cursor[at]))
    assert_refused(KEY, "alice", "trades", cursor[:at] + letter + cursor[at + 1 :])
    assert_refused(KEY, "alice", "trades", cursor[:at])
    assert_refused(KEY, "alice", "trades", cursor + letter)


@given(st.text(max_size=100))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    assert_refused(KEY, "alice", "trades", text)


def assert_refused(key: bytes, user: str, question: str, cursor: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode_cursor(key, user, question, cursor)
    assert caught.value.field == "cursor"
