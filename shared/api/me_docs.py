"""What the OpenAPI document says of a user's account."""

from __future__ import annotations

from ..services.me_retention import LATEST_DAYS, MARK_DAYS, RUN_DAYS
from ..web.messages import Json, Operation
from ..web.openapi import json_answer
from .describing import private_operation
from .me_schemas import ErasureBody, ExportBody

_EXPORT = """
One JSON document, sent while it is read. `counts` comes last: a document without it broke off.

Not in it is:

- what is kept of addresses, whoever asked for them, and is public: their latest balances, and what was read
  of them for runs;
- the plans of runs for all users: they name wallets of others, and of yours those that are in `wallets`;
- copies of what is in it: archives, and what the database keeps so as to be set back to a time;
- log lines, which name you by a hash only.
"""
_ERASE = """
Everything goes: trades, wallets, snapshots, what was read for them, answers under idempotency keys and what
was computed. It is looked for again until nothing is found; the counts say what this request removed. A large
account takes longer than one request: the answer is then 202 with `complete` false, and the same request goes
on. Sent again later it finds nothing.

What your other requests have written goes with the rest. One that began before this one and is still at work
when this one ends keeps nothing: an import, trades, a wallet or a snapshot are then refused with 409 in the
step that would keep them. What begins behind it is a new beginning, at once; a request begins when all of it
has arrived. A snapshot run that is under way keeps nothing for you any more: one of your own is gone, and
what one for all users kept just before it noticed is removed again.

Your token, or the session of a signed-in wallet, stays good until it expires: nobody can take it back. Throw
it away; what is sent with it later is such a beginning.

What remains for a while is public, or shown to nobody:

- for {run} days: plans of runs for all users, which name your wallets, and what was read of these addresses;
- for {mark} days: a hash that says that you were erased;
- for {latest} days: the latest balances of addresses, from the public chain;
- for 7 days: what the database keeps so as to be set back to a time (point-in-time recovery);
- for 30 days: log lines, which name you by a hash (Cloud Logging's default);
- in archives that were written before: until the bucket deletes them, after 400 days unless the operator set
  `archive_days` to something else.
"""
_COUNTS: Json = {
    "wallets": 2,
    "runs": 1,
    "trades": 40,
    "snapshots": 365,
    "answers": 3,
    "checkpoints": 1,
    "changes": 12,
}
_ERASURE: Json = {"complete": True, "at": "2026-11-21T12:00:00Z", "erased": _COUNTS}


def export_operation() -> Operation:
    """GET /api/v1/me/export."""
    about: Json = {
        "operationId": "exportAccount",
        "summary": "Everything that is kept of you.",
        "description": _EXPORT.strip(),
        "tags": ["Account"],
    }
    return private_operation(about, {"200": json_answer("The document.", "ExportBody")}, ExportBody)


def erase_operation() -> Operation:
    """DELETE /api/v1/me."""
    about: Json = {
        "operationId": "eraseAccount",
        "summary": "Erases everything that is kept of you, for good.",
        "description": _ERASE.strip().format(run=RUN_DAYS, mark=MARK_DAYS, latest=LATEST_DAYS),
        "tags": ["Account"],
    }
    partly = {**_ERASURE, "complete": False}
    answers = {
        "200": json_answer("Nothing is found any more.", "ErasureBody", _ERASURE),
        "202": json_answer("There is more: send the request again.", "ErasureBody", partly),
    }
    return private_operation(about, answers, ErasureBody)
