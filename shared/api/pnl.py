"""GET /api/v1/portfolio/pnl: reads the question, asks the service, and presents what came of the trades."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from ..services.accounting import families_of
from ..services.pnl import PnlAnswer, read_pnl
from ..web.etags import weak_etag_of
from ..web.messages import Operation, Request, Response, Route, encode_json
from ..wiring import Context
from .answers import private_answer
from .pnl_present import pnl_body
from .pnl_read import PnlQuestion, read_question
from .trades_read import resolve_wallet

PATH = "/api/v1/portfolio/pnl"


async def get(context: Context, request: Request) -> Response:
    """What the caller's trades gained and what is held, by the rules asked for."""
    user = request.caller
    question = read_question(request.query)
    query = question.query
    rules = replace(query.rules, families=families_of(context.known_chains))
    wallet = None if question.wallet is None else await resolve_wallet(question.wallet, context)
    answer = await read_pnl(user, replace(query, rules=rules, wallet=wallet), context)
    retry_url = f"{PATH}?{request.query.decode()}".rstrip("?")
    return await asyncio.to_thread(_present, answer, question, retry_url)


def _present(answer: PnlAnswer, question: PnlQuestion, retry_url: str) -> Response:
    """The tag leaves out the time: an answer in which nothing else differs is the same answer."""
    body = pnl_body(answer, question.named, question.between, retry_url)
    etag = weak_etag_of(encode_json({**body, "as_of": None}))
    return private_answer(body, etag=etag)


def describe() -> Operation:
    """What the OpenAPI document says of it."""
    from .pnl_docs import pnl_operation

    return pnl_operation()


ROUTES: tuple[Route[Context], ...] = (Route("GET", PATH, get, "pnl", describe, private=True),)
