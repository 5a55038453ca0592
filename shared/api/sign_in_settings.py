"""What signing in with Ethereum works with, made of the settings: rules, and the tokens of sessions."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from ..config import Settings
from ..core.ids import ChainId
from ..errors import NotFound
from ..services.sign_in import SignInRules
from ..web.sessions import SessionTokens


def sign_in_rules(settings: Settings) -> SignInRules:
    """What is accepted. Raises NotFound where nobody can sign in.

    The endpoints that come built in are the public's, and are not trusted with who signs in as whom.
    """
    if not settings.siwe.domains:
        raise NotFound("nobody can sign in with Ethereum here: SIWE_DOMAINS is not set")
    trusted = frozenset(map(ChainId, settings.rpc_urls))
    return SignInRules(settings.siwe.domains, _key(settings, "nonces"), trusted)


def session_tokens(settings: Settings, clock: Callable[[], float]) -> SessionTokens:
    """Tokens for the domains that can be signed in to; `clock` tells seconds since the epoch."""
    return SessionTokens(_key(settings, "sessions"), settings.siwe.domains, clock)


def _key(settings: Settings, purpose: str) -> bytes:
    """A key for each purpose, so that nothing made for one is good for the other."""
    assert settings.siwe.session_key is not None  # the settings have one where there are domains
    return hmac.digest(settings.siwe.session_key.encode(), purpose.encode(), "sha256")
