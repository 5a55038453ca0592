"""GET /api/v1/me/export: everything that is kept of the caller. DELETE /api/v1/me: and nothing any more."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple

from ..core.times import format_time
from ..services import me_export
from ..services.me_erasure import erase_account
from ..web.messages import Operation, Request, Response, Route, Stream, encode_json, json_response
from ..web.params import Params
from ..wiring import Context
from .me_present import (
    change_body,
    erasure_body,
    kept_answer_body,
    kept_checkpoint_body,
    kept_run_body,
    kept_snapshot_body,
    kept_trade_body,
)
from .wallets_present import wallet_body

PATH = "/api/v1/me"
EXPORT_PATH = f"{PATH}/export"
# The erasure stops itself long before, and says that it has to be asked for again.
_ERASE_SECONDS = 280.0


class _Section(NamedTuple):
    """A list of the document: its name, who reads it, and the body of each row."""

    name: str
    read: Callable[[str, Context], AsyncIterator[Sequence[Any]]]
    body: Callable[[Any], object]


_SECTIONS = (
    _Section("wallets", me_export.read_wallets, wallet_body),
    _Section("runs", me_export.read_runs, kept_run_body),
    _Section("trades", me_export.read_trades, kept_trade_body),
    _Section("snapshots", me_export.read_snapshots, kept_snapshot_body),
    _Section("answers", me_export.read_answers, kept_answer_body),
    _Section("checkpoints", me_export.read_checkpoints, kept_checkpoint_body),
    _Section("changes", me_export.read_changes, change_body),
)


async def get_export(context: Context, request: Request) -> Response:
    """Everything that is kept of the caller, sent while it is read."""
    Params(request.query, ()).check()
    document = _document(request.caller, context)
    # The store is asked before the answer begins: if it cannot be read, the status says so.
    first = await anext(document)
    named = ((b"content-disposition", b'attachment; filename="account.json"'),)
    return Stream(_behind(first, document), media_type=b"application/json", headers=named)


async def delete(context: Context, request: Request) -> Response:
    """Erase everything that is kept of the caller."""
    Params(request.query, ()).check()
    erasure = await erase_account(request.caller, context)
    return json_response(200 if erasure.complete else 202, erasure_body(erasure))


async def _document(user: str, context: Context) -> AsyncGenerator[bytes, None]:
    """One JSON object, its counts at the end: what broke off lacks them."""
    counts: dict[str, int] = {}
    head = {"user_id": user, "exported_at": format_time(context.clock())}
    before = encode_json(head).removesuffix(b"}")
    for section in _SECTIONS:
        before += f',"{section.name}":['.encode()
        counts[section.name] = 0
        async for rows in section.read(user, context):
            if rows:
                yield before + b",".join(encode_json(section.body(row)) for row in rows)
                before = b","
                counts[section.name] += len(rows)
        before = b"]" if before == b"," else before + b"]"
    yield before + b',"counts":' + encode_json(counts) + b"}"


async def _behind(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    try:
        yield first
        async for chunk in rest:
            yield chunk
    finally:
        await rest.aclose()


def describe_export() -> Operation:
    """What the OpenAPI document says of the export."""
    from .me_docs import export_operation

    return export_operation()


def describe_delete() -> Operation:
    """What the OpenAPI document says of the erasure."""
    from .me_docs import erase_operation

    return erase_operation()


ROUTES: tuple[Route[Context], ...] = (
    Route("DELETE", PATH, delete, "me", describe_delete, private=True, seconds=_ERASE_SECONDS),
    Route("GET", EXPORT_PATH, get_export, "me", describe_export, private=True, seconds=None),
)
