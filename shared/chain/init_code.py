"""The first way: one `eth_call` without `to`, that runs the scanner or the caller."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.balances import Block
from ..core.ids import Address
from .calls import Call, Outcome, Replies, Reply
from .packed import CallsAnswer, ScanAnswer, pack_calls, pack_scan, unpack_calls, unpack_scan
from .pieces import Calls, Grid, cut_grid, cut_packed
from .reading import Part, Session, read_at_one_block


async def scan(
    session: Session, wallets: Sequence[Address], tokens: Sequence[Address]
) -> tuple[Block, dict[tuple[Address, Address], int], dict[Address, Outcome]]:
    """The balances above zero of wallets × tokens, and the tokens that failed. Raises RpcError."""

    async def ask(grid: Grid, tag: str) -> Part[Grid, ScanAnswer]:
        raw = await session.run_init_code(pack_scan(grid.wallets, grid.tokens, grid.first), tag)
        answer = unpack_scan(raw, grid.first, grid.pairs)
        session.check_chain(answer.chain_id)
        return Part(grid, answer.block, answer, grid.after(answer.reached))

    limit = session.memory.limits.scan
    grids = cut_grid(wallets, tokens, limit.at(session.now()))
    block, parts = await read_at_one_block(session, limit, grids, ask)
    balances: dict[tuple[Address, Address], int] = {}
    failures: dict[Address, Outcome] = {}
    for part in parts:
        balances |= {part.piece.pair(i): raw for i, raw in part.answer.balances.items()}
        failures |= {part.piece.pair(i)[1]: outcome for i, outcome in part.answer.failures.items()}
    return block, balances, failures


async def call_many(session: Session, calls: Sequence[Call]) -> Replies:
    """The replies to all calls. Raises RpcError."""

    async def ask(piece: Calls, tag: str) -> Part[Calls, CallsAnswer]:
        raw = await session.run_init_code(pack_calls(piece.calls), tag)
        answer = unpack_calls(raw, len(piece.calls))
        session.check_chain(answer.chain_id)
        return Part(piece, answer.block, answer, piece.after(len(answer.replies)))

    limit = session.memory.limits.packed_calls
    pieces = cut_packed(calls, limit.at(session.now()))
    block, parts = await read_at_one_block(session, limit, pieces, ask)
    replies: list[Reply] = [Reply(Outcome.REVERTED)] * len(calls)
    for part in parts:
        start = part.piece.start
        replies[start : start + len(part.answer.replies)] = part.answer.replies
    return Replies(block, tuple(replies))
