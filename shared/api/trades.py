"""GET and POST /api/v1/trades, GET, PATCH and DELETE /api/v1/trades/{id}."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

from ..core.trades import Trade
from ..errors import PreconditionFailed
from ..services.trades import (
    KeptTrade,
    Reply,
    change_trade,
    delete_trade,
    draft_trades,
    find_reply,
    find_trade,
    keep_trades,
    list_trades,
)
from ..services.verification import Verification, verify_trades
from ..web.etags import is_as_expected
from ..web.messages import Request, Response, encode_json
from ..web.params import Params, parse_flag
from ..wiring import Context
from .answers import private_answer
from .paging import Cursors
from .trades_present import created_body, trade_body
from .trades_read import (
    read_changes,
    read_keyed,
    read_list_question,
    read_new_trades,
    resolve_wallet,
    with_wallets_resolved,
    words_of,
)

PATH = "/api/v1/trades"
ONE_PATH = f"{PATH}/{{id}}"


async def get_list(context: Context, request: Request) -> Response:
    """The caller's trades, a page at a time."""
    user = request.caller
    question = read_list_question(request.query, context.known_chains)
    query = question.query
    if question.wallet is not None:
        query = replace(query, wallet=await resolve_wallet(question.wallet, context))
    cursors = Cursors(context.cursor_key, user, words_of(query))
    after = cursors.place(question.cursor)
    found = await list_trades(user, query, context, after=after, limit=question.limit)
    body = {
        "items": [trade_body(trade) for trade in found.trades],
        "next_cursor": cursors.cursor(found.next),
    }
    return private_answer(body)


async def post(context: Context, request: Request) -> Response:
    """Record one trade or several: all or none."""
    user = request.caller
    params = Params(request.query, ("verify",))
    verify = params.one("verify", parse_flag, False)
    params.check()
    drafts, several = read_new_trades(request)
    keyed = read_keyed(request, "POST trades")
    era, known = await asyncio.gather(context.store.erasures.read_era(user), find_reply(user, keyed, context))
    if known is None:
        trades = draft_trades(user, await with_wallets_resolved(drafts, context), context, several=several)
        checked = await verify_trades(trades, context, several=several) if verify else [None] * len(trades)
        trades = [
            trade if found is None else found.trade for trade, found in zip(trades, checked, strict=True)
        ]
        reply = (201, _created(trades, checked, several=several))
        known = await keep_trades(user, trades, context, keyed=keyed, reply=reply, era=era) or reply
    return _reply(known, several=several)


async def get_one(context: Context, request: Request) -> Response:
    """One trade; its ETag is that of its version."""
    _no_parameters(request)
    return _present(await find_trade(request.caller, request.path_params["id"], context))


async def patch(context: Context, request: Request) -> Response:
    """Change some fields of a trade."""
    _no_parameters(request)
    user = request.caller
    (changes,) = await with_wallets_resolved([read_changes(request)], context)
    kept = await find_trade(user, request.path_params["id"], context)
    _require_expected(request, kept)
    return _present(await change_trade(user, kept, changes, context))


async def delete(context: Context, request: Request) -> Response:
    """Forget a trade."""
    _no_parameters(request)
    user, trade_id = request.caller, request.path_params["id"]
    version = None
    if request.header(b"if-match") is not None:
        kept = await find_trade(user, trade_id, context)
        _require_expected(request, kept)
        version = kept.version
    await delete_trade(user, trade_id, context, version=version)
    return Response(204, b"")


def _created(trades: Sequence[Trade], checked: Sequence[Verification | None], *, several: bool) -> bytes:
    bodies = [created_body(*pair) for pair in zip(trades, checked, strict=True)]
    return encode_json({"items": bodies} if several else bodies[0])


def _reply(reply: Reply, *, several: bool) -> Response:
    """The answer to POST, the first time and every other."""
    status, body = reply
    if several:
        return Response(status, body)
    location = f"{PATH}/{json.loads(body)['id']}"
    return Response(status, body, headers=((b"location", location.encode()),), etag=_etag(1))


def _present(kept: KeptTrade) -> Response:
    return private_answer(trade_body(kept.trade), etag=_etag(kept.version))


def _etag(version: int) -> bytes:
    return b'"%d"' % version


def _require_expected(request: Request, kept: KeptTrade) -> None:
    if not is_as_expected(request.header(b"if-match"), _etag(kept.version)):
        raise PreconditionFailed(f"trade {kept.trade.id} has another version by now: read it again")


def _no_parameters(request: Request) -> None:
    Params(request.query, ()).check()
