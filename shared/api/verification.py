"""POST /api/v1/trades/{id}/verify and /api/v1/trades/discover: trades as the chain has them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core.chains import Chain, Chains
from ..core.ids import Address
from ..errors import InvalidInput, InvalidRequest
from ..services.addresses import resolve_addresses
from ..services.discovered import Kept, keep_proposals
from ..services.discovery import Discovery, Progress, RangeQuery, discover_range, discover_transaction
from ..services.verification import verify_kept_trade
from ..web.bodies import parse_body
from ..web.messages import Operation, Request, Response, Route, json_response
from ..web.params import Params
from ..wiring import Context
from .paging import Cursors
from .reading import not_read
from .values_present import error_body
from .verification_present import discovered_body, verification_body
from .verification_schemas import DiscoveryBody, RangeBody

if TYPE_CHECKING:  # a type only
    from ..services.me_erasure import Era

if TYPE_CHECKING:  # types only: pydantic is imported when the first body comes
    from .verification_requests import DiscoverRequest

VERIFY_PATH = "/api/v1/trades/{id}/verify"
DISCOVER_PATH = "/api/v1/trades/discover"
_OF_A_RANGE = ("from_block", "to_block", "cursor")


async def verify(context: Context, request: Request) -> Response:
    """Ask the chain about a trade's transaction, and keep the status that it gives the trade."""
    user = request.caller
    Params(request.query, ()).check()
    if request.body:
        from .verification_requests import VerifyRequest

        parse_body(request, VerifyRequest)
    verification = await verify_kept_trade(user, request.path_params["id"], context)
    return json_response(200, verification_body(verification))


async def discover(context: Context, request: Request) -> Response:
    """Propose the trades of a transaction, or of the next part of a range of blocks."""
    from .verification_requests import DiscoverRequest

    user = request.caller
    Params(request.query, ()).check()
    asked = parse_body(request, DiscoverRequest)
    era = await context.store.erasures.read_era(user) if asked.store else None
    chain = _check(asked, context.chains)
    wallets = await _wallets(asked, context)
    if asked.tx_hash is not None:
        own = await _own_wallets(user, chain, context)
        found = await discover_transaction(chain, asked.tx_hash.lower(), wallets, own, context)
        return await _answer(context, user, era, asked, chain, found)
    question = json.dumps(["discover", chain.chain_id, wallets[0], asked.from_block, asked.to_block])
    cursors = Cursors(context.cursor_key, user, question)
    place = cursors.place(asked.cursor)
    progress = Progress(asked.from_block or 0) if place is None else _parse_progress(place)
    query = RangeQuery(chain, wallets[0], asked.to_block, asked.limit)
    found = await discover_range(query, progress, context)
    return await _answer(context, user, era, asked, chain, found, cursors)


def _check(asked: DiscoverRequest, chains: Chains) -> Chain:
    """The chain that is asked about. Raises InvalidRequest when the fields do not fit together."""
    faults: list[InvalidInput] = []
    chain = chains.find(asked.chain.lower())
    if chain is None:
        faults.append(InvalidInput("chain", not_read(chains, asked.chain)))
    if asked.tx_hash is not None:
        given = [name for name in _OF_A_RANGE if getattr(asked, name) is not None]
        faults += [InvalidInput(name, "does not go with tx_hash") for name in given]
    elif asked.wallet is None and asked.from_block is None:
        faults.append(InvalidInput("tx_hash", "is needed, or a wallet and from_block"))
    else:
        missing = [name for name in ("wallet", "from_block") if getattr(asked, name) is None]
        faults += [InvalidInput(name, "is needed without a tx_hash") for name in missing]
        if asked.to_block is not None and asked.to_block < (asked.from_block or 0):
            faults.append(InvalidInput("to_block", "is before from_block"))
    if faults or chain is None:
        raise InvalidRequest(faults)
    return chain


async def _wallets(asked: DiscoverRequest, context: Context) -> tuple[Address, ...]:
    if asked.wallet is None:
        return ()
    try:
        return await resolve_addresses([asked.wallet], context)
    except InvalidInput as error:
        raise InvalidInput("wallet", error.message) from None


async def _own_wallets(user: str, chain: Chain, context: Context) -> list[Address]:
    saved = await context.store.wallets.list_wallets(user)
    return [wallet.address for wallet in saved if not wallet.chains or chain.slug in wallet.chains]


async def _answer(
    context: Context,
    user: str,
    era: Era | None,
    asked: DiscoverRequest,
    chain: Chain,
    found: Discovery,
    cursors: Cursors | None = None,
) -> Response:
    kept: Sequence[tuple[Kept, ...]] = [()] * len(found.proposals)
    if asked.store:
        kept = await keep_proposals(user, found.proposals, context, keep_spam=asked.include_spam, era=era)
    progress, cursor = found.progress, None
    if cursors is not None and progress is not None and not progress.is_done:
        cursor = cursors.cursor(_format_progress(progress))
    body = DiscoveryBody(
        chain=chain.slug,
        chain_id=chain.chain_id,
        range=None if progress is None else _range(asked.from_block or 0, progress),
        items=[discovered_body(chain, *pair) for pair in zip(found.proposals, kept, strict=True)],
        next_cursor=cursor,
        complete=found.complete,
        errors=[error_body(failure) for failure in found.failures],
    )
    return json_response(200, body)


def _range(first: int, progress: Progress) -> RangeBody:
    """`read_to` counts whole blocks only."""
    return RangeBody(from_block=first, to_block=progress.last, read_to=progress.block - 1)


def _format_progress(progress: Progress) -> str:
    return ".".join("" if number is None else str(number) for number in progress)


def _parse_progress(place: str) -> Progress:
    """What `_format_progress` wrote: a cursor that is not ours does not come this far."""
    block, order, last = place.split(".")
    return Progress(int(block), int(order), int(last) if last else None)


def describe_verify() -> Operation:
    """What the OpenAPI document says of verification."""
    from .verification_docs import verify_operation

    return verify_operation()


def describe_discover() -> Operation:
    """What the OpenAPI document says of discovery."""
    from .verification_docs import discover_operation

    return discover_operation()


ROUTES: tuple[Route[Context], ...] = (
    Route("POST", VERIFY_PATH, verify, "trades", describe_verify, private=True),
    Route("POST", DISCOVER_PATH, discover, "trades", describe_discover, private=True),
)
