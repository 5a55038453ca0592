"""The table of positions: what is in which protocol, and what is owed there."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.text import Text

from ..api.portfolio_schemas import PositionBody
from .cells import dollars_cell, price_cell, source_cell
from .table import Column
from .text import format_balance, safe_text


def position_columns(positions: Sequence[PositionBody]) -> list[Column]:
    """The columns; the wallet only where there are several."""
    wallets = {position["wallet"] for position in positions}
    return [
        Column("POSITION", [Text(safe_text(each["symbol"], 10), "bold") for each in positions]),
        Column("MARKET", [Text(safe_text(each["market"] or "", 24), "dim") for each in positions], keep=1),
        Column("KIND", [_kind(each) for each in positions]),
        Column("PROTOCOL", [Text(safe_text(each["protocol"], 20)) for each in positions], keep=5),
        Column("CHAIN", [Text(safe_text(each["chain"], 12)) for each in positions], keep=6),
        *([Column("WALLET", [_wallet(each) for each in positions], keep=2)] if len(wallets) > 1 else ()),
        Column("BALANCE", [Text(format_balance(Decimal(p["balance"]))) for p in positions], right=True),
        Column("PRICE", [price_cell(each["price_usd"]) for each in positions], right=True, keep=3),
        Column("SOURCE", [source_cell(each["price"]) for each in positions], keep=4),
        Column("VALUE", [dollars_cell(each["value_usd"]) for each in positions], right=True),
    ]


def _kind(position: PositionBody) -> Text:
    return Text(position["kind"], "red" if position["kind"] == "debt" else "")


def _wallet(position: PositionBody) -> Text:
    wallet = safe_text(position["wallet"], 42)
    return Text(f"{wallet[:6]}…{wallet[-4:]}", "dim")
