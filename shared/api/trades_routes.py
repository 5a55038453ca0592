"""The routes of trades, and where the OpenAPI document learns of them."""

from __future__ import annotations

from collections.abc import Callable

from ..web.messages import Operation, Route
from ..wiring import Context
from . import trades, trades_files, verification

# 32 MiB take minutes on a slow line.
_IMPORT_SECONDS = 300.0


def _described(name: str) -> Callable[[], Operation]:
    def describe() -> Operation:
        from .trades_docs import OPERATIONS

        return OPERATIONS[name]()

    return describe


ROUTES: tuple[Route[Context], ...] = (
    Route("GET", trades.PATH, trades.get_list, "trades", _described("list"), private=True),
    Route("POST", trades.PATH, trades.post, "trades", _described("record"), private=True),
    Route("GET", trades.ONE_PATH, trades.get_one, "trades", _described("one"), private=True),
    Route("PATCH", trades.ONE_PATH, trades.patch, "trades", _described("change"), private=True),
    Route("DELETE", trades.ONE_PATH, trades.delete, "trades", _described("delete"), private=True),
    Route(
        "GET", trades_files.EXPORT_PATH, trades_files.get_export, "trades", _described("export"), private=True
    ),
    Route(
        "POST",
        trades_files.IMPORT_PATH,
        trades_files.post_import,
        "trades",
        _described("import"),
        max_body=trades_files.MAX_IMPORT,
        private=True,
        seconds=_IMPORT_SECONDS,
        body_seconds=_IMPORT_SECONDS,
    ),
    *verification.ROUTES,
)
