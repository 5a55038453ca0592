"""CCIP-Read on the wire, against another implementation of the ABI."""

from __future__ import annotations

import pytest
from eth_abi.abi import decode
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.ccip import (
    Lookup,
    Question,
    format_batch,
    format_callback,
    format_failure,
    parse_batch,
    parse_lookup,
)
from shared.core.ids import address_bytes, address_from_bytes
from shared.errors import GatewayRefused, RpcBadResponse, RpcError, RpcTooLarge, RpcUnavailable
from tests.chain.lookups import CALLBACK, LOOKUP, QUERY, batch_of, lookup_revert
from tests.chain.setting import WALLET, outcome_of

ASCII = st.text(st.characters(max_codepoint=127), max_size=80)
BYTES = st.binary(max_size=100)
QUESTIONS = st.builds(
    Question,
    st.binary(min_size=20, max_size=20).map(address_from_bytes),
    st.lists(ASCII, max_size=4).map(tuple),
    BYTES,
)


@given(QUESTIONS, BYTES)
def test_a_lookup_is_read_as_it_was_written(question: Question, left: bytes) -> None:
    revert = lookup_revert(question.sender, question.urls, question.data, left)

    assert parse_lookup(revert) == Lookup(question, CALLBACK, left)


@given(st.lists(QUESTIONS, max_size=16))
def test_a_batch_is_read_as_it_was_written(questions: list[Question]) -> None:
    assert parse_batch(batch_of(*questions)) == questions


@given(st.lists(BYTES | st.builds(RpcUnavailable, ASCII), max_size=5))
def test_the_answers_of_a_batch_keep_their_order(answers: list[bytes | RpcError]) -> None:
    failed, told = decode(["bool[]", "bytes[]"], format_batch(answers))

    assert list(failed) == [isinstance(answer, RpcError) for answer in answers]
    assert [each for each, bad in zip(told, failed, strict=True) if not bad] == [
        answer for answer in answers if isinstance(answer, bytes)
    ]


def test_the_callback_hands_over_the_answer_and_what_was_left() -> None:
    lookup = Lookup(Question(WALLET, (), b""), CALLBACK, b"left")
    data = format_callback(lookup, b"answer")

    assert data[:4] == CALLBACK
    assert decode(["bytes", "bytes"], data[4:]) == (b"answer", b"left")


def test_a_refusal_is_told_with_its_status_and_any_other_failure_in_words() -> None:
    refused = format_failure(GatewayRefused("gateway.example: HTTP 404", 404))
    assert refused[:4].hex() == "01800152"
    assert decode(["uint16", "string"], refused[4:]) == (404, "gateway.example: HTTP 404")

    down = format_failure(RpcUnavailable("gateway.example: no connection"))
    assert down[:4].hex() == "08c379a0"
    assert decode(["string"], down[4:]) == ("gateway.example: no connection",)


@given(BYTES)
def test_another_revert_is_no_lookup(revert: bytes) -> None:
    assert parse_lookup(b"\0" + revert) is None


@st.composite
def spoilt(draw: st.DrawFn, whole: bytes) -> bytes:
    """A good message with some of its words exchanged, or any bytes."""
    words = [whole[at : at + 32] for at in range(4, len(whole), 32)]
    small = st.integers(0, len(whole)).map(lambda number: number.to_bytes(32))
    for _ in range(draw(st.integers(0, 2))):
        words[draw(st.integers(0, len(words) - 1))] = draw(small | st.binary(min_size=32, max_size=32))
    return draw(st.just(b"".join(words)) | st.binary(max_size=600))


ASKED = Question(WALLET, ("https://one.example", "https://two.example"), b"data")


@given(spoilt(lookup_revert(ASKED.sender, ASKED.urls, ASKED.data)))
def test_a_spoilt_lookup_is_refused_or_made_of_what_is_there(garbage: bytes) -> None:
    lookup = outcome_of(lambda: parse_lookup(LOOKUP + garbage))

    if isinstance(lookup, Lookup):
        assert stands_in(lookup.question, garbage)
        assert lookup.left in garbage
        assert lookup.callback == garbage[96:100]
    else:
        assert type(lookup) is RpcBadResponse


@given(spoilt(batch_of(ASKED, Question(WALLET, (), b""))))
def test_a_spoilt_batch_is_refused_or_made_of_what_is_there(garbage: bytes) -> None:
    questions = outcome_of(lambda: parse_batch(QUERY + garbage))

    if isinstance(questions, list):
        assert all(stands_in(question, garbage) for question in questions)
    else:
        assert type(questions) in (RpcBadResponse, RpcTooLarge)


def stands_in(question: Question, raw: bytes) -> bool:
    parts = (address_bytes(question.sender), *(url.encode() for url in question.urls), question.data)
    return all(part in raw for part in parts)


def test_a_lookup_that_is_cut_off_is_refused() -> None:
    with pytest.raises(RpcBadResponse):
        parse_lookup(lookup_revert(WALLET, ["https://gateway.example"], b"data")[:-32])


def test_of_many_urls_only_the_first_four_are_looked_at() -> None:
    lookup = parse_lookup(lookup_revert(WALLET, [f"https://{i}.example" for i in range(1000)], b""))

    assert lookup is not None
    assert lookup.question.urls == tuple(f"https://{i}.example" for i in range(4))


def test_a_url_that_is_not_ascii_is_refused() -> None:
    with pytest.raises(RpcBadResponse, match="ASCII"):
        parse_lookup(lookup_revert(WALLET, ["https://gätes.example"], b""))


def test_a_lookup_has_a_largest_size() -> None:
    with pytest.raises(RpcTooLarge):
        parse_lookup(lookup_revert(WALLET, [], bytes(256 * 1024)))


def test_a_batch_has_at_most_sixteen_questions() -> None:
    with pytest.raises(RpcTooLarge):
        parse_batch(batch_of(*[Question(WALLET, (), b"")] * 17))


def test_a_batch_gateway_is_asked_for_batches_only() -> None:
    with pytest.raises(RpcBadResponse):
        parse_batch(b"what?")
