"""Rows of an archive: what users keep comes back to the last digit, from Parquet too."""

from __future__ import annotations

import csv
import dataclasses
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.archive.parquet import read_parquet, write_parquet
from shared.core.archive_tables import TABLES, Row, TableName
from shared.core.snapshots import Snapshot
from shared.core.trades import Trade
from shared.errors import ArchiveBroken
from shared.services.archive_csv import count_rows, format_csv
from shared.services.archive_rows import (
    row_snapshot,
    row_trade,
    row_wallet,
    snapshot_row,
    trade_row,
    wallet_row,
)
from shared.store.ports import SavedWallet
from tests.archive.samples import DEPOSIT, EVERYTHING, HUGE, TINY, keep_of
from tests.store.samples import trade

TRADES, SNAPSHOTS, WALLETS = TABLES["trades"], TABLES["snapshots"], TABLES["wallets"]
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8"))


def through_parquet(table: TableName, row: Row) -> Row:
    (found,) = read_parquet(TABLES[table], write_parquet(TABLES[table], [row]))
    return found


def test_everything_that_users_keep_comes_back() -> None:
    wallets, trades, snapshots = keep_of("zoë")

    for each in wallets:
        assert row_wallet(through_parquet("wallets", wallet_row("zoë", each))) == ("zoë", each)
    for kept in trades:
        assert repr(row_trade(through_parquet("trades", trade_row(kept)))) == repr(kept)
    for snapshot in snapshots:
        assert repr(row_snapshot(through_parquet("snapshots", snapshot_row(snapshot)))) == repr(snapshot)


def test_no_field_is_left_out() -> None:
    fields = {name: [column.name for column in table.columns] for name, table in TABLES.items()}

    assert fields["wallets"] == ["user_id", *SavedWallet._fields]
    assert fields["trades"] == [*Trade._fields]
    assert set(fields["snapshots"]) == {field.name for field in dataclasses.fields(Snapshot)}


@given(AMOUNTS, st.one_of(st.none(), AMOUNTS))
def test_an_amount_keeps_every_digit(amount: Decimal, price: Decimal | None) -> None:
    kept = trade(1)._replace(amount=amount, price_usd=price)
    found = row_trade(through_parquet("trades", trade_row(kept)))

    assert found.amount == amount
    assert found.price_usd == price
    assert format(found.amount, "f") == format(amount, "f")


@given(TEXTS)
def test_any_text_comes_back(text: str) -> None:
    kept = trade(1)._replace(notes=text, symbol=text)

    assert row_trade(through_parquet("trades", trade_row(kept))) == kept


@given(st.lists(TEXTS, min_size=1, max_size=20))
def test_the_rows_of_a_csv_file_are_counted_whatever_is_in_them(texts: list[str]) -> None:
    content = format_csv(TRADES, [trade_row(trade(1)._replace(notes=text)) for text in texts])

    assert count_rows(content) == len(texts)


def test_parquet_of_the_same_rows_is_the_same_bytes() -> None:
    rows = [trade_row(each) for each in keep_of("alice")[1]]

    assert write_parquet(TRADES, rows) == write_parquet(TRADES, rows)


def test_csv_is_plain_and_runs_no_formula() -> None:
    content = format_csv(TRADES, [trade_row(EVERYTHING._replace(amount=HUGE)), trade_row(DEPOSIT)])
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))

    assert rows[0]["notes"] == "'" + EVERYTHING.notes
    assert rows[0]["amount"] == str(2**256 - 1)
    assert rows[0]["fee_amount"] == format(TINY, "f")
    assert rows[0]["executed_at"] == "2024-01-01T03:00:00Z"
    assert rows[1]["price_usd"] == rows[1]["tx_hash"] == ""
    assert [line["complete"] for line in snapshot_lines()] == ["false", "true"]


def snapshot_lines() -> list[dict[str, str]]:
    content = format_csv(SNAPSHOTS, [snapshot_row(each) for each in keep_of("alice")[2]])
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def replaced(column: str, cell: str | None) -> Row:
    row = dict(zip((each.name for each in TRADES.columns), trade_row(EVERYTHING), strict=True))
    return tuple({**row, column: cell}.values())


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("amount", "much"),
        ("amount", "NaN"),
        ("amount", None),
        ("lots", "[1]"),
        ("lots", "["),
        ("on_chain", "{}"),
        ("on_chain", '{"block_time": "noon"}'),
    ],
)
def test_a_row_that_cannot_be_read_is_broken(column: str, cell: str | None) -> None:
    with pytest.raises(ArchiveBroken, match="a row of trades cannot be read"):
        row_trade(replaced(column, cell))


def test_what_is_not_the_tables_parquet_is_broken() -> None:
    with pytest.raises(ArchiveBroken, match="is not Parquet"):
        read_parquet(TRADES, b"PAR1 and no more")
    with pytest.raises(ArchiveBroken, match="has other columns"):
        read_parquet(WALLETS, write_parquet(TRADES, [trade_row(trade(1))]))
