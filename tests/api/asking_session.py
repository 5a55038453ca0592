"""Signing in over fakes: an app that lets users of a domain in, and wallets that sign."""

from __future__ import annotations

from typing import Any

import httpx
from eth_account import Account
from eth_account.messages import encode_defunct

from shared.api import me, session, wallets
from shared.api.app import build_app
from shared.config import Oidc, Settings, SiweSettings
from shared.core.ids import Address, ChainId
from shared.core.siwe import SignIn, format_sign_in
from shared.web.app import App
from shared.wiring import Context
from tests.api.asking import ask
from tests.api.asking_trades import Caller
from tests.fakes import Fakes
from tests.web.tokens import AUDIENCE, ISSUER

DOMAIN = "app.example"
KEY = "a secret of the operator's, which is long"
ACCOUNT = Account.from_key("0x" + "11" * 32)
OTHER = Account.from_key("0x" + "22" * 32)
USER = f"eip155:{ACCOUNT.address}"
ROUTES = (*session.ROUTES, *wallets.ROUTES, *me.ROUTES)


def siwe_fakes(**changes: Any) -> Fakes:
    """Fakes whose settings let users of the domain sign in."""
    oidc = Oidc(ISSUER, AUDIENCE, "https://issuer.example/jwks")
    told = {"log_level": "ERROR", "auth_mode": "oidc", "oidc": oidc, **changes}
    return Fakes(settings=Settings(**{"siwe": SiweSettings((DOMAIN,), KEY), **told}))


def session_app(fakes: Fakes) -> App[Context]:
    context = fakes.context()
    return build_app("local", ROUTES, fakes.settings, lambda: context, clock=fakes.clock.seconds)


async def nonce_of(app: App[Context]) -> str:
    answer = await ask(app, session.NONCE_PATH, method="POST")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["nonce"])


def message_for(fakes: Fakes, nonce: str, address: str = ACCOUNT.address, **changes: Any) -> str:
    """A message of now for our domain, but for the changes."""
    plain = {
        "domain": DOMAIN,
        "address": Address(address),
        "uri": f"https://{DOMAIN}",
        "chain_id": ChainId(1),
        "nonce": nonce,
        "issued_at": fakes.clock(),
    }
    return format_sign_in(SignIn(**{**plain, **changes}))


def signature_of(message: str, account: Any = ACCOUNT) -> str:
    return f"0x{bytes(account.sign_message(encode_defunct(text=message)).signature).hex()}"


async def post_signed(
    app: App[Context], message: str, signature: str, path: str = session.PATH, **options: Any
) -> httpx.Response:
    body = {"message": message, "signature": signature}
    return await ask(app, path, method="POST", json=body, **options)


async def sign_in(app: App[Context], fakes: Fakes, account: Any = ACCOUNT, **changes: Any) -> httpx.Response:
    message = message_for(fakes, await nonce_of(app), account.address, **changes)
    return await post_signed(app, message, signature_of(message, account))


async def signed_in(app: App[Context], fakes: Fakes, account: Any = ACCOUNT) -> Caller:
    """Whoever signed in with the account."""
    answer = await sign_in(app, fakes, account)
    assert answer.status_code == 201, answer.text
    return Caller(app, answer.json()["token"])
