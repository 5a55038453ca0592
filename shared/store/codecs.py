"""How values look where they are kept: money as text, times as microseconds, long things compressed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ..core.failures import Failure
from ..core.fragments import WALLET
from ..core.ids import AssetId
from ..core.snapshots import Snapshot, SnapshotAsset
from ..core.trades import NOT_LINKED, LotPick, OnChain, Trade
from ..errors import Conflict, InvalidInput
from .ports import Position

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOST_MICROSECONDS = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND

MONEY_FIELDS = frozenset(
    {"amount", "price_usd", "total_usd", "fee_usd", "fee_amount", "basis_usd"},
)
TIME_FIELDS = frozenset({"executed_at", "created_at", "acquired_at"})

_NO_PLACE: list[Any] = [WALLET, "wallet"]
"""Protocol and kind of what an address itself holds."""

TradeKey = tuple[str, str, str, str]
"""Chain, transaction, asset and side: what a user records once."""


def to_micros(moment: datetime) -> int:
    """Whole microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The moment, in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def money_text(value: Decimal) -> str:
    """All digits as they are, trailing zeros too, never an exponent."""
    return format(value, "f")


def format_position(position: Position) -> str:
    """Text that sorts as positions do."""
    return f"{to_micros(position.at):018d}.{position.id}"


def parse_position(text: str) -> Position:
    """The position that `format_position` wrote. Raises InvalidInput naming the cursor."""
    digits, dot, row_id = text.partition(".")
    if not (dot and row_id and len(digits) == 18 and digits.isascii() and digits.isdigit()):
        raise InvalidInput("cursor", "is not one of ours")
    if int(digits) > _MOST_MICROSECONDS:
        raise InvalidInput("cursor", "is not one of ours")
    return Position(from_micros(int(digits)), row_id)


def position_of(trade: Trade) -> Position:
    """Where a trade stands among a user's."""
    return Position(trade.executed_at, trade.id)


def trade_key(trade: Trade) -> TradeKey | None:
    """What no other trade of the user may have too; None without a transaction."""
    if trade.tx_hash is None:
        return None
    return trade.chain or "", trade.tx_hash, trade.asset, trade.side


def event_names(trades: Sequence[Trade]) -> tuple[list[str], list[str]]:
    """The links and the transactions by which these trades may belong to events."""
    open_ = [trade for trade in trades if trade.link != NOT_LINKED]
    links = {trade.link for trade in open_ if trade.link is not None}
    hashes = {trade.tx_hash for trade in open_ if trade.tx_hash is not None}
    return sorted(links), sorted(hashes)


def require_distinct(user: str, trades: Sequence[Trade]) -> None:
    """Raises Conflict if two of the trades record the same; ValueError if one is another user's."""
    if any(trade.user_id != user for trade in trades):
        raise ValueError("a trade is kept for the user whose it is")
    keys = [key for trade in trades if (key := trade_key(trade)) is not None]
    if len(set(keys)) != len(keys):
        raise Conflict("two of the trades have the same transaction, chain, asset and side")


def _lots_text(lots: tuple[LotPick, ...]) -> str | None:
    return json.dumps([[pick.trade_id, money_text(pick.quantity)] for pick in lots]) if lots else None


def _lots(text: str | None) -> tuple[LotPick, ...]:
    if text is None:
        return ()
    return tuple(LotPick(trade_id, Decimal(quantity)) for trade_id, quantity in json.loads(text))


def _on_chain_text(seen: OnChain | None) -> str | None:
    return None if seen is None else json.dumps({**seen._asdict(), "block_time": to_micros(seen.block_time)})


def _on_chain(text: str | None) -> OnChain | None:
    if text is None:
        return None
    fields = json.loads(text)
    return OnChain(**{**fields, "block_time": from_micros(fields["block_time"])})


def _codec(field: str) -> tuple[Callable[[Any], Any], Callable[[Any], Any]] | None:
    if field in MONEY_FIELDS:
        return money_text, Decimal
    if field in TIME_FIELDS:
        return to_micros, from_micros
    return None


# Place in the tuple, how it is written, how it is read: only of fields that are not kept as they are.
_CODECS = tuple((i, *codec) for i, field in enumerate(Trade._fields) if (codec := _codec(field)) is not None)
_LOTS = Trade._fields.index("lots")
_ON_CHAIN = Trade._fields.index("on_chain")


def trade_row(trade: Trade) -> list[Any]:
    """The trade's fields in their order: text, integers and None."""
    row: list[Any] = list(trade)
    for i, write, _ in _CODECS:
        if row[i] is not None:
            row[i] = write(row[i])
    row[_LOTS] = _lots_text(trade.lots)
    row[_ON_CHAIN] = _on_chain_text(trade.on_chain)
    return row


def row_trade(row: Sequence[Any]) -> Trade:
    """The trade that `trade_row` wrote."""
    values = list(row)
    for i, _, read in _CODECS:
        if values[i] is not None:
            values[i] = read(values[i])
    values[_LOTS] = _lots(values[_LOTS])
    values[_ON_CHAIN] = _on_chain(values[_ON_CHAIN])
    return Trade._make(values)


def pack(content: bytes, level: int = 6) -> bytes:
    """Compressed; `unpack` undoes it. Level 1 takes a fifth of the time."""
    return zlib.compress(content, level)


def unpack(packed: bytes) -> bytes:
    """What was packed."""
    return zlib.decompress(packed)


def failure_rows(failures: Sequence[Failure]) -> list[list[str | None]]:
    """Failures as rows fit for JSON; most are of no protocol, and do not say so."""
    return [
        [f.scope, f.chain, f.code, f.message, f.asset_id, *([] if f.protocol is None else [f.protocol])]
        for f in failures
    ]


def parse_failure_rows(rows: Sequence[Sequence[Any]]) -> tuple[Failure, ...]:
    """The failures that `failure_rows` wrote."""
    return tuple(Failure(*fields) for fields in rows)


def errors_text(failures: Sequence[Failure]) -> str:
    """Failures as JSON."""
    return json.dumps(failure_rows(failures))


def parse_errors(text: str) -> tuple[Failure, ...]:
    """The failures that `errors_text` wrote."""
    return parse_failure_rows(json.loads(text))


def pack_assets(snapshot: Snapshot) -> bytes:
    """A snapshot's assets, compressed: five thousand of them are some 200 KB."""
    rows = [_asset_row(asset) for asset in snapshot.assets]
    return pack(json.dumps(rows, separators=(",", ":")).encode())


def _asset_row(asset: SnapshotAsset) -> list[str | None]:
    """Of what an address itself holds the first five fields say everything."""
    row = [
        asset.asset_id,
        asset.symbol,
        money_text(asset.balance),
        _money_or_none(asset.price_usd),
        _money_or_none(asset.value_usd),
    ]
    place = [asset.protocol, asset.kind]
    return row if place == _NO_PLACE else [*row, *place]


def _money_or_none(value: Decimal | None) -> str | None:
    return None if value is None else money_text(value)


def unpack_assets(packed: bytes) -> tuple[SnapshotAsset, ...]:
    """The assets that `pack_assets` wrote."""
    return tuple(map(_row_asset, json.loads(unpack(packed))))


def _row_asset(row: Sequence[Any]) -> SnapshotAsset:
    asset_id, symbol, balance, price, value, *place = row
    protocol, kind = place or _NO_PLACE
    return SnapshotAsset(
        AssetId(asset_id),
        symbol,
        Decimal(balance),
        None if price is None else Decimal(price),
        None if value is None else Decimal(value),
        protocol=protocol,
        kind=kind,
    )
