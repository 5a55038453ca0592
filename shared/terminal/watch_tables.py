"""The columns of a watched portfolio's tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from rich.text import Text

from ..api.portfolio_schemas import PriceBody
from ..api.values_present import decimal_text, price_body
from ..core.amounts import EXACT
from ..core.balances import Block
from ..core.valued_positions import highest_first
from .cells import NONE, dollars_cell, price_cell, source_cell
from .table import Column
from .text import format_balance, format_share, safe_text, share_bar
from .watch_rows import Row, short_wallet, total_usd
from .watch_state import Watched

_BRIGHT = timedelta(seconds=5)
_MARKED = timedelta(minutes=1)
_BAR = 12


class ChainLine(NamedTuple):
    """One chain: the block of what was told of it last, which is none for a chain without anything."""

    slug: str
    block: Block | None
    rows: int
    value_usd: Decimal | None
    fails: bool
    is_pending: bool


def chain_lines(watched: Watched, rows: Sequence[Row]) -> list[ChainLine]:
    """The chains: those that cannot be read first, then by value."""
    failing = {error["chain"] for error in watched.errors if error["scope"] == "chain"}
    blocks: dict[str, Block] = {}
    for fragment in watched.known.values():
        before = blocks.get(fragment.chain)
        if before is None or fragment.block.number > before.number:
            blocks[fragment.chain] = fragment.block
    held: dict[str, list[Row]] = {slug: [] for slug in watched.chains}
    for row in rows:
        held.setdefault(row.key.chain, []).append(row)
    lines = [
        ChainLine(slug, blocks.get(slug), len(of), total_usd(of), slug in failing, slug in watched.pending)
        for slug, of in held.items()
    ]
    return sorted(lines, key=lambda line: (not line.fails, highest_first(line.value_usd), line.block is None))


def asset_columns(rows: Sequence[Row], owned_usd: Decimal, watched: Watched, now: datetime) -> list[Column]:
    """The assets; their shares are of all that is owned."""
    shares = [_share(row, owned_usd) for row in rows]
    return [
        Column("ASSET", [_symbol(row) for row in rows]),
        Column("CHAIN", [Text(safe_text(row.key.chain, 12)) for row in rows], keep=6),
        *_amount_columns(rows, watched, now),
        Column("SHARE", [_share_cell(share) for share in shares], right=True, keep=3),
        Column("", [_bar(share) for share in shares], keep=2),
    ]


def position_columns(rows: Sequence[Row], watched: Watched, now: datetime) -> list[Column]:
    """The positions; the wallet only where there are several."""
    wallets = [Text(short_wallet(row.key.wallet), "dim") for row in rows]
    return [
        Column("POSITION", [_symbol(row) for row in rows]),
        Column("MARKET", [Text(safe_text(row.key.market, 24), "dim") for row in rows], keep=1),
        Column("KIND", [Text(row.key.kind, "red" if row.key.kind == "debt" else "") for row in rows]),
        Column("PROTOCOL", [Text(safe_text(row.key.protocol, 20)) for row in rows], keep=5),
        Column("CHAIN", [Text(safe_text(row.key.chain, 12)) for row in rows], keep=6),
        *([Column("WALLET", wallets, keep=2)] if len(watched.addresses) > 1 else ()),
        *_amount_columns(rows, watched, now),
    ]


def chain_columns(lines: Sequence[ChainLine], now: datetime) -> list[Column]:
    """The chains, each with the block since which nothing else is known of it."""
    return [
        Column("CHAIN", [_chain(line) for line in lines]),
        Column("LAST CHANGE", [Text(_block(line)) for line in lines], right=True),
        Column("AGE", [Text(_age(line, now)) for line in lines], right=True),
        Column("HELD", [Text(f"{line.rows:,}") for line in lines], right=True, keep=1),
        Column("VALUE", [dollars_cell(decimal_text(line.value_usd)) for line in lines], right=True),
    ]


def format_age(age: timedelta) -> str:
    """In the largest unit that is whole; what is of the future by another clock is of now."""
    seconds = max(int(age.total_seconds()), 0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:,} {unit}"
    return f"{seconds} s"


def _amount_columns(rows: Sequence[Row], watched: Watched, now: datetime) -> list[Column]:
    prices: list[PriceBody | None] = [price_body(row.price) for row in rows]
    usd = [decimal_text(row.price.price_usd if row.price else None) for row in rows]
    return [
        Column("BALANCE", [Text(format_balance(row.balance)) for row in rows], right=True),
        Column("PRICE", [price_cell(each) for each in usd], right=True),
        Column("SOURCE", [source_cell(price) for price in prices], keep=4),
        Column("", [_mark(row, watched, now) for row in rows]),
        Column("VALUE", [dollars_cell(decimal_text(row.value_usd)) for row in rows], right=True),
    ]


def _symbol(row: Row) -> Text:
    return Text(safe_text(row.symbol, 10) or NONE, "bold")


def _mark(row: Row, watched: Watched, now: datetime) -> Text:
    """Which way the row's value went last, bright while that is news; more of what is owed is less."""
    changed, moved = watched.changed.get(row.key), watched.moved.get(row.key.asset_id)
    if moved is not None:
        moved = moved._replace(is_up=moved.is_up != (row.key.kind == "debt"))
    last = max((each for each in (changed, moved) if each), key=lambda each: each.at, default=None)
    if last is None or now - last.at > _MARKED:
        return Text(" ")
    style = "green" if last.is_up else "red"
    return Text("▲" if last.is_up else "▼", f"bold reverse {style}" if now - last.at < _BRIGHT else style)


def _share(row: Row, owned_usd: Decimal) -> Decimal | None:
    value = row.value_usd
    return None if value is None or not owned_usd else EXACT.divide(value, owned_usd)


def _share_cell(share: Decimal | None) -> Text:
    return Text("" if share is None else format_share(share), "dim")


def _bar(share: Decimal | None) -> Text:
    return Text("" if share is None else share_bar(share, _BAR), "cyan")


def _chain(line: ChainLine) -> Text:
    if line.fails:
        mark, colour = "✗", "red"
    elif line.is_pending:
        mark, colour = "…", "yellow"
    else:
        mark, colour = ("✓", "green") if line.block else (NONE, "dim")
    return Text.assemble((mark, colour), f" {safe_text(line.slug, 20)}")


def _block(line: ChainLine) -> str:
    return NONE if line.block is None else f"{line.block.number:,}"


def _age(line: ChainLine, now: datetime) -> str:
    return NONE if line.block is None else format_age(now - line.block.time)
