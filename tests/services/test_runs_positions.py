"""A snapshot of wallets with deposits and debts, read from contracts, is what the live portfolio says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import cast

import pytest

from shared.bus.local import LocalBus
from shared.chain.clients import ChainClients
from shared.chain.counting import RPC_REQUESTS
from shared.core.chains import Chains
from shared.core.fragments import FragmentKey
from shared.core.ids import ChainId
from shared.core.snapshots import Snapshot
from shared.core.tokens import erc20, native_token
from shared.services.chain_reads import PortfolioQuery
from shared.services.portfolio import read_portfolio
from shared.services.runs_start import start_run
from shared.store.ports import SavedWallet, SnapshotFilter
from shared.wiring import Context
from tests.core.chain_samples import make_chain
from tests.devnet.anvil import Anvil
from tests.devnet.lending import RAY, Lent, deposit, lend
from tests.devnet.tokens import Erc20, mint, place_tokens
from tests.fakes import NOON, Fakes, price
from tests.protocols.samples import ALICE, BOB, DEBT, DEPOSIT, LENDING, VAULT, VAULTS, address
from tests.run_steps import act_on

CHAIN = make_chain()
DOLLARS, ETHER = (
    erc20(CHAIN.chain_id, address(number), f"T{number}", f"Token {number}", decimals, listed=True)
    for number, decimals in ((1, 6), (2, 18))
)
COIN = native_token(CHAIN)
PRICES = {COIN.asset_id: "3000.25", DOLLARS.asset_id: "0.999", ETHER.asset_id: "2999.75"}
SUPPLIED = Lent("AToken", DEPOSIT, address(1), 6, scaled=1_000_000, index=RAY + RAY // 3)
BORROWED = Lent("DebtToken", DEBT, address(2), 18, scaled=10**18, index=RAY + 1)


@pytest.fixture
def lent(anvil: Anvil) -> Anvil:
    """Alice supplied and borrowed, both have shares in a vault, and Bob has dollars."""
    lend(anvil, address(0x9001), ALICE, SUPPLIED, BORROWED)
    deposit(anvil, VAULT, address(1), 3 * 10**18 // 2, {ALICE: 10, BOB: 20})
    place_tokens(anvil, Erc20(address(1), "T1", "Token 1", 6))
    mint(anvil, {(address(1), BOB): 7_000_000})
    anvil.mine()
    return anvil


@pytest.fixture
async def context(lent: Anvil) -> AsyncIterator[Context]:
    """The services over the local chain, whose prices are known, and a bus on which runs work."""
    fakes = Fakes(
        chains=Chains([CHAIN]),
        tokens=(DOLLARS, ETHER),
        deployments=tuple(each._replace(chain_id=CHAIN.chain_id) for each in (LENDING, VAULTS)),
    )
    fakes.book.known = {asset_id: price(asset_id, usd) for asset_id, usd in PRICES.items()}
    clients = ChainClients({ChainId(lent.chain_id): (lent.url,)}, counts=fakes.counts)
    context = replace(fakes.context(), clients=clients)
    fakes.bus.subscribe("fetch-balances", lambda message: act_on(message.data, message.attempt, context))
    yield context
    await context.close()


async def taken(context: Context) -> Snapshot:
    """The snapshot of a run of Alice's and Bob's wallets."""
    for wallet in (ALICE, BOB):
        await context.store.wallets.add_wallet("alice", SavedWallet(wallet, "", (), NOON))
    await start_run(NOON, context)
    await cast(LocalBus, context.bus).drained()
    page = await context.store.snapshots.page_snapshots("alice", SnapshotFilter(), with_assets=True)
    (snapshot,) = page.rows
    return snapshot


async def test_a_snapshot_is_what_the_portfolio_says_at_the_same_block(context: Context) -> None:
    snapshot = await taken(context)
    live = await read_portfolio(PortfolioQuery((ALICE, BOB), (CHAIN,)), context)

    assert (snapshot.complete, live.complete) == (True, True)
    assert snapshot.total_usd == live.total_usd < 0
    assert [(a.asset_id, a.protocol, a.kind, str(a.balance), a.value_usd) for a in snapshot.assets] == [
        (DOLLARS.asset_id, "wallet", "wallet", "7.000000", Decimal("6.993")),
        (DOLLARS.asset_id, "aave-v3", "deposit", "1.333333", Decimal("1.331999667")),
        (DOLLARS.asset_id, "vaults", "deposit", "0.000045", Decimal("0.000044955")),
        (ETHER.asset_id, "aave-v3", "debt", "1.000000000000000000", Decimal("-2999.75")),
    ]


async def test_a_run_makes_one_request_for_the_chain_and_one_for_its_vaults(context: Context) -> None:
    client = context.client(CHAIN)
    await client.read_balances([ALICE], (), within=10)  # so that it knows its node
    before = context.counts.total(RPC_REQUESTS)
    await taken(context)

    assert context.counts.total(RPC_REQUESTS) - before == 2


async def test_a_run_tells_the_streams_of_each_protocol(context: Context, lent: Anvil) -> None:
    await taken(context)
    keys = [FragmentKey(ALICE, "ethereum", protocol) for protocol in ("wallet", "aave-v3", "vaults")]
    known = await context.store.latest.read_latest(keys)

    rows = [(key.protocol, b.kind, b.raw) for key in keys if key in known for b in known[key].balances]
    assert sorted(rows) == [
        ("aave-v3", "debt", 10**18),
        ("aave-v3", "deposit", SUPPLIED.raw),
        ("vaults", "deposit", 15),
    ]
    assert {fragment.block.number for fragment in known.values()} == {lent.block_number()}
