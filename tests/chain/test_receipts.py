"""Transactions and receipts: as a chain states them, and as a hostile endpoint might."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.chain.receipts import MAX_LOGS
from shared.core.chains import Chain
from shared.core.ids import ZERO_ADDRESS
from shared.core.transactions import Movement, TransactionRead
from shared.errors import RpcBadResponse, RpcError
from tests.chain.rpc_proxy import RpcProxy
from tests.chain.setting import OTHER, WALLET, WITHIN, chain_for, client_of, nth_address
from tests.devnet.anvil import Anvil
from tests.devnet.sending import account, call_data, fee_of, send
from tests.devnet.tokens import Erc20, mint, place, place_tokens

TX = "0x" + "12" * 32
BLOCK_HASH = "0x" + "ab" * 32
TOKEN = nth_address(77)


def answers(**changes: Any) -> dict[str, Any]:
    """What a node says of one transaction, with some of its fields changed (`receipt_logs=…`)."""
    told: dict[str, dict[str, Any] | None] = {
        "transaction": {
            "hash": TX,
            "from": WALLET.lower(),
            "to": OTHER.lower(),
            "value": "0x5",
            "input": "0x",
            "gasPrice": "0x2",
        },
        "receipt": {
            "transactionHash": TX,
            "blockNumber": "0x10",
            "blockHash": BLOCK_HASH,
            "status": "0x1",
            "gasUsed": "0x5208",
            "effectiveGasPrice": "0x3",
            "contractAddress": None,
            "logs": [],
        },
        "block": {"hash": BLOCK_HASH, "timestamp": "0x65000000"},
    }
    for name, value in changes.items():
        part, _, field = name.partition("_")
        if field:
            told[part] = {**(told[part] or {}), field: value}
        else:
            told[part] = value
    return {
        "eth_getTransactionByHash": told["transaction"],
        "eth_getTransactionReceipt": told["receipt"],
        "eth_getBlockByNumber": told["block"],
    }


async def read(chain: Chain | None = None, **changes: Any) -> TransactionRead:
    told = answers(**changes)
    async with (
        RpcProxy(lambda method, params: told[method]) as node,
        client_of(chain or chain_for(), node.url) as client,
    ):
        return await client.history.read_transaction(TX, within=WITHIN)


async def test_a_transaction_is_read_with_its_block_its_fee_and_its_value() -> None:
    found = await read()

    assert found.receipt is not None
    assert (found.state, found.receipt.block.number, found.receipt.fee) == ("confirmed", 16, 21_000 * 3)
    assert found.receipt.movements == (Movement(None, WALLET, OTHER, 5),)


@pytest.mark.parametrize(
    ("changes", "fee"),
    [
        ({"receipt_l1Fee": "0x64"}, 63_100),
        ({"receipt_blobGasUsed": "0x2", "receipt_blobGasPrice": "0x5"}, 63_010),
        ({"receipt_effectiveGasPrice": "0x0"}, 0),
        ({"transaction_feeCurrency": TOKEN}, None),
    ],
    ids=["a rollup's share for its parent", "blobs", "free", "paid in a token"],
)
async def test_the_fee_is_all_that_the_sender_pays(changes: dict[str, Any], fee: int | None) -> None:
    found = await read(**changes)

    assert found.receipt is not None
    assert found.receipt.fee == fee


async def test_without_a_price_in_the_receipt_the_signed_one_counts() -> None:
    receipt = answers()["eth_getTransactionReceipt"]
    del receipt["effectiveGasPrice"]
    found = await read(receipt=receipt)

    assert found.receipt is not None
    assert found.receipt.fee == 42_000


async def test_what_a_deposit_from_the_parent_chain_makes_moves_too() -> None:
    found = await read(transaction_mint="0x9")

    assert found.receipt is not None
    assert found.receipt.movements[0] == Movement(None, ZERO_ADDRESS, WALLET, 9)


async def test_a_contract_that_is_created_receives_the_value() -> None:
    found = await read(transaction_to=None, receipt_contractAddress=TOKEN.lower())

    assert found.receipt is not None
    assert found.receipt.movements == (Movement(None, WALLET, TOKEN, 5),)


async def test_a_failed_transaction_moved_nothing_but_cost_its_fee() -> None:
    found = await read(receipt_status="0x0")

    assert found.receipt is not None
    assert (found.state, found.receipt.movements, found.receipt.fee) == ("failed", (), 63_000)


@pytest.mark.parametrize(
    ("changes", "alone"),
    [
        ({"block_transactions": [TX]}, True),
        ({"block_transactions": [TX], "block_withdrawals": [], "block_miner": OTHER}, True),
        ({"block_transactions": [TX, BLOCK_HASH]}, False),
        ({"block_transactions": [TX], "block_withdrawals": [{"index": "0x1"}]}, False),
        ({"block_transactions": [TX], "block_miner": WALLET}, False),
        ({}, False),
    ],
    ids=["alone", "nobody staked", "another", "a withdrawal of stakes", "the sender's block", "not told"],
)
async def test_a_transaction_is_alone_where_nothing_else_in_its_block_can_pay(
    changes: dict[str, Any], alone: bool
) -> None:
    found = await read(**changes)

    assert found.receipt is not None
    assert found.receipt.alone == alone


@pytest.mark.parametrize(
    ("changes", "state"),
    [({"transaction": None, "receipt": None}, "unknown"), ({"receipt": None}, "pending")],
    ids=["unknown", "pending"],
)
async def test_what_is_in_no_block_is_pending_or_unknown(changes: dict[str, Any], state: str) -> None:
    assert (await read(**changes)).state == state


LOG = {"address": TOKEN, "topics": [], "data": "0x"}


@pytest.mark.parametrize(
    "changes",
    [
        {"transaction": []},
        {"transaction_hash": "0x" + "13" * 32},
        {"transaction_hash": None},
        {"transaction_from": "0x12"},
        {"transaction_to": 7},
        {"transaction_value": None},
        {"transaction_value": "-5"},
        {"transaction_input": "zz"},
        {"receipt": "0x1"},
        {"receipt_transactionHash": "0x" + "13" * 32},
        {"receipt_blockNumber": None},
        {"receipt_status": "confirmed"},
        {"receipt_status": None},
        {"receipt_gasUsed": "many"},
        {"receipt_gasUsed": "0x" + "f" * 65},
        {"receipt_logs": None},
        {"receipt_logs": [{}]},
        {"receipt_logs": [LOG] * (MAX_LOGS + 1)},
        {"receipt_l1Fee": [1]},
        {"block": None},
        {"block_hash": "0x" + "cd" * 32},
        {"block_timestamp": "0xffffffffffffffffff"},
    ],
    ids=lambda changes: next(iter(changes)) + " " + str(next(iter(changes.values())))[:20],
)
async def test_an_answer_that_does_not_fit_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RpcBadResponse):
        await read(**changes)


async def test_receipts_before_byzantium_state_no_status_but_have_logs() -> None:
    assert (await read(receipt_status=None, receipt_logs=[LOG])).state == "confirmed"


async def test_the_logs_of_a_real_transfer_are_its_movements(anvil: Anvil) -> None:
    place_tokens(anvil, Erc20(TOKEN, "T", "Token"))
    sender = account(anvil)
    mint(anvil, {(TOKEN, sender): 10**18})
    tx_hash = send(anvil, sender, TOKEN, call_data("transfer(address,uint256)", OTHER, 42))
    async with client_of(chain_for(), anvil.url) as client:
        found = await client.history.read_transaction(tx_hash, within=WITHIN)

    assert found.receipt is not None
    assert found.receipt.movements == (Movement(TOKEN, sender, OTHER, 42),)
    assert found.receipt.fee == fee_of(anvil, tx_hash)


async def test_a_real_unwrapping_moves_both_coins(anvil: Anvil) -> None:
    place(anvil, "WrappedNative", TOKEN)
    sender, chain = account(anvil), replace(chain_for(), wrapped_native=TOKEN)
    send(anvil, sender, TOKEN, call_data("deposit()"), 50)
    tx_hash = send(anvil, sender, TOKEN, call_data("withdraw(uint256)", 20))
    async with client_of(chain, anvil.url) as client:
        found = await client.history.read_transaction(tx_hash, within=WITHIN)

    assert found.receipt is not None
    assert found.receipt.movements == (
        Movement(TOKEN, sender, ZERO_ADDRESS, 20),
        Movement(None, TOKEN, sender, 20),
    )


async def test_the_native_balance_around_a_block(anvil: Anvil) -> None:
    sender = account(anvil)
    before = int(str(anvil.rpc("eth_getBalance", sender, "latest")), 16)
    tx_hash = send(anvil, sender, OTHER, value=7)
    async with client_of(chain_for(), anvil.url) as client:
        change = await client.history.read_native_change(sender, anvil.block_number(), within=WITHIN)

    assert (change.before, change.sent_transactions) == (before, 1)
    assert change.after == before - 7 - fee_of(anvil, tx_hash)


async def test_old_state_is_asked_of_the_next_endpoint_and_costs_no_health(anvil: Anvil) -> None:
    async with RpcProxy(lambda method, params: None) as forgetful:
        async with client_of(chain_for(), forgetful.url, anvil.url) as client:
            change = await client.history.read_native_change(WALLET, anvil.block_number(), within=WITHIN)
        async with client_of(chain_for(), forgetful.url) as client:
            with pytest.raises(RpcError):
                await client.history.read_native_change(WALLET, 5, within=WITHIN)

    assert (change.before, change.after) == (0, 0)


async def test_it_is_unknown_only_when_every_endpoint_that_answers_says_so(anvil: Anvil) -> None:
    tx_hash = send(anvil, account(anvil), OTHER, value=1)
    async with RpcProxy(lambda method, params: None) as behind:
        async with client_of(chain_for(), behind.url, anvil.url) as client:
            known = await client.history.read_transaction(tx_hash, within=WITHIN)
        async with client_of(chain_for(), behind.url, "http://127.0.0.1:9") as client:
            unknown = await client.history.read_transaction(tx_hash, within=WITHIN)

    assert (known.state, unknown.state) == ("confirmed", "unknown")
