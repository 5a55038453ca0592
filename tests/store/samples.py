"""Trades, wallets and snapshots for the tests of the store, and a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.core.ids import Address, AssetId
from shared.core.snapshots import Snapshot
from shared.core.trades import Trade, checked
from shared.store.ports import Answer, Claim, Once

START = datetime(2024, 1, 1, tzinfo=UTC)
ETH = AssetId("eip155:1/slip44:60")
WALLET = Address("0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045")
ALICE, BOB = "alice", "bob"


class Clock:
    """The time, which passes when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2025, 6, 1, 12, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **units: float) -> None:
        self.now += timedelta(**units)


def trade(number: int, user: str = ALICE, **changes: Any) -> Trade:
    """The user's trade of this number: an hour behind the one before, in other fields alike."""
    made = Trade(
        id=f"{user}-{number:06d}",
        user_id=user,
        side="buy",
        asset=ETH,
        symbol="ETH",
        amount=Decimal("1.50"),
        amount_type="token",
        price_usd=Decimal("2000.10"),
        total_usd=None,
        fee_usd=None,
        tx_hash=None,
        chain=None,
        wallet=None,
        status="confirmed",
        executed_at=START + timedelta(hours=number),
        created_at=START + timedelta(days=400),
    )
    return checked(made._replace(**changes))


def tx(number: int) -> str:
    """A transaction's hash."""
    return f"0x{number:064x}"


def once(key: str = "key", request_hash: str = "hash", body: bytes = b'{"id": "1"}') -> Once:
    """An answer to keep."""
    return Once(Claim(key, request_hash), Answer(201, body))


def snapshot(number: int, at: datetime, user: str = ALICE, **changes: Any) -> Snapshot:
    """The user's snapshot of this number."""
    fields = {"total_usd": Decimal(number) + Decimal("0.10"), "complete": True, **changes}
    return Snapshot(id=f"snapshot-{number:04d}", user_id=user, timestamp=at, **fields)
