"""A user's trades: recorded, listed, changed, deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from ..core.chains import Chains
from ..core.ids import ChainId
from ..core.tokens import Token
from ..core.trades import Trade
from ..core.verification import look_alike
from ..errors import CallerError, Conflict, InvalidInput, InvalidRequest
from ..store.codecs import format_position, parse_position, trade_key
from ..store.ports import Answer, Claim, Once, Order, Store, StoredTrade, TradeFilter
from ..store.trade_ids import TradeIds
from .trades_drafts import amend_trade, check_happened, complete_trade, parse_fields

if TYPE_CHECKING:  # a type only
    from ..store.account_ports import Era

MAX_BULK = 500

KeptTrade = StoredTrade
Keyed = tuple[str, str]
"""An idempotency key, and the hash of the request that it came with."""
Reply = tuple[int, bytes]
"""What a request was answered with: status and body."""


class TradeSources(Protocol):
    """What trades are recorded with; the Context is one."""

    @property
    def store(self) -> Store: ...
    @property
    def trade_ids(self) -> TradeIds: ...
    @property
    def known_chains(self) -> Chains: ...
    @property
    def token_lists(self) -> Callable[[ChainId], tuple[Token, ...]]: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...


@dataclass(frozen=True, slots=True)
class TradeQuery(TradeFilter):
    """Which trades, in which order."""

    order: Order = "desc"


@dataclass(frozen=True, slots=True)
class TradeList:
    """Some of a user's trades; `next` is the place behind them, None at the end."""

    trades: tuple[Trade, ...]
    next: str | None


async def list_trades(
    user: str, query: TradeQuery, sources: TradeSources, *, after: str | None = None, limit: int = 50
) -> TradeList:
    """The user's trades behind a place, at most `limit` of them. Raises InvalidInput for what is no place."""
    position = None if after is None else parse_position(after)
    page = await sources.store.trades.page_trades(user, query, order=query.order, after=position, limit=limit)
    place = None if page.next is None else format_position(page.next)
    return TradeList(tuple(stored.trade for stored in page.rows), place)


async def find_trade(user: str, trade_id: str, sources: TradeSources) -> KeptTrade:
    """One of the user's trades. Raises NotFound."""
    return await sources.store.trades.get_trade(user, trade_id)


async def find_reply(user: str, keyed: Keyed | None, sources: TradeSources) -> Reply | None:
    """What the same request was answered with before. Raises Conflict when the key was used for another."""
    if keyed is None:
        return None
    return await sources.store.answers.find_answer(user, Claim(*keyed))


def draft_trades(
    user: str,
    drafts: Sequence[Mapping[str, Any]],
    sources: TradeSources,
    *,
    several: bool = False,
    source: str = "api",
) -> list[Trade]:
    """The trades of what the caller says, new and complete, not kept yet.

    Raises InvalidRequest naming every field that is wrong (of several, `trades[3].amount`), and Conflict
    when two of them record the same.
    """
    trades: list[Trade] = []
    faults: list[InvalidInput] = []
    now = sources.clock()
    for number, draft in enumerate(drafts):
        trade_id = sources.trade_ids.next_id()
        try:
            fields = parse_fields(draft, sources)
            trades.append(
                complete_trade(fields, sources, trade_id=trade_id, user=user, source=source, now=now)
            )
        except CallerError as error:
            prefix = f"trades[{number}]." if several else ""
            faults.extend(InvalidInput(prefix + fault.field, fault.message) for fault in faults_of(error))
    if faults:
        raise InvalidRequest(faults)
    _require_distinct(trades)
    return trades


async def keep_trades(
    user: str,
    trades: Sequence[Trade],
    sources: TradeSources,
    *,
    keyed: Keyed | None = None,
    reply: Reply | None = None,
    era: Era | None = None,
) -> Reply | None:
    """Keep all of them or none; None when they are new, else what the key was answered with before.

    Raises DuplicateTrade, Conflict when the key was used for another request, and ErasedMeanwhile.
    """
    once = None if keyed is None or reply is None else Once(Claim(*keyed), Answer(*reply))
    return await sources.store.trades.add_trades(user, trades, once, era=era)


async def change_trade(
    user: str, kept: KeptTrade, changes: Mapping[str, Any], sources: TradeSources
) -> KeptTrade:
    """The trade with these fields as the caller gives them, kept in place of what it was.

    What a chain showed of it is forgotten where it no longer says the same.

    Raises InvalidInput or InvalidRequest, PreconditionFailed when somebody else was faster, NotFound and
    DuplicateTrade.
    """
    changed = amend_trade(kept.trade, parse_fields(changes, sources), sources)
    if changed.executed_at != kept.trade.executed_at:
        check_happened(changed, sources.clock())
    if changed == kept.trade:
        return kept
    if not look_alike(changed, kept.trade):
        changed = changed._replace(on_chain=None)
    return await sources.store.trades.replace_trade(user, changed, kept.version)


async def delete_trade(
    user: str, trade_id: str, sources: TradeSources, *, version: int | None = None
) -> None:
    """Forget a trade, if it is still at `version` (None: whatever it is).

    Raises NotFound and PreconditionFailed.
    """
    await sources.store.trades.delete_trade(user, trade_id, version)


def faults_of(error: CallerError) -> Sequence[InvalidInput]:
    """The fields that an error names; raises it again if it names none."""
    if isinstance(error, InvalidRequest):
        return error.faults
    if isinstance(error, InvalidInput):
        return (error,)
    raise error


def _require_distinct(trades: Sequence[Trade]) -> None:
    first: dict[object, int] = {}
    for number, trade in enumerate(trades):
        key = trade_key(trade)
        if key is not None and first.setdefault(key, number) != number:
            raise Conflict(
                f"trades[{first[key]}] and trades[{number}] have the same transaction, chain, asset and side"
            )
