"""Which rows are recorded already: each kept trade stands for one of them."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.core.trades import LotPick, Trade
from shared.services.trades_csv import COLUMNS
from shared.services.trades_recorded import RecordedTrades, content_digest
from tests.store.fakes import fake_store
from tests.store.samples import ALICE, START, Clock, trade, tx

kinds = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["1.5", "1.50", "2"])), max_size=12)


def made(kind: tuple[int, str], name: str) -> Trade:
    hour, amount = kind
    return trade(0, id=name, executed_at=START.replace(hour=hour), amount=Decimal(amount))


def content(kind: tuple[int, str]) -> tuple[int, Decimal]:
    return kind[0], Decimal(kind[1])


@given(kept=kinds, rows=kinds, size=st.integers(1, 5))
async def test_as_many_rows_are_recorded_as_equal_trades_are_kept(
    kept: list[tuple[int, str]], rows: list[tuple[int, str]], size: int
) -> None:
    store = fake_store(Clock())
    await store.trades.add_trades(ALICE, [made(kind, f"kept-{n}") for n, kind in enumerate(kept)])
    recorded = RecordedTrades(ALICE, store)
    drafts = [made(kind, f"row-{n}") for n, kind in enumerate(rows)]

    found: dict[str, str] = {}
    for start in range(0, len(drafts), size):
        found.update(await recorded.find(drafts[start : start + size]))

    both = Counter(map(content, kept)) & Counter(map(content, rows))
    assert Counter(content(rows[int(row.removeprefix("row-"))]) for row in found) == both
    assert len(set(found.values())) == len(found)
    by_name = {f"kept-{n}": content(kind) for n, kind in enumerate(kept)}
    assert all(by_name[k] == content(rows[int(r.removeprefix("row-"))]) for r, k in found.items())


async def test_a_transaction_is_recorded_whatever_else_the_row_says() -> None:
    store = fake_store(Clock())
    kept = trade(1, tx_hash=tx(1), chain="base")
    await store.trades.add_trades(ALICE, [kept])
    same, without = kept._replace(id="same", notes="other"), kept._replace(id="without", tx_hash=None)

    assert await RecordedTrades(ALICE, store).find([same, without]) == {"same": kept.id}


def test_every_column_of_a_file_counts() -> None:
    plain = trade(1)
    money = ("amount", "price_usd", "total_usd", "fee_usd", "fee_amount", "basis_usd")
    other: dict[str, Any] = {
        "side": "sell",
        "asset": "BTC",
        "symbol": "BTC",
        "amount_type": "usd",
        "chain": "base",
        "wallet": "0x1",
        "status": "pending",
        "link": "a",
        "notes": "a",
        "fee_asset": "ETH",
        **dict.fromkeys(money, Decimal(7)),
        **dict.fromkeys(("executed_at", "acquired_at"), START.replace(year=2020)),
        "lots": (LotPick("a", Decimal(1)),),
    }

    changed = {content_digest(plain._replace(**{name: value})) for name, value in other.items()}

    # Rows are numbered anew by every export, and what has a transaction is known by it.
    assert {*other, "row", "tx_hash"} == set(COLUMNS)
    assert len(changed | {content_digest(plain)}) == len(other) + 1
