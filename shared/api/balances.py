"""GET /v2/balances: what each app of each chain holds, told as it is found; Zapper's contract."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from typing import NamedTuple

from ..errors import InvalidInput
from ..services.addresses import resolve_addresses
from ..services.app_finds import Found
from ..services.balances import BalanceReading, Broken, Word, apps_of
from ..web.accepts import prefers
from ..web.exact_json import encode_exact
from ..web.messages import Operation, Request, Response, Route
from ..web.sse import EVENT_STREAM, encode_comment, encode_event, event_stream
from ..wiring import Context
from .answers import NOT_REUSABLE
from .balances_present import Payloads
from .balances_read import Question, network_of, parse_question
from .balances_schemas import BalancesBody, PresentedBalancePayload, ProblemEventBody, SummaryPayload
from .balances_summary import Tally
from .balances_urls import Urls

PATH = "/v2/balances"
# After so long without an event a comment shows that the connection is alive.
_QUIET_SECONDS = 3.0
_VARY = (b"vary", b"accept")
_END = encode_event("end", b"end")

logger = logging.getLogger(__name__)


class _Answer(NamedTuple):
    """All that answering one request takes."""

    question: Question
    urls: Urls
    reading: BalanceReading
    payloads: Payloads
    tally: Tally
    clock: Callable[[], datetime]

    def present(self, found: Found) -> list[PresentedBalancePayload]:
        payloads = self.payloads.present(found)
        self.tally.count(found, payloads)
        return payloads

    def summary(self) -> SummaryPayload:
        return self.tally.summary(self.urls, self.clock())


async def get(context: Context, request: Request) -> Response:
    """A stream of events, or to those who would rather have it the same as one JSON document."""
    question = parse_question(request.query, context.chains, context.known_chains, context)
    try:
        addresses = await resolve_addresses(question.addresses, context)
    except InvalidInput as error:
        raise InvalidInput("addresses", error.message) from None
    asked = apps_of(question.chains, question.apps, context)
    urls = Urls(question, addresses, PATH)
    answer = _Answer(
        question,
        urls,
        BalanceReading(addresses, asked, context),
        Payloads(urls),
        Tally(asked, question.skipped),
        context.clock,
    )
    if prefers(request.header(b"accept"), "application/json", EVENT_STREAM.decode().partition(";")[0]):
        return await _document(answer)
    stream = event_stream(_events(answer, request))
    stream.headers = (*stream.headers, _VARY)
    return stream


async def _document(answer: _Answer) -> Response:
    """All payloads, in the order of the chains that were asked for, each chain's tokens first."""
    founds: list[Found] = []
    answer.reading.start()
    try:
        while (told := await answer.reading.next(_QUIET_SECONDS)) is not Word.DONE:
            if isinstance(told, Broken):
                raise told.error
            if isinstance(told, Found):
                founds.append(told)
    finally:
        await answer.reading.close()
    places = {chain: place for place, chain in enumerate(answer.question.chains)}
    founds.sort(key=lambda found: places[found.chain])
    body = BalancesBody(items=[payload for found in founds for payload in answer.present(found)])
    if answer.question.summary:
        body["summary"] = answer.summary()
    return Response(200, encode_exact(body), headers=(_VARY,), cache_control=NOT_REUSABLE)


async def _events(answer: _Answer, request: Request) -> AsyncGenerator[bytes, None]:
    """The events of an answer; what is still being read when the caller leaves is read no further."""
    reading = answer.reading
    ending = asyncio.ensure_future(request.closing.wait())
    ending.add_done_callback(lambda _: reading.stop())
    reading.start()
    try:
        while (told := await reading.next(_QUIET_SECONDS)) is not Word.DONE:
            if isinstance(told, Found):
                for payload in answer.present(told):
                    yield encode_event("balance", encode_exact(payload))
            elif told is Word.QUIET:
                yield encode_comment()
            else:
                yield _problem(told, answer)
                break
        else:
            if answer.question.summary:
                yield encode_event("summary", encode_exact(answer.summary()))
        yield _END
    finally:
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
        await reading.close()


def _problem(told: Broken | Word, answer: _Answer) -> bytes:
    """What broke after the answer had begun; nothing but the end follows it."""
    if isinstance(told, Broken):
        logger.error("reading %s broke", told.chain.slug, exc_info=told.error)
        body = ProblemEventBody(
            scope="chain",
            network=network_of(told.chain),
            code="internal_error",
            message="something went wrong here, and has been logged; what was not told is not known",
            url=answer.urls.retry(told.chain),
        )
    else:
        body = ProblemEventBody(
            scope="server",
            network=None,
            code="server_ending",
            message="this server is being stopped; what was not told is not known",
            url=answer.urls.again(),
        )
    return encode_event("error", encode_exact(body))


def describe() -> Operation:
    """What the OpenAPI document says of it."""
    from .balances_docs import balances_operation

    return balances_operation()


# Anybody may ask, and Zapper's clients send a key of theirs in `Authorization`: who calls is not looked at.
ROUTES: tuple[Route[Context], ...] = (
    Route("GET", PATH, get, "balances", describe, identified=False, streaming=True),
)
