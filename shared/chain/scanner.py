"""Reads many balances or calls from one endpoint, in the best way that it is known to bear."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from ..core.balances import BalanceRead, Block, TokenFault
from ..core.ids import Address
from ..errors import (
    RpcBadResponse,
    RpcError,
    RpcRefused,
    RpcReverted,
    RpcTooLarge,
    RpcUnavailable,
    RpcUnsupported,
    RpcWrongChain,
)
from . import aggregate, init_code, rpc_batch
from .calls import NATIVE, Call, Outcome, Replies, balance_call
from .reading import Session
from .ways import Way, Ways

T = TypeVar("T")

_UNABLE_SECONDS = 3600.0
_DOUBTED_SECONDS = 60.0


async def read_balances(
    session: Session, ways: Ways, wallets: Sequence[Address], tokens: Sequence[Address]
) -> BalanceRead:
    """The balances of wallets × (native coin and tokens) at one block. Raises RpcError."""

    async def by_scan() -> BalanceRead:
        block, balances, failures = await init_code.scan(session, wallets, (NATIVE, *tokens))
        return _balance_read(session, tokens, block, balances, failures)

    async def by_calls(call_many: Callable[[Session, Sequence[Call]], Awaitable[Replies]]) -> BalanceRead:
        calls = [balance_call(token, wallet) for token in (NATIVE, *tokens) for wallet in wallets]
        return _from_replies(session, wallets, tokens, await call_many(session, calls))

    return await _in_best_way(
        session,
        ways,
        {
            Way.INIT_CODE: by_scan,
            Way.MULTICALL: lambda: by_calls(aggregate.call_many),
            Way.BATCH: lambda: by_calls(rpc_batch.call_many),
        },
    )


async def read_calls(session: Session, ways: Ways, calls: Sequence[Call]) -> Replies:
    """The replies to all calls at one block. Raises RpcError."""
    return await _in_best_way(
        session,
        ways,
        {
            Way.INIT_CODE: lambda: init_code.call_many(session, calls),
            Way.MULTICALL: lambda: aggregate.call_many(session, calls),
            Way.BATCH: lambda: rpc_batch.call_many(session, calls),
        },
    )


async def _in_best_way(session: Session, ways: Ways, readers: Mapping[Way, Callable[[], Awaitable[T]]]) -> T:
    """What the first way that works finds.

    A way that failed is demoted only once another has worked: then it was not the endpoint that was down.
    """
    failed: list[tuple[Way, RpcError]] = []
    for way in ways.to_try(session.endpoint, session.now()):
        try:
            found = await readers[way]()
        except RpcWrongChain:
            raise
        except RpcBadResponse as error:
            failed.append((way, error))
        except RpcUnavailable as error:
            if isinstance(error, RpcRefused) or way in session.memory.proven:
                raise
            failed.append((way, error))
        else:
            session.memory.proven.add(way)
            _demote(session, failed)
            return found
    raise _as_the_endpoints(failed[-1][1])


def _demote(session: Session, failed: Sequence[tuple[Way, RpcError]]) -> None:
    """For long where the endpoint is unable; briefly where it was down, or once answered nonsense."""
    for way, error in failed:
        proven = way in session.memory.proven and not isinstance(error, RpcUnsupported)
        briefly = proven or isinstance(error, RpcUnavailable)
        session.memory.demote(way, session.now() + (_DOUBTED_SECONDS if briefly else _UNABLE_SECONDS))


def _as_the_endpoints(error: RpcError) -> RpcError:
    """A revert or a limit of what we sent of our own accord is the endpoint's fault, not the question's."""
    if isinstance(error, RpcReverted | RpcTooLarge):
        return RpcBadResponse(str(error))
    return error


def _from_replies(
    session: Session, wallets: Sequence[Address], tokens: Sequence[Address], read: Replies
) -> BalanceRead:
    balances: dict[tuple[Address, Address], int] = {}
    failures: dict[Address, Outcome] = {}
    replies = iter(read.replies)
    for token in (NATIVE, *tokens):
        for wallet in wallets:
            reply = next(replies)
            if reply.outcome is not Outcome.ANSWERED:
                failures[token] = reply.outcome
            elif len(reply.data) != 32:
                failures[token] = Outcome.WRONG_LENGTH
            elif raw := int.from_bytes(reply.data):
                balances[wallet, token] = raw
    return _balance_read(session, tokens, read.block, balances, failures)


def _balance_read(
    session: Session,
    tokens: Sequence[Address],
    block: Block,
    balances: Mapping[tuple[Address, Address], int],
    failures: Mapping[Address, Outcome],
) -> BalanceRead:
    """A token that failed for one wallet has no balance at all: a part would look like the whole."""
    if NATIVE in failures:
        raise RpcBadResponse(f"{session.endpoint.label}: did not tell a native balance")
    return BalanceRead(
        chain_id=session.chain.chain_id,
        block=block,
        balances={
            (wallet, None if token == NATIVE else token): raw
            for (wallet, token), raw in balances.items()
            if token not in failures
        },
        faults=tuple(
            TokenFault(token, f"balanceOf: {outcome.value}")
            for token, outcome in failures.items()
            if outcome is not Outcome.NO_CODE
        ),
        without_code=frozenset(t for t, outcome in failures.items() if outcome is Outcome.NO_CODE),
        tokens_scanned=len(tokens),
    )
