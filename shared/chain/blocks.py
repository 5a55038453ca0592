"""Blocks as an endpoint states them: made sane, and refused when they are too old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..core.balances import Block
from ..errors import RpcBadResponse

LATEST = "latest"
_BEHIND = timedelta(minutes=5)


def make_block(number: int, seconds: int) -> Block:
    """The block of a number and a Unix time; RpcBadResponse for a time that no calendar has."""
    try:
        return Block(number, datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, ValueError, OSError):
        raise RpcBadResponse("the block has an impossible time") from None


def tag_of(block: Block) -> str:
    """The block as a parameter of JSON-RPC."""
    return hex(block.number)


def check_fresh(block: Block, seen: Block | None, now: datetime) -> None:
    """Raises RpcBadResponse for a block well before one seen already.

    A head that is old by the clock but no older than what was seen is a chain that stands still, and one from
    the future is a development chain. It cannot spoil what comes after it: nothing current counts as behind.
    """
    if seen is not None and block.time < min(seen.time, now) - _BEHIND:
        raise RpcBadResponse("the endpoint is behind")
