"""What the OpenAPI document says of verification and discovery."""

from __future__ import annotations

from ..web.messages import Json, Operation
from ..web.openapi import json_answer
from .describing import TRADE_PARAMETER, json_body, private_operation
from .verification_examples import DISCOVERY, QUESTION, VERIFICATION
from .verification_requests import DiscoverRequest
from .verification_schemas import DiscoveryBody, VerificationBody

_VERIFY = """
Reads the receipt of the trade's `tx_hash` on its chain. The status becomes `confirmed`, `failed` or
`pending` as the chain has it, with block and time; the gas of a failed transaction was paid, so a `fee` of it
is `confirmed`. A transaction that no endpoint knows changes nothing: it may not have been sent, or be older
than what endpoints keep.

`amount` compares the trade's quantity with what the transaction moved for its wallet: tokens by their logs,
the native coin by the transaction's value, by wrapping, and by the wallet's balance around the block. Both
numbers are exact and in `…_raw` too. `time` compares when the trade was executed with its block, to a day. A
mismatch is reported and never corrected: it is kept with the trade as `on_chain`, and gains that rest on it
are flagged, until what was compared is changed.

Doing it again changes nothing more. When the chain cannot be asked the answer is 200 with `complete` false,
and the status is as it was.
"""
_DISCOVER = """
Proposes trades: of one transaction (`tx_hash`), or of the blocks `from_block` to `to_block` in which the
wallet's tokens moved. A swap is a `sell` and a `buy` that share a `link`; gas is a `fee` in the native
coin; of a failed transaction only that is left. Prices are null. Nothing is stored without `store`; with it
each trade is stored once, however often it is discovered, with the source `discover`.

A range is read a bounded piece at a time, in pieces of blocks that the endpoint allows. While `next_cursor`
is not null, send the same body with it as `cursor`; after a failure too, which then loses nothing. A range
finds transactions by ERC-20 transfers and by wrapping: a payment in the native coin alone leaves no log,
and is found by its `tx_hash`, as are failed transactions.
"""


def verify_operation() -> Operation:
    """The operation and its schemas, from the type of the body."""
    about: Json = {
        "operationId": "verifyTrade",
        "summary": "Compares a trade with its transaction.",
        "description": _VERIFY.strip(),
        "tags": ["Trades"],
        "parameters": [TRADE_PARAMETER],
    }
    answer = json_answer("What the chain says.", "VerificationBody", VERIFICATION)
    return private_operation(about, {"200": answer}, VerificationBody, problems=(404, 409))


def discover_operation() -> Operation:
    """The operation and its schemas, from the types of the bodies."""
    from pydantic import TypeAdapter

    asked: Json = TypeAdapter(DiscoverRequest).json_schema(ref_template="#/components/schemas/{model}")
    about: Json = {
        "operationId": "discoverTrades",
        "summary": "Proposes the trades that transactions amount to.",
        "description": _DISCOVER.strip(),
        "tags": ["Trades"],
        "requestBody": json_body(DiscoverRequest, example=QUESTION),
    }
    answer = json_answer("What was found.", "DiscoveryBody", DISCOVERY)
    described = private_operation(about, {"200": answer}, DiscoveryBody, problems=(409, 415))
    return Operation(described.description, {**described.schemas, "DiscoverRequest": asked})
