"""A transaction and its receipt, read from one endpoint and checked against each other."""

from __future__ import annotations

import re

from ..core.chains import Chain
from ..core.ids import ZERO_ADDRESS, Address
from ..core.transactions import Movement, NativeChange, Receipt, Transaction, TransactionRead
from ..errors import RpcBadResponse
from .blocks import make_block
from .endpoint import Endpoint
from .jsonrpc import Json
from .reading import parse_bytes, parse_quantity, together
from .token_logs import movements_of, parse_chain_address, parse_log

MAX_LOGS = 10_000
"""In one receipt: a block's whole gas pays for fewer transfers."""
_HASH = re.compile("0x[0-9a-fA-F]{64}")

JsonObject = dict[str, Json]


async def read_transaction(endpoint: Endpoint, chain: Chain, tx_hash: str, within: float) -> TransactionRead:
    """What the endpoint knows of a transaction. Raises RpcError."""
    found, receipt = await together(
        endpoint.request(method, [tx_hash], within=within)
        for method in ("eth_getTransactionByHash", "eth_getTransactionReceipt")
    )
    if found is None:
        return TransactionRead(tx_hash)
    signed = _object(found)
    if parse_hash(signed.get("hash")) != tx_hash:
        raise RpcBadResponse(f"{endpoint.label}: another transaction than was asked for")
    transaction = _transaction(tx_hash, signed)
    if receipt is None:
        return TransactionRead(tx_hash, transaction)
    mined = _object(receipt)
    if parse_hash(mined.get("transactionHash")) != tx_hash:
        raise RpcBadResponse(f"{endpoint.label}: the receipt of another transaction")
    number = parse_quantity(mined.get("blockNumber"))
    block = await endpoint.request("eth_getBlockByNumber", [hex(number), False], within=within)
    return TransactionRead(tx_hash, transaction, _receipt(chain, signed, mined, _block(block, mined)))


async def read_native_change(
    endpoint: Endpoint, wallet: Address, block_number: int, within: float
) -> NativeChange:
    """The wallet's native balance before and after a block. Raises RpcError."""
    tags = (hex(max(block_number - 1, 0)), hex(block_number))
    answers = await together(
        endpoint.request(method, [wallet, tag], within=within)
        for method in ("eth_getBalance", "eth_getTransactionCount")
        for tag in tags
    )
    before, after, count, count_after = map(parse_quantity, answers)
    return NativeChange(before, after, count_after - count)


def parse_hash(value: Json) -> str:
    """A hash of 32 bytes in an answer, in lower case. Raises RpcBadResponse."""
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise RpcBadResponse("the answer has no hash where one belongs")
    return value.lower()


def _block(block: Json, mined: JsonObject) -> JsonObject:
    """The block, which must be the one that the receipt names."""
    found = _object(block)
    if parse_hash(found.get("hash")) != parse_hash(mined.get("blockHash")):
        raise RpcBadResponse("the chain changed during the read")
    return found


def _transaction(tx_hash: str, signed: JsonObject) -> Transaction:
    receiver = signed.get("to")
    return Transaction(
        tx_hash,
        parse_chain_address(signed.get("from")),
        None if receiver is None else parse_chain_address(receiver),
        parse_bytes(signed.get("input", "0x")) != b"",
    )


def _receipt(chain: Chain, signed: JsonObject, mined: JsonObject, block: JsonObject) -> Receipt:
    logs = mined.get("logs")
    if not isinstance(logs, list) or len(logs) > MAX_LOGS:
        raise RpcBadResponse("the receipt has no list of logs, or an impossibly long one")
    succeeded = _succeeded(mined.get("status"), logs)
    told = movements_of([parse_log(log) for log in logs], chain.wrapped_native)
    return Receipt(
        make_block(parse_quantity(mined.get("blockNumber")), parse_quantity(block.get("timestamp"))),
        succeeded,
        _fee(signed, mined),
        tuple([*_native(signed, mined), *told] if succeeded else ()),
        _is_alone(signed, block),
    )


def _is_alone(signed: JsonObject, block: JsonObject) -> bool:
    """Whether the block has no other transaction, no withdrawals of stakes, and no reward for the sender."""
    others = block.get("transactions")
    makers = (block.get("miner"), block.get("author"))
    return (
        isinstance(others, list)
        and len(others) == 1
        and not block.get("withdrawals")
        and str(signed.get("from")).lower() not in [str(maker).lower() for maker in makers]
    )


def _succeeded(status: Json, logs: list[Json]) -> bool:
    """Receipts before Byzantium state no status; only one that succeeded can have logs."""
    if status is not None:
        return parse_quantity(status) == 1
    if not logs:
        raise RpcBadResponse("the receipt does not say whether the transaction succeeded")
    return True


def _native(signed: JsonObject, mined: JsonObject) -> list[Movement]:
    """The value that was sent; before it, on the OP Stack, what a deposit from the parent chain made."""
    sender = parse_chain_address(signed.get("from"))
    receiver = signed.get("to") or mined.get("contractAddress")
    minted = _quantity_or_zero(signed, "mint")
    movements = [Movement(None, ZERO_ADDRESS, sender, minted)] if minted else []
    value = parse_quantity(signed.get("value"))
    return [*movements, Movement(None, sender, parse_chain_address(receiver), value)] if value else movements


def _fee(signed: JsonObject, mined: JsonObject) -> int | None:
    """Gas, blobs, and what a rollup charges for its parent chain; None when a token paid for it (Celo)."""
    if signed.get("feeCurrency") is not None:
        return None
    price = mined.get("effectiveGasPrice", signed.get("gasPrice"))
    gas = parse_quantity(mined.get("gasUsed")) * parse_quantity(price)
    blobs = _quantity_or_zero(mined, "blobGasUsed") * _quantity_or_zero(mined, "blobGasPrice")
    return gas + blobs + _quantity_or_zero(mined, "l1Fee")


def _quantity_or_zero(values: JsonObject, name: str) -> int:
    value = values.get(name)
    return 0 if value is None else parse_quantity(value)


def _object(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        raise RpcBadResponse("the answer is not an object")
    return value
