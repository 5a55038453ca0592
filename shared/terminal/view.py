"""A portfolio drawn for a terminal: assets and positions by value, the chains, what is missing and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from ..api.portfolio_schemas import AssetBody, ChainBody, PortfolioBody
from .cells import NONE, dollars_cell, price_cell, source_cell
from .notes import notes
from .positions import position_columns
from .table import ALWAYS, Column, Layout, draw, lay_out
from .text import format_balance, format_dollars, format_share, safe_text, share_bar

_BAR = (6, 20)
_LEAST = 76
_STATUS = {"ok": ("✓", "green"), "stale": ("~", "yellow"), "error": ("✗", "red")}


class PortfolioView:
    """What `rich` prints for a portfolio; made for 80 columns and more."""

    def __init__(self, portfolio: PortfolioBody) -> None:
        self._portfolio = portfolio

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        portfolio, width = self._portfolio, options.max_width - 2
        layout = _asset_layout(portfolio["assets"], width) if portfolio["assets"] else None
        head = _headline(portfolio, min(width, max(layout.width if layout else 0, _LEAST)))
        parts: list[RenderableType] = [head, *([draw(layout)] if layout else [])]
        if portfolio["positions"]:
            parts.append(draw(lay_out(position_columns(portfolio["positions"]), width)))
        if portfolio["chains"]:
            parts.append(_chain_table(portfolio["chains"], width))
        parts += notes(portfolio)
        page = Padding(Group(*_spaced(parts)), (1, 0, 1, 2))
        for line in console.render_lines(page, options):
            yield from _without_end(line)
            yield Segment.line()


def _without_end(line: Sequence[Segment]) -> Sequence[Segment]:
    """The line without the blanks at its end, which nobody sees until they are copied."""
    kept = list(line)
    while kept and not kept[-1].text.strip():
        kept.pop()
    if kept:
        kept[-1] = Segment(kept[-1].text.rstrip(), kept[-1].style)
    return kept


def _spaced(parts: Sequence[RenderableType]) -> Iterator[RenderableType]:
    for number, part in enumerate(parts):
        if number:
            yield ""
        yield part


def _headline(portfolio: PortfolioBody, width: int) -> Table:
    addresses, chains = portfolio["addresses"], portfolio["chains"]
    answered = sum(chain["status"] != "error" for chain in chains)
    assets = "1 asset" if len(portfolio["assets"]) == 1 else f"{len(portfolio['assets']):,} assets"
    facts = (assets, f"{answered} of {len(chains)} chains", f"{_time(portfolio['as_of'])} UTC")
    whole = portfolio["complete"]
    grid = Table.grid(expand=True)
    grid.width = width
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_row(
        Text(safe_text(addresses[0], 60) if len(addresses) == 1 else f"{len(addresses)} wallets", "bold"),
        Text(format_dollars(Decimal(portfolio["total_usd"])) if answered else NONE, "bold green"),
    )
    grid.add_row(
        Text(" · ".join(facts), "dim"),
        Text("complete" if whole else "incomplete: see below", "green" if whole else "yellow"),
    )
    return grid


def _time(moment: str | None) -> str:
    """The contract's times are in UTC; the seconds are enough here."""
    return NONE if moment is None else safe_text(moment, 40)[:19].replace("T", " ")


def _asset_layout(assets: Sequence[AssetBody], width: int) -> Layout:
    """What fits of the assets' table; the bars take what is left of the width."""
    layout = lay_out(_asset_columns(assets), width)
    if layout.columns[-1].keep == ALWAYS:
        return layout
    length = min(_BAR[0] + width - layout.width, _BAR[1])
    return Layout((*layout.columns[:-1], _bars(assets, length)), layout.gap)


def _bars(assets: Sequence[AssetBody], width: int) -> Column:
    shares = (asset["share"] for asset in assets)
    bars = ("" if share is None else share_bar(Decimal(share), width) for share in shares)
    return Column("", [Text(bar.ljust(width), "cyan") for bar in bars], keep=2)


def _asset_columns(assets: Sequence[AssetBody]) -> list[Column]:
    return [
        Column("ASSET", [_symbol(asset) for asset in assets]),
        Column("NAME", [Text(safe_text(asset["name"], 24), "dim") for asset in assets], keep=1),
        Column("CHAIN", [Text(safe_text(asset["chain"], 12)) for asset in assets]),
        Column("BALANCE", [Text(format_balance(Decimal(a["balance"]))) for a in assets], right=True),
        Column("PRICE", [price_cell(asset["price_usd"]) for asset in assets], right=True),
        Column("SOURCE", [source_cell(asset["price"]) for asset in assets], keep=4),
        Column("VALUE", [dollars_cell(asset["value_usd"]) for asset in assets], right=True),
        Column("SHARE", [_share(asset) for asset in assets], right=True, keep=3),
        _bars(assets, _BAR[0]),
    ]


def _symbol(asset: AssetBody) -> Text:
    style = "dim" if asset["spam"] else "bold"
    return Text(safe_text(asset["symbol"], 10) or NONE, style)


def _share(asset: AssetBody) -> Text:
    return Text("" if asset["share"] is None else format_share(Decimal(asset["share"])), "dim")


def _chain_table(chains: Sequence[ChainBody], width: int) -> Table:
    read = [chain["block_number"] is not None for chain in chains]
    scanned = [
        Text(f"{c['tokens_scanned']:,}" if known else NONE) for c, known in zip(chains, read, strict=True)
    ]
    columns = [
        Column("CHAIN", [_chain(chain) for chain in chains]),
        Column("BLOCK", [Text(_block(chain)) for chain in chains], right=True),
        Column("BLOCK TIME (UTC)", [Text(_time(c["block_time"])) for c in chains], right=True, keep=1),
        Column("TOKENS READ", scanned, right=True, keep=2),
        Column("TOOK", [Text(f"{c['latency_ms']:,} ms") for c in chains], right=True, keep=3),
        Column("VALUE", [dollars_cell(chain["total_usd"]) for chain in chains], right=True),
    ]
    return draw(lay_out(columns, width))


def _chain(chain: ChainBody) -> Text:
    mark, colour = _STATUS[chain["status"]]
    return Text.assemble((mark, colour), f" {safe_text(chain['chain'], 20)}")


def _block(chain: ChainBody) -> str:
    return NONE if chain["block_number"] is None else f"{chain['block_number']:,}"
