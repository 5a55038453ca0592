"""Keeping discovered trades: each once, however often its transaction is discovered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..core.discovery import Proposal
from ..core.trades import Trade
from ..errors import Conflict, DuplicateTrade, NotFound
from ..store.codecs import TradeKey, trade_key
from ..store.ports import Store
from .transactions import LedgerSources

if TYPE_CHECKING:  # a type only
    from ..store.account_ports import Era

Keeping = Literal["new", "existing", "taken", "spam", "uncertain"]

MOST_AT_ONCE = 500
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a proposed trade.

    `existing`: the user has it already. `taken`: the user has one of this transaction, asset and side for
    another wallet, and only one of them can be kept. `spam` and `uncertain` ones are not kept.
    """

    keeping: Keeping
    trade_id: str | None = None


async def keep_proposals(
    user: str,
    proposals: Sequence[Proposal],
    sources: LedgerSources,
    *,
    keep_spam: bool,
    era: Era | None = None,
) -> list[tuple[Kept, ...]]:
    """Store what is new of the proposals; for each of their trades, in order, what became of it.

    What is new is stored in one step, unless that is more than the store takes at once. Raises Conflict when
    others keep adding the same trades, and ErasedMeanwhile.
    """
    offered: list[Trade] = []
    places: list[list[int | Kept]] = []
    for proposal in proposals:
        places.append([])
        for proposed in proposal.trades:
            refusal = _refusal(proposal, bool(proposed.spam_reasons) and not keep_spam)
            if refusal is None:
                places[-1].append(len(offered))
                offered.append(proposed.trade._replace(id=sources.trade_ids.next_id(), user_id=user))
            else:
                places[-1].append(refusal)
    kept = await _keep(user, offered, era, sources.store)
    return [tuple(kept[place] if isinstance(place, int) else place for place in row) for row in places]


def _refusal(proposal: Proposal, is_spam: bool) -> Kept | None:
    if is_spam:
        return Kept("spam")
    return None if proposal.certain else Kept("uncertain")


async def _keep(user: str, offered: Sequence[Trade], era: Era | None, store: Store) -> list[Kept]:
    for _ in range(_ATTEMPTS):
        known = await store.imports.find_duplicates(user, offered)
        new, same = _split(offered, known)
        try:
            for start in range(0, len(new), MOST_AT_ONCE):
                await store.trades.add_trades(user, new[start : start + MOST_AT_ONCE], era=era)
            return [await _kept(user, trade, same.get(trade.id), store) for trade in offered]
        except (DuplicateTrade, NotFound):  # somebody else was at it in between
            continue
    raise Conflict("the trades of these transactions were changed meanwhile")


def _split(offered: Sequence[Trade], known: Mapping[str, str]) -> tuple[list[Trade], dict[str, str]]:
    """What is new, and for each other trade the id of the one that has its key."""
    new: list[Trade] = []
    same = dict(known)
    first: dict[TradeKey | None, str] = {}
    for trade in offered:
        if trade.id in known:
            continue
        earlier = first.setdefault(trade_key(trade), trade.id)
        if earlier == trade.id:
            new.append(trade)
        else:
            same[trade.id] = earlier
    return new, same


async def _kept(user: str, offered: Trade, existing: str | None, store: Store) -> Kept:
    if existing is None:
        return Kept("new", offered.id)
    kept = await store.trades.get_trade(user, existing)
    same = kept.trade.wallet in (None, offered.wallet)
    return Kept("existing" if same else "taken", existing)
