"""The positions of wallets in one chain's protocols, by the receipt tokens that the wallets hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from time import monotonic
from typing import Protocol

from ..chain.calls import Call, Replies, Reply
from ..chain.plans import drive
from ..core.balances import BalanceRead, Block, TokenFault
from ..core.chains import Chain
from ..core.deployments import Deployment
from ..core.failures import Failure
from ..core.ids import Address, AssetId, ChainId, erc20_asset_id
from ..core.portfolio import ChainRead
from ..core.positions import Found, Position, PositionsRead
from ..core.tokens import Token, native_token
from ..protocols.families import PROTOCOLS

# Within the 15 s in which an answer comes whatever the endpoints do: after the chain's read, before prices.
_SECONDS = 1.2
_FAILED = "protocol_unavailable"

_Held = Mapping[tuple[Address, Address], int]


class PositionReader(Protocol):
    """Who makes calls on one chain, at a block; a ChainClient is one."""

    async def read_calls(self, calls: Sequence[Call], *, within: float, at: Block | None = None) -> Replies:
        """The replies to all calls, in order; raises RpcError."""


class PositionSources(Protocol):
    """Where positions are read; the Context is one."""

    @property
    def token_lists(self) -> Callable[[ChainId], tuple[Token, ...]]: ...
    @property
    def deployments(self) -> Callable[[ChainId], tuple[Deployment, ...]]: ...
    def client(self, chain: Chain) -> PositionReader: ...


async def read_positions(
    read: ChainRead, sources: PositionSources, *, within: float = _SECONDS
) -> PositionsRead:
    """What the chain's protocols hold for the wallets that were read. Failures are in it, never raised.

    It goes by the receipt tokens that the read found, and so is of its block: most positions cost no request,
    the others share one a round. Of a chain that could not be read nothing more is said.
    """
    deployments = sources.deployments(read.chain.chain_id)
    if read.receipts is None or not deployments:
        return PositionsRead(read.chain, read.receipts.block if read.receipts else None, ())
    return await _understood(read.chain, deployments, read.receipts, sources, within)


def protocols_on(chain: Chain, sources: PositionSources) -> tuple[str, ...]:
    """The ids of the protocols that are read on a chain."""
    return tuple(dict.fromkeys(each.protocol for each in sources.deployments(chain.chain_id)))


async def _understood(
    chain: Chain,
    deployments: Sequence[Deployment],
    held: BalanceRead,
    sources: PositionSources,
    within: float,
) -> PositionsRead:
    """What the receipt tokens stand for, at their block; where nobody holds any, nothing is asked."""
    shares = [(each, share) for each, share in _shares(deployments, held) if share]
    known = _known_tokens(chain, sources) if shares else {}
    plans = [PROTOCOLS[each.family](each, share, known) for each, share in shares]
    answers = await drive(plans, _reader(chain, sources, held.block, within))
    positions: list[Position] = []
    failures = list(_faulty(chain, deployments, held.faults))
    for (deployment, _), answer in zip(shares, answers, strict=True):
        if isinstance(answer, Found):
            positions += answer.positions
            failures += _faulty(chain, (deployment,), answer.faults)
        else:
            failures.append(_failure(chain, deployment.protocol, str(answer)))
    failed = {failure.protocol for failure in failures}
    answered = tuple(name for name in protocols_on(chain, sources) if name not in failed)
    return PositionsRead(chain, held.block, tuple(positions), answered, tuple(failures))


def _reader(
    chain: Chain, sources: PositionSources, block: Block, within: float
) -> Callable[[Sequence[Call]], Awaitable[Sequence[Reply]]]:
    """Makes the calls of a round at the block; all rounds together have so many seconds."""
    deadline = monotonic() + within

    async def read(calls: Sequence[Call]) -> Sequence[Reply]:
        left = max(deadline - monotonic(), 0.0)
        return (await sources.client(chain).read_calls(calls, within=left, at=block)).replies

    return read


def _shares(deployments: Sequence[Deployment], held: BalanceRead) -> list[tuple[Deployment, _Held]]:
    """Each deployment with what is held of its receipt tokens."""
    shares: list[tuple[Deployment, dict[tuple[Address, Address], int]]] = [(d, {}) for d in deployments]
    by_token = {receipt.token: share for each, share in shares for receipt in each.receipts}
    for (wallet, token), raw in held.balances.items():
        if token in by_token:
            by_token[token][wallet, token] = raw
    return [*shares]


def _known_tokens(chain: Chain, sources: PositionSources) -> Mapping[Address, Token]:
    """The listed tokens, and the native coin under the addresses that stand for it."""
    listed = {token.address: token for token in sources.token_lists(chain.chain_id) if token.address}
    return {**listed, **dict.fromkeys(chain.native_mirrors, native_token(chain))}


def _faulty(
    chain: Chain, deployments: Iterable[Deployment], faults: Iterable[TokenFault]
) -> Iterator[Failure]:
    """The failures of receipt tokens, each of the protocol that it belongs to."""
    owners = {receipt.token: each.protocol for each in deployments for receipt in each.receipts}
    for fault in faults:
        asset_id = erc20_asset_id(chain.chain_id, fault.token)
        yield _failure(chain, owners[fault.token], fault.reason, asset_id)


def _failure(chain: Chain, protocol: str, message: str, asset_id: AssetId | None = None) -> Failure:
    return Failure("protocol", chain.slug, _FAILED, f"{protocol}: {message}", asset_id, protocol)
