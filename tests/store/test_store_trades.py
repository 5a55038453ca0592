"""The Trades port, on every store."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.core.trades import LotPick, OnChain, Trade
from shared.errors import Conflict, DuplicateTrade, NotFound, PreconditionFailed
from shared.store.codecs import position_of
from shared.store.ports import Order, Position, Store, TradeFilter
from tests.store.samples import ALICE, BOB, ETH, START, WALLET, Clock, once, trade, tx

EVERYTHING = TradeFilter()


async def all_pages(
    store: Store, user: str, where: TradeFilter = EVERYTHING, order: Order = "desc", limit: int = 2
) -> list[Trade]:
    found: list[Trade] = []
    after: Position | None = None
    while True:
        page = await store.trades.page_trades(user, where, order=order, after=after, limit=limit)
        assert len(page.rows) <= limit
        found += [stored.trade for stored in page.rows]
        if page.next is None:
            return found
        after = page.next


async def test_a_trade_comes_back_as_it_was_given(store: Store) -> None:
    given_trade = trade(
        1,
        side="transfer_in",
        amount=Decimal("1.50000000000000000000000000000000"),
        fee_usd=Decimal("0.00"),
        tx_hash=tx(1),
        chain="ethereum",
        wallet=WALLET,
        notes='naïve "quotes"\n, commas and 🜚',
        fee_asset=ETH,
        fee_amount=Decimal("0.00021"),
        link="swap:1",
        basis_usd=Decimal("123456789012345678901234.5"),
        acquired_at=START - timedelta(microseconds=1),
    )
    picking = trade(2, side="sell", lots=(LotPick("alice-000001", Decimal("0.10")),))

    await store.trades.add_trades(ALICE, [given_trade, picking])

    for kept in (given_trade, picking):
        stored = await store.trades.get_trade(ALICE, kept.id)
        assert stored == (kept, 1)
        assert repr(stored.trade) == repr(kept)


async def test_trades_are_listed_by_time_then_by_id(store: Store) -> None:
    at_once = [trade(n, executed_at=START) for n in range(3)]
    later, earlier = trade(7), trade(8, executed_at=START - timedelta(days=1))
    await store.trades.add_trades(ALICE, [at_once[2], later, at_once[0], earlier, at_once[1]])

    expected = [earlier, *at_once, later]
    assert await all_pages(store, ALICE, order="asc") == expected
    assert await all_pages(store, ALICE, order="desc") == expected[::-1]


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        (TradeFilter(side="sell"), [1, 4, 7]),
        (TradeFilter(symbol="USDC"), [1, 3, 5, 7]),
        (TradeFilter(status="pending", chain="base"), [0, 6]),
        (TradeFilter(wallet=WALLET, side="buy"), [0, 3, 6]),
        (TradeFilter(asset=ETH, since=START + timedelta(hours=2)), [2, 3, 4, 5, 6, 7]),
        (TradeFilter(since=START + timedelta(hours=1), until=START + timedelta(hours=3)), [1, 2]),
        (TradeFilter(side="sell", symbol="USDC", chain="ethereum", until=START + timedelta(hours=7)), [1]),
        (
            TradeFilter("buy", ETH, "ETH", "pending", WALLET, "base", START, START + timedelta(hours=6)),
            [0],
        ),
        (TradeFilter(symbol="DAI"), []),
    ],
)
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_filters_combine_freely(
    store: Store, where: TradeFilter, numbers: list[int], order: Order
) -> None:
    await store.trades.add_trades(
        ALICE,
        [
            trade(
                n,
                side="sell" if n % 3 == 1 else "buy",
                symbol="USDC" if n % 2 else "ETH",
                status="confirmed" if n % 2 else "pending",
                chain="base" if n % 3 == 0 else "ethereum",
                wallet=WALLET if n % 3 == 0 else None,
            )
            for n in range(8)
        ],
    )
    await store.trades.add_trades(BOB, [trade(n, BOB, side="sell", symbol="USDC") for n in range(3)])

    found = await all_pages(store, ALICE, where, order)

    expected = [f"alice-{n:06d}" for n in (numbers if order == "asc" else numbers[::-1])]
    assert [t.id for t in found] == expected


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hours=st.lists(st.integers(0, 3), max_size=12),
    added=st.lists(st.integers(0, 3), max_size=6),
    limit=st.integers(1, 5),
    order=st.sampled_from(["asc", "desc"]),
)
async def test_pages_have_each_trade_once_while_others_are_added(
    store: Store, hours: list[int], added: list[int], limit: int, order: Order
) -> None:
    user = secrets.token_hex(8)  # each example has rows of its own
    first = [trade(n, user, executed_at=START + timedelta(hours=h)) for n, h in enumerate(hours)]
    more = [trade(100 + n, user, executed_at=START + timedelta(hours=h)) for n, h in enumerate(added)]
    await store.trades.add_trades(user, first)
    seen: list[Trade] = []
    after: Position | None = None
    while True:
        page = await store.trades.page_trades(user, EVERYTHING, order=order, after=after, limit=limit)
        seen += [stored.trade for stored in page.rows]
        if more:
            await store.trades.add_trades(user, [more.pop()])
        if page.next is None:
            break
        after = page.next

    assert [t for t in seen if t in first] == sorted(first, key=position_of, reverse=order == "desc")
    assert len({t.id for t in seen}) == len(seen)


async def test_adding_is_all_or_nothing(store: Store) -> None:
    await store.trades.add_trades(ALICE, [trade(1, tx_hash=tx(1), chain="ethereum")])

    with pytest.raises(DuplicateTrade) as raised:
        await store.trades.add_trades(ALICE, [trade(2), trade(3, tx_hash=tx(1), chain="ethereum"), trade(4)])

    assert raised.value.trade_id == "alice-000001"
    assert [t.id for t in await all_pages(store, ALICE)] == ["alice-000001"]


async def test_two_alike_in_one_addition_are_a_conflict(store: Store) -> None:
    with pytest.raises(Conflict):
        await store.trades.add_trades(ALICE, [trade(n, tx_hash=tx(1), chain="base") for n in (1, 2)])

    assert await all_pages(store, ALICE) == []


async def test_a_transaction_is_kept_once_for_each_chain_asset_and_side_of_a_user(store: Store) -> None:
    one = trade(1, tx_hash=tx(1), chain="ethereum")
    others = [
        one._replace(id="alice-2", side="sell"),
        one._replace(id="alice-3", chain="base"),
        one._replace(id="alice-4", tx_hash=tx(2)),
        trade(5),
        trade(6),
    ]

    await store.trades.add_trades(ALICE, [one, *others])
    await store.trades.add_trades(BOB, [trade(1, BOB, tx_hash=tx(1), chain="ethereum")])

    assert len(await all_pages(store, ALICE, limit=10)) == 6


async def test_an_id_that_exists_is_a_conflict_and_changes_nothing(store: Store) -> None:
    await store.trades.add_trades(ALICE, [trade(1)])
    taken = trade(1, BOB)._replace(id="alice-000001")

    for user, same in ((ALICE, trade(1, symbol="WETH")), (BOB, taken)):
        with pytest.raises(Conflict):
            await store.trades.add_trades(user, [same])

    assert await all_pages(store, ALICE) == [trade(1)]
    assert await all_pages(store, BOB) == []


async def test_five_hundred_trades_are_added_at_once(store: Store) -> None:
    many = [trade(n, tx_hash=tx(n), chain="ethereum", notes="n" * 2000) for n in range(500)]

    await store.trades.add_trades(ALICE, many)

    assert await all_pages(store, ALICE, order="asc", limit=500) == many


async def test_replacing_counts_the_version(store: Store) -> None:
    await store.trades.add_trades(ALICE, [trade(1, link="a"), trade(2)])
    changed = trade(1, symbol="WETH", executed_at=START + timedelta(days=9))

    assert await store.trades.replace_trade(ALICE, changed, 1) == (changed, 2)
    assert await store.trades.get_trade(ALICE, changed.id) == (changed, 2)
    assert await all_pages(store, ALICE, order="asc") == [trade(2), changed]


async def test_of_two_replacements_at_once_one_wins(store: Store) -> None:
    await store.trades.add_trades(ALICE, [trade(1)])
    both = [trade(1, symbol=symbol) for symbol in ("WETH", "STETH")]

    results = await asyncio.gather(
        *(store.trades.replace_trade(ALICE, changed, 1) for changed in both), return_exceptions=True
    )

    winners = [result for result in results if not isinstance(result, BaseException)]
    losers = [result for result in results if isinstance(result, BaseException)]
    assert [type(loser) for loser in losers] == [PreconditionFailed]
    assert winners == [await store.trades.get_trade(ALICE, "alice-000001")]


async def test_a_replacement_takes_its_transaction_along(store: Store) -> None:
    first = trade(1, tx_hash=tx(1), chain="ethereum")
    second = trade(2, tx_hash=tx(2), chain="ethereum")
    await store.trades.add_trades(ALICE, [first, second])

    with pytest.raises(DuplicateTrade) as raised:
        await store.trades.replace_trade(ALICE, second._replace(tx_hash=tx(1)), 1)
    assert raised.value.trade_id == first.id

    await store.trades.replace_trade(ALICE, first._replace(tx_hash=tx(3)), 1)
    await store.trades.replace_trade(ALICE, second._replace(tx_hash=tx(1)), 1)
    await store.trades.add_trades(ALICE, [trade(4, tx_hash=tx(2), chain="ethereum")])


async def test_a_deleted_trade_is_gone_and_its_transaction_free(store: Store) -> None:
    kept = trade(1, tx_hash=tx(1), chain="ethereum")
    await store.trades.add_trades(ALICE, [kept])

    with pytest.raises(PreconditionFailed):
        await store.trades.delete_trade(ALICE, kept.id, 2)
    await store.trades.delete_trade(ALICE, kept.id, 1)

    with pytest.raises(NotFound):
        await store.trades.get_trade(ALICE, kept.id)
    with pytest.raises(NotFound):
        await store.trades.delete_trade(ALICE, kept.id)
    await store.trades.add_trades(ALICE, [kept._replace(id="alice-2")])


async def test_another_users_trades_do_not_exist(store: Store) -> None:
    kept = trade(1, tx_hash=tx(1), chain="ethereum")
    await store.trades.add_trades(ALICE, [kept, trade(2), trade(3)])
    page = await store.trades.page_trades(ALICE, EVERYTHING, limit=1)

    with pytest.raises(NotFound):
        await store.trades.get_trade(BOB, kept.id)
    with pytest.raises(NotFound):
        await store.trades.replace_trade(BOB, kept._replace(user_id=BOB), 1)
    with pytest.raises(NotFound):
        await store.trades.delete_trade(BOB, kept.id, 1)
    assert (await store.trades.page_trades(BOB, EVERYTHING, after=page.next)).rows == ()
    assert await all_pages(store, BOB, TradeFilter(asset=ETH)) == []
    assert await store.imports.find_duplicates(BOB, [kept._replace(user_id=BOB)]) == {}
    assert (await store.trades.get_trade(ALICE, kept.id)) == (kept, 1)


async def test_a_trade_is_not_kept_for_another_user(store: Store) -> None:
    with pytest.raises(ValueError, match="for the user whose it is"):
        await store.trades.add_trades(BOB, [trade(1)])


@pytest.mark.parametrize("trade_id", ["", ".", "..", "a/b", "__x__", "é" * 900, "alice-000001/", "%"])
async def test_any_text_may_be_asked_for(store: Store, trade_id: str) -> None:
    await store.trades.add_trades(ALICE, [trade(1)])

    with pytest.raises(NotFound):
        await store.trades.get_trade(ALICE, trade_id)


@pytest.mark.parametrize("user", ["a/b", ".", "auth0|5f7c8ec7c33c6c004bbafe82", "a:b"])
async def test_a_user_may_have_any_name(store: Store, user: str) -> None:
    await store.trades.add_trades(user, [trade(1, user, tx_hash=tx(1), chain="base")])

    assert await all_pages(store, user) == [trade(1, user, tx_hash=tx(1), chain="base")]


async def test_a_repeated_addition_gets_the_first_answer(store: Store) -> None:
    first, second = once(body=b"first"), once(body=b"second")

    assert await store.trades.add_trades(ALICE, [trade(1, tx_hash=tx(1), chain="base")], first) is None
    again = await store.trades.add_trades(ALICE, [trade(2, tx_hash=tx(1), chain="base")], second)

    assert again == first.answer
    assert [t.id for t in await all_pages(store, ALICE)] == ["alice-000001"]


async def test_of_the_same_addition_twice_at_once_one_is_kept(store: Store) -> None:
    claims = [once(body=b"first"), once(body=b"second")]
    added = [trade(n, tx_hash=tx(1), chain="base") for n in (1, 2)]

    answers = await asyncio.gather(
        *(store.trades.add_trades(ALICE, [t], claim) for t, claim in zip(added, claims, strict=True))
    )

    (kept,) = await all_pages(store, ALICE)
    winner = added.index(kept)
    assert answers[winner] is None
    assert answers[1 - winner] == claims[winner].answer


async def test_a_key_used_for_another_request_is_a_conflict(store: Store) -> None:
    await store.trades.add_trades(ALICE, [trade(1)], once())

    with pytest.raises(Conflict):
        await store.trades.add_trades(ALICE, [trade(2)], once(request_hash="other"))
    assert await store.trades.add_trades(BOB, [trade(2, BOB)], once(request_hash="other")) is None
    assert len(await all_pages(store, ALICE)) == 1


async def test_a_failed_addition_leaves_the_key_free(store: Store) -> None:
    await store.trades.add_trades(ALICE, [trade(1, tx_hash=tx(1), chain="base")])

    with pytest.raises(DuplicateTrade):
        await store.trades.add_trades(ALICE, [trade(2, tx_hash=tx(1), chain="base")], once())

    assert await store.trades.add_trades(ALICE, [trade(3)], once(request_hash="mended")) is None


async def test_a_key_is_free_again_after_a_day(store: Store, clock: Clock) -> None:
    await store.trades.add_trades(ALICE, [trade(1)], once())
    clock.pass_(hours=24)

    assert await store.trades.add_trades(ALICE, [trade(2)], once(request_hash="other")) is None
    assert len(await all_pages(store, ALICE)) == 2


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_what_the_chain_showed_is_kept_and_mismatches_are_found(store: Store, order: Order) -> None:
    seen = [None, *(OnChain(matches, 7, START, "why") for matches in (True, False, None, False))]
    kept = [trade(n, on_chain=each) for n, each in enumerate(seen)]
    await store.trades.add_trades(ALICE, kept)
    await store.trades.add_trades(BOB, [trade(9, BOB, on_chain=seen[2])])
    await store.trades.replace_trade(ALICE, kept[4]._replace(on_chain=None), 1)
    expected = [*kept[:4], kept[4]._replace(on_chain=None)]

    assert await all_pages(store, ALICE, order=order) == expected[:: 1 if order == "asc" else -1]
    assert await all_pages(store, ALICE, TradeFilter(status="confirmed", mismatched=True), order) == [kept[2]]
