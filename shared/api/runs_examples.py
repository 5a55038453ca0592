"""Snapshot runs as the OpenAPI document shows them."""

from __future__ import annotations

from ..web.messages import Json

RUN_ID = "20261121T080012.000345Z-2bd806c97f0e"
STARTED: Json = {
    "id": RUN_ID,
    "status": "running",
    "scheduled_at": "2026-11-21T08:00:12.000345Z",
    "started_at": "2026-11-21T08:00:12.000345Z",
    "finished_at": None,
    "elapsed_ms": 41,
    "chains": ["ethereum", "base"],
    "users": 1,
    "wallets": 2,
    "parts": {"total": 2, "done": 0, "failed": 0, "waiting": 2},
    "snapshots": {"total": 1, "done": 0},
    "complete": None,
    "snapshot": None,
    "detail": None,
}
FINISHED: Json = {
    **STARTED,
    "status": "finished",
    "finished_at": "2026-11-21T08:00:13.000345Z",
    "elapsed_ms": 1000,
    "parts": {"total": 2, "done": 2, "failed": 0, "waiting": 0},
    "snapshots": {"total": 1, "done": 1},
    "complete": True,
    "snapshot": {
        "id": RUN_ID,
        "timestamp": "2026-11-21T08:00:12.000345Z",
        "total_usd": "4410",
        "complete": True,
        "errors": [],
    },
}
EMPTY: Json = {
    **STARTED,
    "status": "finished",
    "finished_at": "2026-11-21T08:00:12.041345Z",
    "users": 0,
    "wallets": 0,
    "parts": {"total": 0, "done": 0, "failed": 0, "waiting": 0},
    "snapshots": {"total": 0, "done": 0},
    "complete": True,
    "detail": "no wallet is saved that could be read on one of these chains, so there is nothing to keep",
}
