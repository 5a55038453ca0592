"""What a stream has told so far, what of it changed last, and how the connection is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from ..api.portfolio_schemas import ErrorBody
from ..core.fragments import Fragment, Fragments, merge
from ..core.ids import AssetId
from ..core.quotes import Price
from .text import safe_text
from .watch_changes import (
    Line,
    changes_between,
    error_lines,
    found_line,
    moves_between,
    moves_line,
    pending_line,
)
from .watch_rows import RowKey, short_wallet
from .watch_told import BrokenTold, EndTold, ErrorsTold, PricesTold, SnapshotTold, Tick, Told

_MOST_LINES = 200


class Moved(NamedTuple):
    """When something went up or down last."""

    is_up: bool
    at: datetime


class Link(NamedTuple):
    """How the connection is; `words` say why it is waited for."""

    state: Literal["connecting", "live", "waiting"] = "connecting"
    words: str = ""


@dataclass
class Journal:
    """The last lines of what happened, each with its time; `number` counts all there were."""

    lines: deque[tuple[datetime, Line]] = field(default_factory=lambda: deque(maxlen=_MOST_LINES))
    number: int = 0

    def add(self, now: datetime, line: Line) -> None:
        self.lines.append((now, line))
        self.number += 1


@dataclass
class _Coming:
    """A snapshot of which there is more to come."""

    known: Fragments = field(default_factory=dict)
    ticks: list[Tick] = field(default_factory=list)


class Watched:
    """Hears event after event. What is known stays until it is replaced, whatever breaks off in between."""

    def __init__(self) -> None:
        self.addresses: tuple[str, ...] = ()
        self.chains: tuple[str, ...] = ()
        self.known: Fragments = {}
        self.prices: dict[AssetId, Price] = {}
        self.errors: tuple[ErrorBody, ...] = ()
        self.pending: tuple[str, ...] = ()
        """The chains that are still being read."""
        self.is_whole = False
        """Whether a snapshot has been heard to its end."""
        self.link = Link()
        self.heard_at: datetime | None = None
        self.changed: dict[RowKey, Moved] = {}
        self.moved: dict[AssetId, Moved] = {}
        self.journal = Journal()
        self._coming: _Coming | None = None

    def hear(self, told: Told | None, now: datetime) -> None:
        """What the stream tells; None is a sign of life."""
        if self.link.state != "live":
            self.journal.add(now, Line("✓", "connected again" if self.is_whole else "connected"))
        self.link, self.heard_at = Link("live"), now
        match told:
            case SnapshotTold():
                self._gather(told, now)
            case Fragment():
                self._learn([told], now)
            case PricesTold(ticks):
                self._reprice(ticks, now)
            case ErrorsTold(errors, pending):
                self._fail(errors, pending, now)
            case BrokenTold(message):
                self.journal.add(now, Line("✗", f"the server says: {safe_text(message, 200)}"))
            case EndTold() | None:
                pass

    def lost(self, why: str, seconds: float, now: datetime) -> None:
        """The connection is gone, and made again in so many seconds."""
        self.link = Link("waiting", f"{safe_text(why, 300)}; again in {seconds:.1f} s")
        self.journal.add(now, Line("✗", self.link.words))

    def connecting(self) -> None:
        """The connection is being made."""
        self.link = Link("connecting")

    def _gather(self, told: SnapshotTold, now: datetime) -> None:
        """One chunk; with the last one, what it says takes the place of what was known."""
        if told.chunk == 1 or self._coming is None:
            self._coming = _Coming()
        coming = self._coming
        coming.known = merge(coming.known, told.fragments)
        coming.ticks += told.ticks
        self.addresses, self.chains = told.addresses, told.chains
        self._fail(told.errors, told.pending, now)
        if told.chunk >= told.chunks:
            self._coming = None
            self._adopt(coming, now)

    def _adopt(self, coming: _Coming, now: datetime) -> None:
        if self.is_whole:
            self.journal.add(now, Line("·", "all is told anew"))
        gone = [each._replace(balances=()) for key, each in self.known.items() if key not in coming.known]
        self._note((coming.known[key] for key in sorted(coming.known)), now)
        self._note(gone, now)
        self.known, self.is_whole = coming.known, True
        self._reprice(coming.ticks, now)
        self.prices = {tick.price.asset_id: tick.price for tick in coming.ticks}

    def _learn(self, fragments: Iterable[Fragment], now: datetime) -> None:
        fragments = list(fragments)
        if self._coming is not None:
            self._coming.known = merge(self._coming.known, fragments)
        merged = merge(self.known, fragments)
        self._note((merged[each.key] for each in fragments), now)
        self.known = merged

    def _note(self, fragments: Iterable[Fragment], now: datetime) -> None:
        """Says what these have that is not known yet."""
        for fragment in fragments:
            whose = f" of {short_wallet(fragment.wallet)}" if len(self.addresses) > 1 else ""
            before = self.known.get(fragment.key)
            if before is None:
                if fragment.balances:
                    self.journal.add(now, found_line(fragment, whose))
                continue
            for change in changes_between(before, fragment, whose):
                self.changed[change.key] = Moved(change.is_up, now)
                self.journal.add(now, change.line)

    def _reprice(self, ticks: Iterable[Tick], now: datetime) -> None:
        ticks = list(ticks)
        moves = moves_between(self.prices, ticks)
        self.prices.update((tick.price.asset_id, tick.price) for tick in ticks)
        self.moved.update((move.price.asset_id, Moved(move.is_up, now)) for move in moves)
        if moves:
            self.journal.add(now, moves_line(moves))

    def _fail(self, errors: tuple[ErrorBody, ...], pending: tuple[str, ...], now: datetime) -> None:
        for line in error_lines(self.errors, errors):
            self.journal.add(now, line)
        if (turn := pending_line(self.pending, pending)) is not None:
            self.journal.add(now, turn)
        self.errors, self.pending = errors, pending
