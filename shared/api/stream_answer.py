"""The answer of /api/v1/stream: the events of a session, encoded as they come."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from secrets import randbelow

from ..errors import Unauthenticated
from ..services.chain_reads import PortfolioQuery
from ..services.stream import Closing, open_stream
from ..services.stream_events import End, Heartbeat
from ..services.stream_hub import HubSources
from ..web.messages import Request, Response
from ..web.sse import event_stream
from ..wiring import Context
from .portfolio import query_of
from .stream_present import StreamEncoder
from .stream_read import parse_question

# The platform breaks an answer off at 10 MB.
MOST_BYTES = 9_000_000
_SOONEST_MS = 1_000
_SPREAD_MS = 2_000


async def answer(context: Context, request: Request) -> Response:
    """A stream of the addresses asked for, or of the caller's own wallets."""
    question = parse_question(request.query, context.chains)
    if not question.addresses and request.user is None:
        raise Unauthenticated("without an address this shows your own wallets, and needs your token")
    asked_now = partial(query_of, question, request.user, context)
    query = await asked_now()
    given = request.header(b"last-event-id")
    last_id = None if given is None else given.decode("latin-1")
    of_caller = None if question.addresses else asked_now
    events = stream_bytes(query, last_id, context, request.closing, asked_now=of_caller)
    await anext(events)
    return event_stream(events)


async def stream_bytes(
    query: PortfolioQuery,
    last_id: str | None,
    sources: HubSources,
    closing: Closing,
    *,
    asked_now: Callable[[], Awaitable[PortfolioQuery]] | None = None,
    most: int = MOST_BYTES,
    retry_ms: Callable[[], int] = lambda: _SOONEST_MS + randbelow(_SPREAD_MS),
) -> AsyncGenerator[bytes, None]:
    """The encoded events, at most so many bytes of them. First comes nothing: what fails before is no event.

    `asked_now` is given for the caller's own wallets, which may become other ones. `retry_ms` spreads those
    who come back over some time.
    """
    encoder = StreamEncoder(query, of_caller=asked_now is not None)
    async with open_stream(query, last_id, sources, closing, asked_now) as session:
        yield b""
        sent, has_told = 0, False
        while True:
            event = await session.next_event()
            is_end = isinstance(event, End)
            encoded = encoder.encode(event, retry_ms=retry_ms() if is_end or not sent else None)
            # Something is told in any case: the client comes back for the rest, and gets on.
            if has_told and sent + len(encoded) > most:
                encoded, is_end = encoder.encode(End("size"), retry_ms=retry_ms()), True
            yield encoded
            if is_end:
                return
            sent += len(encoded)
            has_told |= not isinstance(event, Heartbeat)
