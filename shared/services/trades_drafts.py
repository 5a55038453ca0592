"""From what a caller says of a trade to a Trade: texts read, names looked up, what is left out filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from ..core.chains import Chain, Chains
from ..core.ids import AssetId, ChainId, parse_asset, parse_asset_id
from ..core.times import parse_time
from ..core.tokens import Token
from ..core.trades import LotPick, Trade, amend, check_number, checked, parse_number
from ..errors import InvalidInput, InvalidRequest

MONEY_FIELDS = ("amount", "price_usd", "total_usd", "fee_usd", "fee_amount", "basis_usd")
_TIME_FIELDS = ("executed_at", "acquired_at")
MAX_LOTS = 500
TRADE_ID = re.compile(r"[0-9a-f]{30}")
# Clocks differ, and time zones are mixed up; what is further ahead has not happened.
_MOST_AHEAD = timedelta(days=1)


class TradeNames(Protocol):
    """Who knows chains and listed tokens by name; the Context is one."""

    @property
    def known_chains(self) -> Chains: ...
    @property
    def token_lists(self) -> Callable[[ChainId], tuple[Token, ...]]: ...


def parse_fields(fields: Mapping[str, Any], names: TradeNames) -> dict[str, Any]:
    """The fields as a Trade has them, where they can be read each by itself.

    Numbers are texts, integers or Decimals; times are RFC 3339; chains go by any of their names. Raises
    InvalidRequest naming every field that cannot be read.
    """
    parsed: dict[str, Any] = {}
    faults: list[InvalidInput] = []
    for field, value in fields.items():
        try:
            parsed[field] = _parse(field, value, names)
        except InvalidInput as fault:
            faults.append(fault)
    if faults:
        raise InvalidRequest(faults)
    return parsed


def complete_trade(
    fields: Mapping[str, Any], names: TradeNames, *, trade_id: str, user: str, source: str, now: datetime
) -> Trade:
    """The trade of these parsed fields, checked; what is left out has its default.

    It happened now, in units of the asset, and is confirmed; its chain is that of the asset; its symbol is
    the one that the asset is listed with. Raises InvalidInput or InvalidRequest.
    """
    if "asset" not in fields:
        raise InvalidInput("asset", "is needed")
    if "side" not in fields:
        raise InvalidInput("side", "is needed")
    asset = parse_asset("asset", fields["asset"])
    defaults = {
        **dict.fromkeys((*MONEY_FIELDS, "tx_hash", "wallet", "fee_asset", "link", "acquired_at")),
        "amount_type": "token",
        "status": "confirmed",
        "executed_at": now,
    }
    filled = {**defaults, **fields, "asset": asset}
    filled["chain"] = fields.get("chain") or _chain_slug(asset, names)
    filled["symbol"] = fields["symbol"] if "symbol" in fields else _symbol(asset, names)
    trade = checked(Trade(**filled, id=trade_id, user_id=user, source=source, created_at=now))
    _check_chain(trade, names)
    check_happened(trade, now)
    return trade


def amend_trade(trade: Trade, fields: Mapping[str, Any], names: TradeNames) -> Trade:
    """The trade with these parsed fields changed and checked again.

    With another asset come its symbol and its chain, unless they are named too. Raises InvalidInput or
    InvalidRequest.
    """
    changes = dict(fields)
    asset = trade.asset
    if "asset" in changes:
        asset = changes["asset"] = parse_asset("asset", changes["asset"])
    if asset != trade.asset:
        changes["symbol"] = changes["symbol"] if "symbol" in changes else _symbol(asset, names)
        happened_on = trade.chain if changes.get("tx_hash", trade.tx_hash) else None
        changes.setdefault("chain", _chain_slug(asset, names) or happened_on)
    if "chain" in changes:
        changes["chain"] = changes["chain"] or _chain_slug(asset, names)
    changed = amend(trade, changes)
    _check_chain(changed, names)
    return changed


def check_happened(trade: Trade, now: datetime) -> None:
    """Raises InvalidInput for a trade of a time to come, which would be a gain before it is one."""
    if trade.executed_at - now > _MOST_AHEAD:
        raise InvalidInput("executed_at", "is more than a day ahead: only what has happened is recorded")


def _check_chain(trade: Trade, names: TradeNames) -> None:
    """An asset of a chain is traded there. Raises InvalidInput."""
    chain = None if trade.chain is None else names.known_chains.find(trade.chain)
    if chain is not None and ":" in trade.asset and parse_asset_id(trade.asset)[0] != chain.chain_id:
        raise InvalidInput("chain", f"{chain.slug} is not the chain of {trade.asset}")


def _parse(field: str, value: Any, names: TradeNames) -> Any:
    if field == "notes":
        return value or ""
    if field == "lots":
        return _parse_lots(value or ())
    if value is None:
        return None
    if field in MONEY_FIELDS:
        return _parse_money(field, value)
    if field in _TIME_FIELDS:
        return _parse_moment(field, value)
    return find_chain("chain", value, names.known_chains).slug if field == "chain" else value


def _parse_money(field: str, value: str | int | Decimal) -> Decimal:
    if isinstance(value, str):
        return parse_number(field, value)
    return check_number(field, Decimal(value))


def _parse_moment(field: str, text: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError as error:
        raise InvalidInput(field, str(error)) from None


def _parse_lots(picks: tuple[Mapping[str, Any], ...]) -> tuple[LotPick, ...]:
    if len(picks) > MAX_LOTS:
        raise InvalidInput("lots", f"has {len(picks)} lots; at most {MAX_LOTS} are accepted")
    for pick in picks:
        if not TRADE_ID.fullmatch(pick["trade_id"]):
            raise InvalidInput("lots", f"{pick['trade_id'][:60]!r} is not a trade's id")
    return tuple(LotPick(pick["trade_id"], _parse_money("lots", pick["quantity"])) for pick in picks)


def find_chain(field: str, name: str, chains: Chains) -> Chain:
    """The chain by any of its names. Raises InvalidInput."""
    chain = chains.find(name.strip())
    if chain is None:
        raise InvalidInput(field, f"{name[:60]!r} is not a known chain")
    return chain


def _chain_of(asset: AssetId, names: TradeNames) -> Chain | None:
    if ":" not in asset:
        return None
    return names.known_chains.get(parse_asset_id(asset)[0])


def _chain_slug(asset: AssetId, names: TradeNames) -> str | None:
    chain = _chain_of(asset, names)
    return None if chain is None else chain.slug


def _symbol(asset: AssetId, names: TradeNames) -> str:
    """What the asset is called where it is listed; an asset without a chain is its own symbol."""
    chain = _chain_of(asset, names)
    if ":" not in asset:
        return asset
    if chain is not None:
        if asset == chain.native_asset_id:
            return chain.native.symbol
        listed = (token for token in names.token_lists(chain.chain_id) if token.asset_id == asset)
        found = next(listed, None)
        if found is not None:
            return found.symbol
    raise InvalidInput("symbol", "is needed: this asset is on no list")
