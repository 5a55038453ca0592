"""POST /api/v1/session: a session for whoever signs in with Ethereum; before it, a nonce for the message."""

from __future__ import annotations

from datetime import timedelta

from ..core.times import format_time
from ..services.sign_in import new_nonce, sign_in
from ..web.bodies import parse_body
from ..web.messages import Operation, Request, Response, Route, json_response
from ..web.params import Params
from ..wiring import Context
from .session_schemas import NonceBody, NothingBody, SessionBody, SignedBody
from .sign_in_settings import session_tokens, sign_in_rules

PATH = "/api/v1/session"
NONCE_PATH = f"{PATH}/nonce"
MAX_SIGNED = 64 * 1024
MAX_NOTHING = 1024


async def post(context: Context, request: Request) -> Response:
    """Begin a session."""
    Params(request.query, ()).check()
    rules = sign_in_rules(context.settings)
    told = parse_body(request, SignedBody)
    proof = await sign_in(told["message"], told["signature"], rules, context)
    now = context.clock()
    until = (now + timedelta(minutes=context.settings.siwe.session_minutes)).replace(microsecond=0)
    until = until if proof.until is None else min(until, proof.until)
    tokens = session_tokens(context.settings, now.timestamp)
    body = SessionBody(
        token=tokens.issue(proof.user, proof.domain, until),
        token_type="Bearer",  # noqa: S106  it is a word of RFC 6750
        expires_at=format_time(until),
        user_id=proof.user,
        address=proof.address,
        chain_id=proof.chain_id,
    )
    return json_response(201, body)


async def post_nonce(context: Context, request: Request) -> Response:
    """A nonce for one message."""
    Params(request.query, ()).check()
    rules = sign_in_rules(context.settings)
    if request.body:
        parse_body(request, NothingBody)
    nonce = new_nonce(rules, context)
    expires_at = format_time(nonce.expires_at)
    return json_response(201, NonceBody(nonce=nonce.text, expires_at=expires_at, domains=list(rules.domains)))


def describe_post() -> Operation:
    """What the OpenAPI document says of signing in."""
    from .session_docs import sign_in_operation

    return sign_in_operation()


def describe_nonce() -> Operation:
    """What the OpenAPI document says of nonces."""
    from .session_docs import nonce_operation

    return nonce_operation()


ROUTES: tuple[Route[Context], ...] = (
    Route("POST", PATH, post, "session", describe_post, max_body=MAX_SIGNED, identified=False),
    Route("POST", NONCE_PATH, post_nonce, "session", describe_nonce, max_body=MAX_NOTHING, identified=False),
)
