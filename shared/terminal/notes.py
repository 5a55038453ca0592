"""The words below the tables: what could not be read, what has no price, what the signs mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..api.portfolio_schemas import AssetBody, ErrorBody, PortfolioBody, PositionBody, PriceBody
from .text import is_cut, safe_text

_MESSAGE = 300
_LINES = 40
_DOUBTFUL = Decimal("0.8")
_CLOSED = ("closed", "extended", "overnight")
_MARKS = {
    "~": "an old price: no source has a newer one",
    "○": "a price from outside the market's opening hours",
    "?": "a doubtful price: the sources are unsure or disagree",
}


def price_mark(price: PriceBody) -> str:
    """The sign of the price's worst weakness; empty for a good one."""
    if price["stale"]:
        return "~"
    if price["market"] in _CLOSED:
        return "○"
    return "?" if Decimal(price["confidence"]) < _DOUBTFUL else ""


def notes(portfolio: PortfolioBody) -> list[RenderableType]:
    """The notes that this portfolio needs, most pressing first."""
    assets, positions = portfolio["assets"], portfolio["positions"]
    held: list[AssetBody | PositionBody] = [*assets, *positions]
    unpriced = [(_which(a), _unpriced(a, a["spam_reasons"])) for a in assets if a["price_usd"] is None]
    unpriced += [(_which(p), _unpriced(p, [])) for p in positions if p["price_usd"] is None]
    sections = (
        ("Could not be read", "red", [failure_words(error) for error in portfolio["errors"]]),
        ("Without a price, so not in the total", "yellow", unpriced),
    )
    found: list[RenderableType] = [_section(*section) for section in sections if section[2]]
    legend = list(_legend(held))
    return [*found, Text("\n".join(legend), "dim")] if legend else found


def failure_words(error: ErrorBody) -> tuple[str, str]:
    """What could not be read, and why."""
    return _what(error), _why(error)


def _section(title: str, colour: str, lines: Sequence[tuple[str, str]]) -> RenderableType:
    grid = Table.grid(padding=(0, 1, 0, 0))
    for what, why in lines[:_LINES]:
        grid.add_row("·", Text.assemble(what, (f": {why}", "dim")))
    if len(lines) > _LINES:
        grid.add_row("·", Text(f"and {len(lines) - _LINES} more", "dim"))
    return Group(Text(title, colour), Padding(grid, (0, 0, 0, 2)))


def _what(error: ErrorBody) -> str:
    """What failed: the token by its address, for that can be looked up, else the chain or the prices."""
    chain = safe_text(error["chain"] or "", 20)
    token = safe_text((error["asset_id"] or "").rpartition(":")[2], 44)
    if token:
        return f"{chain} {token}"
    return chain or ("prices" if error["scope"] == "price" else error["scope"])


def _why(error: ErrorBody) -> str:
    message = error["message"].removeprefix(f"{error['chain']}: ")
    return f"{safe_text(message, _MESSAGE)} ({error['code']})"


def _which(held: AssetBody | PositionBody) -> str:
    return f"{safe_text(held['symbol'], 20) or held['asset_id']} on {safe_text(held['chain'], 20)}"


def _unpriced(held: AssetBody | PositionBody, spam: Sequence[str]) -> str:
    reasons = spam or [flag["reason"] for flag in held["flags"]] or ["no source prices it"]
    return safe_text("; ".join(reasons), _MESSAGE)


def _legend(held: Sequence[AssetBody | PositionBody]) -> Iterator[str]:
    prices = [each["price"] for each in held if each["price"]]
    marks = {price_mark(price) for price in prices}
    yield from (f"{mark} {meaning}" for mark, meaning in _MARKS.items() if mark in marks)
    if any(is_cut(Decimal(each["balance"])) for each in held):
        yield "Long numbers are cut, never rounded up; the JSON has every digit."
