"""What is kept of a read: of assets that could not be read, what was known of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from shared.core.balances import TokenFault
from shared.core.fragments import Fragment
from shared.core.ids import Address, ChainId
from shared.core.tokens import Token, erc20
from shared.errors import PriceUnavailable
from shared.prices.backed import Backed
from shared.services.chain_reads import PortfolioQuery
from shared.services.stream_found import keep_changed, keep_confirmed, read_fragments
from shared.wiring import Context
from tests.fakes import USDC, WALLET, Fakes

STOCK = erc20(ChainId(1), Address(f"0x{0xAA:040x}"), "TSLAx", "Tesla xStock", 18, listed=False)


@dataclass
class Issuer:
    """Issues a stock, and can be away."""

    is_away: bool = False

    async def tokens(self) -> Mapping[ChainId, tuple[Token, ...]]:
        if self.is_away:
            raise PriceUnavailable("backed: down")
        return {ChainId(1): (STOCK,)}

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Setting:
    """A wallet with coins, USDC and a stock, read block after block."""

    fakes: Fakes
    context: Context
    issuer: Issuer

    def holds(self, eth: int, usdc: int, stock: int) -> None:
        """From the next block on."""
        client = self.fakes.client(1)
        client.block_number += 1
        held = {None: eth, USDC.address: usdc, STOCK.address: stock}
        client.balances = {(WALLET, token): raw for token, raw in held.items() if raw}

    async def read(self, keep: Any) -> tuple[dict[str, int], Collection[str]]:
        """What the store has after a read, by symbol, and the scopes of what failed."""
        query = PortfolioQuery((WALLET,), (self.fakes.chains[ChainId(1)],), refresh=True)

        async def kept(fragments: Any, unread: Any) -> None:
            await keep(fragments, unread, self.context)

        outcome = await read_fragments(query, query.chains[0], self.context, kept)
        return {b.symbol: b.raw for b in (await self.latest()).balances}, [f.scope for f in outcome.failures]

    async def latest(self) -> Fragment:
        (fragment,) = (await self.context.store.latest.list_latest([WALLET])).fragments
        return fragment


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    fakes, issuer = Fakes(), Issuer()
    context = fakes.context()
    context = replace(context, pricing=replace(context.pricing, backed=cast(Backed, issuer)))
    setting = Setting(fakes, context, issuer)
    setting.holds(1, 2, 3)
    await setting.read(keep_changed)
    yield setting
    await context.close()


KEEPS = pytest.mark.parametrize("keep", [keep_changed, keep_confirmed])


@KEEPS
async def test_of_a_token_that_misbehaves_the_known_balance_stays(setting: Setting, keep: Any) -> None:
    assert USDC.address is not None
    setting.holds(5, 0, 0)
    setting.fakes.client(1).faults = (TokenFault(USDC.address, "balanceOf: reverted"),)

    assert await setting.read(keep) == ({"ETH": 5, "USDC": 2}, ["token"])


@KEEPS
async def test_without_the_issuers_list_known_stocks_stay_and_nothing_else(
    setting: Setting, keep: Any
) -> None:
    setting.holds(0, 0, 9)
    setting.issuer.is_away = True

    assert await setting.read(keep) == ({"TSLAx": 3}, ["price"])

    setting.issuer.is_away = False
    setting.holds(0, 0, 9)

    assert await setting.read(keep) == ({"TSLAx": 9}, [])


@KEEPS
async def test_what_was_read_to_be_gone_is_gone(setting: Setting, keep: Any) -> None:
    setting.holds(5, 0, 0)

    assert await setting.read(keep) == ({"ETH": 5}, [])


async def test_what_stays_for_want_of_an_answer_is_no_change(setting: Setting) -> None:
    assert USDC.address is not None
    before = await setting.latest()
    setting.holds(1, 0, 3)
    setting.fakes.client(1).faults = (TokenFault(USDC.address, "balanceOf: reverted"),)
    await setting.read(keep_changed)

    assert await setting.latest() == before
