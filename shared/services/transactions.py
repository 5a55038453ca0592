"""What verification and discovery ask of a chain: transactions, and the tokens that move in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

from ..chain.transfer_logs import Span
from ..core.balances import TokenFault
from ..core.chains import Chain, Chains
from ..core.failures import Failure
from ..core.ids import Address, ChainId
from ..core.tokens import Token
from ..core.transactions import NativeChange, TransactionRead, may_hide
from ..errors import RpcError
from ..store.ports import Store
from ..store.trade_ids import TradeIds

SECONDS = 5.0
"""For one read of a chain."""
_MAX_UNLISTED = 100


class HistoryReader(Protocol):
    """Who reads a chain's past; a ChainHistory does."""

    async def read_transaction(self, tx_hash: str, *, within: float) -> TransactionRead:
        """What the chain knows of a transaction; raises RpcError."""

    async def read_native_change(self, wallet: Address, block_number: int, *, within: float) -> NativeChange:
        """The wallet's native balance on both sides of a block; raises RpcError."""

    async def read_transfers(self, wallet: Address, first: int, last: int, *, within: float) -> Span:
        """The transactions that moved the wallet's tokens, as far as one answer goes; raises RpcError."""

    async def read_head(self, *, within: float) -> int:
        """The number of the latest block; raises RpcError."""


class LedgerClient(Protocol):
    """Who reads one chain; a ChainClient does."""

    @property
    def history(self) -> HistoryReader: ...
    async def read_tokens(self, addresses: Sequence[Address], *, within: float) -> list[Token | TokenFault]:
        """What contracts say of themselves, in order; raises RpcError."""


class LedgerSources(Protocol):
    """What trades are verified and discovered with; the Context is one."""

    @property
    def chains(self) -> Chains: ...
    @property
    def token_lists(self) -> Callable[[ChainId], tuple[Token, ...]]: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    @property
    def store(self) -> Store: ...
    @property
    def trade_ids(self) -> TradeIds: ...
    def client(self, chain: Chain) -> LedgerClient: ...


async def describe_tokens(
    chain: Chain, addresses: Collection[Address], sources: LedgerSources
) -> dict[Address, Token]:
    """The tokens of contracts: from the lists, else as they describe themselves; some may be no tokens.

    Raises RpcError.
    """
    wanted = set(addresses)
    tokens: dict[Address, Token] = {}
    for listed in sources.token_lists(chain.chain_id) if wanted else ():
        if listed.address is not None and listed.address in wanted:
            tokens[listed.address] = listed
    unlisted = [address for address in dict.fromkeys(addresses) if address not in tokens][:_MAX_UNLISTED]
    described = await sources.client(chain).read_tokens(unlisted, within=SECONDS) if unlisted else []
    for token in described:
        if isinstance(token, Token) and token.address is not None:
            tokens[token.address] = token
    return tokens


async def read_change(history: HistoryReader, read: TransactionRead, wallet: Address) -> NativeChange | None:
    """The wallet's native balance around the transaction, where it matters and can still be read."""
    if read.receipt is None or not may_hide(read, wallet):
        return None
    try:
        return await history.read_native_change(wallet, read.receipt.block.number, within=SECONDS)
    except RpcError:  # endpoints forget the state of old blocks: what depends on it says so
        return None


def failure_of(chain: Chain, error: RpcError) -> Failure:
    """A chain's failure as a value."""
    return Failure("chain", chain.slug, error.code, str(error))
