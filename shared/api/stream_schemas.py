"""The events of a stream and the answer of a refresh, as the HTTP contract has them."""

from __future__ import annotations

from typing import Annotated, Literal

from typing_extensions import TypedDict  # pydantic cannot read the standard library's before Python 3.12

from ..core.fragments import HeldAs
from ..core.portfolio import ChainState
from ..core.stream_ids import Reason
from .portfolio import MAX_ADDRESSES, MAX_CHAINS
from .portfolio_schemas import ErrorBody
from .schemas import (
    AddressText,
    AssetIdText,
    ChainText,
    DecimalText,
    RawText,
    Says,
    TimeText,
    WalletText,
    closed,
)

_Wallets = Annotated[list[WalletText], Says(keywords=(("minItems", 1), ("maxItems", MAX_ADDRESSES)))]
_Pending = Annotated[
    list[str],
    Says(
        "Chains that are still being read: what they hold may be missing. A `status` says when none is left."
    ),
]
_Chains = Annotated[list[ChainText], Says(keywords=(("minItems", 1), ("maxItems", MAX_CHAINS)))]


class HeldBody(TypedDict):
    """What a wallet holds of an asset, itself or inside a protocol."""

    asset_id: AssetIdText
    kind: Annotated[HeldAs, Says("`wallet`: by the address itself. A `debt` is owed.")]
    symbol: str
    decimals: int
    balance: Annotated[DecimalText, Says("Above zero, for a debt too.")]
    balance_raw: RawText
    contract: Annotated[AddressText | None, Says("What keeps it: a receipt token, a vault.")]
    market: Annotated[str | None, Says("The protocol's own name for it, where it has several on the chain.")]


class FragmentBody(TypedDict):
    """All that a wallet holds on a chain, by itself or in one protocol: it replaces what was known of that.

    Of two with the same wallet, chain and protocol the one of the higher block counts, then that of the
    higher sequence. Without positions nothing is held there any more.
    """

    type: Literal["wallet_update"]
    wallet: AddressText
    chain: Annotated[str, Says("The chain's slug.")]
    chain_id: int
    protocol: Annotated[str, Says("`wallet` for what the address itself holds; else such as `aave-v3`.")]
    block_number: int
    block_time: TimeText
    sequence: Annotated[int, Says("The place in the order of writing, in microseconds since 1970.")]
    positions: list[HeldBody]


class TickBody(TypedDict):
    """An asset's price, until another one is told."""

    asset_id: AssetIdText
    symbol: str
    price_usd: Annotated[DecimalText | None, Says("Null when no price counts.")]
    source: str | None
    as_of: TimeText | None
    confidence: Annotated[DecimalText, Says("0 to 1; lower when sources disagree.")]
    stale: Annotated[bool, Says("Older than it should be: being renewed, or its source did not answer.")]


class SnapshotEventBody(TypedDict):
    """Event `snapshot`: a part of the whole state. Chunk 1 begins anew: what was known before is forgotten.

    It is complete with the chunk whose number is `chunks`.
    """

    type: Literal["snapshot"]
    reason: Annotated[Reason, Says("`interrupted`: this goes on where an earlier one broke off.")]
    chunk: int
    chunks: int
    as_of: TimeText
    addresses: list[AddressText]
    chains: list[str]
    fragments: list[FragmentBody]
    prices: list[TickBody]
    errors: Annotated[list[ErrorBody], Says("What cannot be read at the moment.")]
    pending: _Pending


class PriceEventBody(TypedDict):
    """Event `price`: prices that are other ones than before."""

    type: Literal["price"]
    prices: list[TickBody]


class StatusEventBody(TypedDict):
    """Event `status`: what cannot be read from now on, and is left as it was."""

    type: Literal["status"]
    complete: Annotated[bool, Says("False when `errors` or `pending` is not empty.")]
    errors: list[ErrorBody]
    pending: _Pending


class HeartbeatEventBody(TypedDict):
    """Event `heartbeat`: the stream is alive."""

    type: Literal["heartbeat"]
    as_of: TimeText


class StreamErrorBody(TypedDict):
    """Event `error`: the stream cannot go on; `end` follows."""

    type: Literal["error"]
    scope: Literal["stream"]
    code: str
    message: str


class EndEventBody(TypedDict):
    """Event `end`, the last one: come back with the last id.

    `wallets`: your saved wallets are other ones now, and whoever comes back is told of those.
    """

    type: Literal["end"]
    reason: Literal["time", "shutdown", "size", "wallets", "error"]


@closed
class RefreshRequest(TypedDict, total=False):
    """What to read now."""

    addresses: Annotated[_Wallets | None, Says("Left out: your saved wallets.")]
    chains: Annotated[_Chains | None, Says("Left out: all that are enabled.")]


class RefreshedChainBody(TypedDict):
    """How one chain answered."""

    chain: str
    chain_id: int
    status: ChainState
    block_number: Annotated[int | None, Says("Null unless the chain was read now.")]


class RefreshBody(TypedDict):
    """What was read; every stream of these wallets gets the same fragments."""

    as_of: TimeText
    complete: Annotated[bool, Says("False when `errors` is not empty.")]
    fragments: Annotated[list[FragmentBody], Says("Those that were written.")]
    chains: list[RefreshedChainBody]
    errors: list[ErrorBody]
