"""What is behind the sums, as bodies: lots, disposals, transfers, withdrawals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal

from ..core.amounts import format_decimal
from ..core.disposals import Disposal
from ..core.ledger import OpenLot
from ..core.lots import NO_TRADE, Doubt, Part
from ..core.terms import held_days, term
from ..core.times import format_time
from ..core.trades import LotPick
from ..core.transfers import Match
from ..errors import InvalidInput
from ..services.pnl import PnlAnswer, PnlQuery
from .pnl_schemas import DisposalBody, DoubtBody, MatchedBody, OpenLotBody, TransferBody
from .portfolio_schemas import FlagBody
from .values_present import decimal_text, mismatch_flags, time_text

MOST_ROWS = 25_000
"""Of one list; an answer may have 32 MiB."""
# For reading, not for adding up.
_RATIO = Context(prec=28, rounding=ROUND_HALF_EVEN)
_REASONS = {
    "missing_basis": "some of it was disposed of without an acquisition in the ledger: its cost is assumed",
    "missing_price": "what came for it, or what it cost, is not known",
}


def lot_bodies(answer: PnlAnswer) -> list[OpenLotBody]:
    """What is held. Raises InvalidInput when it is too much for one answer."""
    asset = answer.query.asset
    lots = [held for held in answer.ledger.open_lots() if asset in (None, held.asset)]
    _check_count("lots", len(lots))
    average = answer.query.rules.method == "average"
    return [_lot(held, average=average) for held in lots]


def disposal_bodies(answer: PnlAnswer) -> list[DisposalBody]:
    """What was sold or spent in the period. Raises InvalidInput when it is too much for one answer."""
    disposals, query = answer.ledger.disposals, answer.query
    found = [at for at, trade in enumerate(disposals.trades) if _is_inside(trade.executed_at, query)]
    return _disposals("disposals", (disposals[at] for at in found), answer)


def withdrawal_bodies(answer: PnlAnswer) -> list[DisposalBody]:
    """What left unsold in the period. Raises InvalidInput when it is too much for one answer."""
    found = (each for each in answer.ledger.withdrawals if _is_inside(each.disposed_at, answer.query))
    return _disposals("transfers", found, answer)


def transfer_bodies(answer: PnlAnswer) -> list[TransferBody]:
    """The own transfers of the period. Raises InvalidInput when they are too many for one answer."""
    query = answer.query
    found = [match for match in _matches(answer) if _is_inside(match.sent_at, query)]
    if query.asset is not None:
        found = [match for match in found if query.asset in (match.asset_sent, match.asset_received)]
    _check_count("transfers", len(found))
    return [_transfer(match) for match in found]


def _matches(answer: PnlAnswer) -> Iterator[Match]:
    """Those that count: what lies after the period was matched, too, but not entered."""
    until = answer.query.until
    return (match for match in answer.ledger.matches if until is None or match.sent_at <= until)


def _is_inside(at: datetime, query: PnlQuery) -> bool:
    return query.start is None or at >= query.start


def _disposals(name: str, found: Iterable[Disposal], answer: PnlAnswer) -> list[DisposalBody]:
    asset = answer.query.asset
    kept = [disposal for disposal in found if asset in (None, disposal.asset)]
    _check_count(name, len(kept))
    return [_disposal(disposal, answer) for disposal in kept]


def _check_count(name: str, count: int) -> None:
    if count > MOST_ROWS:
        narrow = "narrow it by from, to, asset or wallet"
        raise InvalidInput("include", f"{name} has {count} rows, more than {MOST_ROWS}: {narrow}")


def _lot(held: OpenLot, *, average: bool) -> OpenLotBody:
    lot = held.lot
    unit = _per_unit(lot.cost, lot.quantity) if average else _per_unit(lot.opened_cost, lot.opened)
    return OpenLotBody(
        asset_id=held.asset,
        wallet=held.wallet,
        acquired_at=format_time(lot.acquired_at),
        quantity=format_decimal(lot.opened),
        remaining=format_decimal(lot.quantity),
        unit_cost_usd=decimal_text(unit),
        cost_basis_usd=decimal_text(lot.cost),
        trade_id=lot.trade_id,
        doubt=_doubt(lot.doubt),
    )


def _per_unit(cost: Decimal | None, quantity: Decimal) -> Decimal | None:
    return None if cost is None else _RATIO.divide(cost, quantity)


def _disposal(disposal: Disposal, answer: PnlAnswer) -> DisposalBody:
    reason, zone = disposal.reason, answer.query.rules.zone
    parts = disposal.parts
    behind = dict.fromkeys((disposal.trade.id, *(part.trade_id for part in parts)))
    own = [] if reason is None else [FlagBody(code=reason, reason=_REASONS[reason])]
    if answer.query.rules.method == "specific":
        own += [_lacking(pick) for pick in disposal.lacking()]
    return DisposalBody(
        kind=disposal.kind,
        asset_id=disposal.asset,
        trade_id=disposal.trade.id,
        wallet=disposal.trade.wallet,
        disposed_at=format_time(disposal.disposed_at),
        quantity=format_decimal(disposal.quantity),
        proceeds_usd=decimal_text(disposal.proceeds),
        cost_basis_usd=decimal_text(disposal.cost_basis),
        gain_usd=decimal_text(disposal.gain),
        gain_low_usd=decimal_text(disposal.gain_low),
        gain_high_usd=decimal_text(disposal.gain_high),
        term=disposal.term(zone),
        missing_basis_quantity=format_decimal(disposal.missing_quantity),
        matched=[_matched(part, disposal, zone) for part in parts],
        flags=[*own, *mismatch_flags([trade_id for trade_id in behind if trade_id in answer.mismatched])],
    )


def _lacking(pick: LotPick) -> FlagBody:
    quantity = format_decimal(pick.quantity)
    reason = f"{quantity} of lot {pick.trade_id} could not be taken: the oldest lots were taken instead"
    return FlagBody(code="lot_not_found", reason=reason)


def _matched(part: Part, disposal: Disposal, zone: tzinfo) -> MatchedBody:
    known, at = part.trade_id != NO_TRADE, disposal.disposed_at
    return MatchedBody(
        lot_trade_id=part.trade_id if known else None,
        acquired_at=time_text(part.acquired_at if known else None),
        quantity=format_decimal(part.quantity),
        cost_basis_usd=decimal_text(part.cost),
        held_days=held_days(part.acquired_at, at, zone),
        term=term(part.acquired_at, at, zone),
        doubt=_doubt(part.doubt),
    )


def _doubt(doubt: Doubt | None) -> DoubtBody | None:
    if doubt is None:
        return None
    return DoubtBody(code=doubt.reason, low_usd=format_decimal(doubt.low), high_usd=decimal_text(doubt.high))


def _transfer(match: Match) -> TransferBody:
    return TransferBody(
        out_trade_id=match.out_id,
        in_trade_id=match.in_id,
        matched_by=match.by,
        asset_sent=match.asset_sent,
        asset_received=match.asset_received,
        sent=format_decimal(match.sent),
        received=format_decimal(match.received),
        fee=format_decimal(match.fee),
        sent_at=format_time(match.sent_at),
        received_at=format_time(match.received_at),
    )
