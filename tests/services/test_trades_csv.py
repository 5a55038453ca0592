"""Trades as CSV and back: nothing is lost, and no spreadsheet runs a cell."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from shared.core.ids import Address, AssetId
from shared.core.trades import LotPick, Trade, checked
from shared.errors import CallerError
from shared.services.trades_csv import (
    COLUMNS,
    format_header,
    format_rows,
    guard,
    parse_lots,
    read_rows,
    unguard,
)
from shared.services.trades_drafts import complete_trade, parse_fields
from tests.fakes import NOON, WALLET, Fakes

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
AWKWARD = st.text(st.sampled_from("'=+-@\t\r\n \",;＝a1"), max_size=8)
NAMES = Fakes()


@given(TEXT | AWKWARD)
def test_a_guarded_text_comes_back(text: str) -> None:
    cell = guard(text)

    assert unguard(cell) == text
    assert cell.lstrip()[:1] not in tuple("=+-@＝＋－＠")
    assert cell[:1] not in ("\t", "\r", "\n")


@given(TEXT | AWKWARD)
def test_a_cell_made_by_hand_is_the_same_after_one_round(cell: str) -> None:
    once = guard(unguard(cell))

    assert guard(unguard(once)) == once


MONEY = st.decimals(min_value=0, max_value=Decimal("1e12"), places=8)
AMOUNTS = st.decimals(min_value=Decimal("1e-8"), max_value=Decimal("1e12"), places=8)
# Hypothesis takes the bounds without a zone.
MOMENTS = st.datetimes(
    datetime(2009, 1, 2),  # noqa: DTZ001
    NOON.replace(tzinfo=None) + timedelta(days=1),
    timezones=st.just(UTC),
)


ASSETS = [
    ("ETH", "ethereum"),
    ("ETH", "base"),
    ("eip155:1/slip44:60", "ethereum"),
    (f"eip155:8453/erc20:{WALLET}", "base"),
]


@st.composite
def trades(draw: st.DrawFn) -> Trade:
    asset, chain = draw(st.sampled_from(ASSETS))
    fields: dict[str, Any] = {
        "id": draw(st.text("0123456789abcdef", min_size=30, max_size=30)),
        "user_id": "alice",
        "side": draw(st.sampled_from(["buy", "sell", "transfer_in", "transfer_out", "income", "fee"])),
        "asset": AssetId(asset),
        "symbol": draw(st.from_regex(r"[^\s\x00-\x1f\x7f,;\"]{1,8}", fullmatch=True).filter(_encodable)),
        "amount": draw(AMOUNTS),
        "amount_type": "token",
        "price_usd": draw(st.none() | MONEY),
        "total_usd": None,
        "fee_usd": draw(st.none() | MONEY),
        "tx_hash": draw(st.none() | st.integers(0, 2**256 - 1).map(lambda number: f"0x{number:064x}")),
        "chain": chain,
        "wallet": draw(st.none() | st.just(Address(WALLET))),
        "status": draw(st.sampled_from(["pending", "confirmed", "failed"])),
        "executed_at": draw(MOMENTS),
        "created_at": NOON,
        "notes": draw(TEXT | AWKWARD),
        "link": draw(st.none() | st.from_regex(r"[A-Za-z0-9._:-]{1,12}", fullmatch=True)),
    }
    if fields["side"] == "transfer_in":
        fields["basis_usd"] = draw(st.none() | MONEY)
        fields["acquired_at"] = fields["executed_at"] - timedelta(days=draw(st.integers(0, 1)))
    elif fields["side"] in ("sell", "transfer_out") and draw(st.booleans()):
        fields["lots"] = (LotPick("f" * 30, fields["amount"]),)
    return checked(Trade(**fields))


def _encodable(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def written(kept: list[Trade]) -> str:
    numbers = {trade.id: number for number, trade in enumerate(kept, 1)}
    return format_header() + format_rows(kept, 1, numbers)


def read(text: str, kept: list[Trade]) -> list[Trade]:
    """The trades of a file, with what the server sets taken from those it was made of."""
    found = []
    for row, trade in zip(read_rows(text.encode()), kept, strict=True):
        told = {name: cell for name, cell in row.cells.items() if name not in ("row", "lots")}
        fields = parse_fields(told, NAMES.context())
        fields["lots"] = parse_lots(row.cells.get("lots", ""), lambda name: name)
        known = {"trade_id": trade.id, "user": trade.user_id, "source": trade.source, "now": NOON}
        found.append(complete_trade(fields, NAMES.context(), **cast("Any", known)))
    return found


@given(st.lists(trades(), max_size=5, unique_by=lambda trade: trade.id))
def test_trades_come_back_and_the_file_is_the_same(kept: list[Trade]) -> None:
    text = written(kept)
    found = read(text, kept)

    assert found == kept
    assert written(found) == text


@given(st.lists(trades(), max_size=5))
def test_the_file_is_csv_to_others_too(kept: list[Trade]) -> None:
    rows = list(csv.reader(io.StringIO(written(kept), newline=""), strict=True))

    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(kept) + 1
    assert {len(row) for row in rows} == {len(COLUMNS)}


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_rows_or_refused(body: bytes, headed: bool) -> None:
    try:
        numbers = [row.number for row in read_rows((b"side,asset,notes\n" if headed else b"") + body)]
    except CallerError:
        return
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_row_says_on_which_line_it_begins() -> None:
    body = b'side,asset,notes\r\nbuy,ETH,"two\r\nlines"\r\n\r\nsell,ETH,\r\n'

    assert [(row.number, row.line) for row in read_rows(body)] == [(1, 2), (2, 5)]
