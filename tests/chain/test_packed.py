"""The scanner's and the caller's bytes: what goes in comes out, and anything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.chain.calls import Call, Outcome, Reply
from shared.chain.packed import (
    INIT_CODE_LIMIT,
    LONGEST_REPLY,
    CallsAnswer,
    ScanAnswer,
    call_size,
    calls_room,
    contract_code,
    pack_calls,
    pack_scan,
    scan_room,
    unpack_calls,
    unpack_scan,
)
from shared.core.ids import Address
from shared.errors import RpcBadResponse
from tests.chain.setting import nth_address, outcome_of

MARKS = {Outcome.NO_CODE: 0xFF, Outcome.REVERTED: 0xFE, Outcome.WRONG_LENGTH: 0xFD, Outcome.OUT_OF_GAS: 0xFC}
CHAIN_ID, NUMBER, SECONDS = 8453, 21_000_000, 1_790_000_000

amounts = st.integers(1, 2**256 - 1) | st.integers(1, 10**19)
findings = st.dictionaries(st.integers(0, 2000), amounts | st.sampled_from(list(MARKS)), max_size=40)
replies = st.lists(
    st.builds(Reply, st.just(Outcome.ANSWERED), st.binary(max_size=LONGEST_REPLY))
    | st.sampled_from(list(MARKS)).map(Reply),
    max_size=12,
)


def head(reached: int, version: int = 2) -> bytes:
    return (
        bytes([version])
        + CHAIN_ID.to_bytes(8)
        + NUMBER.to_bytes(8)
        + SECONDS.to_bytes(8)
        + reached.to_bytes(4)
    )


def scan_bytes(found: dict[int, int | Outcome], reached: int) -> bytes:
    """What the scanner returns, as its source states it."""
    body = b""
    for pair, what in sorted(found.items()):
        if isinstance(what, Outcome):
            body += pair.to_bytes(2) + bytes([MARKS[what]])
        else:
            raw = what.to_bytes((what.bit_length() + 7) // 8)
            body += pair.to_bytes(2) + bytes([len(raw)]) + raw
    return head(reached) + body


def calls_bytes(given_replies: list[Reply]) -> bytes:
    body = b"".join(
        bytes([MARKS.get(reply.outcome, 0)]) + len(reply.data).to_bytes(2) + reply.data
        for reply in given_replies
    )
    return head(len(given_replies)) + body


@given(findings, st.integers(0, 100))
def test_every_finding_of_a_scan_comes_out(found: dict[int, int | Outcome], spare: int) -> None:
    reached = max(found, default=0) + 1
    answer = unpack_scan(scan_bytes(found, reached), 0, reached + spare)

    assert isinstance(answer, ScanAnswer)
    assert {**answer.balances, **answer.failures} == found
    assert answer.reached == reached
    assert answer.chain_id == CHAIN_ID
    assert (answer.block.number, answer.block.time.timestamp()) == (NUMBER, SECONDS)


@given(findings, st.data())
def test_a_scan_cut_anywhere_is_refused_or_ends_between_findings(
    found: dict[int, int | Outcome], data: st.DataObject
) -> None:
    whole = scan_bytes(found, 2001)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        answer = unpack_scan(cut, 0, 2001)
    except RpcBadResponse:
        return
    assert {**answer.balances, **answer.failures}.items() <= found.items()


@given(st.binary(max_size=200) | findings.map(lambda found: scan_bytes(found, 100)[len(head(0)) :]))
def test_any_scan_is_refused_or_says_just_what_was_read(raw: bytes) -> None:
    """There is one way only to write what a scan found."""
    for answer in (raw, head(100) + raw):
        found = outcome_of(lambda answer=answer: unpack_scan(answer, 0, 100))  # type: ignore[misc]
        if isinstance(found, ScanAnswer):
            written = scan_bytes({**found.balances, **found.failures}, found.reached)
            assert written[25:] == answer[25:]
        else:
            assert type(found) is RpcBadResponse


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(head(3)[:28], id="a cut head"),
        pytest.param(head(3, version=0x60) + b"", id="another version, such as code sent back"),
        pytest.param(head(11), id="more pairs than there are"),
        pytest.param(head(3) + bytes([0, 3, 1, 9]), id="a pair it has not reached"),
        pytest.param(head(9) + bytes([0, 5, 1, 9, 0, 5, 1, 9]), id="a pair twice"),
        pytest.param(head(9) + bytes([0, 5, 1, 9, 0, 4, 1, 9]), id="pairs out of order"),
        pytest.param(head(9) + bytes([0, 1, 0]), id="a balance of no bytes"),
        pytest.param(head(9) + bytes([0, 1, 2, 0, 9]), id="a balance with a leading zero"),
        pytest.param(head(9) + bytes([0, 1, 33]) + b"\1" * 33, id="a balance over 32 bytes"),
        pytest.param(head(9) + bytes([0, 1, 0xF0]), id="an unknown mark"),
        pytest.param(head(9) + bytes([0, 1, 3, 1, 1]), id="a cut balance"),
        pytest.param(head(9) + bytes([0]), id="a cut finding"),
        pytest.param(b"\2" + bytes(16) + b"\xff" * 8 + bytes(4), id="an impossible time"),
    ],
)
def test_a_garbled_scan_is_refused(answer: bytes) -> None:
    with pytest.raises(RpcBadResponse):
        unpack_scan(answer, 0, 10)


def test_a_scan_that_reports_pairs_before_its_first_is_refused() -> None:
    with pytest.raises(RpcBadResponse):
        unpack_scan(head(9) + bytes([0, 4, 1, 9]), 5, 10)
    with pytest.raises(RpcBadResponse):
        unpack_scan(head(4), 5, 10)


def test_a_scan_is_sent_packed() -> None:
    sent = pack_scan((nth_address(1),), (nth_address(2), nth_address(3)), 1)

    code, packed = contract_code("scanner"), "".join(nth_address(i)[2:] for i in (1, 2, 3))
    assert sent == f"0x{code}0007a12000010002{1:08x}{packed}"


def test_the_fullest_requests_are_within_the_limit_of_init_code() -> None:
    addresses = tuple(Address(nth_address(i)) for i in range(scan_room()))
    assert INIT_CODE_LIMIT - 20 < len(pack_scan(addresses[:1], addresses[1:], 0)) // 2 - 1 <= INIT_CODE_LIMIT

    call = Call(nth_address(1), bytes(calls_room() - 22))
    assert call_size(call) == calls_room()
    assert len(pack_calls([call])) // 2 - 1 == INIT_CODE_LIMIT


@given(replies)
def test_every_reply_to_packed_calls_comes_out(given_replies: list[Reply]) -> None:
    answer = unpack_calls(calls_bytes(given_replies), len(given_replies) + 3)

    assert isinstance(answer, CallsAnswer)
    assert list(answer.replies) == given_replies


@given(replies, st.data())
def test_cut_replies_are_refused(given_replies: list[Reply], data: st.DataObject) -> None:
    whole = calls_bytes(given_replies)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(RpcBadResponse):
        unpack_calls(whole[:cut], len(given_replies))


@given(replies)
def test_more_replies_than_calls_are_refused(given_replies: list[Reply]) -> None:
    assume(given_replies)
    with pytest.raises(RpcBadResponse):
        unpack_calls(calls_bytes(given_replies), len(given_replies) - 1)


@pytest.mark.parametrize(
    "reply", [b"\xfe\0\1a", b"\x01\0\1a", b"\0" + (LONGEST_REPLY + 1).to_bytes(2) + bytes(LONGEST_REPLY + 1)]
)
def test_a_malformed_reply_is_refused(reply: bytes) -> None:
    with pytest.raises(RpcBadResponse):
        unpack_calls(head(1) + reply, 1)
