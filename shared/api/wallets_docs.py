"""What the OpenAPI document says of saved wallets."""

from __future__ import annotations

from ..web.messages import Json, Operation
from ..web.openapi import json_answer
from .describing import ADDRESS, json_body, kept_answer, private_operation, query_parameter
from .examples import WALLET
from .session_docs import SIGNED
from .session_schemas import SignedBody
from .wallets_schemas import NewWalletBody, WalletBody, WalletsBody

_WALLET: Json = {
    "address": WALLET,
    "label": "savings",
    "chains": ["ethereum", "base"],
    "created_at": "2026-11-21T12:00:00Z",
    "verified_at": None,
}


def list_operation() -> Operation:
    """GET."""
    about: Json = {
        "operationId": "listWallets",
        "summary": "Your saved wallets, the oldest first.",
        "tags": ["Wallets"],
    }
    saved = kept_answer("The wallets.", "WalletsBody", {"items": [_WALLET], "next_cursor": None})
    return private_operation(about, saved, WalletsBody)


def save_operation() -> Operation:
    """POST."""
    about: Json = {
        "operationId": "saveWallet",
        "summary": "Saves a wallet, up to 100 of them.",
        "description": "Without an address the portfolio shows these, each on its chains.",
        "tags": ["Wallets"],
        "requestBody": json_body(NewWalletBody, example={"address": WALLET, "label": "savings"}),
    }
    answer = json_answer("The wallet.", "WalletBody", _WALLET)
    return private_operation(about, {"201": answer}, NewWalletBody, WalletBody, problems=(409, 415))


def remove_operation() -> Operation:
    """DELETE."""
    address = query_parameter("address", "The wallet: `0x…` or an ENS name.", ADDRESS, WALLET, required=True)
    about: Json = {
        "operationId": "removeWallet",
        "summary": "Forgets a wallet.",
        "tags": ["Wallets"],
        "parameters": [address],
    }
    return private_operation(about, {"204": {"description": "It is gone."}}, problems=(404,))


def prove_operation() -> Operation:
    """POST /api/v1/wallets/proof."""
    about: Json = {
        "operationId": "proveWallet",
        "summary": "Proves by a signature that a saved wallet is yours.",
        "description": "The message is one to sign in with Ethereum, with a nonce of ours; it is good once.",
        "tags": ["Wallets"],
        "requestBody": json_body(SignedBody, example=SIGNED),
    }
    answer = json_answer("The wallet.", "WalletBody", {**_WALLET, "verified_at": "2026-11-21T12:00:00Z"})
    return private_operation(about, {"200": answer}, SignedBody, WalletBody, problems=(404, 415))
