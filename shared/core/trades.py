"""Trades: their fields checked and brought to one form, completed, and amended."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from ..errors import CallerError, InvalidInput, InvalidRequest
from .amounts import add, format_decimal
from .ids import parse_address, parse_asset
from .trade_amounts import (
    AMOUNT_TYPES,
    MAX_DECIMALS,
    MAX_DIGITS,
    Amounts,
    AmountType,
    check_number,
    complete_amounts,
    parse_number,
)
from .trade_type import (
    INCOMING,
    NOT_LINKED,
    SIDES,
    STATUSES,
    LotPick,
    OnChain,
    Side,
    Status,
    Trade,
    canonical_order,
    trades_of,
)

# Whoever needs trades finds all of them here.
__all__ = [
    "AMOUNT_TYPES",
    "INCOMING",
    "MAX_DECIMALS",
    "MAX_DIGITS",
    "MAX_NOTES",
    "NOT_LINKED",
    "SIDES",
    "STATUSES",
    "AmountType",
    "Amounts",
    "LotPick",
    "OnChain",
    "Side",
    "Status",
    "Trade",
    "amend",
    "canonical_order",
    "check_number",
    "checked",
    "complete_amounts",
    "parse_number",
    "trades_of",
]

MAX_NOTES = 2000
_EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)
_SYMBOL = re.compile(r"[^\s\x00-\x1f\x7f,;\"]{1,32}")
_TX_HASH = re.compile(r"0[xX][0-9a-fA-F]{64}")
_LINK = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def checked(trade: Trade) -> Trade:
    """The trade with its amounts completed and its names in canonical form.

    Raises InvalidInput, or InvalidRequest when several fields are wrong.
    """
    faults: list[InvalidInput] = []
    changes: dict[str, Any] = {}
    for check in _CHECKS:
        try:
            changes.update(check(trade))
        except InvalidInput as fault:
            faults.append(fault)
    if faults:
        raise faults[0] if len(faults) == 1 else InvalidRequest(faults)
    return trade._replace(**changes)


def amend(trade: Trade, changes: dict[str, Any]) -> Trade:
    """The trade with some fields changed and checked again.

    What the changes name is kept; of amount, price and total, an unnamed total follows, or else the price.
    Raises InvalidInput or InvalidRequest.
    """
    named = changes.keys()
    kept = {**trade._asdict(), **changes}
    if {"amount", "price_usd", "amount_type"} & named and "total_usd" not in named:
        kept["total_usd"] = None if kept["price_usd"] is not None else kept["total_usd"]
    elif "total_usd" in named and kept["amount_type"] == "usd" and "amount" not in named:
        kept["amount"] = kept["total_usd"]
    elif "total_usd" in named and "price_usd" not in named:
        kept["price_usd"] = None if kept["amount_type"] == "token" else kept["price_usd"]
    return checked(Trade(**kept))


def _check_choices(trade: Trade) -> dict[str, Any]:
    choices: Iterable[tuple[str, str, tuple[str, ...]]] = (
        ("side", trade.side, SIDES),
        ("amount_type", trade.amount_type, AMOUNT_TYPES),
        ("status", trade.status, STATUSES),
    )
    for field, value, allowed in choices:
        if value not in allowed:
            raise InvalidInput(field, f"{value!r} is not one of {', '.join(allowed)}")
    return {}


def _check_amounts(trade: Trade) -> dict[str, Any]:
    done = complete_amounts(trade.amount, trade.amount_type, trade.price_usd, trade.total_usd)
    return {"amount": done.amount, "price_usd": done.price_usd, "total_usd": done.total_usd}


def _check_asset(trade: Trade) -> dict[str, Any]:
    if not _SYMBOL.fullmatch(trade.symbol):
        raise InvalidInput("symbol", f"{trade.symbol[:60]!r} is not a symbol of 1 to 32 characters")
    return {"asset": parse_asset("asset", trade.asset)}


def _check_fee(trade: Trade) -> dict[str, Any]:
    if trade.fee_usd is not None:
        check_number("fee_usd", trade.fee_usd)
    if (trade.fee_asset is None) != (trade.fee_amount is None):
        missing = "fee_asset" if trade.fee_asset is None else "fee_amount"
        raise InvalidInput(missing, "fee_asset and fee_amount come together")
    if trade.fee_asset is None or trade.fee_amount is None:
        return {}
    if not check_number("fee_amount", trade.fee_amount):
        raise InvalidInput("fee_amount", "must be above zero")
    if trade.side == "fee":
        raise InvalidInput("fee_asset", "a fee has no fee of its own: its coin is the asset")
    return {"fee_asset": parse_asset("fee_asset", trade.fee_asset)}


def _check_chain_fields(trade: Trade) -> dict[str, Any]:
    if trade.tx_hash is not None and not _TX_HASH.fullmatch(trade.tx_hash):
        raise InvalidInput("tx_hash", f"{trade.tx_hash[:80]!r} is not 0x and 64 hexadecimal digits")
    if trade.tx_hash is not None and trade.chain is None:
        raise InvalidInput("chain", "is needed with a tx_hash")
    try:
        wallet = None if trade.wallet is None else parse_address(trade.wallet)
    except ValueError as error:
        raise InvalidInput("wallet", str(error)) from error
    return {"wallet": wallet, "tx_hash": None if trade.tx_hash is None else trade.tx_hash.lower()}


def _check_times(trade: Trade) -> dict[str, Any]:
    times: dict[str, Any] = {}
    for field in ("executed_at", "created_at", "acquired_at"):
        value: datetime | None = getattr(trade, field)
        if value is None:
            continue
        if value.utcoffset() is None:
            raise InvalidInput(field, "needs a time zone")
        if not _EARLIEST <= value <= datetime.max.replace(tzinfo=UTC) - timedelta(days=366):
            raise InvalidInput(field, "is before 2009 or too far in the future")
        times[field] = value.astimezone(UTC)
    acquired = times.get("acquired_at")
    if acquired is not None and acquired > times["executed_at"]:
        raise InvalidInput("acquired_at", "is after executed_at")
    return times


def _check_texts(trade: Trade) -> dict[str, Any]:
    for field, value, longest in (("source", trade.source, 64), ("notes", trade.notes, MAX_NOTES)):
        if len(value) > longest:
            raise InvalidInput(field, f"is longer than {longest} characters")
        if "\x00" in value:
            raise InvalidInput(field, "has a NUL character")
    if trade.link is not None and not _LINK.fullmatch(trade.link):
        raise InvalidInput("link", "is 1 to 128 letters, digits, dots, colons, dashes or underscores")
    return {}


def _check_basis(trade: Trade) -> dict[str, Any]:
    if trade.side != "transfer_in" and (trade.basis_usd is not None or trade.acquired_at is not None):
        field = "acquired_at" if trade.basis_usd is None else "basis_usd"
        raise InvalidInput(field, "belongs to a transfer_in only")
    if trade.basis_usd is not None:
        check_number("basis_usd", trade.basis_usd)
    return {}


def _check_lots(trade: Trade) -> dict[str, Any]:
    if not trade.lots:
        return {}
    if trade.is_incoming:
        raise InvalidInput("lots", f"a {trade.side} takes from no lot")
    for pick in trade.lots:
        if not check_number("lots", pick.quantity):
            raise InvalidInput("lots", "a quantity must be above zero")
    if len({pick.trade_id for pick in trade.lots}) != len(trade.lots):
        raise InvalidInput("lots", "names a lot twice")
    picked = add([pick.quantity for pick in trade.lots])
    if _has_quantity(trade) and picked > trade.quantity:
        raise InvalidInput("lots", f"add up to {format_decimal(picked)}, more than the trade's quantity")
    return {}


def _has_quantity(trade: Trade) -> bool:
    try:
        _check_amounts(trade)
    except CallerError:
        return False
    return True


_CHECKS: tuple[Callable[[Trade], dict[str, Any]], ...] = (
    _check_choices,
    _check_amounts,
    _check_asset,
    _check_fee,
    _check_chain_fields,
    _check_times,
    _check_texts,
    _check_basis,
    _check_lots,
)
