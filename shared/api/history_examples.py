"""A portfolio's history as the OpenAPI document shows it."""

from __future__ import annotations

from ..web.messages import Json

_GROWN: Json = {"pct": "5", "annualised_pct": None, "reason": None}
HISTORY: Json = {
    "items": [
        {
            "id": "run-2",
            "timestamp": "2026-11-21T00:00:00Z",
            "total_usd": "4410",
            "complete": True,
            "change_usd": "210",
            "change_pct": "5",
        },
        {
            "id": "run-1",
            "timestamp": "2026-11-20T00:00:00Z",
            "total_usd": "4200",
            "complete": True,
            "change_usd": None,
            "change_pct": None,
        },
    ],
    "next_cursor": None,
    "performance": {
        "from": "2026-11-20T00:00:00Z",
        "to": "2026-11-21T00:00:00Z",
        "interval": "raw",
        "valuations": 2,
        "left_out": 0,
        "flows": 0,
        "time_weighted_return": _GROWN,
        "money_weighted_return": _GROWN,
        "max_drawdown": {"pct": "0", "peak_at": None, "trough_at": None, "reason": None},
    },
}
