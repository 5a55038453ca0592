"""What is another than before, and the line that says so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from ..api.portfolio_schemas import ErrorBody
from ..core.amounts import from_raw
from ..core.fragments import WALLET, Fragment, FragmentBalance
from ..core.ids import AssetId
from ..core.quotes import Price
from .cells import NONE
from .notes import failure_words
from .text import format_balance, format_price, safe_text
from .watch_rows import RowKey, balances_of
from .watch_told import Tick

_NAMED = 3
_READING = 2


class Line(NamedTuple):
    """What happened, in words."""

    mark: Literal["▲", "▼", "·", "✗", "✓"]
    words: str


class Change(NamedTuple):
    """Of a row there is more or less than before; more of what is owed is less."""

    key: RowKey
    is_up: bool
    line: Line


class Move(NamedTuple):
    """An asset is worth more or less than before."""

    symbol: str
    before: Decimal
    price: Price

    @property
    def is_up(self) -> bool:
        return self.price.price_usd is not None and self.price.price_usd > self.before


def changes_between(before: Fragment, after: Fragment, whose: str = "") -> Iterator[Change]:
    """What is another amount; `whose` is said of each where there are several wallets."""
    old, new = balances_of(before), balances_of(after)
    for key in {**new, **old}:
        difference = _raw(new.get(key)) - _raw(old.get(key))
        if difference:
            is_up = (difference > 0) != (key.kind == "debt")
            words = _change_words(new.get(key) or old[key], difference, _raw(new.get(key)))
            where = f"{_where(after)}{whose}"
            yield Change(key, is_up, Line("▲" if is_up else "▼", f"{words[0]} {where}: {words[1]}"))


def found_line(fragment: Fragment, whose: str = "") -> Line:
    """That something is known of a wallet, chain and protocol for the first time."""
    return Line("·", f"{_counted(len(balances_of(fragment)), fragment)} {_where(fragment)}{whose}")


def moves_between(before: Mapping[AssetId, Price], ticks: Iterable[Tick]) -> list[Move]:
    """The prices that are higher or lower than before."""
    moves = []
    for tick in ticks:
        old = before.get(tick.price.asset_id)
        if old is not None and old.price_usd is not None and tick.price.price_usd != old.price_usd:
            moves.append(Move(tick.symbol, old.price_usd, tick.price))
    return moves


def moves_line(moves: Collection[Move]) -> Line:
    """The prices that moved, the first of them by name."""
    named = [_move_words(move) for move in list(moves)[:_NAMED]]
    more = [f"{len(moves) - _NAMED} more"] if len(moves) > _NAMED else []
    word = "price" if len(moves) == 1 else "prices"
    return Line("·", f"{word}: {', '.join([*named, *more])}")


def error_lines(before: Iterable[ErrorBody], after: Iterable[ErrorBody]) -> Iterator[Line]:
    """What cannot be read any more, and what can be again."""
    old = {_error_kind(error): error for error in before}
    new = {_error_kind(error): error for error in after}
    for kind, error in new.items():
        if kind not in old:
            what, why = failure_words(error)
            yield Line("✗", f"cannot be read: {what}: {why}")
    for kind, error in old.items():
        if kind not in new:
            yield Line("✓", f"can be read again: {failure_words(error)[0]}")


def pending_line(before: Sequence[str], after: Sequence[str]) -> Line | None:
    """That chains are being read, and that none is any more."""
    if bool(before) == bool(after):
        return None
    return Line("·", pending_words(after)) if after else Line("✓", "every chain was tried")


def pending_words(pending: Sequence[str]) -> str:
    """Which chains (slugs) are being read; nothing for none."""
    if not pending:
        return ""
    named = [safe_text(slug, 20) for slug in pending]
    return f"reading {', '.join(named) if len(named) <= _READING else f'{len(named)} chains'}…"


def _error_kind(error: ErrorBody) -> tuple[str | None, ...]:
    """Messages are left out: they may differ from one attempt to the next."""
    return (error["scope"], error["chain"], error["code"], error["asset_id"])


def _raw(balance: FragmentBalance | None) -> int:
    return 0 if balance is None else balance.raw


def _change_words(balance: FragmentBalance, difference: int, now: int) -> tuple[str, str]:
    """What changed, and how."""
    symbol = safe_text(balance.symbol, 10) or NONE
    sign = "+" if difference > 0 else "-"
    by = format_balance(from_raw(abs(difference), balance.decimals))
    rest = format_balance(from_raw(now, balance.decimals))
    return symbol if balance.kind == "wallet" else f"{symbol} {balance.kind}", f"{sign}{by}, now {rest}"


def _where(fragment: Fragment) -> str:
    chain = safe_text(fragment.chain, 20)
    return (
        f"on {chain}" if fragment.protocol == WALLET else f"in {safe_text(fragment.protocol, 20)} on {chain}"
    )


def _counted(number: int, fragment: Fragment) -> str:
    word = "asset" if fragment.protocol == WALLET else "position"
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _move_words(move: Move) -> str:
    now = move.price.price_usd
    price = NONE if now is None else format_price(now)
    return f"{safe_text(move.symbol, 10) or NONE} {format_price(move.before)} → {price}"
