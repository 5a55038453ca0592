"""Call: a read of a contract. Reply: what came back, a value even when the contract is a bad one."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from ..core.balances import Block
from ..core.ids import ZERO_ADDRESS, Address
from . import abi

BALANCE_OF = bytes.fromhex("70a08231")  # balanceOf(address)
NATIVE = ZERO_ADDRESS
"""As a target, the zero address stands for the chain's own coin: its `balanceOf` is the account's balance."""


class Outcome(Enum):
    """How a call ended; the text is fit to show a caller."""

    ANSWERED = "answered"
    NO_CODE = "no contract code at this address"
    REVERTED = "the call reverted"
    WRONG_LENGTH = "the answer has the wrong length"
    OUT_OF_GAS = "the call used up its gas or time"


class Call(NamedTuple):
    """A contract and the call data."""

    target: Address
    data: bytes


class Reply(NamedTuple):
    """The returned bytes of an answered call; empty for any other outcome."""

    outcome: Outcome
    data: bytes = b""


class Replies(NamedTuple):
    """Replies in the order of their calls, all at one block."""

    block: Block
    replies: tuple[Reply, ...]


def balance_call(token: Address, wallet: Address) -> Call:
    """`balanceOf(wallet)` of a token, or of NATIVE."""
    return Call(token, BALANCE_OF + abi.address(wallet))
