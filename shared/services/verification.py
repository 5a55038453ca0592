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
from ..core.trades import Trade
from ..core.transactions import State, TransactionRead
from ..core.verification import (
    AmountCheck,
    TimeCheck,
    check_amount,
    check_time,
    look_alike,
    on_chain,
    unchecked,
)
from ..errors import Conflict, InvalidInput, InvalidRequest, PreconditionFailed, RpcError, RpcTimeout
from ..store.ports import StoredTrade, Trades
from .transactions import SECONDS, LedgerSources, describe_tokens, failure_of, read_change

_AT_ONCE = 8
_ALL_SECONDS = 8.0
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Verification:
    """A trade with the status that the chain gives it and what it shows, and why.

    A transaction that succeeded confirms its trade even if it moved something else; the trade then says so
    in `on_chain`. One that failed has cost its sender gas all the same, and confirms that fee. `state` is
    None when the chain could not be asked: then `failures` says so and the trade is as it was. A transaction
    that no endpoint knows changes nothing either: it may not have been sent yet, or be older than what
    endpoints keep. `version` is that of the kept trade, None for one that is not kept yet.
    """

    trade: Trade
    chain: Chain
    state: State | None
    read: TransactionRead | None = None
    amount: AmountCheck | None = None
    time: TimeCheck | None = None
    failures: tuple[Failure, ...] = ()
    changed: bool = False
    version: int | None = None

    @property
    def complete(self) -> bool:
        return not self.failures


async def verify_trades(
    trades: Sequence[Trade], sources: LedgerSources, *, several: bool = False
) -> list[Verification]:
    """What the chains say of trades that are not kept yet, in order; nothing is stored.

    Each `verification.trade` is the trade with its status: pending unless its chain says otherwise. Upstream
    failures are in the answers. Raises InvalidInput or InvalidRequest for a trade without transaction, chain
    or wallet; of several the field is `trades[3].wallet`.
    """
    return await _verify_all([trade._replace(status="pending") for trade in trades], sources, several)


async def verify_kept_trade(user: str, trade_id: str, sources: LedgerSources) -> Verification:
    """Verify a trade of the user and keep what was found; doing it again changes nothing more.

    Raises NotFound, Conflict when the trade is changed all the while, and like verify_trades.
    """
    for _ in range(_ATTEMPTS):
        kept = await sources.store.trades.get_trade(user, trade_id)
        [verification] = await _verify_all([kept.trade], sources, several=False)
        stored = await _keep(user, kept, verification.trade, sources.store.trades)
        if stored is not None:
            return replace(verification, trade=stored.trade, version=stored.version)
    raise Conflict(f"trade {trade_id} was changed while it was verified")


async def _keep(user: str, kept: StoredTrade, verified: Trade, trades: Trades) -> StoredTrade | None:
    """The trade as it is kept with what was found; None if it is no longer what was verified."""
    for _ in range(_ATTEMPTS):
        changed = kept.trade._replace(status=verified.status, on_chain=verified.on_chain)
        if changed == kept.trade:
            return kept
        try:
            return await trades.replace_trade(user, changed, kept.version)
        except PreconditionFailed:
            before = kept.trade
            kept = await trades.get_trade(user, before.id)
            if not look_alike(kept.trade, before):
                return None
    return None


async def _verify_all(trades: Sequence[Trade], sources: LedgerSources, several: bool) -> list[Verification]:
    chains = _require_chains(trades, sources, several)
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
        """The trade as its chain has it; of a transaction that nobody knows, it stays as it is."""
        if isinstance(read, Failure):
            return Verification(trade, chain, None, failures=(read,))
        if read.state == "unknown":
            return Verification(trade, chain, read.state, read)
        amount, failures = await self._check(trade, chain, read)
        time = check_time(trade, read)
        status = "confirmed" if _is_gas(trade, chain, read) else read.state
        return Verification(
            trade=trade._replace(status=status, on_chain=on_chain(read, amount, time)),
            chain=chain,
            state=read.state,
            read=read,
            amount=amount,
            time=time,
            failures=failures,
            changed=status != trade.status,
        )

    async def _check(
        self, trade: Trade, chain: Chain, read: TransactionRead
    ) -> tuple[AmountCheck | None, tuple[Failure, ...]]:
        if read.receipt is None:
            return None, ()
        async with self.places:
            if self._is_late():
                return None, (_late(chain),)
            try:
                return await _check(trade, chain, read, self.sources), ()
            except RpcError as error:
                return None, (failure_of(chain, error),)

    def _is_late(self) -> bool:
        return asyncio.get_running_loop().time() >= self.deadline


def _is_gas(trade: Trade, chain: Chain, read: TransactionRead) -> bool:
    """Whether the trade is what its wallet paid for the transaction, which is paid though it fails."""
    if trade.side != "fee" or read.transaction is None or read.receipt is None or read.receipt.fee is None:
        return False
    return trade.wallet == read.transaction.sender and trade.asset in (
        chain.native_asset_id,
        chain.native.symbol.upper(),
    )


def _late(chain: Chain) -> Failure:
    return Failure("chain", chain.slug, RpcTimeout.code, "there was no time left for this trade")


def _require_chains(trades: Sequence[Trade], sources: LedgerSources, several: bool) -> list[Chain]:
    """The chain of each trade. Raises InvalidInput or InvalidRequest for what is missing."""
    faults: list[InvalidInput] = []
    chains: list[Chain] = []
    for number, trade in enumerate(trades):
        where = f"trades[{number}]." if several else ""
        faults += [
            InvalidInput(f"{where}{field}", "is missing: a trade is verified by its transaction and wallet")
            for field in ("tx_hash", "chain", "wallet")
            if getattr(trade, field) is None
        ]
        chain = None if trade.chain is None else sources.chains.find(trade.chain)
        if chain is not None:
            chains.append(chain)
        elif trade.chain is not None:
            faults.append(
                InvalidInput(f"{where}chain", f"{trade.chain[:60]!r} is not a chain that is read here")
            )
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
