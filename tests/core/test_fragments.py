from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.balances import Block
from shared.core.fragments import Fragment, FragmentBalance, FragmentKey, changed
from shared.core.ids import Address, AssetId

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
WALLET = Address("0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045")
ETH, USDC = AssetId("eip155:1/slip44:60"), AssetId("eip155:1/erc20:0xA0b8…")


def fragment(block: int, **raw: int) -> Fragment:
    ids = {"eth": (ETH, "ETH", 18), "usdc": (USDC, "USDC", 6)}
    balances = tuple(sorted(FragmentBalance(*ids[name], amount) for name, amount in raw.items()))
    return Fragment(WALLET, "ethereum", "wallet", Block(block, NOON), balances)


FRAGMENTS = st.builds(
    lambda block, raw: fragment(block, **raw),
    st.integers(1, 5),
    st.dictionaries(st.sampled_from(["eth", "usdc"]), st.integers(1, 2)),
)


def test_a_fragment_is_named_by_wallet_chain_and_protocol() -> None:
    assert fragment(1).key == FragmentKey(WALLET, "ethereum", "wallet")


@pytest.mark.parametrize(
    ("known", "found", "is_news"),
    [
        (None, fragment(5, eth=1), True),
        (None, fragment(5), False),
        (fragment(4, eth=1), fragment(5, eth=2), True),
        (fragment(4, eth=1), fragment(5, eth=1), False),
        (fragment(4, eth=1), fragment(5), True),
        (fragment(4, eth=1), fragment(5, eth=1, usdc=1), True),
        (fragment(5, eth=1), fragment(4, eth=2), False),
        (fragment(5, eth=1), fragment(5, eth=2), False),
    ],
)
def test_a_fragment_is_news_if_it_says_something_else_at_a_later_block(
    known: Fragment | None, found: Fragment, is_news: bool
) -> None:
    assert changed(known, found) is is_news


def test_another_name_of_the_same_asset_is_no_news() -> None:
    renamed = fragment(5, eth=1)._replace(balances=(FragmentBalance(ETH, "ETHER", 18, 1),))
    assert not changed(fragment(4, eth=1), renamed)


@given(st.lists(FRAGMENTS, max_size=5, unique_by=lambda each: each.block.number))
def test_keeping_only_the_news_keeps_the_balances_of_the_newest_block(found: list[Fragment]) -> None:
    known: Fragment | None = None
    for each in sorted(found, key=lambda each: each.block.number):
        known = each if changed(known, each) else known
        assert (known or fragment(0)).balances == each.balances


@given(FRAGMENTS, FRAGMENTS)
def test_what_was_read_earlier_never_takes_the_place_of_what_is_known(one: Fragment, other: Fragment) -> None:
    assert not (changed(one, other) and changed(other, one))
    assert not changed(one, one)
