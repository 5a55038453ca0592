"""One part of a run: one chain read for one group of wallets, kept once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..chain.counting import counted_requests
from ..core.balances import Block, TokenFault
from ..core.chains import Chain
from ..core.failures import Failure
from ..core.fragments import Fragment, FragmentBalance, changed
from ..core.ids import Address, erc20_asset_id
from ..core.run_messages import FinishGroup, ReadPart, encode
from ..core.runs import GROUPS_PER_PAGE, Part, PartKey, Run, gives_up, is_past
from ..core.tokens import Token, native_token
from ..errors import NotYet, PriceUnavailable, RpcTimeout, UnknownMessage, UpstreamError
from .runs_sources import RunSources, known_run, planned_group

logger = logging.getLogger(__name__)

_READ_SECONDS = 20.0
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
            part = await _fetch(delivery, sources)
        except UpstreamError as error:
            if not gives_up(run, delivery.attempt, sources.clock()):
                _log(delivery, "waiting", sources, requests.number)
                raise NotYet(f"{chain.slug} cannot be read now: {error}") from error
            failure = Failure("chain", chain.slug, error.code, str(error))
            part = _failed_part(run.id, delivery.key, failure, _spent(delivery, sources))
    await _keep_latest(delivery, part, sources)
    if await sources.store.parts.add_part(part):
        sources.counts.add("parts_total", state=part.state, chain=chain.slug)
    _log(delivery, part.state, sources, requests.number, len(part.balances))


async def _fetch(delivery: _Delivery, sources: RunSources) -> Part:
    """The part as the chain has it, while that is what the run is about. Raises UpstreamError."""
    if is_past(delivery.run, delivery.started):
        return late_part(delivery.run.id, delivery.key)
    issued, failures = await _issued_tokens(delivery, sources)
    # The shipped list comes last, so that it wins: an issuer's answer may not rename a listed token.
    known = (*issued, *sources.token_lists(delivery.chain.chain_id))
    tokens = {token.address: token for token in known if token.address is not None}
    client = sources.client(delivery.chain)
    read = await client.read_balances(delivery.message.wallets, tuple(tokens), within=_READ_SECONDS)
    return Part(
        run_id=delivery.run.id,
        key=delivery.key,
        state="read",
        block=read.block,
        balances=read.balances,
        tokens={token: tokens[token] for _, token in read.balances if token is not None},
        failures=(*failures, *(_token_failure(delivery.chain, fault) for fault in read.faults)),
        tokens_scanned=read.tokens_scanned,
        latency_ms=_spent(delivery, sources),
    )


async def _issued_tokens(
    delivery: _Delivery, sources: RunSources
) -> tuple[tuple[Token, ...], tuple[Failure, ...]]:
    """What the issuer knows of this chain; when the run has given up on it, that this is missing."""
    if not delivery.chain.price_names.backed:
        return (), ()
    try:
        issued = await sources.catalogue.tokens()
    except PriceUnavailable as error:
        if not gives_up(delivery.run, delivery.attempt, sources.clock()):
            raise
        message = "the issuer's list of xStocks could not be read, so holdings of them are missing"
        return (), (Failure("price", None, error.code, message),)
    return issued.get(delivery.chain.chain_id, ()), ()


def _token_failure(chain: Chain, fault: TokenFault) -> Failure:
    asset_id = erc20_asset_id(chain.chain_id, fault.token)
    return Failure("token", chain.slug, "rpc_bad_response", fault.reason, asset_id)


async def _keep_latest(delivery: _Delivery, part: Part, sources: RunSources) -> None:
    """Tell the streams what changed; before the part is kept, so that a crash leaves nothing untold."""
    if part.block is None:
        return
    found = {each.key: each for each in _fragments(delivery, part, part.block)}
    known = await sources.store.latest.read_latest(tuple(found))
    news = [each for key, each in found.items() if changed(known.get(key), each)]
    if news:
        sources.counts.add("latest_writes_total", await sources.store.latest.put_latest(news))


def _fragments(delivery: _Delivery, part: Part, block: Block) -> Iterator[Fragment]:
    held: dict[Address, list[FragmentBalance]] = {wallet: [] for wallet in delivery.message.wallets}
    coin = native_token(delivery.chain)
    for (wallet, address), raw in part.balances.items():
        token = coin if address is None else part.tokens[address]
        held[wallet].append(FragmentBalance(token.asset_id, token.symbol, token.decimals, raw))
    for wallet, balances in held.items():
        yield Fragment(wallet, delivery.chain.slug, "wallet", block, tuple(sorted(balances)))


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
