"""GET /api/v1/portfolio/history: the caller's snapshots a page at a time, and the returns over the range."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.ledger import Accounting
from ..core.snapshots import INTERVALS
from ..services.accounting import families_of
from ..services.history import HistoryQuery, read_history, read_performance
from ..web.messages import Operation, Request, Response, Route
from ..web.params import Params, parse_flag
from ..wiring import Context
from .answers import private_answer
from .history_present import history_body
from .paging import Cursors, read_limit, read_order
from .reading import choice, read_period

PATH = "/api/v1/portfolio/history"
PARAMETERS = ("from", "to", "interval", "include_assets", "limit", "cursor", "order")


@dataclass(frozen=True, slots=True)
class HistoryQuestion:
    """The query of a request, checked."""

    query: HistoryQuery
    limit: int
    cursor: str | None


async def get(context: Context, request: Request) -> Response:
    """What the caller's portfolio was worth."""
    user = request.caller
    question = read_question(request.query)
    query = question.query
    cursors = Cursors(context.cursor_key, user, words_of(query))
    place = cursors.place(question.cursor)
    page = await read_history(user, query, context, after=place, limit=question.limit)
    performance = None
    if place is None:
        rules = Accounting(families=families_of(context.known_chains))
        performance = await read_performance(user, query, rules, context)
    body = history_body(page, cursors.cursor(page.next), performance, with_assets=query.with_assets)
    return private_answer(body)


def read_question(query: bytes) -> HistoryQuestion:
    """What is asked for; raises InvalidRequest naming every parameter that is wrong."""
    params = Params(query, PARAMETERS)
    since, until = read_period(params)
    asked = HistoryQuery(
        since=since,
        until=until,
        interval=params.one("interval", choice(INTERVALS), "raw"),
        order=read_order(params),
        with_assets=params.one("include_assets", parse_flag, False),
    )
    question = HistoryQuestion(asked, read_limit(params), params.maybe("cursor", str))
    params.check()
    return question


def words_of(query: HistoryQuery) -> str:
    """What a cursor of this list is bound to."""
    times = ("" if time is None else time.isoformat() for time in (query.since, query.until))
    return "\n".join(("history", *times, query.interval, query.order))


def describe() -> Operation:
    """What the OpenAPI document says of it."""
    from .history_docs import history_operation

    return history_operation()


ROUTES: tuple[Route[Context], ...] = (Route("GET", PATH, get, "history", describe, private=True),)
