"""Runs, pages, parts and fragments for the tests of the store."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from shared.core.balances import Block
from shared.core.failures import Failure
from shared.core.fragments import Fragment, FragmentBalance, FragmentKey
from shared.core.ids import Address, AssetId, ChainId, address_from_bytes
from shared.core.runs import (
    Group,
    Part,
    PartKey,
    PlanPage,
    PricePage,
    Progress,
    Run,
    RunPrice,
    UserPlan,
    UserWallet,
)
from shared.core.tokens import erc20
from tests.store.samples import ALICE, BOB, ETH, START

RUN = "20240101T000000Z"
BASE = ChainId(8453)
KEY = PartKey(0, "base")
OUTCOME = Progress(5, 1, 2, 1)
RAW = 2**256 - 1
"""The most that a balance can be: it fits into no integer of a database, and into no double."""


def address(number: int) -> Address:
    return address_from_bytes(number.to_bytes(20, "big"))


def any_address() -> Address:
    """One of which there is no other, without its checksum, which takes long to compute."""
    return Address(f"0x{secrets.token_hex(20)}")


def run(run_id: str = RUN, hours: float = 0, **changes: Any) -> Run:
    """A run that starts so many hours after the first one."""
    at = START + timedelta(hours=hours)
    made = Run(
        id=run_id,
        user_id=None,
        scheduled_at=at,
        started_at=at + timedelta(microseconds=1),
        give_up_at=at + timedelta(minutes=5),
        overdue_at=at + timedelta(minutes=15),
        chains=("ethereum", "base"),
    )
    return replace(made, **changes)


def plan_page(number: int, last_user: str = BOB, last: bool = False) -> PlanPage:
    """A page of one group of two users."""
    reads = (("base", (address(1), address(2))), ("ethereum", (address(1),)))
    users = (
        UserPlan(ALICE, (UserWallet(address(1), number, ("base", "ethereum")),)),
        UserPlan("bob/…\N{CLOWN FACE}", (UserWallet(address(2), number, ("base",)),)),
    )
    return PlanPage(number, (Group(number, reads, users),), last_user, last)


def price_page(number: int, price: str = "2000.10") -> PricePage:
    """A page of a known and an unknown price."""
    unknown = AssetId(f"eip155:1/erc20:{address(number)}")
    prices = {
        ETH: RunPrice(Decimal(price), "llama", START, None),
        unknown: RunPrice(None, None, None, "not_found: no source knows it"),
    }
    return PricePage(number, prices, (Failure("price", None, "price_unavailable", "llama: 503"),))


def part(key: PartKey = KEY, run_id: str = RUN, **changes: Any) -> Part:
    """A part of two wallets, one with more than fits into 64 bits."""
    token = erc20(BASE, address(9), "TKN", 'A "token" – ☂', 18, listed=True)
    made = Part(
        run_id=run_id,
        key=key,
        state="read",
        block=Block(21_000_000, START + timedelta(microseconds=5)),
        balances={(address(1), None): 10**18, (address(1), address(9)): RAW, (address(2), address(9)): 1},
        tokens={address(9): token},
        failures=(Failure("token", "base", "rpc_reverted", "0x…: balanceOf", token.asset_id),),
        tokens_scanned=500,
        latency_ms=42,
    )
    return replace(made, **changes)


def failed_part(key: PartKey = KEY) -> Part:
    failure = Failure("chain", "base", "rpc_timeout", "no answer")
    return part(key, state="failed", block=None, balances={}, tokens={}, failures=(failure,))


def full_part(wallets: int, assets: int, most: int = 10**24) -> Part:
    """A part in which every wallet holds something of every token, none of it like another."""
    contracts = [any_address() for _ in range(assets)]
    return part(
        balances={
            (wallet, contract): 1 + secrets.randbelow(most)
            for wallet in [any_address() for _ in range(wallets)]
            for contract in contracts
        },
        tokens={
            contract: erc20(BASE, contract, secrets.token_hex(4), secrets.token_hex(10), 18, listed=False)
            for contract in contracts
        },
    )


def fragment(wallet: int = 1, block: int = 100, raw: int = RAW, **changes: Any) -> Fragment:
    """What a wallet holds on Base at a block."""
    made = Fragment(
        wallet=address(wallet),
        chain="base",
        protocol="wallet",
        block=Block(block, START + timedelta(seconds=2 * block)),
        balances=(FragmentBalance(ETH, "ETH", 18, raw),),
    )
    return made._replace(**changes)


def fragment_key(wallet: int = 1, chain: str = "base") -> FragmentKey:
    return FragmentKey(address(wallet), chain, "wallet")


def unwritten(fragments: Iterable[Fragment]) -> dict[FragmentKey, Fragment]:
    """The fragments by key as they were before they were written: without their sequences."""
    return {fragment.key: fragment._replace(sequence=0) for fragment in fragments}
