"""What the OpenAPI document says of a portfolio's history."""

from __future__ import annotations

from ..core.snapshots import INTERVALS
from ..web.messages import Json, Operation
from .describing import (
    FLAG,
    choice_parameter,
    kept_answer,
    page_parameters,
    period_parameters,
    private_operation,
    query_parameter,
)
from .history_examples import HISTORY
from .history_schemas import HistoryBody

_DESCRIPTION = """
With an `interval` other than `raw`, the last snapshot of each bucket; buckets are of UTC, and weeks begin on
Monday.

A snapshot's total is what the portfolio said then: debts are taken off. Its assets are one row for each asset
that the addresses held themselves, and one for each protocol and kind in which it was held for them.

The first page also has the returns over the whole range, measured by every snapshot in it whatever the
`interval`. Money and coins that came in or went out by the ledger are not gains; a return that cannot be
known is null with a reason. So is the time-weighted one where something came or went and no snapshot is
within a day of it: what all was worth then is not known.
"""


def history_operation() -> Operation:
    """The operation and its schemas, from the types of the body."""
    about: Json = {
        "operationId": "getHistory",
        "summary": "What the portfolio was worth over time, and its returns.",
        "description": _DESCRIPTION.strip(),
        "tags": ["Portfolio"],
        "parameters": [
            *period_parameters("Snapshots"),
            choice_parameter(
                "interval", "`raw`: every snapshot. Else the last one of each.", INTERVALS, "raw"
            ),
            query_parameter(
                "include_assets", "Lists what was held and owed, and what could not be read.", FLAG
            ),
            *page_parameters("Snapshots", "`timestamp`"),
        ],
    }
    return private_operation(about, kept_answer("A page of snapshots.", "HistoryBody", HISTORY), HistoryBody)
