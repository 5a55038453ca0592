"""What the OpenAPI document says of signing in with Ethereum."""

from __future__ import annotations

from ..web.messages import Json, Operation
from ..web.openapi import json_answer
from .describing import json_body, operation
from .examples import WALLET
from .session_schemas import NonceBody, NothingBody, SessionBody, SignedBody

_NONCE_TEXT = "6aabb3c0" + "5e" * 32
_SIGN_IN = """
The message has a nonce of ours, is for one of our domains (its URI too, over https), of this hour, and names
a chain that is known. It is good once.

The session is a token that serves wherever an ID token does, until it expires; it cannot be prolonged, only
begun again, and ends by being thrown away. It does not outlive the message's `Expiration Time`.

A contract (EIP-1271) can sign in on chains whose endpoint the operator has set; one that is not deployed yet
(EIP-6492) cannot. A saved wallet that signs in is marked with `verified_at`.
"""
_MESSAGE = f"""app.example wants you to sign in with your Ethereum account:
{WALLET}


URI: https://app.example
Version: 1
Chain ID: 1
Nonce: {_NONCE_TEXT}
Issued At: 2026-11-21T12:00:00Z"""
SIGNED: Json = {"message": _MESSAGE, "signature": "0x" + "5e" * 65}


def nonce_operation() -> Operation:
    """POST /api/v1/session/nonce."""
    about: Json = {
        "operationId": "newNonce",
        "summary": "A nonce for a message to sign in with Ethereum.",
        "description": "It is good for ten minutes and one message.",
        "tags": ["Session"],
        "requestBody": {**json_body(NothingBody, example={}), "required": False},
    }
    example = {"nonce": _NONCE_TEXT, "expires_at": "2026-11-21T12:10:00Z", "domains": ["app.example"]}
    answer = json_answer("The nonce.", "NonceBody", example)
    return operation(about, {"201": answer}, NonceBody, NothingBody, problems=(404, 415))


def sign_in_operation() -> Operation:
    """POST /api/v1/session."""
    about: Json = {
        "operationId": "signIn",
        "summary": "Signs in with Ethereum (EIP-4361).",
        "description": _SIGN_IN.strip(),
        "tags": ["Session"],
        "requestBody": json_body(SignedBody, example=SIGNED),
    }
    example = {
        "token": "eyJ0eXAiOiJzZXNzaW9uK2p3dCIsImFsZyI6IkhTMjU2In0…",
        "token_type": "Bearer",
        "expires_at": "2026-11-21T12:15:00Z",
        "user_id": f"eip155:{WALLET}",
        "address": WALLET,
        "chain_id": 1,
    }
    answer = json_answer("The session.", "SessionBody", example)
    return operation(about, {"201": answer}, SignedBody, SessionBody, problems=(404, 415))
