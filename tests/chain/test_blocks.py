"""Which blocks are believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.chain.blocks import check_fresh, make_block, tag_of
from shared.core.balances import Block
from shared.errors import RpcBadResponse

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def block(**before_now: float) -> Block:
    return Block(100, NOW - timedelta(**before_now))


def test_a_block_is_made_of_a_number_and_a_unix_time() -> None:
    assert make_block(255, 1_780_272_000) == Block(255, NOW)
    assert tag_of(make_block(255, 0)) == "0xff"


def test_a_time_past_all_calendars_is_refused() -> None:
    with pytest.raises(RpcBadResponse):
        make_block(1, 2**64 - 1)


def test_a_block_a_little_before_the_last_one_is_believed() -> None:
    check_fresh(block(minutes=4), block(), NOW)


def test_a_block_well_before_the_last_one_is_refused() -> None:
    with pytest.raises(RpcBadResponse, match="behind"):
        check_fresh(block(minutes=6), block(), NOW)


def test_an_old_block_is_believed_when_nothing_newer_was_seen() -> None:
    check_fresh(block(days=9), None, NOW)
    check_fresh(block(days=9), block(days=9), NOW)


def test_a_block_ahead_of_its_time_does_not_spoil_what_follows() -> None:
    check_fresh(block(seconds=12), block(minutes=-50), NOW)
