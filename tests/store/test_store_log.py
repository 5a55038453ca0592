"""The TradeLog port, on every store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.core.trades import Trade
from shared.errors import Conflict, DuplicateTrade, InvalidInput, NotFound
from shared.store.codecs import position_of
from shared.store.ports import Position, Store, TradeFilter
from tests.store.samples import ALICE, BOB, START, Clock, once, trade, tx


async def read_all(
    store: Store, user: str, where: TradeFilter | None = None, after: Position | None = None
) -> list[Trade]:
    return [t async for chunk in store.log.read_trades(user, where, after) for t in chunk]


async def test_the_log_is_read_whole_and_in_order_in_chunks(store: Store) -> None:
    many = [trade(n, tx_hash=tx(n), chain="base") for n in range(2300)]
    await store.imports.import_trades(ALICE, [many[1200:], many[:700], many[700:1200]])

    chunks = [chunk async for chunk in store.log.read_trades(ALICE)]

    assert [t for chunk in chunks for t in chunk] == many
    assert max(map(len, chunks)) <= 1000


async def test_the_log_is_read_from_a_position_and_by_filter(store: Store) -> None:
    kept = [trade(n, symbol="USDC" if n % 2 else "ETH") for n in range(6)]
    await store.trades.add_trades(ALICE, kept)
    await store.trades.add_trades(BOB, [trade(9, BOB)])

    assert await read_all(store, ALICE, after=position_of(kept[3])) == kept[4:]
    assert await read_all(store, ALICE, TradeFilter(symbol="USDC"), position_of(kept[1])) == [
        kept[3],
        kept[5],
    ]
    assert await read_all(store, "nobody") == []


async def test_an_import_of_nothing_is_fine(store: Store) -> None:
    assert await store.imports.import_trades(ALICE, [], once()) is None
    assert await store.imports.import_trades(ALICE, [], once(body=b"second")) == once().answer


async def test_an_import_is_all_or_nothing(store: Store) -> None:
    first = trade(0, tx_hash=tx(650), chain="base")
    await store.trades.add_trades(ALICE, [first])
    many = [trade(n, tx_hash=tx(n), chain="base") for n in range(1, 701)]

    with pytest.raises(DuplicateTrade) as raised:
        await store.imports.import_trades(ALICE, [many[:350], many[350:]], once())

    assert raised.value.trade_id == first.id
    assert await read_all(store, ALICE) == [first]
    assert await store.imports.import_trades(ALICE, [many[:640]], once()) is None
    assert await read_all(store, ALICE) == [first, *many[:640]]


async def test_what_the_chunks_raise_ends_the_import(store: Store) -> None:
    def chunks() -> Iterator[list[Trade]]:
        yield [trade(n) for n in range(400)]
        raise InvalidInput("amount", "is wrong in row 401")

    with pytest.raises(InvalidInput, match="row 401"):
        await store.imports.import_trades(ALICE, chunks(), once())

    assert await read_all(store, ALICE) == []


async def test_a_repeated_import_gets_the_first_answer(store: Store) -> None:
    many = [trade(n, tx_hash=tx(n), chain="base") for n in range(5)]

    assert await store.imports.import_trades(ALICE, [many], once(body=b"first")) is None
    assert (
        await store.imports.import_trades(ALICE, [many], once(body=b"second")) == once(body=b"first").answer
    )
    with pytest.raises(Conflict):
        await store.imports.import_trades(ALICE, [many], once(request_hash="other"))

    assert await read_all(store, ALICE) == many


async def test_of_two_imports_at_once_at_least_one_is_kept_and_none_half(store: Store) -> None:
    imports = [[trade(base + n) for n in range(400)] for base in (0, 1000)]

    results = await asyncio.gather(
        *(store.imports.import_trades(ALICE, [chunk]) for chunk in imports), return_exceptions=True
    )

    assert {type(result) for result in results} <= {type(None), Conflict}
    kept = [t for chunk, result in zip(imports, results, strict=True) if result is None for t in chunk]
    assert kept
    assert await read_all(store, ALICE) == kept


async def test_trades_are_read_by_the_times_of_their_execution(store: Store) -> None:
    kept = [trade(n, executed_at=START.replace(hour=n % 12, microsecond=n % 2)) for n in range(1500)]
    await store.imports.import_trades(ALICE, [kept])
    await store.trades.add_trades(BOB, [trade(1, BOB)])
    moments = [START.replace(hour=1, microsecond=1), START.replace(hour=2), START.replace(hour=3)]

    chunks = [chunk async for chunk in store.imports.read_moments(ALICE, [*moments, START.replace(hour=20)])]

    found = sorted((t for chunk in chunks for t in chunk), key=position_of)
    assert found == sorted((t for t in kept if t.executed_at in moments), key=position_of)
    assert len(found) == 250
    assert [chunk async for chunk in store.imports.read_moments(ALICE, [])] == []


async def test_many_times_that_lie_close_are_read_in_one_go(store: Store) -> None:
    kept = [trade(n) for n in range(700)]
    await store.imports.import_trades(ALICE, [kept])
    asked = [t.executed_at for t in kept[100:]]

    chunks = [chunk async for chunk in store.imports.read_moments(ALICE, [*asked[::-1], *asked[:3]])]

    assert sorted((t for chunk in chunks for t in chunk), key=position_of) == kept[100:]


async def test_more_trades_of_one_moment_than_one_chunk_are_all_read(store: Store) -> None:
    kept = [trade(n, executed_at=START) for n in range(2300)]
    await store.imports.import_trades(ALICE, [kept])

    chunks = [chunk async for chunk in store.imports.read_moments(ALICE, [START])]

    assert sorted((t for chunk in chunks for t in chunk), key=position_of) == kept
    assert max(map(len, chunks)) <= 1000


async def test_an_import_that_does_not_know_of_another_one_is_refused(store: Store) -> None:
    since = await store.log.read_revision(ALICE)
    await store.trades.add_trades(ALICE, [trade(1)])
    await store.imports.import_trades(BOB, [[trade(1, BOB)]])
    await store.imports.import_trades(ALICE, [[trade(2)]], since=since)

    with pytest.raises(Conflict, match="another import ended"):
        await store.imports.import_trades(ALICE, [[trade(3)]], once(), since=since)

    since = await store.log.read_revision(ALICE)
    assert await store.imports.import_trades(ALICE, [[trade(4)]], once(), since=since) is None
    assert await read_all(store, ALICE) == [trade(1), trade(2), trade(4)]


async def test_duplicates_are_found_by_transaction(store: Store) -> None:
    kept = trade(1, tx_hash=tx(1), chain="base")
    await store.trades.add_trades(ALICE, [kept, trade(2)])
    same, other, without = (
        kept._replace(id="alice-same"),
        kept._replace(id="alice-other", side="sell"),
        trade(3),
    )

    assert await store.imports.find_duplicates(ALICE, [same, other, without]) == {"alice-same": kept.id}
    assert await store.imports.find_duplicates(ALICE, []) == {}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hours=st.lists(st.integers(0, 5), max_size=9), cut=st.integers(0, 9))
async def test_a_beginning_and_the_rest_are_the_whole(store: Store, hours: list[int], cut: int) -> None:
    user = f"user {hours} {cut}".replace(" ", "-")
    await forget_all(store, user)
    made = [trade(n, user, executed_at=START.replace(hour=hour)) for n, hour in enumerate(hours)]
    await store.trades.add_trades(user, made)
    whole = await read_all(store, user)

    rest = await read_all(store, user, after=position_of(whole[cut - 1])) if 0 < cut <= len(whole) else whole

    assert whole == sorted(made, key=position_of)
    assert rest == (whole[cut:] if 0 < cut <= len(whole) else whole)


async def forget_all(store: Store, user: str) -> None:
    """The same example may come twice."""
    for kept in await read_all(store, user):
        await store.trades.delete_trade(user, kept.id)
        with pytest.raises(NotFound):
            await store.trades.get_trade(user, kept.id)


async def test_every_change_moves_the_revision(store: Store, clock: Clock) -> None:
    revisions = [await store.log.read_revision(ALICE)]
    await store.trades.add_trades(ALICE, [trade(1), trade(2)])
    revisions.append(await store.log.read_revision(ALICE))
    await store.trades.replace_trade(ALICE, trade(1, symbol="WETH"), 1)
    revisions.append(await store.log.read_revision(ALICE))
    await store.trades.delete_trade(ALICE, "alice-000001")
    revisions.append(await store.log.read_revision(ALICE))
    await store.imports.import_trades(ALICE, [[trade(3)]])
    revisions.append(await store.log.read_revision(ALICE))

    assert len(set(revisions)) == 5
    assert await store.log.read_revision(ALICE) == revisions[-1]


@pytest.mark.parametrize(
    ("added", "joins"),
    [
        (trade(9), False),
        (trade(9, link="swap:1"), True),
        (trade(9, link="swap:2"), False),
        (trade(9, link="swap:3"), False),
        (trade(9, side="sell", tx_hash=tx(1), chain="base"), True),
        (trade(9, side="sell", tx_hash=tx(1), chain="base", link="none"), False),
        (trade(9, tx_hash=tx(2), chain="base"), False),
    ],
)
async def test_it_is_known_whether_trades_join_earlier_ones(store: Store, added: Trade, joins: bool) -> None:
    earlier = [trade(1, link="swap:1"), trade(2, tx_hash=tx(1), chain="base"), trade(3, link="none")]
    await store.trades.add_trades(ALICE, [*earlier, trade(6, link="swap:3")])
    await store.trades.add_trades(
        BOB, [trade(1, BOB, link="swap:2"), trade(2, BOB, tx_hash=tx(2), chain="base")]
    )
    boundary = trade(5).executed_at

    assert await store.log.joins_earlier(ALICE, [trade(8), added], boundary) == joins
    assert not await store.log.joins_earlier(ALICE, [], boundary)
