"""POST /api/v1/wallets/proof: a saved wallet is proven by a signature to be its user's."""

from __future__ import annotations

from ..services.sign_in import prove_wallet
from ..web.bodies import parse_body
from ..web.messages import Operation, Request, Response, json_response
from ..web.params import Params
from ..wiring import Context
from .session_schemas import SignedBody
from .sign_in_settings import sign_in_rules
from .wallets_present import wallet_body

PROOF_PATH = "/api/v1/wallets/proof"


async def post_proof(context: Context, request: Request) -> Response:
    """Mark a saved wallet as the caller's own."""
    Params(request.query, ()).check()
    rules = sign_in_rules(context.settings)
    told = parse_body(request, SignedBody)
    wallet = await prove_wallet(request.caller, told["message"], told["signature"], rules, context)
    return json_response(200, wallet_body(wallet))


def describe_proof() -> Operation:
    """What the OpenAPI document says of the proof."""
    from .wallets_docs import prove_operation

    return prove_operation()
