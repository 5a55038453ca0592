"""A watched portfolio drawn as one frame, as high as the screen allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..api.portfolio_schemas import ErrorBody
from ..api.values_present import price_body
from ..core.amounts import add
from ..core.fragments import WALLET
from .cells import NONE
from .notes import failure_words, price_mark
from .table import Column, draw, lay_out
from .text import format_dollars, safe_text
from .watch_changes import Line, pending_words
from .watch_room import share_out
from .watch_rows import Row, rows_of, total_usd
from .watch_state import Watched
from .watch_tables import asset_columns, chain_columns, chain_lines, format_age, position_columns

_WIDEST = 110
_LINES = 6
_HEAD = 5
"""Lines above and below the sections."""
_ENDLESS = 1_000_000
_FRAME = 3
"""Lines of a section besides its own: what is above it, a title and a rule."""
_LINK = {"connecting": ("○", "yellow"), "live": ("●", "green"), "waiting": ("✗", "red")}
_PRICE_MARKS = {"~": "an old price", "?": "a doubtful price"}
_MARKS = {"▲": "green", "▼": "red", "·": "dim", "✗": "red", "✓": "green"}


class WatchView:
    """What `rich` prints of what is watched at a moment; made for 80 columns and more."""

    def __init__(self, watched: Watched, now: datetime, height: int | None = None) -> None:
        """As high as it needs to be, or at most so many lines."""
        self._watched = watched
        self._now = now
        self._room = _ENDLESS if height is None else height - _HEAD

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width - 2, _WIDEST)
        rows = rows_of(self._watched.known, self._watched.prices)
        page = Group(self._head(rows, width), *self._sections(rows, width), *_foot(rows))
        yield Padding(page, (0, 0, 0, 2))

    def _sections(self, rows: Sequence[Row], width: int) -> list[RenderableType]:
        """What there is room for: what is held, what cannot be read, the chains, and what happened last."""
        watched, now = self._watched, self._now
        owned = add([value for row in rows if (value := row.value_usd) is not None and value > 0])
        assets = [row for row in rows if row.key.protocol == WALLET]
        positions = [row for row in rows if row.key.protocol != WALLET]
        chains = chain_lines(watched, rows)
        happened = list(watched.journal.lines)[-_LINES:]
        sections: list[tuple[int, Callable[[int], RenderableType]]] = [
            (len(assets), lambda n: _table(asset_columns(assets[:n], owned, watched, now), width)),
            (len(positions), lambda n: _table(position_columns(positions[:n], watched, now), width)),
            (len(watched.errors), lambda n: _failures(watched.errors[:n])),
            (len(chains), lambda n: _table(chain_columns(chains[:n], now), width)),
            (len(happened), lambda n: _happened(happened[-n:])),
        ]
        needs = [need for need, _ in sections]
        shares = share_out(needs, _FRAME, self._room)
        needs[-1] = shares[-1]  # of what happened before nobody misses a count
        drawn = (
            _cut(*each) for each in zip(needs, shares, (drawing for _, drawing in sections), strict=True)
        )
        return [part for parts in drawn for part in parts]

    def _head(self, rows: Sequence[Row], width: int) -> Table:
        watched = self._watched
        total = total_usd(rows)
        addresses = watched.addresses
        grid = Table.grid(expand=True)
        grid.width = width
        grid.add_column(no_wrap=True, overflow="ellipsis")
        grid.add_column(no_wrap=True, justify="right")
        grid.add_row(self._link(), Text(f"{self._now:%Y-%m-%d %H:%M:%S} UTC", "dim"))
        grid.add_row(
            Text(safe_text(addresses[0], 60) if len(addresses) == 1 else f"{len(addresses)} wallets", "bold"),
            Text(NONE if total is None else format_dollars(total), "bold green"),
        )
        grid.add_row(
            Text(_counts(rows, watched), "dim"),
            Text(_missing(watched), "yellow"),
        )
        return grid

    def _link(self) -> Text:
        link, heard_at = self._watched.link, self._watched.heard_at
        mark, colour = _LINK[link.state]
        words = link.words or link.state
        if link.state == "live" and heard_at is not None:
            words = f"live · heard {format_age(self._now - heard_at)} ago"
        return Text.assemble((mark, colour), f" {words}")


def _counts(rows: Sequence[Row], watched: Watched) -> str:
    assets = sum(row.key.protocol == WALLET for row in rows)
    holding = len({row.key.chain for row in rows})
    words = (_counted(assets, "asset"), _counted(len(rows) - assets, "position"))
    return " · ".join((*words, f"on {holding} of {_counted(len(watched.chains), 'chain')}"))


def _missing(watched: Watched) -> str:
    """What the total may lack."""
    errors = len(watched.errors)
    words = (pending_words(watched.pending), f"{errors:,} cannot be read" if errors else "")
    return " · ".join(filter(None, words))


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _table(columns: Sequence[Column], width: int) -> Table:
    return draw(lay_out(columns, width))


def _cut(need: int, share: int, drawn: Callable[[int], RenderableType]) -> Iterator[RenderableType]:
    """A section with as many of its lines as it may have; the last one says how many more there are."""
    if not share:
        return
    shown = need if need <= share else max(share - 1, 1)
    yield ""
    yield drawn(shown)
    if shown < need and share > 1:
        yield Text(f"… and {need - shown:,} more", "dim")


def _failures(errors: Sequence[ErrorBody]) -> RenderableType:
    lines = [Text.assemble("  · ", what, (f": {why}", "dim")) for what, why in map(failure_words, errors)]
    return _list("Cannot be read, and stays as it was", "red", lines)


def _happened(lines: Sequence[tuple[datetime, Line]]) -> RenderableType:
    """The newest line comes last."""
    shown = (
        Text.assemble(f"  {at:%H:%M:%S} ", (line.mark, _MARKS[line.mark]), f" {line.words}")
        for at, line in lines
    )
    return _list("What happened last", "dim", shown)


def _list(title: str, style: str, lines: Iterable[Text]) -> RenderableType:
    """Lines that are never folded: each has one line of the screen."""
    parts = [Text(title, style), *lines]
    for part in parts:
        part.no_wrap, part.overflow = True, "ellipsis"
    return Group(*parts)


def _foot(rows: Sequence[Row]) -> Iterator[RenderableType]:
    marks = {price_mark(body) for row in rows if (body := price_body(row.price))}
    words = [f"{mark} {word}" for mark, word in _PRICE_MARKS.items() if mark in marks]
    yield ""
    yield Text(" · ".join(["▲▼ went up or down", *words, "Ctrl-C ends it"]), "dim", no_wrap=True)
