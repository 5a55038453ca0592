"""What a part could not read: the streams keep what is known of it, and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from shared.core.balances import TokenFault
from shared.core.chains import Chains
from shared.core.fragments import FragmentKey
from shared.core.ids import Address, ChainId
from shared.core.run_messages import ReadPart
from shared.core.tokens import Token, erc20
from shared.errors import PriceUnavailable
from shared.services.runs_part import read_part
from tests.fakes import FakeCatalogue
from tests.run_process import Process
from tests.run_steps import step_through
from tests.run_world import CHAINS, RUN, World, wallet
from tests.services.test_runs_part import (
    ETH,
    HOLDS_COIN,
    HOLDS_TOKEN,
    MESSAGE,
    USDC,
    kept,
    lend,
    plan,
    read,
    told,
)


@pytest.fixture
def world() -> World:
    world = World()
    world.runs.runs[RUN.id] = RUN
    plan(world, MESSAGE)
    return world


def test_of_a_token_that_misbehaves_the_streams_keep_what_is_known_of_it(world: World) -> None:
    assert USDC.address is not None
    read(world)

    world.changed["ethereum", HOLDS_TOKEN] = {ETH: 9}
    world.faults = (TokenFault(USDC.address, "it answers nonsense"),)
    read_again(world, MESSAGE)

    assert held(world, HOLDS_TOKEN) == {"ETH": 9, "USDC": 3 * 10**6}
    assert kept(world, group=1).balances.keys() == {(HOLDS_COIN, None), (HOLDS_TOKEN, None)}


def test_a_token_that_misbehaves_is_no_change_by_itself(world: World) -> None:
    assert USDC.address is not None
    read(world)
    before = dict(world.runs.latest)

    world.changed["ethereum", HOLDS_TOKEN] = {ETH: 8}
    world.faults = (TokenFault(USDC.address, "it answers nonsense"),)
    read_again(world, MESSAGE)

    assert world.runs.latest == before


def test_without_the_issuers_list_the_streams_keep_what_is_known_of_its_tokens(world: World) -> None:
    stock = erc20(ChainId(1), Address(f"0x{0xAA:040x}"), "TSLAx", "Tesla xStock", 18, listed=False)
    issuer = Issuer({ChainId(1): (stock,)})
    world.changed["ethereum", HOLDS_TOKEN] = {ETH: 8, USDC: 5, stock: 7}
    step_through(read_part(MESSAGE, 1, issued_by(issuer, world)))

    world.changed["ethereum", HOLDS_TOKEN] = {ETH: 9}
    issuer.is_away = True
    plan(world, MESSAGE._replace(group=1))
    world.clock.advance(300)
    step_through(read_part(MESSAGE._replace(group=1), None, issued_by(issuer, world)))

    assert held(world, HOLDS_TOKEN) == {"ETH": 9, "TSLAx": 7}
    assert [failure.scope for failure in kept(world, group=1).failures] == ["price"]


def test_what_was_withdrawn_is_gone_also_while_its_token_misbehaves(world: World) -> None:
    assert USDC.address is not None
    message = lend(world)
    read(world, message)
    assert told(world, 4, "market")

    world.withdrawn.add(("ethereum", wallet(4)))
    world.faults = (TokenFault(USDC.address, "it answers nonsense"),)
    read_again(world, message)

    assert told(world, 4, "market") == ()


class Issuer(FakeCatalogue):
    """Issues some tokens, and can be away."""

    def __init__(self, issued: Mapping[ChainId, tuple[Token, ...]]) -> None:
        self.is_away = False
        self._issued = issued

    async def tokens(self) -> Mapping[ChainId, tuple[Token, ...]]:
        if self.is_away:
            raise PriceUnavailable("backed: down")
        return self._issued


def issued_by(issuer: Issuer, world: World) -> Process:
    """A process that knows the issuer, whose tokens are on all chains."""
    process = Process(world)
    process.catalogue = issuer
    process.chains = Chains(
        replace(chain, price_names=chain.price_names._replace(backed="backed")) for chain in CHAINS
    )
    return process


def read_again(world: World, message: ReadPart) -> None:
    """The same wallets in another group, a block later."""
    world.clock.advance(1)
    plan(world, message._replace(group=1))
    read(world, message._replace(group=1))


def held(world: World, holder: Address) -> dict[str, int]:
    """What the streams know that the wallet itself has, by symbol."""
    _, fragment = world.runs.latest[FragmentKey(holder, "ethereum", "wallet")]
    return {balance.symbol: balance.raw for balance in fragment.balances}
