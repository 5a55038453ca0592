"""What a stream may tell, for tests of what is watched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from shared.api.portfolio_schemas import ErrorBody
from shared.core.balances import Block
from shared.core.fragments import Fragment, FragmentBalance, HeldAs
from shared.core.ids import Address, AssetId
from shared.core.quotes import Price
from shared.terminal.watch_told import SnapshotTold, Tick

WALLET = Address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
OTHER = Address("0x52908400098527886E0F7030069857D2E4169EE7")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ETH, USDC = (
    AssetId("eip155:1/slip44:60"),
    AssetId("eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"),
)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def balance(
    raw: int, symbol: str = "ETH", asset_id: AssetId = ETH, kind: HeldAs = "wallet"
) -> FragmentBalance:
    """With two decimals."""
    contract = None if kind == "wallet" else OTHER
    return FragmentBalance(asset_id, symbol, 2, raw, kind, contract)


def fragment(
    *balances: FragmentBalance,
    block: int = 7,
    wallet: Address = WALLET,
    chain: str = "ethereum",
    protocol: str = "wallet",
    sequence: int = 1,
) -> Fragment:
    return Fragment(wallet, chain, protocol, Block(block, NOON), balances, sequence)


def tick(usd: str | None, symbol: str = "ETH", asset_id: AssetId = ETH, *, stale: bool = False) -> Tick:
    price_usd = None if usd is None else Decimal(usd)
    source, as_of = (None, None) if usd is None else ("llama", NOON)
    return Tick(symbol, Price(asset_id, price_usd, source, as_of, Decimal("0.99"), stale, "unknown", ()))


def error(chain: str = "base", message: str = "no answer") -> ErrorBody:
    return ErrorBody(
        scope="chain", chain=chain, code="rpc_timeout", message=message, retry_url=None, asset_id=None
    )


def snapshot(
    *fragments: Fragment,
    ticks: tuple[Tick, ...] = (),
    errors: tuple[ErrorBody, ...] = (),
    chunk: int = 1,
    chunks: int = 1,
    addresses: tuple[str, ...] = (WALLET,),
    pending: tuple[str, ...] = (),
) -> SnapshotTold:
    return SnapshotTold(chunk, chunks, addresses, ("ethereum", "base"), fragments, ticks, errors, pending)
