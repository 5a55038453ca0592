"""What one stream has told of prices and failures, and what it has still to tell of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, KeysView
from functools import reduce
from operator import xor
from sys import intern
from typing import NamedTuple

from ..core.failures import Failure
from ..core.fragments import Fragment, FragmentKey
from ..core.ids import AssetId
from ..core.stream_ids import Start, fingerprint
from .stream_events import PriceTold
from .stream_prices import Board

MOST_PRICES = 200
"""In one event."""
# The bit of a fingerprint that says that not every chain had been tried.
_PENDING = 1


class ToldPrices:
    """Prices of the assets that a stream's fragments hold: each is told when it is another than before.

    The fingerprint of all that was told goes with the events, so that another process can see whether its
    own prices are the same.
    """

    def __init__(self, board: Board, start: Start) -> None:
        self.fingerprint = 0
        self._board = board
        self._known = start.known
        self._held: dict[FragmentKey, tuple[AssetId, ...]] = {}
        self._holders: dict[AssetId, int] = {}
        self._told: dict[AssetId, int] = {}
        self._open: dict[AssetId, None] = {}

    @property
    def assets(self) -> KeysView[AssetId]:
        """What is held."""
        return self._holders.keys()

    def hold(self, fragment: Fragment) -> None:
        """The fragment is what is known under its key from now on."""
        self._board.want(balance for balance in fragment.balances if balance.asset_id not in self._holders)
        before = self._held.pop(fragment.key, ())
        # Interned, because streams of the same wallet each have a copy of their own from the store.
        now = tuple(dict.fromkeys(AssetId(intern(balance.asset_id)) for balance in fragment.balances))
        if now:
            self._held[fragment.key] = now
        for asset_id in now:
            self._holders[asset_id] = self._holders.get(asset_id, 0) + 1
            if asset_id not in self._told:
                self._open[asset_id] = None
        for asset_id in before:
            self._release(asset_id)

    def changed(self, assets: Iterable[AssetId]) -> bool:
        """The prices of these are other ones than before; whether that concerns this stream."""
        concerned = [asset_id for asset_id in assets if asset_id in self._holders]
        self._open.update(dict.fromkeys(concerned))
        return bool(concerned)

    def compare(self) -> None:
        """What the client was told before it came back is not told again, unless it has changed since."""
        known, self._known = self._known, None
        if known is None:
            return
        listed = {asset_id: self._board.get(asset_id) for asset_id in self._holders}
        now = {asset_id: each.fingerprint for asset_id, each in listed.items() if each is not None}
        together = reduce(xor, now.values(), 0)
        if together == known.prices:
            self._told, self._open, self.fingerprint = now, {}, together

    def take(self, assets: Collection[AssetId] | None = None) -> tuple[PriceTold, ...]:
        """The prices to tell now, of these assets or of any; they are told with that."""
        wanted = self._open if assets is None else [each for each in assets if each in self._open]
        taken: list[PriceTold] = []
        for asset_id in list(wanted):
            if assets is None and len(taken) == MOST_PRICES:
                break
            del self._open[asset_id]
            listed = self._board.get(asset_id)
            # Without a price on the board yet, the board will say that it has changed.
            if listed is not None and listed.fingerprint != self._told.get(asset_id):
                self._tell(asset_id, listed.fingerprint)
                taken.append(PriceTold(listed.symbol, listed.price))
        return tuple(taken)

    def _tell(self, asset_id: AssetId, fingerprint: int) -> None:
        self.fingerprint ^= self._told.get(asset_id, 0) ^ fingerprint
        self._told[asset_id] = fingerprint

    def _release(self, asset_id: AssetId) -> None:
        self._holders[asset_id] -= 1
        if not self._holders[asset_id]:
            del self._holders[asset_id]
            self._open.pop(asset_id, None)
            self.fingerprint ^= self._told.pop(asset_id, 0)


class Failing(NamedTuple):
    """What cannot be read at the moment; `pending` are the chains (slugs) that have not been tried yet."""

    failures: tuple[Failure, ...]
    pending: tuple[str, ...]


class ToldFailures:
    """What cannot be read, told when it is something else than before.

    Of chains that are pending it is told when there are none any more, not when there are fewer. A client
    that came back hears nothing before that: what it was told holds until all chains were tried.
    """

    def __init__(self, failing: Callable[[], Failing], start: Start) -> None:
        self.fingerprint = start.known.failures if start.known else 0
        self.is_open = start.known is not None
        """Whether there may be something to tell."""
        self._failing = failing
        self._goes_on = start.reason is None

    def take(self) -> Failing | None:
        """What to tell now; None when nothing is new. Nothing failing counts once everything was tried."""
        if not self.is_open:
            return None
        self.is_open = False
        return self.tell() if self._is_news(self._failing()) else None

    def tell(self) -> Failing:
        """What cannot be read now, which is told with that."""
        failing = self._failing()
        self.fingerprint = _fingerprint(failing)
        return failing

    def _is_news(self, failing: Failing) -> bool:
        others = _fingerprint(failing) ^ self.fingerprint
        if not failing.pending:
            return others != 0
        return not self._goes_on and bool(failing.failures) and others & ~_PENDING != 0


def _fingerprint(failing: Failing) -> int:
    """Zero for nothing. What may differ from one attempt to the next is left out: messages, and how a chain
    fails.
    """
    kinds = {
        "\t".join((f.scope, f.chain or "", "" if f.scope == "chain" else f.code, f.asset_id or ""))
        for f in failing.failures
    }
    of_failures = fingerprint(*sorted(kinds)) & ~_PENDING if kinds else 0
    return of_failures | (_PENDING if failing.pending else 0)
