"""The answer of /api/v1/portfolio/refresh: what its body asks for, read past the caches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from ..core.chains import Chains
from ..errors import InvalidInput, InvalidRequest, Unauthenticated
from ..services.stream_refresh import refresh
from ..web.bodies import parse_body, require_type
from ..web.messages import Request, Response, json_response
from ..web.params import Params
from ..wiring import Context
from .portfolio import MAX_ADDRESSES, MAX_CHAINS, Question, find_chain, query_of
from .reading import parse_wallet
from .stream_present import refresh_body
from .stream_read import question_of

T = TypeVar("T")


async def answer(context: Context, request: Request) -> Response:
    """Read the addresses asked for, or the caller's own wallets."""
    Params(request.query, ()).check()
    question = _question(request, context.chains)
    if not question.addresses and request.user is None:
        raise Unauthenticated("without addresses this reads your own wallets, and needs your token")
    query = await query_of(question, request.user, context)
    refreshed = await refresh(query, context)
    return json_response(200, refresh_body(refreshed, query, of_caller=not question.addresses))


def _question(request: Request, chains: Chains) -> Question:
    """What the body asks for; it may be left out.

    Raises InvalidRequest, CallerError and UnsupportedMediaType.
    """
    if not request.body:
        require_type(request, ("application/json",))
        return question_of((), (), chains)
    from .stream_schemas import RefreshRequest

    told = parse_body(request, RefreshRequest)
    faults: list[InvalidInput] = []
    addresses = _words("addresses", told.get("addresses"), MAX_ADDRESSES, parse_wallet, faults)
    named = _words("chains", told.get("chains"), MAX_CHAINS, partial(find_chain, chains), faults)
    if faults:
        raise InvalidRequest(faults)
    return question_of(addresses, named, chains)


def _words(
    field: str,
    words: Sequence[str] | None,
    most: int,
    parse: Callable[[str], T],
    faults: list[InvalidInput],
) -> tuple[T, ...]:
    """The words of a list, parsed; faults are added for what is wrong with them."""
    if words is None:
        return ()
    if not 0 < len(words) <= most:
        faults.append(InvalidInput(field, f"has {len(words)} values; there may be 1 to {most}"))
        return ()
    parsed: list[T] = []
    for number, word in enumerate(words):
        try:
            parsed.append(parse(word))
        except ValueError as error:
            faults.append(InvalidInput(f"{field}[{number}]", str(error)))
    return tuple(parsed)
