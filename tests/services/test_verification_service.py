"""Verification on a local chain: what receipts say of trades, and what that does to them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from shared.core.trades import Trade
from shared.errors import Conflict, InvalidInput, InvalidRequest, NotFound, PreconditionFailed
from shared.services.verification import Verification, verify_kept_trade, verify_trades
from shared.store.opening import StoreOnDemand
from shared.store.ports import Store, StoredTrade, Trades
from tests.chain.rpc_proxy import RpcFault, RpcProxy, status
from tests.devnet.anvil import Anvil
from tests.devnet.sending import block_of, call_data, fee_of
from tests.fakes import NOON
from tests.services.market import ETH_ID, POOL_AT, USDC_AT, USDC_ID, WETH_AT, Market, market

UNKNOWN = "0x" + "ab" * 32


def trade(on: Market, tx_hash: str | None, side: str, asset: str, amount: str, **more: Any) -> Trade:
    fields: dict[str, Any] = {
        "id": "t1",
        "user_id": "ann",
        "side": side,
        "asset": asset,
        "symbol": "X",
        "amount": Decimal(amount),
        "amount_type": "token",
        "price_usd": None,
        "total_usd": None,
        "fee_usd": None,
        "tx_hash": tx_hash,
        "chain": "ethereum",
        "wallet": on.wallet,
        "status": "pending",
        "executed_at": NOON,
        "created_at": NOON,
    }
    return Trade(**{**fields, **more})


async def verify(on: Market, *args: Any, **more: Any) -> Verification:
    [verification] = await verify_trades([trade(on, *args, **more)], on.context)
    return verification


async def test_a_mined_transaction_confirms_its_trade_with_block_and_time(anvil: Anvil) -> None:
    async with market(anvil) as on:
        tx_hash = on.pay(USDC_AT, on.friend, 1_500_000)
        found = await verify(on, tx_hash, "transfer_out", USDC_ID, "1.5")

    assert (found.state, found.trade.status, found.changed) == ("confirmed", "confirmed", True)
    assert found.read is not None
    assert found.read.receipt is not None
    assert found.read.receipt.block.number == block_of(anvil, tx_hash)
    assert found.amount is not None
    assert (found.amount.matches, found.amount.expected_raw, found.amount.found_raw) == (
        True,
        1_500_000,
        1_500_000,
    )


@pytest.mark.parametrize(
    ("side", "amount", "found_raw"),
    [("transfer_out", "1.500001", 1_500_000), ("transfer_in", "1.5", 0), ("sell", "1.5000001", 1_500_000)],
)
async def test_a_mismatch_is_reported_with_both_numbers_and_changes_no_amount(
    anvil: Anvil, side: str, amount: str, found_raw: int
) -> None:
    async with market(anvil) as on:
        found = await verify(on, on.pay(USDC_AT, on.friend, 1_500_000), side, USDC_ID, amount)

    assert found.amount is not None
    assert (found.amount.matches, found.amount.found_raw) == (False, found_raw)
    assert (found.trade.status, found.trade.amount) == ("confirmed", Decimal(amount))


async def test_another_wallet_moved_nothing(anvil: Anvil) -> None:
    async with market(anvil) as on:
        tx_hash = on.pay(USDC_AT, on.friend, 5)
        found = await verify(on, tx_hash, "transfer_out", USDC_ID, "0.000005", wallet=POOL_AT)

    assert found.amount is not None
    assert (found.amount.matches, found.amount.found_raw) == (False, 0)
    assert found.amount.reason == "the transaction moved none of this asset that way for this wallet"


async def test_native_coins_are_compared_by_value_by_wrapping_and_by_balance(anvil: Anvil) -> None:
    async with market(anvil) as on:
        paid = on.send(on.friend, value=10**17)
        wrapped = on.send(WETH_AT, call_data("deposit()"), 10**16)
        data = call_data("sellForNative(address,uint256,uint256)", USDC_AT, 3_000_000, 10**15)
        sold = on.send(POOL_AT, data)
        found = [
            await verify(on, paid, "transfer_out", ETH_ID, "0.1"),
            await verify(on, wrapped, "buy", f"eip155:1/erc20:{WETH_AT}", "0.01"),
            await verify(on, sold, "buy", ETH_ID, "0.001"),
            await verify(on, sold, "buy", "ETH", "0.002"),
            await verify(on, sold, "sell", "USDC", "3"),
        ]

    assert [v.amount.matches for v in found if v.amount] == [True, True, True, False, True]
    assert found[3].amount is not None
    assert found[3].amount.found_raw == 10**15


@pytest.mark.parametrize("asset", [ETH_ID, "ETH"])
async def test_the_gas_of_a_failed_transaction_was_paid_and_so_its_fee_is_confirmed(
    anvil: Anvil, asset: str
) -> None:
    async with market(anvil) as on:
        tx_hash = on.send(POOL_AT, call_data("fail()"))
        paid = Decimal(fee_of(anvil, tx_hash)) / 10**18
        await on.context.store.trades.add_trades("ann", [trade(on, tx_hash, "fee", asset, str(paid))])
        found = await verify_kept_trade("ann", "t1", on.context)

    assert found.amount is not None
    assert (found.state, found.trade.status, found.changed) == ("failed", "confirmed", True)
    assert found.amount.matches
    assert found.trade.on_chain is not None
    assert found.trade.on_chain.matches


async def test_whatever_else_a_failed_transaction_was_to_do_did_not_happen(anvil: Anvil) -> None:
    async with market(anvil) as on:
        tx_hash = on.send(POOL_AT, call_data("fail()"))
        found = [
            await verify(on, tx_hash, "sell", USDC_ID, "1"),
            await verify(on, tx_hash, "transfer_out", ETH_ID, "1"),
            await verify(on, tx_hash, "fee", USDC_ID, "1"),
            await verify(on, tx_hash, "fee", ETH_ID, "1", wallet=on.friend),
        ]

    assert [each.trade.status for each in found] == ["failed"] * 4


async def test_what_another_may_have_paid_in_the_block_is_no_mismatch(anvil: Anvil) -> None:
    async with market(anvil) as on:
        sold, _ = on.together(
            (on.wallet, POOL_AT, call_data("sellForNative(address,uint256,uint256)", USDC_AT, 3, 10**15), 0),
            (on.friend, on.wallet, b"", 10**18),
        )
        found = await verify(on, sold, "buy", ETH_ID, "0.001")

    assert found.amount is not None
    assert (found.amount.matches, found.amount.found_raw) == (None, 10**15 + 10**18)


async def test_a_waiting_transaction_keeps_its_trade_pending_until_it_is_mined(anvil: Anvil) -> None:
    async with market(anvil) as on:
        anvil.rpc("evm_setAutomine", False)
        try:
            tx_hash = on.pay(USDC_AT, on.friend, 1_000_000)
            waiting = await verify(on, tx_hash, "transfer_out", USDC_ID, "1", status="confirmed")
            anvil.mine()
        finally:
            anvil.rpc("evm_setAutomine", True)
        mined = await verify(on, tx_hash, "transfer_out", USDC_ID, "1")

    assert (waiting.state, waiting.trade.status, waiting.amount) == ("pending", "pending", None)
    assert (mined.state, mined.trade.status) == ("confirmed", "confirmed")


@pytest.mark.parametrize("before", ["pending", "confirmed", "failed"])
async def test_a_transaction_that_nobody_knows_changes_no_kept_trade(anvil: Anvil, before: str) -> None:
    async with market(anvil) as on:
        kept = trade(on, UNKNOWN, "sell", USDC_ID, "1", status=before)
        await on.context.store.trades.add_trades("ann", [kept])
        found = await verify_kept_trade("ann", "t1", on.context)

    assert (found.state, found.trade.status, found.changed, found.version) == ("unknown", before, False, 1)
    assert found.complete


async def test_a_new_trade_is_pending_until_its_chain_says_otherwise(anvil: Anvil) -> None:
    async with market(anvil) as on:
        found = await verify(on, UNKNOWN, "sell", USDC_ID, "1", status="confirmed")

    assert (found.state, found.trade.status) == ("unknown", "pending")


async def test_an_endpoint_that_does_not_know_it_yet_does_not_outvote_one_that_does(anvil: Anvil) -> None:
    async with RpcProxy(lambda method, params: None) as behind, market(anvil, behind.url, anvil.url) as on:
        found = await verify(on, on.pay(USDC_AT, on.friend, 1_000_000), "transfer_out", USDC_ID, "1")

    assert found.state == "confirmed"


async def test_a_chain_that_fails_leaves_the_status_and_says_so(anvil: Anvil) -> None:
    async with RpcProxy() as node, market(anvil, node.url) as on:
        node.behave(then=status(401))
        found = await verify(on, UNKNOWN, "sell", USDC_ID, "1")

    assert (found.state, found.trade.status, found.complete) == (None, "pending", False)
    assert [failure.code for failure in found.failures] == ["rpc_unavailable"]


@pytest.mark.parametrize(
    ("asset", "why"),
    [
        ("BTC", "BTC is not the symbol of one asset of Ethereum"),
        ("eip155:10/slip44:60", "the asset is not one of Ethereum"),
        ("eip155:1/slip44:966", "the asset is not the native coin of Ethereum"),
    ],
)
async def test_an_asset_that_is_not_of_the_chain_is_not_compared(anvil: Anvil, asset: str, why: str) -> None:
    async with market(anvil) as on:
        found = await verify(on, on.pay(USDC_AT, on.friend, 1), "sell", asset, "1")

    assert found.amount is not None
    assert (found.amount.matches, found.amount.reason) == (None, why)


async def test_dollars_are_compared_as_closely_as_the_asset_divides(anvil: Anvil) -> None:
    async with market(anvil) as on:
        tx_hash = on.pay(USDC_AT, on.friend, 33_333_333)
        dollars = {"amount_type": "usd", "price_usd": Decimal(3)}
        found = await verify(on, tx_hash, "sell", USDC_ID, "100", **dollars)

    assert found.amount is not None
    assert (found.amount.matches, found.amount.expected_raw) == (True, 33_333_333)


@pytest.mark.parametrize("missing", ["tx_hash", "wallet"])
async def test_a_trade_without_what_verifying_needs_is_refused_by_name(anvil: Anvil, missing: str) -> None:
    async with market(anvil) as on:
        whole = trade(on, UNKNOWN, "sell", USDC_ID, "1")
        with pytest.raises(InvalidInput) as raised:
            await verify_trades([Trade(**{**whole._asdict(), missing: None})], on.context)

    assert raised.value.field == missing


async def test_all_faults_of_several_trades_are_told_with_their_numbers(anvil: Anvil) -> None:
    async with market(anvil) as on:
        bad = [
            trade(on, None, "sell", USDC_ID, "1", chain=None),
            trade(on, UNKNOWN, "sell", USDC_ID, "1", chain="nowhere"),
        ]
        with pytest.raises(InvalidRequest) as raised:
            await verify_trades(bad, on.context, several=True)

    assert [f.field for f in raised.value.faults] == [
        "trades[0].tx_hash",
        "trades[0].chain",
        "trades[1].chain",
    ]


async def test_a_transaction_of_many_trades_is_read_once(anvil: Anvil) -> None:
    async with RpcProxy(upstream=anvil.url) as node, market(anvil, node.url) as on:
        tx_hash = on.pay(USDC_AT, on.friend, 1)
        some = [trade(on, tx_hash, "transfer_out", USDC_ID, "0.000001")] * 50
        found = await verify_trades(some, on.context)

    assert len(found) == 50
    assert node.methods.count("eth_getTransactionReceipt") == 1


async def test_a_kept_trade_gets_its_status_and_a_second_time_changes_nothing(anvil: Anvil) -> None:
    async with market(anvil) as on:
        tx_hash = on.pay(USDC_AT, on.friend, 2_000_000)
        await on.context.store.trades.add_trades("ann", [trade(on, tx_hash, "transfer_out", USDC_ID, "1")])
        first = await verify_kept_trade("ann", "t1", on.context)
        second = await verify_kept_trade("ann", "t1", on.context)
        kept = await on.context.store.trades.get_trade("ann", "t1")

    assert [(v.changed, v.version, v.trade.status) for v in (first, second)] == [
        (True, 2, "confirmed"),
        (False, 2, "confirmed"),
    ]
    assert kept.trade.amount == Decimal(1)
    assert second.amount is not None
    assert second.amount.found_raw == 2_000_000


async def test_another_users_trade_is_not_found(anvil: Anvil) -> None:
    async with market(anvil) as on:
        await on.context.store.trades.add_trades("ann", [trade(on, UNKNOWN, "sell", USDC_ID, "1")])
        with pytest.raises(NotFound):
            await verify_kept_trade("bob", "t1", on.context)


class Meddler:
    """Trades that somebody else changes just before each write."""

    def __init__(self, trades: Trades, changes: dict[str, Any], times: int) -> None:
        self._trades = trades
        self._changes = changes
        self.left = times

    async def get_trade(self, user: str, trade_id: str) -> StoredTrade:
        return await self._trades.get_trade(user, trade_id)

    async def replace_trade(self, user: str, changed: Trade, version: int) -> StoredTrade:
        if self.left:
            self.left -= 1
            now = await self._trades.get_trade(user, changed.id)
            await self._trades.replace_trade(user, now.trade._replace(**self._changes), now.version)
        return await self._trades.replace_trade(user, changed, version)


def meddled(on: Market, changes: dict[str, Any], times: int) -> Market:
    store: Store = on.context.store
    trades: Any = Meddler(store.trades, changes, times)
    stores = StoreOnDemand(lambda: replace(store, trades=trades))
    return replace(on, context=replace(on.context, stores=stores))


async def test_a_note_written_meanwhile_is_kept_beside_the_status(anvil: Anvil) -> None:
    async with market(anvil) as on:
        tx_hash = on.pay(USDC_AT, on.friend, 1_000_000)
        await on.context.store.trades.add_trades("ann", [trade(on, tx_hash, "transfer_out", USDC_ID, "1")])
        found = await verify_kept_trade("ann", "t1", meddled(on, {"notes": "mine"}, 1).context)

    assert (found.trade.notes, found.trade.status, found.version) == ("mine", "confirmed", 3)


async def test_a_trade_changed_meanwhile_is_verified_as_it_is_now(anvil: Anvil) -> None:
    async with market(anvil) as on:
        tx_hash = on.pay(USDC_AT, on.friend, 1_000_000)
        await on.context.store.trades.add_trades("ann", [trade(on, tx_hash, "transfer_out", USDC_ID, "1")])
        found = await verify_kept_trade("ann", "t1", meddled(on, {"amount": Decimal(2)}, 1).context)

    assert found.amount is not None
    assert (found.amount.expected_raw, found.amount.matches) == (2_000_000, False)


async def test_a_trade_that_never_rests_is_a_conflict(anvil: Anvil) -> None:
    async with market(anvil) as on:
        tx_hash = on.pay(USDC_AT, on.friend, 1_000_000)
        await on.context.store.trades.add_trades("ann", [trade(on, tx_hash, "transfer_out", USDC_ID, "1")])
        with pytest.raises((Conflict, PreconditionFailed)):
            await verify_kept_trade("ann", "t1", meddled(on, {"notes": "x"}, 99).context)


async def test_tokens_that_do_not_answer_make_no_comparison(anvil: Anvil) -> None:
    def mute(method: str, params: list[Any]) -> Any:
        if method == "eth_call":
            raise RpcFault(-32601, "no")
        return anvil.rpc(method, *params)

    async with RpcProxy(mute) as node, market(anvil, node.url) as on:
        asset = f"eip155:1/erc20:{POOL_AT}"
        found = await verify(on, on.pay(USDC_AT, on.friend, 1), "sell", asset, "1")

    assert (found.state, found.trade.status, found.amount) == ("confirmed", "confirmed", None)
    assert not found.complete
