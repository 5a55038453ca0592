"""The reports of an archive are what `pnl` works out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.core.amounts import format_decimal
from shared.core.archive_tables import TABLES
from shared.core.ledger import Accounting
from shared.core.settlement import settle
from shared.core.trades import Trade
from shared.services.archive_reports import report_rows
from tests.store.samples import ETH, trade

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FIFO = Accounting()


def at(year: int, month: int = 6) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


def bought(number: int, when: datetime, amount: str, price: str) -> Trade:
    return trade(number, executed_at=when, amount=Decimal(amount), price_usd=Decimal(price))


def sold(number: int, when: datetime, amount: str, price: str) -> Trade:
    return trade(number, executed_at=when, amount=Decimal(amount), price_usd=Decimal(price), side="sell")


HISTORY = [
    bought(1, at(2023), "2", "1000"),
    bought(2, at(2024), "1", "2000"),
    sold(3, at(2024, 9), "2.5", "3000"),
    sold(4, at(2026, 2), "1", "100"),
]


def reports(trades: list[Trade], *rules: Accounting) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {"disposals": [], "lots": []}
    for table, row in report_rows("alice", trades, rules or (FIFO,), NOW):
        names = (column.name for column in TABLES[table].columns)
        found[table].append(dict(zip(names, row, strict=True)))
    return found


def test_disposals_are_of_the_year_they_fall_in() -> None:
    first, second = reports(HISTORY)["disposals"]

    assert (first["year"], first["method"], first["kind"], first["asset"]) == (2024, "fifo", "sale", ETH)
    assert Decimal(first["proceeds_usd"]) == 7500
    assert Decimal(first["cost_basis_usd"]) == 3000
    assert Decimal(first["gain_usd"]) == 4500
    assert first["term"] == "short"
    parts = json.loads(first["parts"])
    assert [(part["lot_trade_id"], part["term"]) for part in parts] == [
        ("alice-000001", "long"),
        ("alice-000002", "short"),
    ]
    assert (second["year"], second["reason"]) == (2026, "missing_basis")
    assert Decimal(second["missing_basis_quantity"]) == Decimal("0.5")
    assert json.loads(second["parts"])[1]["lot_trade_id"] is None


def test_lots_are_told_at_the_end_of_every_year() -> None:
    lots = reports(HISTORY)["lots"]

    assert [(lot["year"], lot["trade_id"], Decimal(lot["remaining"])) for lot in lots] == [
        (2023, "alice-000001", 2),
        (2024, "alice-000002", Decimal("0.5")),
        (2025, "alice-000002", Decimal("0.5")),
    ]
    assert lots[0]["as_of"] == datetime(2023, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


def test_each_method_has_reports_of_its_own() -> None:
    found = reports(HISTORY, FIFO, Accounting("hifo"))["disposals"]

    assert [
        (each["method"], format_decimal(Decimal(each["gain_usd"]))) for each in found if each["year"] == 2024
    ] == [
        ("fifo", "4500"),
        ("hifo", "4000"),
    ]


def test_what_is_pending_or_yet_to_come_is_in_no_report() -> None:
    trades = [
        bought(1, at(2025), "2", "1000"),
        sold(2, at(2025, 7), "1", "1")._replace(status="pending"),
        sold(3, at(2027), "1", "1"),
    ]

    assert reports(trades)["disposals"] == []
    assert [lot["year"] for lot in reports(trades)["lots"]] == [2025, 2026]
    assert reports([sold(3, at(2027), "1", "1")]) == reports([]) == {"disposals": [], "lots": []}


STEPS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 1500), st.integers(1, 50), st.integers(1, 5000)), max_size=25
)


@given(STEPS)
def test_the_reports_add_up_to_the_ledger(steps: list[tuple[bool, int, int, int]]) -> None:
    trades = [
        trade(
            number,
            side="buy" if buys else "sell",
            executed_at=datetime.fromtimestamp(1577836800 + day * 86_400, UTC),
            amount=Decimal(amount),
            price_usd=Decimal(price),
        )
        for number, (buys, day, amount, price) in enumerate(steps)
    ]
    ledger = settle(trades, FIFO, NOW)
    found = reports(trades)

    gains = [Decimal(each["gain_usd"]) for each in found["disposals"]]
    assert gains == [disposal.gain for disposal in ledger.disposals]
    last = [lot for lot in found["lots"] if lot["as_of"] == NOW]
    assert [Decimal(lot["remaining"]) for lot in last] == [held.lot.quantity for held in ledger.open_lots()]
