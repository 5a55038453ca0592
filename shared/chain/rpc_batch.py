"""The last way, which every endpoint has: single JSON-RPC calls at one block, in batches where it can."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.balances import Block
from ..core.ids import address_from_bytes
from ..errors import RpcBadResponse, RpcError, RpcReverted, RpcTimeout, RpcTooLarge, RpcUnsupported
from .blocks import LATEST, make_block, tag_of
from .calls import NATIVE, Call, Outcome, Replies, Reply
from .jsonrpc import Json
from .reading import Session, call_params, parse_bytes, parse_quantity, together

Request = tuple[str, list[Json]]


async def call_many(session: Session, calls: Sequence[Call]) -> Replies:
    """The replies to all calls, at the session's block. Raises RpcError."""
    await session.confirm_chain()
    block = await read_block(session)
    return Replies(block, tuple(await call_each(session, calls, block)))


async def read_block(session: Session) -> Block:
    """The session's block. Raises RpcError, RpcBadResponse where the endpoint has another in its place."""
    tag = LATEST if session.at is None else tag_of(session.at)
    found = await session.request("eth_getBlockByNumber", [tag, False])
    if not isinstance(found, dict):
        raise RpcBadResponse(f"{session.endpoint.label}: does not have the block {tag}")
    block = make_block(parse_quantity(found.get("number")), parse_quantity(found.get("timestamp")))
    if session.at not in (None, block):
        raise RpcBadResponse(f"{session.endpoint.label}: the chain changed since it was read")
    return block


async def call_each(session: Session, calls: Sequence[Call], block: Block) -> list[Reply]:
    """Each call by itself, at a block: none can cost another. Raises RpcError."""
    answers = await _send(session, [_request(call, tag_of(block)) for call in calls])
    replies = [_reply(call, answer) for call, answer in zip(calls, answers, strict=True)]
    return await with_code_checked(session, calls, replies, block)


async def with_code_checked(
    session: Session, calls: Sequence[Call], replies: list[Reply], block: Block
) -> list[Reply]:
    """The replies, where those that are empty because nothing is there say so. Raises RpcError."""
    empty = {call.target for call, reply in zip(calls, replies, strict=True) if reply == _EMPTY}
    if not empty:
        return replies
    targets = sorted(empty)
    codes = await _send(session, [("eth_getCode", [target, tag_of(block)]) for target in targets])
    bare = {
        target for target, code in zip(targets, codes, strict=True) if parse_bytes(_no_error(code)) == b""
    }
    return [
        Reply(Outcome.NO_CODE) if reply == _EMPTY and call.target in bare else reply
        for call, reply in zip(calls, replies, strict=True)
    ]


_EMPTY = Reply(Outcome.ANSWERED)


def _request(call: Call, tag: str) -> Request:
    if call.target == NATIVE:
        return ("eth_getBalance", [address_from_bytes(call.data[-20:]), tag])
    return ("eth_call", [call_params(call), tag])


def _reply(call: Call, answer: Json | RpcError) -> Reply:
    """What the EVM did with the call; any other error is the endpoint's and is raised."""
    if call.target == NATIVE:
        return Reply(Outcome.ANSWERED, parse_quantity(_no_error(answer)).to_bytes(32))
    if isinstance(answer, RpcReverted):
        return Reply(Outcome.REVERTED)
    if isinstance(answer, RpcTooLarge | RpcTimeout):
        return Reply(Outcome.OUT_OF_GAS)
    return Reply(Outcome.ANSWERED, parse_bytes(_no_error(answer)))


def _no_error(answer: Json | RpcError) -> Json:
    if isinstance(answer, RpcError):
        raise answer
    return answer


async def _send(session: Session, requests: Sequence[Request]) -> list[Json | RpcError]:
    """The answers in the order of the requests, in as many batches as the endpoint wants."""
    size = session.memory.limits.batch.at(session.now())
    slices = [requests[i : i + size] for i in range(0, len(requests), size)]
    answers = await together([_send_slice(session, each) for each in slices])
    return [answer for some in answers for answer in some]


async def _send_slice(session: Session, requests: Sequence[Request]) -> list[Json | RpcError]:
    if len(requests) == 1:
        return [await _send_one(session, *requests[0])]
    try:
        answers = await session.endpoint.batch(requests, within=session.left())
        if not all(isinstance(answer, RpcTooLarge) for answer in answers):
            return answers
    except (RpcTooLarge, RpcTimeout, RpcUnsupported):
        session.left()
    middle = len(requests) // 2
    session.memory.limits.batch.reduce(middle, session.now())
    halves = await together([_send_slice(session, half) for half in (requests[:middle], requests[middle:])])
    return halves[0] + halves[1]


async def _send_one(session: Session, method: str, params: list[Json]) -> Json | RpcError:
    """The answer to a single request, or the error that says what became of it."""
    try:
        return await session.request(method, params)
    except (RpcReverted, RpcTooLarge) as error:
        return error
    except RpcTimeout as error:
        session.left()
        return error
