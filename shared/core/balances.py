"""What an address holds of an asset at a block, and one chain's worth of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from .ids import Address, ChainId


class Block(NamedTuple):
    """The block that a read was made at; on Arbitrum the chain's own number, not Ethereum's."""

    number: int
    time: datetime


class TokenFault(NamedTuple):
    """A contract that did not answer `balanceOf` properly; `reason` is fit to show a caller."""

    token: Address
    reason: str


class BalanceRead(NamedTuple):
    """All that one read of a chain found, at one block.

    `balances` holds only what is above zero, as (wallet, token) → raw integer, where token None is the native
    coin. `without_code` are addresses asked for that hold no contract. `tokens_scanned` counts the token
    contracts asked for, without the native coin.
    """

    chain_id: ChainId
    block: Block
    balances: Mapping[tuple[Address, Address | None], int]
    faults: tuple[TokenFault, ...]
    without_code: frozenset[Address]
    tokens_scanned: int
