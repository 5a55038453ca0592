"""What tests of the chain edge start from: a chain, clients of it, and wallets and tokens on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import httpx

from shared.chain.client import ChainClient
from shared.chain.endpoint import Endpoint
from shared.chain.transport import Transport
from shared.chain.ways import Way
from shared.core.chains import Chain, Multicall
from shared.core.ids import Address, address_from_bytes, parse_address
from shared.errors import RpcBadResponse
from tests.core.chain_samples import make_chain
from tests.devnet.anvil import Anvil
from tests.devnet.tokens import MULTICALL3, Erc20, mint, place, place_tokens

WITHIN = 20.0
WALLET = parse_address("0x00000000000000000000000000000000000a11ce")
OTHER = parse_address("0x0000000000000000000000000000000000000b0b")
T = TypeVar("T")


def outcome_of(read: Callable[[], T]) -> T | RpcBadResponse:
    """What a reader makes of what it is given: a value, or the refusal that it raises."""
    try:
        return read()
    except RpcBadResponse as refusal:
        return refusal


def nth_address(number: int) -> Address:
    return address_from_bytes((0xC0DE << 64 | number).to_bytes(20))


def chain_for(way: Way = Way.INIT_CODE, *, with_multicall: bool = True) -> Chain:
    """A chain on which this way is the best one."""
    multicall = (
        Multicall(parse_address(MULTICALL3), None) if with_multicall and way is not Way.BATCH else None
    )
    return make_chain(multicall=multicall, runs_init_code=way is Way.INIT_CODE)


@asynccontextmanager
async def client_of(chain: Chain, *urls: str) -> AsyncIterator[ChainClient]:
    """A client with these endpoints, in order of preference."""
    async with httpx.AsyncClient(trust_env=False) as http:
        yield ChainClient(chain, Transport(chain.slug, [Endpoint(url, http) for url in urls]))


def place_held_tokens(anvil: Anvil, wallet: Address, count: int, *, every: int = 10) -> dict[Address, int]:
    """So many plain tokens, of which the wallet holds some: token → raw amount, zero for the others."""
    held = {nth_address(i): (10**18 + i if i % every == 0 else 0) for i in range(count)}
    place_tokens(anvil, *(Erc20(address, f"T{i}", f"Token {i}") for i, address in enumerate(held)))
    mint(anvil, {(token, wallet): raw for token, raw in held.items() if raw})
    return held


def place_each(anvil: Anvil, *contracts: str) -> dict[str, Address]:
    """Puts each contract at an address of its own: name → address."""
    placed = {name: nth_address(0xBAD000 + i) for i, name in enumerate(contracts)}
    for name, address in placed.items():
        place(anvil, name, address)
    return placed
