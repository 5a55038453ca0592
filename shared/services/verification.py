"""Verifying trades: what the chain says of their transactions, beside what was recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..chain.reading import together
from ..core.chains import Chain
from ..core.failures import Failure
from ..core.ids import erc20_asset_id, parse_asset_id
from ..core.tokens import Token, native_token
from ..core.trades import Status, Trade
from ..core.transactions import State, TransactionRead
from ..core.verification import AmountCheck, check_amount, unchecked
from ..errors import Conflict, InvalidInput, InvalidRequest, PreconditionFailed, RpcError, RpcTimeout
from ..store.ports import StoredTrade, Trades
from .transactions import SECONDS, LedgerSources, describe_tokens, failure_of, read_change

_AT_ONCE = 8
_ALL_SECONDS = 8.0
_ATTEMPTS = 3
# What a verification looks at; a change to anything else does not spoil it.
_LOOKED_AT = ("tx_hash", "chain", "wallet", "asset", "side", "amount", "amount_type", "price_usd", "status")


@dataclass(frozen=True, slots=True)
class Verification:
    """A trade with the status that the chain gives it, and why.

    `state` is None when the chain could not be asked: then `failures` says so and the status is as it was.
    A transaction that no endpoint knows changes nothing either: it may not have been sent yet, or be older
    than what endpoints keep. `version` is that of the kept trade, None for one that is not kept yet.
    """

    trade: Trade
    chain: Chain
    state: State | None
    read: TransactionRead | None = None
    amount: AmountCheck | None = None
    failures: tuple[Failure, ...] = ()
    changed: bool = False
    version: int | None = None

    @property
    def complete(self) -> bool:
        return not self.failures


async def verify_trades(trades: Sequence[Trade], sources: LedgerSources) -> list[Verification]:
    """What the chains say of trades that are not kept yet, in order; nothing is stored.

    Each `verification.trade` is the trade with its status: pending unless its chain says otherwise. Upstream
    failures are in the answers. Raises InvalidInput or InvalidRequest for a trade without transaction, chain
    or wallet; with several trades the field is `trades[3].wallet`.
    """
    return await _verify_all([trade._replace(status="pending") for trade in trades], sources)


async def verify_kept_trade(user: str, trade_id: str, sources: LedgerSources) -> Verification:
    """Verify a trade of the user and keep its new status; doing it again changes nothing more.

    Raises NotFound, Conflict when the trade is changed all the while, and like verify_trades.
    """
    for _ in range(_ATTEMPTS):
        kept = await sources.store.trades.get_trade(user, trade_id)
        [verification] = await _verify_all([kept.trade], sources)
        stored = await _keep(user, kept, verification.trade.status, sources.store.trades)
        if stored is not None:
            return replace(verification, trade=stored.trade, version=stored.version)
    raise Conflict(f"trade {trade_id} was changed while it was verified")


async def _keep(user: str, kept: StoredTrade, status: Status, trades: Trades) -> StoredTrade | None:
    """The trade as it is kept with its new status; None if it is no longer what was verified."""
    for _ in range(_ATTEMPTS):
        if kept.trade.status == status:
            return kept
        try:
            return await trades.replace_trade(user, kept.trade._replace(status=status), kept.version)
        except PreconditionFailed:
            before = kept.trade
            kept = await trades.get_trade(user, before.id)
            if any(getattr(kept.trade, field) != getattr(before, field) for field in _LOOKED_AT):
                return None
    return None


async def _verify_all(trades: Sequence[Trade], sources: LedgerSources) -> list[Verification]:
    chains = _require_chains(trades, sources)
    reading = _Reading(sources, asyncio.get_running_loop().time() + _ALL_SECONDS)
    wanted = list(dict.fromkeys((chain, _hash(trade)) for chain, trade in zip(chains, trades, strict=True)))
    found = dict(zip(wanted, await together(reading.read(*key) for key in wanted), strict=True))
    return await together(
        reading.verify(trade, chain, found[chain, _hash(trade)])
        for trade, chain in zip(trades, chains, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads of many trades, a few at a time, until `deadline` on the event loop's clock."""

    sources: LedgerSources
    deadline: float
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def read(self, chain: Chain, tx_hash: str) -> TransactionRead | Failure:
        """What a chain knows of a transaction, or why that is not known."""
        async with self.places:
            if self._is_late():
                return _late(chain)
            try:
                return await self.sources.client(chain).history.read_transaction(tx_hash, within=SECONDS)
            except RpcError as error:
                return failure_of(chain, error)

    async def verify(self, trade: Trade, chain: Chain, read: TransactionRead | Failure) -> Verification:
        """The trade as its chain has it."""
        if isinstance(read, Failure):
            return Verification(trade, chain, None, failures=(read,))
        status = trade.status if read.state == "unknown" else read.state
        found = Verification(
            trade._replace(status=status), chain, read.state, read, changed=status != trade.status
        )
        if read.receipt is None:
            return found
        async with self.places:
            if self._is_late():
                return replace(found, failures=(_late(chain),))
            try:
                return replace(found, amount=await _check(trade, chain, read, self.sources))
            except RpcError as error:
                return replace(found, failures=(failure_of(chain, error),))

    def _is_late(self) -> bool:
        return asyncio.get_running_loop().time() >= self.deadline


def _late(chain: Chain) -> Failure:
    return Failure("chain", chain.slug, RpcTimeout.code, "there was no time left for this trade")


def _require_chains(trades: Sequence[Trade], sources: LedgerSources) -> list[Chain]:
    """The chain of each trade. Raises InvalidInput or InvalidRequest for what is missing."""
    faults: list[InvalidInput] = []
    chains: list[Chain] = []
    for number, trade in enumerate(trades):
        where = f"trades[{number}]." if len(trades) > 1 else ""
        faults += [
            InvalidInput(f"{where}{field}", "is missing: a trade is verified by its transaction and wallet")
            for field in ("tx_hash", "chain", "wallet")
            if getattr(trade, field) is None
        ]
        chain = None if trade.chain is None else sources.chains.find(trade.chain)
        if chain is not None:
            chains.append(chain)
        elif trade.chain is not None:
            faults.append(InvalidInput(f"{where}chain", f"{trade.chain[:60]!r} is not a known chain"))
    if faults:
        raise faults[0] if len(faults) == 1 else InvalidRequest(faults)
    return chains


def _hash(trade: Trade) -> str:
    assert trade.tx_hash is not None  # _require_chains has looked
    return trade.tx_hash.lower()


async def _check(
    trade: Trade, chain: Chain, read: TransactionRead, sources: LedgerSources
) -> AmountCheck | None:
    token = await _token_of(trade, chain, sources)
    if isinstance(token, str):
        return unchecked(trade, token)
    assert trade.wallet is not None  # _require_chains has looked
    change = None
    if token.address is None and trade.side != "fee":
        change = await read_change(sources.client(chain).history, read, trade.wallet)
    return check_amount(trade, token, read, change)


async def _token_of(trade: Trade, chain: Chain, sources: LedgerSources) -> Token | str:
    """What the trade's asset is on the chain, or why that is not known. Raises RpcError."""
    if "/" not in trade.asset:
        named = [
            token
            for token in (native_token(chain), *sources.token_lists(chain.chain_id))
            if token.symbol.upper() == trade.asset
        ]
        if len(named) == 1 or (named and named[0].address is None):
            return named[0]
        return f"{trade.asset} is not the symbol of one asset of {chain.name}"
    chain_id, address = parse_asset_id(trade.asset)
    if chain_id != chain.chain_id:
        return f"the asset is not one of {chain.name}"
    if address is None:
        known = trade.asset == chain.native_asset_id
        return native_token(chain) if known else f"the asset is not the native coin of {chain.name}"
    tokens = await describe_tokens(chain, [address], sources)
    return tokens.get(address) or f"{erc20_asset_id(chain_id, address)} does not state its decimals"
