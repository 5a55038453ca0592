"""One part of a run: one chain read for one group of wallets and their positions, kept once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from ..chain.counting import counted_requests
from ..core.chains import Chain
from ..core.failures import Failure
from ..core.fragments import Fragment, Unread, position_fragments, wallet_fragments
from ..core.portfolio import ChainRead
from ..core.positions import PositionsRead
from ..core.run_messages import FinishGroup, ReadPart, encode
from ..core.runs import GROUPS_PER_PAGE, Part, PartKey, Run, gives_up, is_past
from ..errors import NotYet, PriceUnavailable, RpcTimeout, RpcUnavailable, UnknownMessage, UpstreamError
from .chain_reads import Issued, scan_of
from .latest import keep_news, unread_of
from .positions import read_positions
from .runs_sources import RunSources, known_run, planned_group

logger = logging.getLogger(__name__)

_READ_SECONDS = 20.0
_POSITION_SECONDS = 10.0
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A message to read a part, and when work on it began; `attempt` None: nobody counted."""

    run: Run
    chain: Chain
    message: ReadPart
    attempt: int | None
    started: datetime

    @property
    def key(self) -> PartKey:
        return PartKey(self.message.group, self.message.chain)


class _Outcome(NamedTuple):
    """A part, and what it says of its wallets for the streams, but for what is unread."""

    part: Part
    fragments: tuple[Fragment, ...] = ()
    unread: Unread = Unread()


async def read_part(message: ReadPart, attempt: int | None, sources: RunSources) -> None:
    """Read and keep the part; whoever finds a group's parts all there has the group finished.

    Of a run that is past nothing is read any more. Raises UnknownMessage, NotYet while what failed may come
    back, and Unavailable.
    """
    delivery = await _received(message, attempt, sources)
    if attempt == 1 or not await sources.store.parts.read_parts(message.run_id, [delivery.key]):
        await _read(delivery, sources)
    else:
        _log(delivery, "kept", sources)
    if await sources.store.parts.count_parts(message.run_id, message.group) >= message.parts:
        finish = FinishGroup(message.run_id, message.group, message.group // GROUPS_PER_PAGE)
        await sources.bus.publish("fetch-balances", [encode(finish)])


def late_part(run_id: str, key: PartKey) -> Part:
    """A part that nobody has read while it was time."""
    failure = Failure("chain", key.chain, RpcTimeout.code, f"{key.chain}: was not read in time")
    return _failed_part(run_id, key, failure, 0)


def _failed_part(run_id: str, key: PartKey, failure: Failure, latency_ms: int) -> Part:
    return Part(run_id, key, "failed", None, {}, {}, (failure,), 0, latency_ms)


async def _received(message: ReadPart, attempt: int | None, sources: RunSources) -> _Delivery:
    run = await known_run(message.run_id, sources)
    chain = sources.chains.find(message.chain)
    if chain is None or message.chain not in run.chains:
        raise UnknownMessage(f"run {run.id} reads no chain {message.chain}")
    await _check_planned(message, sources)
    if attempt is not None and attempt > 1:
        sources.counts.add("parts_redelivered_total")
    return _Delivery(run, chain, message, attempt, sources.clock())


async def _check_planned(message: ReadPart, sources: RunSources) -> None:
    """Raises UnknownMessage unless the plan has just this part: who may publish may not change a run."""
    page = message.group // GROUPS_PER_PAGE
    group = await planned_group(message.run_id, page, message.group, sources)
    if len(group.reads) != message.parts or (message.chain, message.wallets) not in group.reads:
        raise UnknownMessage(f"group {message.group} of run {message.run_id} is planned otherwise")


async def _read(delivery: _Delivery, sources: RunSources) -> None:
    chain, run = delivery.chain, delivery.run
    with counted_requests() as requests:
        try:
            part, fragments, unread = await _fetch(delivery, sources)
        except UpstreamError as error:
            if not gives_up(run, delivery.attempt, sources.clock()):
                _log(delivery, "waiting", sources, requests.number)
                raise NotYet(f"{chain.slug} cannot be read now: {error}") from error
            failure = Failure("chain", chain.slug, error.code, str(error))
            failed = _failed_part(run.id, delivery.key, failure, _spent(delivery, sources))
            part, fragments, unread = _Outcome(failed)
    # Before the part is kept, so that a crash leaves nothing untold.
    await keep_news(fragments, unread, sources)
    if await sources.store.parts.add_part(part):
        sources.counts.add("parts_total", state=part.state, chain=chain.slug)
    _log(delivery, part.state, sources, requests.number, len(part.balances) + len(part.positions))


async def _fetch(delivery: _Delivery, sources: RunSources) -> _Outcome:
    """The part as the chain has it, while that is what the run is about.

    Raises UpstreamError.
    """
    chain, wallets = delivery.chain, delivery.message.wallets
    if is_past(delivery.run, delivery.started):
        return _Outcome(late_part(delivery.run.id, delivery.key))
    issued = await _issued(delivery, sources)
    scan = scan_of(chain, issued, sources)
    read = await sources.client(chain).read_balances(wallets, scan.tokens, within=_READ_SECONDS)
    found = scan.found(read)
    positions = await _positions(delivery, found, sources)
    assert found.read is not None  # it has just been read
    part = Part(
        run_id=delivery.run.id,
        key=delivery.key,
        state="read",
        block=read.block,
        balances=found.read.balances,
        tokens={token: found.tokens[token] for _, token in found.read.balances if token is not None},
        failures=(*issued.failures, *found.failures, *positions.failures),
        tokens_scanned=read.tokens_scanned,
        latency_ms=_spent(delivery, sources),
        positions=positions.positions,
    )
    own = wallet_fragments(wallets, chain, found.read, found.tokens)
    fragments = (*own, *position_fragments(wallets, positions))
    return _Outcome(part, fragments, unread_of(found, issued, sources))


async def _issued(delivery: _Delivery, sources: RunSources) -> Issued:
    """What the issuer knows of this chain; when the run has given up on it, that this is missing."""
    if not delivery.chain.price_names.backed:
        return Issued({})
    try:
        return Issued(await sources.catalogue.tokens())
    except PriceUnavailable as error:
        if not gives_up(delivery.run, delivery.attempt, sources.clock()):
            raise
        message = "the issuer's list of xStocks could not be read, so holdings of them are missing"
        return Issued({}, (Failure("price", None, error.code, message),))


async def _positions(delivery: _Delivery, found: ChainRead, sources: RunSources) -> PositionsRead:
    """What protocols hold for the wallets. Raises RpcUnavailable while one that fails may come back.

    A token that misbehaves will do so again, and keeps nobody waiting.
    """
    read = await read_positions(found, sources, within=_POSITION_SECONDS)
    unheard = [failure.message for failure in read.failures if failure.asset_id is None]
    if unheard and not gives_up(delivery.run, delivery.attempt, sources.clock()):
        raise RpcUnavailable("; ".join(unheard))
    return read


def _spent(delivery: _Delivery, sources: RunSources) -> int:
    return (sources.clock() - delivery.started) // _MILLISECOND


def _log(delivery: _Delivery, state: str, sources: RunSources, rpc_requests: int = 0, found: int = 0) -> None:
    """One line for each delivery; it says how many wallets there are, never which."""
    message = delivery.message
    fields = {
        "run": message.run_id,
        "group": message.group,
        "chain": message.chain,
        "wallets": len(message.wallets),
        "found": found,
        "state": state,
        "attempt": delivery.attempt,
        "latency_ms": _spent(delivery, sources),
        "rpc_requests": rpc_requests,
    }
    level = logging.INFO if state in ("read", "kept") else logging.WARNING
    logger.log(level, "part %s", state, extra={"fields": fields})
