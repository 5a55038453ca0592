"""The body of a portfolio, as the HTTP contract has it."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict  # pydantic cannot read the standard library's before Python 3.12

from ..core.failures import Scope
from ..core.portfolio import ChainState
from ..core.positions import PositionKind
from .schemas import AddressText, AssetIdText, DecimalText, RawText, Says, TimeText

FAILURE_CODES = (
    "rpc_unavailable",
    "rpc_rate_limited",
    "rpc_bad_response",
    "rpc_timeout",
    "price_unavailable",
    "protocol_unavailable",
)


class QuoteBody(TypedDict):
    """What one price source says."""

    source: str
    price_usd: DecimalText
    as_of: TimeText
    confidence: Annotated[DecimalText | None, Says("The source's own, 0 to 1.")]
    volume_usd_24h: Annotated[DecimalText | None, Says("Traded in the last day, where the source tells.")]


class PriceBody(TypedDict):
    """Where a price comes from, and how far it can be trusted."""

    source: str
    as_of: TimeText
    confidence: Annotated[DecimalText, Says("0 to 1; lower when sources disagree.")]
    stale: Annotated[bool, Says("Older than it should be: being renewed, or its source did not answer.")]
    market: Annotated[str, Says("`open`, `closed`, `extended`, `overnight`, `halted` or `unknown`.")]


class FlagBody(TypedDict):
    """Why an asset has no price that counts, or where its price was taken over from."""

    code: Annotated[str, Says("Such as `low_confidence`, `thin_market`, `unknown`.")]
    reason: str


class HolderBody(TypedDict):
    """One wallet's part of an asset."""

    address: AddressText
    balance_raw: RawText


class AssetBody(TypedDict):
    """An asset of one chain over all wallets asked for."""

    asset_id: AssetIdText
    chain: Annotated[str, Says("The chain's slug.")]
    chain_id: int
    address: Annotated[AddressText | None, Says("The token's contract; null for the native coin.")]
    symbol: str
    name: str
    decimals: int
    balance: DecimalText
    balance_raw: RawText
    price_usd: Annotated[DecimalText | None, Says("Null when no price counts.")]
    value_usd: Annotated[DecimalText | None, Says("Balance × price, unrounded.")]
    share: Annotated[DecimalText | None, Says("Part of all that is owned, debts not taken off; 0 to 1.")]
    price: PriceBody | None
    quotes: Annotated[list[QuoteBody], Says("What every source says, refused quotes too.")]
    flags: list[FlagBody]
    spam: bool
    spam_reasons: list[str]
    holders: list[HolderBody]


class ChainBody(TypedDict):
    """How one chain answered. All its balances are of one block."""

    chain: str
    chain_id: int
    status: Annotated[ChainState, Says("`stale`: its last known balances. `error`: none of its assets.")]
    total_usd: Annotated[
        DecimalText | None, Says("With its positions. Null when `status` is `error`, as is the block.")
    ]
    block_number: int | None
    block_time: TimeText | None
    tokens_scanned: Annotated[int, Says("Token contracts asked for, without the native coin.")]
    latency_ms: int


class ErrorBody(TypedDict):
    """What could not be read."""

    scope: Scope
    chain: str | None
    code: Annotated[str, Says(keywords=(("enum", FAILURE_CODES),))]
    message: str
    retry_url: Annotated[str | None, Says("Relative; asks for this chain again, past the balance cache.")]
    asset_id: AssetIdText | None


class PositionBody(TypedDict):
    """A claim or debt of one wallet inside a DeFi protocol, at the block of its chain's balances."""

    asset_id: Annotated[AssetIdText, Says("What the claim or debt is in: the underlying asset.")]
    chain: Annotated[str, Says("The chain's slug.")]
    chain_id: int
    wallet: AddressText
    protocol: Annotated[str, Says("Such as `aave-v3`.")]
    market: Annotated[str | None, Says("The protocol's own name for it, where it has several on the chain.")]
    kind: PositionKind
    contract: Annotated[AddressText, Says("What keeps it: a receipt token, a vault. Not among `assets`.")]
    symbol: str
    decimals: int
    balance: Annotated[DecimalText, Says("Above zero, for a debt too.")]
    balance_raw: RawText
    price_usd: Annotated[DecimalText | None, Says("Null when no price counts.")]
    value_usd: Annotated[DecimalText | None, Says("Balance × price, unrounded; below zero for a debt.")]
    price: PriceBody | None
    flags: list[FlagBody]
    block_number: int
    block_time: TimeText


class PortfolioBody(TypedDict):
    """What the wallets hold, valued."""

    addresses: list[AddressText]
    total_usd: Annotated[DecimalText, Says("Exactly the sum of every `value_usd`, hidden ones too.")]
    as_of: Annotated[TimeText, Says("When the oldest balance here was read.")]
    complete: Annotated[bool, Says("False when `errors` is not empty.")]
    chains: list[ChainBody]
    assets: Annotated[list[AssetBody], Says("By value, unpriced last.")]
    positions: Annotated[list[PositionBody], Says("By value, debts after what is owned, unpriced last.")]
    errors: list[ErrorBody]
