"""Runs of a size: a wallet with thousands of assets, and a plan of more than one page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from shared.core.ids import ChainId
from shared.core.tokens import Token, erc20
from tests.devnet.anvil import Anvil, Json
from tests.devnet.price_apis import Coin
from tests.faults.holdings import ASSETS, FEW, GNOSIS, Asset, plain_address, wallet
from tests.faults.outside import Outside
from tests.faults.process import Deaths
from tests.faults.stage import AT, Stage, run_of

_MANY = 5_000
_WHALE = wallet(1_000)
# Answers any question with what it keeps for the first argument: balances, with no hash to find them.
_TOKEN = "0x6004355460005260206000f3"
_COIN = next(asset for asset in ASSETS if asset.chain is GNOSIS and asset.address is None)


@contextmanager
def changed(anvil: Anvil) -> Iterator[Anvil]:
    """What is done to the chain meanwhile is undone."""
    snapshot = anvil.rpc("evm_snapshot")
    yield anvil
    anvil.rpc("evm_revert", snapshot)


@contextmanager
def many_tokens(outside: Outside) -> Iterator[list[Asset]]:
    """Tokens of the whale on Gnosis, each with a price."""
    assets = [
        Asset(GNOSIS, f"T{number}", 18, f"{number}.25", 1, plain_address(number, "71"))
        for number in range(1, _MANY + 1)
    ]
    with changed(outside.anvils["gnosis"]) as anvil:
        calls: list[tuple[str, list[Json]]] = []
        for number, asset in enumerate(assets):
            calls.append(("anvil_setCode", [asset.address, _TOKEN]))
            amount = f"0x{10**18 + number:064x}"
            calls.append(("anvil_setStorageAt", [asset.address, f"0x{int(_WHALE, 16):064x}", amount]))
        anvil.batch(calls)
        anvil.mine()
        before = outside.prices.coins
        coins = [Coin(a.symbol, a.symbol, a.dollars, {100: a.address}) for a in assets if a.address]
        outside.prices.coins = [*before, *coins]
        yield assets
        outside.prices.coins = before


async def test_a_wallet_with_thousands_of_assets_has_a_snapshot_of_them_all(stage: Stage) -> None:
    with many_tokens(stage.outside) as assets:
        await stage.set_up({**FEW, "whale": {_WHALE: ("gnosis",)}})
        stage.assets = (*ASSETS, *assets)
        listed = stage.context.token_lists
        more = tuple(
            erc20(GNOSIS.chain_id, asset.address, asset.symbol, asset.symbol, 18, listed=True)
            for asset in assets
            if asset.address
        )

        def lists(chain_id: ChainId) -> tuple[Token, ...]:
            return (*listed(chain_id), *(more if chain_id == GNOSIS.chain_id else ()))

        stage.context = replace(stage.context, token_lists=lists)
        process = stage.process()
        assert await process.call(AT) == 200
        await stage.drain(process.push, run_of(AT))

        await stage.check()


async def test_a_planner_that_dies_at_each_step_of_two_pages_is_followed_by_others(
    stage: Stage, tmp_path: Path
) -> None:
    people = {
        f"user-{user:02}": {wallet(10_000 + 100 * user + number): ("gnosis",) for number in range(100)}
        for user in range(51)
    }
    stage.open(replace(stage.outside.settings(stage.project), store=f"sqlite:{tmp_path / 'runs.db'}"))
    stage.assets = (_COIN,)
    with changed(stage.outside.anvils["gnosis"]) as anvil:
        for user in range(0, 51, 10):
            anvil.set_balance(wallet(10_000 + 100 * user), 10**18 + user)
        anvil.mine()
        await stage.set_up(people)
        process = stage.process(Deaths("add_page", "publish", "add_page", "publish", "set_totals"))
        statuses = [await process.call(AT) for _ in range(6)]
        await stage.courier.settle(process.push, at_once=4)
        # A run of so many groups is not counted after each of them.
        stage.clock.advance(15 * 60)
        assert await process.call(sweep=True) == 204
        await stage.drain(process.push, run_of(AT))

        assert statuses == [0, 0, 0, 0, 0, 200]
        await stage.check()
        run = await stage.store.runs.get_run(run_of(AT))
        assert run is not None
        assert run.totals is not None
        assert run.totals[:3] == (2, 102, 102)
