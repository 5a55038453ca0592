"""What the OpenAPI document says of a portfolio's history."""

from __future__ import annotations

from ..core.snapshots import INTERVALS
from ..web.messages import Json, Operation
from ..web.openapi import json_answer, problem_responses
from .history_schemas import HistoryBody
from .paging import DEFAULT_LIMIT, MAX_LIMIT
from .pnl_docs import parameter, period_parameters
from .schemas import schemas_of

_DESCRIPTION = """
With an `interval` other than `raw`, the last snapshot of each bucket; buckets are of UTC, and weeks begin on
Monday.

The first page also has the returns over the whole range. Money and coins that came in or went out by the
ledger are not gains; a return that cannot be known is null with a reason.
"""


def history_operation() -> Operation:
    """The operation and its schemas, from the types of the body."""
    answer = json_answer("A page of snapshots.", "HistoryBody", _example())
    answer["headers"] = {
        "ETag": {"schema": {"type": "string"}, "description": "Send it back in `If-None-Match`."},
        "Cache-Control": {"schema": {"type": "string"}, "description": "Never reused without asking."},
    }
    description: Json = {
        "operationId": "getHistory",
        "summary": "What the portfolio was worth over time, and its returns.",
        "description": _DESCRIPTION.strip(),
        "tags": ["Portfolio"],
        "security": [{"idToken": []}],
        "parameters": _parameters(),
        "responses": {
            "200": answer,
            "304": {"description": "The answer is still the one that `If-None-Match` names."},
            **problem_responses(400, 401, 413, 429, 500, 503),
        },
    }
    return Operation(description, schemas_of(HistoryBody))


def _parameters() -> list[Json]:
    limits: Json = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    intervals: Json = {"type": "string", "enum": list(INTERVALS), "default": "raw"}
    return [
        *period_parameters("Snapshots"),
        parameter("interval", "`raw`: every snapshot. Else the last one of each.", intervals),
        parameter("include_assets", "Lists what was held.", {"type": "boolean", "default": False}),
        parameter("limit", "Snapshots on a page.", limits),
        parameter("cursor", "`next_cursor` of the page before.", {"type": "string", "maxLength": 1024}),
        parameter(
            "order",
            "The latest first, or the earliest.",
            {"type": "string", "enum": ["asc", "desc"], "default": "desc"},
        ),
    ]


def _example() -> Json:
    first, last = "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"
    grown = {"pct": "5", "annualised_pct": None, "reason": None}
    return {
        "items": [
            _snapshot("run-2", last, "4410", "210", "5"),
            _snapshot("run-1", first, "4200", None, None),
        ],
        "next_cursor": None,
        "performance": {
            "from": first,
            "to": last,
            "interval": "day",
            "valuations": 2,
            "left_out": 0,
            "flows": 0,
            "time_weighted_return": grown,
            "money_weighted_return": grown,
            "max_drawdown": {"pct": "0", "peak_at": None, "trough_at": None, "reason": None},
        },
    }


def _snapshot(name: str, timestamp: str, total: str, change: str | None, percent: str | None) -> Json:
    return {
        "id": name,
        "timestamp": timestamp,
        "total_usd": total,
        "complete": True,
        "change_usd": change,
        "change_pct": percent,
    }
