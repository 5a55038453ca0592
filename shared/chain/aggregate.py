"""The second way: Multicall3, whose calls share their gas, so those that failed are made again alone."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.ids import Address
from ..errors import RpcBadResponse, RpcTooLarge, RpcUnsupported
from . import abi, rpc_batch
from .blocks import LATEST, make_block
from .calls import Call, Outcome, Replies, Reply
from .multicall import BLOCK_NUMBER, BLOCK_TIME, CHAIN_ID, aggregate3, parse_replies
from .pieces import Calls, cut_calls
from .reading import Part, Session, parse_bytes, read_at_one_block

# On Arbitrum NUMBER is Ethereum's; its ArbSys precompile has code, unlike what BSC keeps at this address.
_ARB_SYS = Address("0x0000000000000000000000000000000000000064")
_ARB_BLOCK_NUMBER = bytes.fromhex("a3b1b31d")  # arbBlockNumber()
_UNKNOWN = Reply(Outcome.REVERTED)


async def call_many(session: Session, calls: Sequence[Call]) -> Replies:
    """The replies to all calls. Raises RpcError, RpcUnsupported where there is no Multicall3."""
    greedy = session.memory.greedy
    shared = [i for i, call in enumerate(calls) if call.target not in greedy]
    found = await _aggregate(session, [calls[i] for i in shared])
    replies = [_UNKNOWN] * len(calls)
    for i, reply in zip(shared, found.replies, strict=True):
        replies[i] = reply
    alone = [i for i, reply in enumerate(replies) if reply.outcome is Outcome.REVERTED]
    if alone:
        again = await rpc_batch.call_each(session, [calls[i] for i in alone], found.block)
        for i, reply in zip(alone, again, strict=True):
            replies[i] = reply
            if reply.outcome is Outcome.OUT_OF_GAS:
                _note_greedy(session, calls[i].target)
    return Replies(
        found.block, tuple(await rpc_batch.with_code_checked(session, calls, replies, found.block))
    )


async def _aggregate(session: Session, calls: Sequence[Call]) -> Replies:
    """What Multicall3 says: a call that failed may only have been left without gas by the others."""
    multicall = session.chain.multicall
    if multicall is None:
        raise RpcUnsupported(f"no Multicall3 is known on {session.chain.slug}")
    head = [
        await _block_number_call(session, multicall.address),
        Call(multicall.address, BLOCK_TIME),
        Call(multicall.address, CHAIN_ID),
    ]

    async def ask(piece: Calls, tag: str) -> Part[Calls, list[Reply]]:
        try:
            answer = await session.call(aggregate3([*head, *piece.calls], multicall.address), tag)
        except RpcTooLarge:
            if len(piece.calls) != 1:
                raise
            # This call alone takes all the gas that there is, or answers more than there is room for.
            _note_greedy(session, piece.calls[0].target)
            nothing = await ask(Calls((), piece.start), tag)
            return Part(piece, nothing.block, [Reply(Outcome.OUT_OF_GAS)])
        number, time, chain, *replies = parse_replies(answer, len(piece.calls) + len(head))
        await _check_chain(session, chain)
        return Part(piece, make_block(_number(number), _number(time)), replies)

    limit = session.memory.limits.multicall
    pieces = cut_calls(calls, limit.at(session.now()))
    block, parts = await read_at_one_block(session, limit, pieces, ask)
    replies = [_UNKNOWN] * len(calls)
    for part in parts:
        replies[part.piece.start : part.piece.start + len(part.answer)] = part.answer
    return Replies(block, tuple(replies))


def _note_greedy(session: Session, target: Address) -> None:
    """Where it is new, it was this contract and not the number of calls that was too much."""
    if target not in session.memory.greedy:
        session.memory.greedy.add(target)
        session.memory.limits.multicall.restore()


async def _block_number_call(session: Session, multicall: Address) -> Call:
    if session.memory.has_arb_sys is None:
        session.memory.has_arb_sys = (
            parse_bytes(await session.request("eth_getCode", [_ARB_SYS, LATEST])) != b""
        )
    if session.memory.has_arb_sys:
        return Call(_ARB_SYS, _ARB_BLOCK_NUMBER)
    return Call(multicall, BLOCK_NUMBER)


async def _check_chain(session: Session, reply: Reply) -> None:
    """Some forks of Multicall3 cannot tell the chain; then the endpoint is asked."""
    if reply.outcome is Outcome.ANSWERED and len(reply.data) == 32:
        session.check_chain(int.from_bytes(reply.data))
    else:
        await session.confirm_chain()


def _number(reply: Reply) -> int:
    if reply.outcome is not Outcome.ANSWERED or len(reply.data) != 32:
        raise RpcBadResponse("Multicall3 did not tell the block")
    return abi.Words(reply.data).uint(0, 64)
