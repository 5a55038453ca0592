"""Pieces: a large read cut into requests that can be cut again; nothing is lost, nothing read twice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

from ..core.ids import Address
from .calls import Call
from .packed import CALL_LIMIT, PAIR_LIMIT, call_size, calls_room, scan_room

T = TypeVar("T")

MOST_WALLETS = 100  # of a grid, so that tokens have room beside them
TOKEN_COST = 3  # a token's account and proxy are cold the first time: as much as 3 balances


class Grid(NamedTuple):
    """All wallets × tokens, counted token by token, from pair `first` on; `first` is in the first token."""

    wallets: tuple[Address, ...]
    tokens: tuple[Address, ...]
    first: int = 0

    @property
    def pairs(self) -> int:
        return len(self.wallets) * len(self.tokens)

    @property
    def cost(self) -> int:
        """In units of one balance of a token that was read before: some 6,000 gas."""
        return self.pairs - self.first + TOKEN_COST * len(self.tokens)

    def pair(self, index: int) -> tuple[Address, Address]:
        """The wallet and the token of a pair."""
        token, wallet = divmod(index, len(self.wallets))
        return self.wallets[wallet], self.tokens[token]

    def after(self, reached: int) -> Grid | None:
        """What remains when the pairs before `reached` are done; None for nothing."""
        if reached >= self.pairs:
            return None
        token, wallet = divmod(reached, len(self.wallets))
        return Grid(self.wallets, self.tokens[token:], wallet)

    def halves(self) -> tuple[Grid, ...]:
        """The same pairs in two grids; none when there is but one pair."""
        middle = len(self.tokens) // 2
        if middle:
            rest = Grid(self.wallets, self.tokens[middle:])
            return Grid(self.wallets, self.tokens[:middle], self.first), rest
        wallets = self.wallets[self.first :]
        middle = len(wallets) // 2
        if middle:
            return Grid(wallets[:middle], self.tokens), Grid(wallets[middle:], self.tokens)
        return ()


class Calls(NamedTuple):
    """Consecutive calls of a list, the first of which has the index `start`."""

    calls: tuple[Call, ...]
    start: int = 0

    @property
    def cost(self) -> int:
        return len(self.calls)

    def after(self, reached: int) -> Calls | None:
        """What remains when that many are done; None for nothing."""
        if reached >= len(self.calls):
            return None
        return Calls(self.calls[reached:], self.start + reached)

    def halves(self) -> tuple[Calls, ...]:
        """The same calls in two pieces; none when there is but one."""
        middle = len(self.calls) // 2
        if not middle:
            return ()
        return Calls(self.calls[:middle], self.start), Calls(self.calls[middle:], self.start + middle)


def cut_grid(wallets: Sequence[Address], tokens: Sequence[Address], most_cost: int) -> list[Grid]:
    """Grids of about equal size for all wallets × tokens, each within `most_cost` and the scanner's limits.

    At least one, so that a read of nothing still learns the block.
    """
    grids = []
    for some in _even(tuple(wallets), MOST_WALLETS) or [()]:
        most = min(
            most_cost // (len(some) + TOKEN_COST), scan_room() - len(some), PAIR_LIMIT // max(len(some), 1)
        )
        grids += [Grid(some, part) for part in _even(tuple(tokens), max(most, 1)) or [()]]
    return grids


def cut_calls(calls: Sequence[Call], most: int) -> list[Calls]:
    """Pieces of at most that many calls, about equal; at least one, so that the block is learned."""
    pieces = []
    start = 0
    for part in _even(tuple(calls), max(most, 1)) or [()]:
        pieces.append(Calls(part, start))
        start += len(part)
    return pieces


def cut_packed(calls: Sequence[Call], most: int) -> list[Calls]:
    """As `cut_calls`, each within what the caller contract can carry. ValueError for too long a call."""
    pieces: list[Calls] = []
    waiting = cut_calls(calls, min(most, CALL_LIMIT))[::-1]
    while waiting:
        piece = waiting.pop()
        if sum(map(call_size, piece.calls)) <= calls_room():
            pieces.append(piece)
        elif piece.halves():
            waiting.extend(reversed(piece.halves()))
        else:
            raise ValueError(f"call data of {len(piece.calls[0].data)} bytes do not fit into a request")
    return pieces


def _even(values: tuple[T, ...], most: int) -> list[tuple[T, ...]]:
    """Slices of at most `most` values whose lengths differ by at most one."""
    count = -(-len(values) // most)
    bounds = [len(values) * i // count for i in range(count + 1)] if count else []
    return [values[a:b] for a, b in pairwise(bounds)]
