from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.balances import BalanceRead, Block
from shared.core.fragments import (
    Fragment,
    FragmentBalance,
    FragmentKey,
    Fragments,
    Unread,
    carried,
    changed,
    confirmed,
    held,
    merge,
    newer,
    position_fragments,
    wallet_fragments,
)
from shared.core.ids import Address, AssetId, ChainId
from shared.core.positions import Position, PositionsRead
from shared.core.tokens import erc20, native_token

from .chain_samples import ETHEREUM

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
WALLET = Address("0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045")
OTHER = Address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
RECEIPT = Address("0x98C23E9d8f34FEFb1B7BD6a91B7FF122F4e16F5c")
TOKEN = erc20(
    ChainId(1), Address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"), "USDC", "USD Coin", 6, listed=True
)
ETH, USDC = AssetId("eip155:1/slip44:60"), TOKEN.asset_id
BLOCK = Block(100, NOON)


def fragment(block: int, **raw: int) -> Fragment:
    ids = {"eth": (ETH, "ETH", 18), "usdc": (USDC, "USDC", 6)}
    balances = tuple(sorted(FragmentBalance(*ids[name], amount) for name, amount in raw.items()))
    return Fragment(WALLET, "ethereum", "wallet", Block(block, NOON), balances)


FRAGMENTS = st.builds(
    lambda block, raw: fragment(block, **raw),
    st.integers(1, 5),
    st.dictionaries(st.sampled_from(["eth", "usdc"]), st.integers(1, 2)),
)
BALANCES = st.builds(
    FragmentBalance,
    st.sampled_from([ETH, USDC]),
    st.sampled_from(["ETH", "USDC"]),
    st.just(18),
    st.integers(1, 3),
    st.sampled_from(["wallet", "deposit", "debt"]),
    st.none() | st.just(RECEIPT),
    st.none() | st.just("core"),
)
# Few values of each, so that keys, blocks and even sequences meet.
ANY = st.builds(
    Fragment,
    st.sampled_from([WALLET, OTHER]),
    st.sampled_from(["ethereum", "base"]),
    st.sampled_from(["wallet", "aave-v3"]),
    st.builds(Block, st.integers(1, 3), st.sampled_from([NOON, NOON + timedelta(seconds=1)])),
    st.lists(BALANCES, max_size=2).map(tuple),
    st.integers(0, 2),
)
MANY = st.lists(ANY, max_size=8)


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
        (fragment(5, eth=1), fragment(5, eth=2), True),
        (fragment(5, eth=1), fragment(5), True),
        (fragment(5, eth=1), fragment(5, eth=1), False),
    ],
)
def test_a_fragment_is_news_if_it_says_something_else_and_is_not_older(
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
    older, later = sorted((one, other), key=lambda each: each.block.number)
    assert older.block == later.block or not changed(later, older)
    assert not changed(one, one)


@given(FRAGMENTS, st.booleans())
def test_an_explicit_read_confirms_what_is_known_unless_it_is_older(each: Fragment, is_empty: bool) -> None:
    found = each._replace(balances=()) if is_empty else each
    later = found._replace(block=Block(found.block.number + 1, NOON))

    assert confirmed(None, found) == bool(found.balances)
    assert confirmed(each, found)
    assert confirmed(each, later)
    assert not confirmed(later, found)


@given(MANY, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(fragments: list[Fragment], random: Random) -> None:
    shuffled = random.sample(fragments, len(fragments))

    assert merge({}, fragments) == merge({}, shuffled)


@given(MANY, MANY)
def test_merging_commutes(one: list[Fragment], other: list[Fragment]) -> None:
    assert joined(merge({}, one), merge({}, other)) == joined(merge({}, other), merge({}, one))


@given(MANY, MANY, MANY)
def test_merging_is_associative(one: list[Fragment], other: list[Fragment], third: list[Fragment]) -> None:
    first, second, last = merge({}, one), merge({}, other), merge({}, third)

    assert joined(joined(first, second), last) == joined(first, joined(second, last))
    assert joined(joined(first, second), last) == merge({}, [*one, *other, *third])


@given(MANY)
def test_a_repetition_changes_nothing(fragments: list[Fragment]) -> None:
    known = merge({}, fragments)

    assert merge(known, fragments) == known
    assert joined(known, known) == known
    assert merge(known, []) == known


@given(MANY)
def test_of_each_key_one_of_the_newest_block_and_there_of_the_last_written_is_known(
    fragments: list[Fragment],
) -> None:
    known = merge({}, fragments)

    assert known.keys() == {each.key for each in fragments}
    for key, kept in known.items():
        same = [each for each in fragments if each.key == key]
        assert kept in same
        age = (kept.block.number, kept.sequence)
        assert age == max((each.block.number, each.sequence) for each in same)


@given(MANY)
def test_what_is_empty_is_not_held_and_does_not_come_back(fragments: list[Fragment]) -> None:
    last = max((each.block.number for each in fragments), default=0) + 1
    emptied = [each._replace(block=Block(last, NOON), balances=()) for each in fragments]

    known = merge({}, emptied)

    assert held(known) == held(merge(known, fragments)) == ()
    assert merge(known, fragments) == known


@given(MANY)
def test_what_is_held_is_ordered_and_is_all_that_is_not_empty(fragments: list[Fragment]) -> None:
    known = merge({}, fragments)

    assert [each.key for each in held(known)] == sorted(key for key in known if known[key].balances)


def test_merging_leaves_what_was_known_as_it_was() -> None:
    known = merge({}, [fragment(1, eth=1)])

    merged = merge(known, [fragment(2, eth=2)])

    assert (known[fragment(1).key].block.number, merged[fragment(1).key].block.number) == (1, 2)


def test_of_two_the_later_written_counts_only_at_the_same_block() -> None:
    early, late = fragment(5, eth=1)._replace(sequence=7), fragment(5, eth=2)._replace(sequence=8)
    higher = fragment(6, eth=3)._replace(sequence=1)

    assert newer(early, late) == newer(late, early) == late
    assert newer(late, higher) == newer(higher, late) == higher


def joined(one: Fragments, other: Fragments) -> dict[FragmentKey, Fragment]:
    return merge(one, other.values())


@pytest.mark.parametrize(
    "difference",
    [{"kind": "debt"}, {"contract": OTHER}, {"market": "prime"}, {"raw": 8}],
)
def test_the_same_amount_held_in_another_way_is_news(difference: dict[str, Any]) -> None:
    balance = FragmentBalance(USDC, "USDC", 6, 7, "deposit", RECEIPT, "core")
    known = fragment(4)._replace(balances=(balance,))
    found = fragment(5)._replace(balances=(balance._replace(**difference),))

    assert changed(known, found)
    assert not changed(known, known._replace(block=found.block))


def test_two_positions_alike_but_for_their_amounts_are_both_looked_at() -> None:
    balance = FragmentBalance(USDC, "USDC", 6, 7, "locked", RECEIPT)
    known = fragment(4)._replace(balances=(balance, balance._replace(raw=8)))

    assert changed(known, known._replace(block=Block(5, NOON), balances=(balance._replace(raw=8),) * 2))
    assert not changed(
        known, known._replace(block=Block(5, NOON), balances=(balance._replace(raw=8), balance))
    )


def test_each_wallet_that_was_read_gets_a_fragment_even_if_it_holds_nothing() -> None:
    balances = {(WALLET, TOKEN.address): 5, (WALLET, None): 10**18}
    read = BalanceRead(ChainId(1), BLOCK, balances, (), frozenset(), 1)

    held_by, empty = wallet_fragments([WALLET, OTHER], ETHEREUM, read, {_address(): TOKEN})

    coin = native_token(ETHEREUM)
    assert held_by == Fragment(
        WALLET,
        "ethereum",
        "wallet",
        BLOCK,
        (
            FragmentBalance(USDC, "USDC", 6, 5),
            FragmentBalance(coin.asset_id, coin.symbol, coin.decimals, 10**18),
        ),
    )
    assert empty == Fragment(OTHER, "ethereum", "wallet", BLOCK, ())


def _address() -> Address:
    assert TOKEN.address is not None
    return TOKEN.address


def test_each_protocol_that_answered_gets_a_fragment_of_each_wallet() -> None:
    lent = Position(WALLET, "aave-v3", "deposit", TOKEN, 7, RECEIPT, "core")
    owed = lent._replace(kind="debt", raw=3, market=None)
    read = PositionsRead(ETHEREUM, BLOCK, (lent, owed), ("aave-v3", "lido"))

    found = {each.key: each for each in position_fragments([WALLET, OTHER], read)}

    assert found.pop(FragmentKey(WALLET, "ethereum", "aave-v3")) == Fragment(
        WALLET,
        "ethereum",
        "aave-v3",
        BLOCK,
        (
            FragmentBalance(USDC, "USDC", 6, 3, "debt", RECEIPT, None),
            FragmentBalance(USDC, "USDC", 6, 7, "deposit", RECEIPT, "core"),
        ),
    )
    assert found.keys() == {
        FragmentKey(WALLET, "ethereum", "lido"),
        FragmentKey(OTHER, "ethereum", "aave-v3"),
        FragmentKey(OTHER, "ethereum", "lido"),
    }
    assert {(each.balances, each.block) for each in found.values()} == {((), BLOCK)}


UNREAD = st.builds(
    Unread,
    st.frozensets(st.sampled_from([ETH, USDC])),
    st.none() | st.frozensets(st.sampled_from([ETH, USDC])),
)


@given(st.none() | ANY, ANY, UNREAD)
def test_of_an_asset_that_was_not_read_what_is_known_stays_and_of_all_others_what_was_found(
    known: Fragment | None, found: Fragment, unread: Unread
) -> None:
    whole = carried(known, found, unread)

    def of(asset_id: AssetId, each: Fragment | None) -> list[FragmentBalance]:
        return sorted((b for b in each.balances if b.asset_id == asset_id), key=repr) if each else []

    for asset_id in (ETH, USDC):
        is_carried = unread.covers(asset_id) and not of(asset_id, found)
        assert of(asset_id, whole) == of(asset_id, known if is_carried else found)
    assert whole._replace(balances=()) == found._replace(balances=())


@given(FRAGMENTS, FRAGMENTS)
def test_a_read_that_says_nothing_of_any_asset_changes_nothing(known: Fragment, found: Fragment) -> None:
    nothing = found._replace(balances=(), block=BLOCK._replace(number=9))

    assert not changed(known, carried(known, nothing, Unread(asked=frozenset())))


def test_assets_are_unread_that_misbehaved_or_were_not_asked_about() -> None:
    assert not Unread().covers(ETH)
    assert Unread(frozenset({USDC})).covers(USDC)
    assert Unread(asked=frozenset({ETH})).covers(USDC)
    assert not Unread(asked=frozenset({ETH})).covers(ETH)


def test_a_protocol_that_failed_makes_no_fragment_of_what_is_known_of_it() -> None:
    known = Position(WALLET, "aave-v3", "deposit", TOKEN, 7, RECEIPT)
    read = PositionsRead(ETHEREUM, BLOCK, (known, known._replace(protocol="lido")), ("lido",))

    (told,) = position_fragments([WALLET], read)
    assert (told.protocol, len(told.balances)) == ("lido", 1)


def test_what_was_not_read_makes_no_fragment() -> None:
    assert position_fragments([WALLET], PositionsRead(ETHEREUM, None, (), ())) == ()
    assert position_fragments([WALLET], PositionsRead(ETHEREUM, BLOCK, (), ())) == ()
