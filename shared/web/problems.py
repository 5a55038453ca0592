"""Errors as HTTP answers: RFC 9457 `application/problem+json`."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from ..errors import (
    CallerError,
    DuplicateTrade,
    InvalidInput,
    InvalidRequest,
    MethodNotAllowed,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from .messages import Header, Json, Request, Response, encode_json

PROBLEM_TYPE = b"application/problem+json"


def problem_of(error: CallerError | Unavailable, request: Request) -> Response:
    """The answer to a request that failed for a known reason."""
    return problem(
        request,
        error.status,
        error.title,
        str(error),
        faults=_faults(error),
        headers=_headers(error),
        more={"trade_id": error.trade_id} if isinstance(error, DuplicateTrade) else None,
    )


def internal_error(request: Request) -> Response:
    """The answer when the fault is ours: it says nothing of the cause."""
    detail = "something went wrong here; the log has the details under this request_id"
    return problem(request, 500, "Internal Server Error", detail)


def problem(
    request: Request,
    status: int,
    title: str,
    detail: str,
    *,
    faults: Sequence[InvalidInput] = (),
    headers: tuple[Header, ...] = (),
    more: Json | None = None,
) -> Response:
    """A problem body; `more` are members of this kind of problem alone.

    Its type is `about:blank`: the status and title say all that the type could.
    """
    body: Json = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": request.request_id,
    }
    if faults:
        body["errors"] = [{"field": fault.field, "message": fault.message} for fault in faults]
    return Response(status, encode_json({**body, **(more or {})}), media_type=PROBLEM_TYPE, headers=headers)


def _faults(error: CallerError | Unavailable) -> Sequence[InvalidInput]:
    if isinstance(error, InvalidRequest):
        return error.faults
    return (error,) if isinstance(error, InvalidInput) else ()


def _headers(error: CallerError | Unavailable) -> tuple[Header, ...]:
    if isinstance(error, RateLimited):
        return ((b"retry-after", b"%d" % max(1, ceil(error.retry_after))),)
    if isinstance(error, MethodNotAllowed):
        return ((b"allow", ", ".join(error.allow).encode()),)
    return ((b"www-authenticate", b"Bearer"),) if isinstance(error, Unauthenticated) else ()
