"""Positions are read at the block of the balances, and what a protocol does not tell is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from shared.chain.calls import Outcome, Reply
from shared.chain.client import ChainClient
from shared.chain.ways import Way
from shared.core.balances import BalanceRead, Block, TokenFault
from shared.core.chains import Chain
from shared.core.deployments import Deployment, receipt_tokens
from shared.core.failures import Failure
from shared.core.ids import Address, ChainId, address_from_bytes, parse_address
from shared.core.portfolio import ChainRead
from shared.core.positions import Position, PositionsRead
from shared.core.tokens import Token, native_token
from shared.errors import RpcTimeout
from shared.services.portfolio import read_portfolio
from shared.services.positions import protocols_on, read_positions
from tests.chain.setting import WITHIN, chain_for, client_of, place_each
from tests.core.chain_samples import make_chain
from tests.devnet.anvil import Anvil
from tests.devnet.lending import RAY, Lent, deposit, lend
from tests.devnet.tokens import Erc20, mint, place_multicall3, place_tokens
from tests.protocols.samples import (
    ALICE,
    BASE,
    BOB,
    DEBT,
    DEPOSIT,
    LENDING,
    OTHER_VAULT,
    USDC,
    VAULT,
    VAULTS,
    WETH,
    address,
)
from tests.services.test_portfolio_service import BASE as BASE_CHAIN
from tests.services.test_portfolio_service import LISTED, NOW, WALLET, FakeChain, FakeSources

POOL = address(0x9001)
BLOCK = Block(9, NOW)
SUPPLIED = Lent("AToken", DEPOSIT, address(1), 6, scaled=1_000_000, index=RAY + RAY // 3)
BORROWED = Lent("DebtToken", DEBT, address(2), 18, scaled=10**18, index=RAY + 1)


@dataclass
class Sources:
    """One chain, its listed tokens and its deployments."""

    reader: ChainClient | FakeChain
    deployed: tuple[Deployment, ...] = (LENDING, VAULTS)
    listed: tuple[Token, ...] = (USDC, WETH)
    asked: list[ChainId] = field(default_factory=list)

    def token_lists(self, chain_id: ChainId) -> tuple[Token, ...]:
        return self.listed

    def deployments(self, chain_id: ChainId) -> tuple[Deployment, ...]:
        return self.deployed

    def client(self, chain: Chain) -> ChainClient | FakeChain:
        self.asked.append(chain.chain_id)
        return self.reader


BASE_LIKE = make_chain(chain_id=BASE)


@pytest.fixture
def lent(anvil: Anvil) -> Anvil:
    """Alice supplied and borrowed, and has shares in a vault; Bob has nothing but shares."""
    place_multicall3(anvil)
    lend(anvil, POOL, ALICE, SUPPLIED, BORROWED)
    deposit(anvil, VAULT, address(1), 3 * 10**18 // 2, {ALICE: 10, BOB: 20})
    anvil.mine()
    return anvil


@asynccontextmanager
async def sources_of(anvil: Anvil, way: Way) -> AsyncIterator[tuple[Chain, Sources]]:
    chain = replace(chain_for(way), chain_id=ChainId(anvil.chain_id))
    async with client_of(chain, anvil.url) as client:
        yield chain, Sources(client)


async def scan(chain: Chain, sources: Sources, *wallets: Address) -> ChainRead:
    """The chain's read, as far as receipt tokens go."""
    tokens = receipt_tokens(sources.deployed)
    read = await sources.reader.read_balances(wallets, tokens, within=WITHIN)
    return ChainRead(chain, "ok", read, {}, 0, receipts=read)


@pytest.mark.parametrize("way", list(Way))
async def test_deposits_debts_and_shares_are_what_the_contracts_say(lent: Anvil, way: Way) -> None:
    async with sources_of(lent, way) as (chain, sources):
        read = await read_positions(await scan(chain, sources, ALICE, BOB), sources)

    assert set(read.positions) == {
        Position(ALICE, "aave-v3", "deposit", USDC, 1_333_333, DEPOSIT, "Main"),
        Position(ALICE, "aave-v3", "debt", WETH, 10**18, DEBT, "Main"),
        Position(ALICE, "vaults", "deposit", USDC, 15, VAULT, None),
        Position(BOB, "vaults", "deposit", USDC, 30, VAULT, None),
    }
    assert (SUPPLIED.raw, BORROWED.raw) == (1_333_333, 10**18)
    assert read.protocols == ("aave-v3", "vaults")
    assert read.failures == ()
    assert read.block is not None
    assert read.block.number == lent.block_number()


@pytest.mark.parametrize("way", list(Way))
async def test_they_are_of_the_block_of_the_read_though_the_chain_has_gone_on(lent: Anvil, way: Way) -> None:
    async with sources_of(lent, way) as (chain, sources):
        before = await scan(chain, sources, ALICE)
        lent.mine()
        lent.set_storage(VAULT, 7, 5 * 10**18)
        mint(lent, {(DEPOSIT, ALICE): 5})
        lent.mine()
        then = await read_positions(before, sources)
        now = await read_positions(await scan(chain, sources, ALICE), sources)

    assert then.block is not None
    assert before.receipts is not None
    assert then.block == before.receipts.block
    assert [position.raw for position in then.positions] == [1_333_333, 10**18, 15]
    assert [position.raw for position in now.positions] == [7, 10**18, 50]


@pytest.mark.parametrize("way", list(Way))
async def test_a_hostile_contract_costs_only_itself(lent: Anvil, way: Way) -> None:
    bad = place_each(lent, "GasBurningToken", "HugeToken", "ShortToken", "PickyVault")
    picky = bad.pop("PickyVault")
    place_tokens(lent, Erc20(picky, "PICKY", "Refuses", kind="PickyVault"))
    mint(lent, {(picky, ALICE): 4, (picky, BOB): 6})
    receipts = [VAULTS.receipts[0]._replace(token=token) for token in (*bad.values(), picky)]
    hostile = VAULTS._replace(protocol="hostile", receipts=tuple(receipts))
    async with sources_of(lent, way) as (chain, sources):
        sources.deployed = (LENDING, VAULTS, hostile)
        read = await read_positions(await scan(chain, sources, ALICE, BOB), sources)

    assert len(read.positions) == 4
    assert read.protocols == ("aave-v3", "vaults")
    assert {failure.scope for failure in read.failures} == {"protocol"}
    assert {failure.code for failure in read.failures} == {"protocol_unavailable"}
    named = {parse_address(str(f.asset_id).rpartition(":")[2]) for f in read.failures}
    assert named == {*bad.values(), picky}
    assert all(failure.message.startswith("hostile: ") for failure in read.failures)


def held(*balances: tuple[Address, Address, int], faults: tuple[TokenFault, ...] = ()) -> ChainRead:
    """A read of Base that found this of receipt tokens."""
    found: dict[tuple[Address, Address | None], int] = {(w, token): raw for w, token, raw in balances}
    read = BalanceRead(BASE, BLOCK, found, faults, frozenset(), 0)
    return ChainRead(BASE_LIKE, "ok", read, {}, 0, receipts=read)


async def test_what_a_read_found_of_receipt_tokens_needs_no_request() -> None:
    sources = Sources(FakeChain(BASE_LIKE))
    read = await read_positions(held((ALICE, DEPOSIT, 5), (ALICE, DEBT, 7)), sources)

    assert [(each.kind, each.raw) for each in read.positions] == [("deposit", 5), ("debt", 7)]
    assert read.block == BLOCK
    assert sources.asked == []


async def test_a_second_round_is_at_the_block_of_the_first_and_one_read_for_all_protocols() -> None:
    chain = FakeChain(BASE_LIKE, replies=[Reply(Outcome.ANSWERED, (8).to_bytes(32))] * 3)
    more = VAULTS._replace(protocol="more", receipts=(VAULTS.receipts[0]._replace(token=address(15)),))
    sources = Sources(chain, (LENDING, VAULTS, more))
    shares = held((ALICE, VAULT, 1), (BOB, OTHER_VAULT, 2), (BOB, address(15), 3))
    read = await read_positions(shares, sources)

    assert [(len(calls), at) for calls, at in chain.called] == [(3, BLOCK)]
    assert [each.protocol for each in read.positions] == ["vaults", "vaults", "more"]


async def test_a_second_round_that_fails_is_told_and_keeps_what_is_known() -> None:
    chain = FakeChain(BASE_LIKE, call_error=RpcTimeout("no answer"))
    shares = held((ALICE, VAULT, 1), (ALICE, DEPOSIT, 5))
    read = await read_positions(shares, Sources(chain))

    assert [each.protocol for each in read.positions] == ["aave-v3"]
    assert read.protocols == ("aave-v3",)
    assert read.failures == (
        Failure("protocol", "ethereum", "protocol_unavailable", "vaults: no answer", protocol="vaults"),
    )


async def test_a_receipt_token_that_did_not_answer_makes_its_protocol_incomplete() -> None:
    chain = FakeChain(BASE_LIKE)
    burnt = TokenFault(DEBT, "balanceOf: the call used up its gas or time")
    read = await read_positions(held((ALICE, DEPOSIT, 5), faults=(burnt,)), Sources(chain))

    assert [each.kind for each in read.positions] == ["deposit"]
    assert read.protocols == ("vaults",)
    assert read.failures[0].asset_id == f"eip155:8453/erc20:{DEBT}"


async def test_of_a_chain_that_could_not_be_read_nothing_more_is_said() -> None:
    sources = Sources(FakeChain(BASE_LIKE))
    read = await read_positions(ChainRead(BASE_LIKE, "error", None, {}, 0), sources)

    assert read == PositionsRead(BASE_LIKE, None, ())
    assert protocols_on(BASE_LIKE, sources) == ("aave-v3", "vaults")


async def test_a_chain_without_protocols_has_no_positions() -> None:
    sources = Sources(FakeChain(BASE_LIKE), ())

    assert await read_positions(held(), sources) == PositionsRead(BASE_LIKE, BLOCK, ())
    assert protocols_on(BASE_LIKE, sources) == ()


async def test_rounds_share_the_time_that_there_is() -> None:
    chain = FakeChain(BASE_LIKE, replies=[Reply(Outcome.ANSWERED, (8).to_bytes(32))] * 3)
    await read_positions(held((ALICE, VAULT, 1)), Sources(chain, listed=()), within=0.0)

    assert chain.within == [0.0, 0.0]


async def test_a_mirror_of_the_native_coin_is_the_native_coin() -> None:
    chain = make_chain(chain_id=BASE, native_mirrors=(address(1),))
    sources = Sources(FakeChain(chain), (LENDING,), listed=())
    read = await read_positions(held((ALICE, DEPOSIT, 5))._replace(chain=chain), sources)

    assert read.positions[0].token == native_token(chain)


def portfolio_sources(chain: FakeChain) -> FakeSources:
    sources = FakeSources(chain)
    sources.deployed = (LENDING, VAULTS)
    return sources


async def test_a_portfolio_reads_receipt_tokens_with_the_others_and_shows_them_only_as_positions() -> None:
    chain = FakeChain(BASE_CHAIN, {LISTED: 1_000_000, DEPOSIT: 4_000_000}, metadata=[USDC])
    sources = portfolio_sources(chain)
    chain.replies = [
        Reply(Outcome.ANSWERED, (6).to_bytes(32)),
        Reply(Outcome.REVERTED),
        Reply(Outcome.REVERTED),
    ]
    portfolio = await read_portfolio(sources.query(tokens=((BASE_CHAIN, DEPOSIT),)), sources)

    assert chain.asked == [(LISTED, *receipt_tokens(sources.deployed))]
    assert [holding.token.address for holding in portfolio.holdings] == [LISTED]
    assert [(p.position.wallet, p.position.raw) for p in portfolio.positions] == [(WALLET, 4_000_000)]
    assert portfolio.positions[0].value_usd == 8
    assert portfolio.total_usd == 2 + 8
    assert portfolio.complete


async def test_a_listed_receipt_token_is_not_an_asset_as_well() -> None:
    receipt = LENDING.receipts[0]._replace(token=LISTED, underlying=address_from_bytes(bytes([2] * 20)))
    chain = FakeChain(BASE_CHAIN, {LISTED: 1_000_000})
    sources = FakeSources(chain)
    sources.deployed = (LENDING._replace(receipts=(receipt,)),)
    portfolio = await read_portfolio(sources.query(), sources)

    assert chain.asked == [(LISTED,)]
    assert portfolio.holdings == ()
    assert portfolio.total_usd == 2


async def test_a_faulty_receipt_token_is_told_once_and_as_its_protocols() -> None:
    chain = FakeChain(BASE_CHAIN, faults=(TokenFault(DEBT, "balanceOf: the call reverted"),))
    portfolio = await read_portfolio(portfolio_sources(chain).query(), portfolio_sources(chain))

    assert [(f.scope, f.message) for f in portfolio.failures] == [
        ("protocol", "aave-v3: balanceOf: the call reverted")
    ]
    assert portfolio.chains[0].state == "ok"


async def test_a_chain_that_failed_says_so_once() -> None:
    chain = FakeChain(BASE_CHAIN, error=RpcTimeout("no answer"))
    portfolio = await read_portfolio(portfolio_sources(chain).query(), portfolio_sources(chain))

    assert [failure.scope for failure in portfolio.failures] == ["chain"]


async def test_positions_of_a_chain_that_is_shown_as_it_was_are_of_the_same_block() -> None:
    chain = FakeChain(BASE_CHAIN, {VAULT: 10}, replies=[Reply(Outcome.ANSWERED, (8).to_bytes(32))])
    sources = FakeSources(chain, ttl=10)
    sources.deployed = (VAULTS._replace(receipts=(VAULTS.receipts[0]._replace(underlying=LISTED),)),)
    await read_portfolio(sources.query(), sources)
    chain.error = RpcTimeout("no answer")
    portfolio = await read_portfolio(sources.query(refresh=True), sources)

    assert portfolio.chains[0].state == "stale"
    assert [at for _, at in chain.called] == [BLOCK, BLOCK]
    assert [valued.position.raw for valued in portfolio.positions] == [8]


async def test_prices_of_positions_are_asked_with_the_others() -> None:
    chain = FakeChain(BASE_CHAIN, {None: 1, DEPOSIT: 5}, ready=asyncio.Event())
    sources = FakeSources(chain)
    receipt = LENDING.receipts[0]._replace(underlying=LISTED)
    sources.deployed = (LENDING._replace(receipts=(receipt,)),)
    assert chain.ready is not None
    chain.ready.set()
    await read_portfolio(sources.query(), sources)

    assert [len(tokens) for tokens in sources.prices.asked] == [2]
