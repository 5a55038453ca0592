"""GET /api/v1/trades/export and POST /api/v1/trades/import: all trades as a file, and back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from itertools import islice

from ..core.trades import Trade
from ..services.trades import find_reply
from ..services.trades_check import ImportReport
from ..services.trades_export import csv_of, read_all
from ..services.trades_import import TradeImport
from ..web.bodies import require_type
from ..web.messages import Request, Response, Stream, encode_json
from ..web.params import Params
from ..web.problems import PROBLEM_TYPE, problem
from ..wiring import Context
from .reading import choice
from .trades_present import trade_body
from .trades_read import read_keyed
from .trades_schemas import ImportBody, RecordedRowBody, RowFaultBody

EXPORT_PATH = "/api/v1/trades/export"
IMPORT_PATH = "/api/v1/trades/import"
MAX_IMPORT = 32 * 1024 * 1024
FORMATS = ("csv", "json")
ON_ERROR = ("reject", "skip")
_ROWS_AT_ONCE = 500
CSV_TYPES = ("text/csv", "application/csv")


async def get_export(context: Context, request: Request) -> Response:
    """All trades of the caller, earliest first, sent while they are read."""
    params = Params(request.query, ("format",))
    wanted = params.one("format", choice(FORMATS), "csv")
    params.check()
    chunks = await read_all(request.caller, context)
    named = ((b"content-disposition", f'attachment; filename="trades.{wanted}"'.encode()),)
    if wanted == "json":
        return Stream(_json_of(chunks), media_type=b"application/json", headers=named)
    return Stream(csv_of(chunks), media_type=b"text/csv; charset=utf-8; header=present", headers=named)


async def post_import(context: Context, request: Request) -> Response:
    """Record the trades of a file: every row, or with on_error=skip every good one."""
    params = Params(request.query, ("on_error",))
    skip = params.one("on_error", choice(ON_ERROR), "reject") == "skip"
    params.check()
    require_type(request, CSV_TYPES)
    user, keyed = request.caller, read_keyed(request, "POST trades/import")
    era = await context.store.erasures.read_era(user)
    reply = await find_reply(user, keyed, context)
    if reply is None:
        importing = TradeImport(user, request.body, context, era)
        report = await importing.check()
        if report.bad and not skip:
            return _refusal(request, report)
        told = (200, encode_json(_body(report)))
        reply = await importing.keep(keyed, told) or told
    return Response(*reply)


async def _json_of(chunks: AsyncIterator[tuple[Trade, ...]]) -> AsyncGenerator[bytes, None]:
    """The trades as `{items: […]}`, piece by piece."""
    before = b'{"items":['
    async for trades in chunks:
        yield before + b",".join(encode_json(trade_body(trade)) for trade in trades)
        before = b","
    yield b"]}" if before == b"," else before + b"]}"


def _refusal(request: Request, report: ImportReport) -> Response:
    """A conflict if the file repeats what is recorded and is right otherwise."""
    rows = "1 row is" if report.bad == 1 else f"{report.bad} rows are"
    only_recorded = len(report.faults) == len(report.recorded)
    why, names = ("recorded already", "duplicates") if only_recorded else ("not accepted", "errors")
    detail = f"{rows} {why}, so nothing was imported; `{names}` names each (on_error=skip leaves them out)"
    status, title = (409, "Conflict") if only_recorded else (400, "Bad Request")
    head = problem(request, status, title, detail)
    return Stream(_refusal_json(head.body, report), media_type=PROBLEM_TYPE, status=status)


async def _refusal_json(head: bytes, report: ImportReport) -> AsyncGenerator[bytes, None]:
    """The problem with all its rows, piece by piece: a file of 100,000 may be refused in each of them."""
    yield head.removesuffix(b"}")
    for name, rows in (("errors", _faults(report)), ("duplicates", _recorded(report))):
        before = f',"{name}":['.encode()
        while some := [encode_json(row) for row in islice(rows, _ROWS_AT_ONCE)]:
            yield before + b",".join(some)
            before = b","
        yield b"]" if before == b"," else before + b"]"
    yield b"}"


def _body(report: ImportReport) -> ImportBody:
    return ImportBody(
        imported=report.good,
        skipped=report.bad,
        errors=list(_faults(report)),
        duplicates=list(_recorded(report)),
    )


def _recorded(report: ImportReport) -> Iterator[RecordedRowBody]:
    return (RecordedRowBody(row=r.row, trade_id=r.trade_id) for r in report.recorded)


def _faults(report: ImportReport) -> Iterator[RowFaultBody]:
    return (RowFaultBody(row=f.row, line=f.line, field=f.field, message=f.message) for f in report.faults)
