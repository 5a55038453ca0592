"""Discovery on a local chain: real transactions, endpoints that limit ranges, and stored trades."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from shared.chain.token_logs import TRANSFER
from shared.core.discovery import Proposal
from shared.core.ids import address_bytes
from shared.core.trades import Trade
from shared.services.discovered import keep_proposals
from shared.services.discovery import Progress, RangeQuery, discover_range, discover_transaction
from tests.chain.rpc_proxy import RpcFault, RpcProxy, rpc_error
from tests.devnet.anvil import Anvil
from tests.devnet.sending import call_data, fee_of, send
from tests.services.market import (
    ETH_ID,
    POOL_AT,
    REWARD_AT,
    SPAM_AT,
    USDC_AT,
    USDC_ID,
    WETH,
    WETH_AT,
    Market,
    market,
)

Leg = tuple[str, str, str]


def legs(proposal: Proposal) -> list[Leg]:
    return [(p.trade.side, p.trade.asset, str(p.trade.amount.normalize())) for p in proposal.trades]


async def discover(on: Market, tx_hash: str) -> Proposal:
    found = await discover_transaction(on.chain, tx_hash, [on.wallet], [], on.context)
    assert found.failures == []
    [proposal] = found.proposals
    return proposal


def gas(on: Market, tx_hash: str) -> Leg:
    return ("fee", ETH_ID, str((Decimal(fee_of(on.anvil, tx_hash)) / 10**18).normalize()))


async def test_a_swap_of_tokens_is_a_sell_and_a_buy_with_one_link_and_its_gas(anvil: Anvil) -> None:
    async with market(anvil) as on:
        data = call_data("swap(address,uint256,address,uint256)", USDC_AT, 5_000_000, SPAM_AT, 7 * 10**18)
        tx_hash = on.send(POOL_AT, data)
        proposal = await discover(on, tx_hash)

    assert proposal.kind == "swap"
    spam = f"eip155:1/erc20:{SPAM_AT}"
    assert legs(proposal) == [("sell", USDC_ID, "5"), ("buy", spam, "7"), gas(on, tx_hash)]
    assert {p.trade.link for p in proposal.trades} == {f"1:{tx_hash}"}
    assert {p.trade.price_usd for p in proposal.trades} == {None}
    assert [p.spam_reasons for p in proposal.trades] == [(), (), ()]


async def test_coins_that_a_contract_pays_out_are_found_by_the_balance(anvil: Anvil) -> None:
    async with market(anvil) as on:
        data = call_data("sellForNative(address,uint256,uint256)", USDC_AT, 3_000_000, 10**15)
        tx_hash = on.send(POOL_AT, data)
        proposal = await discover(on, tx_hash)

    assert proposal.kind == "swap"
    assert legs(proposal) == [("sell", USDC_ID, "3"), ("buy", ETH_ID, "0.001"), gas(on, tx_hash)]
    assert proposal.certain


async def test_what_a_contract_gives_back_is_not_spent(anvil: Anvil) -> None:
    async with market(anvil) as on:
        data = call_data("buyWithNative(address,uint256,uint256)", USDC_AT, 4_000_000, 25 * 10**13)
        tx_hash = on.send(POOL_AT, data, 10**15)
        proposal = await discover(on, tx_hash)

    assert legs(proposal) == [("sell", ETH_ID, "0.00075"), ("buy", USDC_ID, "4"), gas(on, tx_hash)]


async def test_wrapping_and_unwrapping_are_wraps(anvil: Anvil) -> None:
    async with market(anvil) as on:
        wrapped = on.send(WETH_AT, call_data("deposit()"), 10**16)
        unwrapped = on.send(WETH_AT, call_data("withdraw(uint256)", 4 * 10**15))
        found = [await discover(on, wrapped), await discover(on, unwrapped)]

    assert [proposal.kind for proposal in found] == ["wrap", "wrap"]
    assert legs(found[0]) == [("sell", ETH_ID, "0.01"), ("buy", WETH.asset_id, "0.01"), gas(on, wrapped)]
    assert sorted(legs(found[1])) == sorted(
        [("sell", WETH.asset_id, "0.004"), ("buy", ETH_ID, "0.004"), gas(on, unwrapped)]
    )


async def test_transfers_of_tokens_and_of_the_native_coin(anvil: Anvil) -> None:
    async with market(anvil) as on:
        sent, received = on.pay(USDC_AT, on.friend, 1_500_000), on.receive(USDC_AT, 250_000)
        paid = on.send(on.friend, value=10**17)
        found = [await discover(on, tx_hash) for tx_hash in (sent, received, paid)]

    assert [proposal.kind for proposal in found] == ["transfer"] * 3
    assert legs(found[0]) == [("transfer_out", USDC_ID, "1.5"), gas(on, sent)]
    assert legs(found[1]) == [("transfer_in", USDC_ID, "0.25")]
    assert legs(found[2]) == [("transfer_out", ETH_ID, "0.1"), gas(on, paid)]
    assert {p.trade.link for proposal in found for p in proposal.trades} == {None}


async def test_coins_made_for_the_caller_are_income(anvil: Anvil) -> None:
    async with market(anvil) as on:
        tx_hash = on.send(REWARD_AT, call_data("mint(uint256)", 2 * 10**18))
        proposal = await discover(on, tx_hash)

    assert proposal.kind == "income"
    assert legs(proposal) == [("income", f"eip155:1/erc20:{REWARD_AT}", "2"), gas(on, tx_hash)]


async def test_of_a_failed_transaction_only_the_gas_is_left(anvil: Anvil) -> None:
    async with market(anvil) as on:
        tx_hash = on.send(POOL_AT, call_data("fail()"), 10**15)
        proposal = await discover(on, tx_hash)

    assert proposal.read.state == "failed"
    assert legs(proposal) == [gas(on, tx_hash)]


async def test_a_payment_that_shares_the_block_with_an_approval_is_not_taken_for_its_doing(
    anvil: Anvil,
) -> None:
    async with market(anvil) as on:
        approved, paid = on.together(
            (on.wallet, WETH_AT, call_data("approve(address,uint256)", POOL_AT, 5), 0),
            (on.friend, on.wallet, b"", 5 * 10**18),
        )
        found = [await discover(on, tx_hash) for tx_hash in (approved, paid)]
        kept = await keep_proposals("ann", found, on.context, keep_spam=False)
        trades = await stored(on)

    assert [proposal.certain for proposal in found] == [False, True]
    assert {k.keeping for k in kept[0]} == {"uncertain"}
    assert [(t.side, t.amount) for t in trades] == [("transfer_in", Decimal(5))]


async def test_what_is_in_no_block_proposes_nothing(anvil: Anvil) -> None:
    async with market(anvil) as on:
        anvil.rpc("evm_setAutomine", False)
        try:
            pending = await discover(on, on.pay(USDC_AT, on.friend, 1))
            unknown = await discover_transaction(on.chain, "0x" + "ab" * 32, [on.wallet], [], on.context)
        finally:
            anvil.rpc("anvil_dropAllTransactions")
            anvil.rpc("evm_setAutomine", True)

    assert (pending.read.state, pending.trades) == ("pending", ())
    assert [(p.read.state, p.trades) for p in unknown.proposals] == [("unknown", ())]


async def test_unlisted_tokens_that_others_send_are_spam(anvil: Anvil) -> None:
    async with market(anvil) as on:
        proposal = await discover(on, on.receive(SPAM_AT, 10**18))

    assert proposal.kind == "nothing"
    [spam] = proposal.trades
    assert spam.trade.side == "transfer_in"
    assert "not on a token list" in spam.spam_reasons


async def test_a_forger_without_decimals_is_reported_and_proposes_nothing(anvil: Anvil) -> None:
    async with market(anvil) as on:
        wallet, friend = address_bytes(on.wallet), address_bytes(on.friend)
        tx_hash = on.forge([TRANSFER, wallet, friend], (2**256 - 1).to_bytes(32))
        found = await discover_transaction(on.chain, tx_hash, [on.wallet], [], on.context)

    assert [proposal.trades for proposal in found.proposals] == [()]
    assert [(failure.scope, failure.code) for failure in found.failures] == [("token", "rpc_bad_response")]


async def test_without_a_wallet_those_saved_that_take_part_are_meant_or_else_the_sender(anvil: Anvil) -> None:
    async with market(anvil) as on:
        tx_hash = on.pay(USDC_AT, on.friend, 1_000_000)
        saved = await discover_transaction(on.chain, tx_hash, [], [on.friend, POOL_AT], on.context)
        none = await discover_transaction(on.chain, tx_hash, [], [POOL_AT], on.context)

    assert [(p.wallet, legs(p)) for p in saved.proposals] == [(on.friend, [("transfer_in", USDC_ID, "1")])]
    assert [p.wallet for p in none.proposals] == [on.wallet]


def limited(anvil: Anvil, blocks: int) -> Any:
    """Refuses ranges of more blocks, with a suggestion when they are very long."""

    def answer(method: str, params: list[Any]) -> Any:
        if method == "eth_getLogs":
            first, last = (int(params[0][name], 16) for name in ("fromBlock", "toBlock"))
            if last - first + 1 > 8 * blocks:
                text = f"this block range should work: [{hex(first)}, {hex(first + blocks - 1)}]"
                raise RpcFault(-32602, f"Log response size exceeded. {text}")
            if last - first + 1 > blocks:
                raise RpcFault(-32600, "block range is too wide")
        return anvil.rpc(method, *params)

    return answer


async def walk(on: Market, first: int, *, limit: int) -> tuple[list[str], int]:
    """All of a range, request by request: the transactions found, and how many requests it took."""
    query = RangeQuery(on.chain, on.wallet, None, limit)
    progress, found, requests = Progress(first), list[str](), 0
    while not progress.is_done:
        discovery = await discover_range(query, progress, on.context)
        assert discovery.failures == []
        assert discovery.progress is not None
        found += [proposal.read.tx_hash for proposal in discovery.proposals]
        assert len(discovery.proposals) <= limit
        progress, requests = discovery.progress, requests + 1
    return found, requests


@pytest.mark.parametrize(("blocks", "limit"), [(1, 100), (3, 2), (7, 1), (10_000, 3)])
async def test_a_range_is_read_as_the_endpoint_allows_with_nothing_lost_or_twice(
    anvil: Anvil, blocks: int, limit: int
) -> None:
    async with RpcProxy(limited(anvil, blocks)) as node, market(anvil, node.url) as on:
        first = anvil.block_number() + 1
        sent = []
        for number in range(4):
            sent += [on.pay(USDC_AT, on.friend, number + 1), on.receive(USDC_AT, number + 1)]
            anvil.mine(number)
        sent.append(on.send(WETH_AT, call_data("deposit()"), 10**15))
        send(anvil, on.friend, USDC_AT, call_data("transfer(address,uint256)", POOL_AT, 1))
        found, requests = await walk(on, first, limit=limit)

    assert found == sent
    assert requests >= len(sent) // limit


async def test_a_chain_that_fails_midway_loses_nothing(anvil: Anvil) -> None:
    async with RpcProxy(upstream=anvil.url) as node, market(anvil, node.url) as on:
        first = anvil.block_number() + 1
        sent = [on.pay(USDC_AT, on.friend, 1), on.pay(USDC_AT, on.friend, 2)]
        query = RangeQuery(on.chain, on.wallet, None, 1)
        begun = await discover_range(query, Progress(first), on.context)
        assert begun.progress is not None
        node.behave(then=rpc_error(-32601, "the method is not available"))
        failed = await discover_range(query, begun.progress, on.context)
        node.behave()
        assert failed.progress is not None
        ended = await discover_range(query, failed.progress, on.context)

    assert [f.code for f in failed.failures] == ["rpc_bad_response"]
    assert failed.proposals == []
    assert [p.read.tx_hash for d in (begun, ended) for p in d.proposals] == sent


async def test_a_range_ends_where_the_chain_does(anvil: Anvil) -> None:
    async with market(anvil) as on:
        head = anvil.block_number()
        query = RangeQuery(on.chain, on.wallet, head + 1000, 10)
        beyond = await discover_range(query, Progress(head + 1), on.context)

    assert beyond.progress == Progress(head + 1, -1, head)
    assert beyond.progress.is_done


async def stored(on: Market, user: str = "ann") -> list[Trade]:
    return [t for chunk in [c async for c in on.context.store.log.read_trades(user)] for t in chunk]


async def test_trades_are_stored_once_however_often_they_are_discovered(anvil: Anvil) -> None:
    async with market(anvil) as on:
        proposal = await discover(on, on.pay(USDC_AT, on.friend, 1_500_000))
        [first] = await keep_proposals("ann", [proposal], on.context, keep_spam=False)
        [second] = await keep_proposals("ann", [proposal], on.context, keep_spam=False)
        trades = await stored(on)
        others = await stored(on, "bob")

    assert [kept.keeping for kept in first] == ["new", "new"]
    assert [kept.keeping for kept in second] == ["existing", "existing"]
    assert {kept.trade_id for kept in first} == {kept.trade_id for kept in second} == {t.id for t in trades}
    assert {(t.user_id, t.source, t.status) for t in trades} == {("ann", "discover", "confirmed")}
    assert others == []


async def test_spam_is_stored_only_when_asked_for(anvil: Anvil) -> None:
    async with market(anvil) as on:
        proposal = await discover(on, on.receive(SPAM_AT, 10**18))
        [refused] = await keep_proposals("ann", [proposal], on.context, keep_spam=False)
        [kept] = await keep_proposals("ann", [proposal], on.context, keep_spam=True)

    assert [k.keeping for k in refused] == ["spam"]
    assert [k.keeping for k in kept] == ["new"]


async def test_a_second_wallet_of_the_same_transaction_and_side_is_said_to_be_taken(anvil: Anvil) -> None:
    async with market(anvil) as on:
        proposal = await discover(on, on.receive(USDC_AT, 1_000_000))
        [proposed] = proposal.trades
        other = replace(proposed, trade=proposed.trade._replace(wallet=on.friend))
        both = [proposal, replace(proposal, wallet=on.friend, trades=(other,))]
        [[first], [second]] = await keep_proposals("ann", both, on.context, keep_spam=False)
        trades = await stored(on)

    assert (first.keeping, second.keeping) == ("new", "taken")
    assert [trade.id for trade in trades] == [first.trade_id] == [second.trade_id]


async def test_what_may_be_half_a_swap_is_not_stored(anvil: Anvil) -> None:
    def forgetful(method: str, params: list[Any]) -> Any:
        if method == "eth_getBalance":
            raise RpcFault(-32000, "missing trie node")
        return anvil.rpc(method, *params)

    async with RpcProxy(forgetful) as node, market(anvil, node.url) as on:
        data = call_data("sellForNative(address,uint256,uint256)", USDC_AT, 3_000_000, 10**15)
        proposal = await discover(on, on.send(POOL_AT, data))
        [kept] = await keep_proposals("ann", [proposal], on.context, keep_spam=False)

    assert not proposal.certain
    assert "could not be read" in proposal.notes[0]
    assert {k.keeping for k in kept} == {"uncertain"}
