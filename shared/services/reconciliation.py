"""What the ledger's wallets hold by their chains, to be set against what they hold by the ledger."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from ..chain.cache import BalanceCache, CachedRead
from ..core.amounts import from_raw
from ..core.chains import Chain, Chains
from ..core.failures import Failure
from ..core.ids import Address, AssetId, ChainId
from ..core.reconcile import Holder, OnChain, Reconciliation, reconcile
from ..core.tokens import Token
from ..errors import UpstreamError
from .chain_reads import ChainReader
from .valuation import Described

_CHAIN_SECONDS = 6.0
MOST_WALLETS = 500
"""Of one chain; a ledger that names more has the others not read."""
# Quantities that were derived from dollars have more digits than a token has.
_DUST = Decimal("0.00000001")
# Balances of these change by themselves, as their documentation says: stETH (docs.lido.fi), AMPL
# (docs.ampleforth.org), OUSD (docs.originprotocol.com).
_REBASING = frozenset(
    AssetId(f"eip155:1/erc20:{address}")
    for address in (
        "0xae7ab96520DE3A18E5e111B5EaAb095312D7fE84",
        "0xD46bA6D942050d489DBd938a2C909A5d5039A161",
        "0x2A8e1E676Ec238d8A992307B495b45B3fEAa5e86",
    )
)


class HoldingSources(Protocol):
    """What balances are read with; the Context is one."""

    @property
    def balances(self) -> BalanceCache: ...
    @property
    def chains(self) -> Chains: ...
    def client(self, chain: Chain) -> ChainReader: ...


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The ledger beside the chains; `reasons`, as `code: text`, say why a balance is not known."""

    rows: tuple[Reconciliation, ...] = ()
    reasons: Mapping[Holder, str] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    read_at: datetime | None = None


@dataclass(slots=True)
class _Reading:
    """What is found while the chains are read."""

    found: dict[Holder, OnChain] = field(default_factory=dict)
    reasons: dict[Holder, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    ages: list[datetime] = field(default_factory=list)


async def reconcile_holdings(
    held: Mapping[Holder, Decimal], described: Described, sources: HoldingSources
) -> Reconciled:
    """The wallets and assets of a ledger read from their chains, each chain at one block, and compared."""
    reading = _Reading()
    by_chain: dict[ChainId, list[tuple[Address, Token]]] = defaultdict(list)
    for wallet, asset in held:
        token = described.tokens.get(asset)
        if wallet is None or token is None:
            reading.reasons[wallet, asset] = (
                described.reasons.get(asset) or "no_wallet: the trades name no wallet"
            )
        else:
            by_chain[token.chain_id].append((wallet, token))
    await asyncio.gather(
        *(_read_chain(chain_id, own, sources, reading) for chain_id, own in by_chain.items())
    )
    rows = reconcile(held, reading.found, rebasing=_REBASING, dust=_DUST)
    return Reconciled(rows, reading.reasons, tuple(reading.failures), min(reading.ages, default=None))


async def _read_chain(
    chain_id: ChainId, pairs: Sequence[tuple[Address, Token]], sources: HoldingSources, reading: _Reading
) -> None:
    """What the chain says of the pairs, or why that is not known: a ledger may name chains not read here."""
    chain = sources.chains.get(chain_id)
    if chain is None:
        _explain(pairs, f"not_enabled: chain {chain_id} is not one of those that are read here", reading)
        return
    wallets = tuple(sorted({wallet for wallet, _ in pairs})[:MOST_WALLETS])
    tokens = tuple(sorted({token.address for _, token in pairs if token.address is not None}))
    asked = [(wallet, token) for wallet, token in pairs if wallet in set(wallets)]
    too_many = f"not_read: at most {MOST_WALLETS} wallets of a chain are read at once"
    _explain([pair for pair in pairs if pair[0] not in set(wallets)], too_many, reading)
    client = sources.client(chain)
    try:
        read = await sources.balances.read(client, wallets, tokens, within=_CHAIN_SECONDS)
    except UpstreamError as error:
        reading.failures.append(Failure("chain", chain.slug, error.code, str(error)))
        known = sources.balances.last_known(client, wallets, tokens)
        if known is None:
            _explain(asked, f"{error.code}: {chain.slug} could not be read", reading)
            return
        read = known
    _take(chain, asked, read, reading)


def _take(
    chain: Chain, asked: Iterable[tuple[Address, Token]], cached: CachedRead, reading: _Reading
) -> None:
    """What was not found is nothing, unless the contract did not answer or there is none."""
    read = cached.read
    reading.ages.append(cached.read_at)
    faults = {fault.token: fault.reason for fault in read.faults}
    for wallet, token in asked:
        if token.address in faults:
            _explain([(wallet, token)], f"rpc_bad_response: {faults[token.address]}", reading)
        elif token.address in read.without_code:
            _explain([(wallet, token)], "no_contract: there is no contract at this address", reading)
        else:
            raw = read.balances.get((wallet, token.address), 0)
            reading.found[wallet, token.asset_id] = OnChain(from_raw(raw, token.decimals), read.block)
    asset_ids = {token.address: token.asset_id for _, token in asked}
    reading.failures += [
        Failure("token", chain.slug, "rpc_bad_response", reason, asset_ids.get(token))
        for token, reason in faults.items()
    ]


def _explain(pairs: Iterable[tuple[Address, Token]], reason: str, reading: _Reading) -> None:
    reading.reasons.update({(wallet, token.asset_id): reason for wallet, token in pairs})
