"""Checkpoints: a settled history folded into open lots and tallies, to be carried on without replaying it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

from .amounts import format_decimal
from .events import Plan
from .ids import Address, AssetId
from .ledger import Accounting, Ledger, Place
from .lots import MONEY, Doubt, Part
from .methods import open_pool
from .settlement import keep, plan_of
from .tallies import Tallies, Tally, joined, tally
from .trades import Trade
from .transfers import Match

VERSION = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All that the trades up to and including `boundary` came to, under the rules of `fingerprint`."""

    boundary: datetime
    fingerprint: str
    lots: tuple[tuple[Place, tuple[Part, ...]], ...]
    tallies: Tallies


def take_checkpoint(
    trades: Iterable[Trade], accounting: Accounting, earlier: Checkpoint | None = None
) -> Checkpoint | None:
    """A checkpoint as late as later trades allow; None when there is no such time.

    With an `earlier` one, `trades` are those after it. It stays good for trades after its boundary, unless
    one joins an event before it by its link or transaction, or a trade before it is changed.
    """
    plan = plan_of(trades, accounting)
    at = boundary(plan, accounting)
    return earlier if at is None else fold(plan, at, accounting, earlier)


def fold(plan: Plan, at: datetime, accounting: Accounting, earlier: Checkpoint | None = None) -> Checkpoint:
    """The checkpoint of a plan at its boundary, or before it; see take_checkpoint."""
    ledger = keep(plan, Ledger(accounting) if earlier is None else resume(earlier, accounting), at)
    with localcontext(MONEY):
        lots = tuple((place, tuple(pool)) for place, pool in sorted(ledger.pools.items(), key=_by_place))
    sums = joined({} if earlier is None else earlier.tallies, tally(ledger))
    return Checkpoint(at, fingerprint(accounting), tuple(each for each in lots if each[1]), sums)


def resume(checkpoint: Checkpoint, accounting: Accounting) -> Ledger:
    """A ledger with the checkpoint's lots, to be carried on by the trades after its boundary.

    Raises ValueError when the rules are not those that the checkpoint was taken under.
    """
    if checkpoint.fingerprint != fingerprint(accounting):
        raise ValueError("the checkpoint was taken under other rules")
    ledger = Ledger(accounting)
    with localcontext(MONEY):
        for place, lots in checkpoint.lots:
            ledger.pools[place] = open_pool(accounting.method, lots)
    return ledger


def boundary(plan: Plan, accounting: Accounting, latest: datetime | None = None) -> datetime | None:
    """The last time up to `latest` by which the history is closed: later trades do not change its reading."""
    if not plan.trades:
        return None
    last = plan.trades[-1].executed_at
    at = last if latest is None else min(last, latest)
    for start, end in sorted(_spans(plan, accounting), reverse=True):
        if start <= at < end:
            at = start - timedelta.resolution
    return at if plan.trades[0].executed_at <= at else None


def fingerprint(accounting: Accounting) -> str:
    """The rules as text: the same rules, the same text."""
    fees, matching = accounting.fees, accounting.matching
    parts = [accounting.method, accounting.scope, accounting.missing_basis, str(accounting.zone)]
    parts += [str(getattr(fees, each.name)) for each in fields(fees)]
    parts += [str(getattr(matching, each.name)) for each in fields(matching)]
    parts += sorted(",".join(sorted(group)) for group in accounting.families.groups)
    return "|".join(parts)


def to_state(checkpoint: Checkpoint) -> dict[str, Any]:
    """The checkpoint as JSON values; numbers are text."""
    return {
        "version": VERSION,
        "boundary": checkpoint.boundary.isoformat(),
        "fingerprint": checkpoint.fingerprint,
        "lots": [
            [asset, wallet, [_part_state(part) for part in parts]]
            for (asset, wallet), parts in checkpoint.lots
        ],
        "tallies": {asset: _tally_state(sums) for asset, sums in sorted(checkpoint.tallies.items())},
    }


def from_state(state: dict[str, Any]) -> Checkpoint:
    """A checkpoint from what `to_state` gave; ValueError for another version."""
    if state.get("version") != VERSION:
        raise ValueError("the checkpoint is of another version")
    return Checkpoint(
        datetime.fromisoformat(state["boundary"]),
        state["fingerprint"],
        tuple(
            ((AssetId(asset), None if wallet is None else Address(wallet)), tuple(map(_part, parts)))
            for asset, wallet, parts in state["lots"]
        ),
        {AssetId(asset): _tally(sums) for asset, sums in state["tallies"].items()},
    )


def _spans(plan: Plan, accounting: Accounting) -> list[tuple[datetime, datetime]]:
    """The times that an event stretches over, or in which a transfer may yet be matched otherwise.

    Those of two transfers that could be matched with one another overlap: so all that a new one may re-pair,
    in any chain, is open together. To what arrived whole, nothing that arrives later is closer.
    """
    spans = [_span([leg.executed_at for leg in legs]) for legs in plan.events]
    spans += [_span([pair.out.executed_at, pair.arrived.executed_at]) for pair in plan.moves.values()]
    if accounting.matching.automatic:
        waits = {"transfer_out": accounting.matching.window, "transfer_in": accounting.matching.early}
        whole = {match.out_id for match in plan.matches if match.by == "amount" and _is_whole(match)}
        spans += [
            (leg.executed_at, leg.executed_at + waits[leg.side]) for leg in plan.loose if leg.id not in whole
        ]
    return spans


def _is_whole(match: Match) -> bool:
    same = match.asset_sent == match.asset_received and match.sent == match.received
    return same and match.sent_at <= match.received_at


def _span(times: Sequence[datetime]) -> tuple[datetime, datetime]:
    return min(times), max(times)


def _by_place(pooled: tuple[Place, object]) -> tuple[str, str]:
    (asset, wallet), _ = pooled
    return asset, wallet or ""


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format_decimal(value)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _part_state(part: Part) -> list[Any]:
    doubt = part.doubt and [part.doubt.reason, _text(part.doubt.low), _text(part.doubt.high)]
    numbers = [_text(each) for each in (part.quantity, part.cost, part.opened, part.opened_cost)]
    return [part.trade_id, part.acquired_at.isoformat(), *numbers, doubt]


def _part(state: list[Any]) -> Part:
    trade_id, acquired_at, quantity, cost, opened, opened_cost, doubt = state
    return Part(
        trade_id,
        datetime.fromisoformat(acquired_at),
        Decimal(quantity),
        _number(cost),
        doubt and Doubt(doubt[0], Decimal(doubt[1]), _number(doubt[2])),
        Decimal(opened),
        _number(opened_cost),
    )


def _tally_state(sums: Tally) -> dict[str, str | int]:
    state: dict[str, str | int] = {}
    for each in fields(sums):
        value = getattr(sums, each.name)
        state[each.name] = format_decimal(value) if isinstance(value, Decimal) else value
    return state


def _tally(state: dict[str, Any]) -> Tally:
    values: dict[str, Any] = {}
    for name, value in state.items():
        values[name] = Decimal(value) if isinstance(value, str) and name != "symbol" else value
    return Tally(**values)
