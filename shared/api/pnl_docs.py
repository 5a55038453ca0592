"""What the OpenAPI document says of profit and loss."""

from __future__ import annotations

from ..core.methods import METHODS
from ..services.pnl import PARTS
from ..web.messages import Json, Operation
from .describing import (
    ADDRESS,
    ASSET,
    FLAG,
    choice_parameter,
    kept_answer,
    list_parameter,
    period_parameters,
    private_operation,
    query_parameter,
)
from .examples import ETH, WALLET
from .pnl_examples import PNL
from .pnl_read import FEE_NAMES, MOST_TOLERANCE, MOST_WINDOW_HOURS, POLICIES, SCOPES
from .pnl_schemas import PnlBody

_DESCRIPTION = """
Only confirmed trades count. What is held at the end of the period is valued at today's prices (`as_of`).

Every number explains itself: `include=lots,disposals` lists what is held and which lots each disposal
consumed; where a basis is missing the gain is a range, and where a price is missing it is null with a reason.
The totals are sums of what is known: `partial` names those that leave something out, and a zero among them is
always known to be zero.
Own transfers carry date and cost; `include=transfers` shows them. `compare=true` gives the totals of every
method in both scopes.

`reconciliation` sets what each wallet should hold by all confirmed trades against what its chain says, at one
block. A chain or price source that fails does not fail the request: `complete` is then false.
"""


_TOLERANCE: Json = {
    "type": "string",
    "format": "decimal",
    "pattern": r"^0+(\.(0[0-9]*|10*))?$",
    "maxLength": 100,
}
_HOURS: Json = {"type": "integer", "minimum": 0, "maximum": MOST_WINDOW_HOURS, "default": 20}
_ZONE: Json = {"type": "string", "default": "UTC", "minLength": 1, "maxLength": 64}


def pnl_operation() -> Operation:
    """The operation and its schemas, from the types of the body."""
    about: Json = {
        "operationId": "getPnl",
        "summary": "What trades gained, what is held, and whether the books agree with the chains.",
        "description": _DESCRIPTION.strip(),
        "tags": ["Portfolio"],
        "parameters": [*_rules(), *_scope(), *_extras(), *_matching()],
    }
    return private_operation(about, kept_answer("Profit and loss.", "PnlBody", PNL), PnlBody)


def _rules() -> list[Json]:
    return [
        choice_parameter("method", "Which lots a disposal takes first.", METHODS, "fifo"),
        choice_parameter("scope", "One pool of lots for all wallets, or one for each.", SCOPES, "universal"),
        choice_parameter("fees", "What fees do to basis and proceeds.", FEE_NAMES, "standard"),
        choice_parameter("missing_basis", "What coins of unknown acquisition cost.", POLICIES, "zero"),
    ]


def _scope() -> list[Json]:
    return [
        query_parameter("asset", "Only this: CAIP-19, or a symbol.", ASSET, ETH),
        *period_parameters("Trades"),
        query_parameter(
            "wallet",
            "Only what happened in this wallet (or ENS name); `scope` is then `wallet`. Transfers from and "
            "to other wallets count as deposits and withdrawals at cost.",
            ADDRESS,
            WALLET,
        ),
    ]


def _extras() -> list[Json]:
    return [
        list_parameter(
            "include",
            "What to list besides the sums, separated by commas.",
            {"type": "string", "enum": list(PARTS)},
            len(PARTS),
            ["lots", "disposals"],
        ),
        query_parameter("compare", "Adds the totals of all methods and scopes.", FLAG),
        query_parameter("reconcile", "Whether the chains are read.", {**FLAG, "default": True}),
        query_parameter(
            "time_zone",
            "Decides on which day something happened, and so when a gain is long-term.",
            _ZONE,
            "Europe/Berlin",
        ),
    ]


def _matching() -> list[Json]:
    return [
        query_parameter(
            "match_tolerance",
            f"For a transfer to match: the fraction, at most {MOST_TOLERANCE}, by which less may arrive.",
            _TOLERANCE,
            "0.005",
        ),
        query_parameter("match_window_hours", "How much later it may arrive.", _HOURS),
    ]
