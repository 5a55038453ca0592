"""The cells that the tables of assets, positions and chains share."""

from __future__ import annotations

from decimal import Decimal

from rich.text import Text

from ..api.portfolio_schemas import PriceBody
from .notes import price_mark
from .text import format_dollars, format_price, safe_text

NONE = "–"
# As everybody calls them; the answer has the names in full.
_SOURCES = {"coinmarketcap": "cmc", "coingecko": "gecko"}


def price_cell(price_usd: str | None) -> Text:
    """A price, or a dash where none counts."""
    return Text(NONE if price_usd is None else format_price(Decimal(price_usd)))


def source_cell(price: PriceBody | None) -> Text:
    """Where a price comes from, with the sign of its weakness."""
    if price is None:
        return Text("")
    name = safe_text(_SOURCES.get(price["source"], price["source"]), 10)
    return Text.assemble((name, "dim"), (f" {price_mark(price)}".rstrip(), "yellow"))


def dollars_cell(value: str | None) -> Text:
    """A value, red where it is owed, or a dash where it is not known."""
    if value is None:
        return Text(NONE, "dim")
    return Text(format_dollars(Decimal(value)), "bold red" if Decimal(value) < 0 else "bold")
