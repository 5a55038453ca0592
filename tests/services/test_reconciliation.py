"""The books beside the chains: what is read, what is explained, and what is not known."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shared.core.balances import BalanceRead
from shared.core.chains import Chains
from shared.core.ids import Address, AssetId, ChainId
from shared.core.reconcile import Holder
from shared.core.tokens import erc20
from shared.errors import RpcTimeout
from shared.facts import load_chains
from shared.services.reconciliation import MOST_WALLETS, Reconciled, reconcile_holdings
from shared.services.valuation import describe_assets
from shared.wiring import Context
from tests.fakes import USDC, WALLET, FakeClient, Fakes

ETH = AssetId("eip155:1/slip44:60")
STETH = erc20(
    ChainId(1), Address("0xae7ab96520DE3A18E5e111B5EaAb095312D7fE84"), "stETH", "stETH", 18, listed=True
)


@pytest.fixture
def fakes() -> Fakes:
    return Fakes(tokens=(USDC, STETH))


async def reconciled(context: Context, held: dict[Holder, Decimal]) -> Reconciled:
    described = await describe_assets([asset for _, asset in held], context)
    return await reconcile_holdings(held, described, context)


async def test_what_grows_by_itself_and_dust_are_explained(fakes: Fakes) -> None:
    fakes.client(1).balances = {(WALLET, STETH.address): 105 * 10**16, (WALLET, None): 10**18}
    held: dict[Holder, Decimal] = {
        (WALLET, STETH.asset_id): Decimal(1),
        (WALLET, ETH): Decimal("0.999999999"),
        (WALLET, USDC.asset_id): Decimal("0.5"),
    }
    rows = {row.asset: row for row in (await reconciled(fakes.context(), held)).rows}

    assert (rows[STETH.asset_id].explanation, rows[STETH.asset_id].explained) == ("rebasing", Decimal("0.05"))
    assert (rows[ETH].explanation, rows[ETH].unexplained) == ("dust", Decimal(0))
    assert (rows[USDC.asset_id].chain_quantity, rows[USDC.asset_id].unexplained) == (
        Decimal(0),
        Decimal("-0.5"),
    )


async def test_only_what_the_ledger_names_is_compared(fakes: Fakes) -> None:
    other = Address("0x000000000000000000000000000000000000dEaD")
    fakes.client(1).balances = {(WALLET, USDC.address): 5, (other, None): 7}
    held: dict[Holder, Decimal] = {(WALLET, ETH): Decimal(0), (other, USDC.asset_id): Decimal(0)}
    answer = await reconciled(fakes.context(), held)

    assert {(row.wallet, row.asset) for row in answer.rows} == held.keys()
    assert fakes.client(1).reads == 1


async def test_a_chain_that_fails_is_shown_as_last_known_at_its_block(fakes: Fakes) -> None:
    context = fakes.context()
    fakes.client(1).balances = {(WALLET, None): 10**18}
    held: dict[Holder, Decimal] = {(WALLET, ETH): Decimal(1)}
    first = await reconciled(context, held)
    fakes.clock.advance(60)
    fakes.client(1).error = RpcTimeout("ethereum: no answer")
    second = await reconciled(context, held)
    fakes.clock.advance(3600)
    third = await reconciled(context, held)

    assert second.rows == first.rows
    assert second.read_at == first.read_at
    assert [failure.code for failure in second.failures] == ["rpc_timeout"]
    assert third.rows[0].chain_quantity is None
    assert third.reasons[WALLET, ETH].startswith("rpc_timeout: ")


async def test_an_address_without_a_contract_holds_nothing_that_is_known(fakes: Fakes) -> None:
    class Bare(FakeClient):
        async def read_balances(self, *args: object, **named: object) -> BalanceRead:
            read = await super().read_balances(*args, **named)  # type: ignore[arg-type]
            assert USDC.address is not None
            return BalanceRead(read.chain_id, read.block, {}, (), frozenset({USDC.address}), 1)

    fakes.clients.by_id[ChainId(1)] = Bare(fakes.chains[ChainId(1)])
    answer = await reconciled(fakes.context(), {(WALLET, USDC.asset_id): Decimal(1)})

    assert answer.rows[0].chain_quantity is None
    assert answer.reasons[WALLET, USDC.asset_id].startswith("no_contract: ")


async def test_a_chain_that_is_not_read_is_said_not_to_be_and_does_not_hold_up_the_others() -> None:
    known = load_chains()
    fakes = Fakes(chains=Chains([known[ChainId(1)]]), known_chains=known)
    fakes.client(1).balances = {(WALLET, None): 10**18}
    on_base = AssetId("eip155:8453/slip44:60")
    answer = await reconciled(fakes.context(), {(WALLET, ETH): Decimal(1), (WALLET, on_base): Decimal(2)})

    assert {row.asset: row.chain_quantity for row in answer.rows} == {ETH: Decimal(1), on_base: None}
    assert answer.reasons[WALLET, on_base].startswith("not_enabled: ")
    assert answer.failures == ()
    assert fakes.clients.by_id.keys() == {ChainId(1)}


async def test_of_very_many_wallets_the_rest_is_said_not_to_be_read(fakes: Fakes) -> None:
    wallets = [Address(f"0x{number:040d}") for number in range(1, MOST_WALLETS + 2)]
    answer = await reconciled(fakes.context(), {(wallet, ETH): Decimal(0) for wallet in wallets})

    unread = [row.wallet for row in answer.rows if row.chain_quantity is None]
    assert unread == [wallets[-1]]
    assert answer.reasons[wallets[-1], ETH].startswith("not_read: ")
