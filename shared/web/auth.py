"""Who is calling: the one local user, the subject of a signed ID token, or whoever signed in here."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any, Protocol

from ..errors import Unauthenticated
from .jwks import SigningKeys
from .sessions import SessionTokens, is_session

_ALGORITHMS = ("RS256", "ES256")
_CLAIMS = ("aud", "exp", "iat", "iss", "sub")
_MAX_TOKEN = 8192
_MAX_SUBJECT = 128
# A token that was issued a moment ago by a clock that runs ahead is not a forgery. Expiry has no such grace.
_CLOCK_SKEW = 30


class Authenticator(Protocol):
    """Tells callers apart."""

    async def user(self, authorization: bytes | None) -> str | None:
        """The user, or None without credentials; raises Unauthenticated for bad ones."""

    async def close(self) -> None:
        """Let go of connections."""


class LocalUser:
    """Everybody is `local`: a developer's machine."""

    async def user(self, authorization: bytes | None) -> str:  # noqa: ARG002  the port has it
        """Always `local`, whatever is sent."""
        return "local"

    async def close(self) -> None:
        """Nothing is held."""


class TokenUser:
    """Verifies ID tokens: signature, algorithm, issuer, audience and times. The user is `sub`."""

    def __init__(self, issuer: str, audience: str, keys: SigningKeys) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    async def user(self, authorization: bytes | None) -> str | None:
        """The token's subject; raises Unauthenticated, and Unavailable when the keys cannot be had."""
        if authorization is None:
            return None
        claims = await self.claims(authorization)
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT or not _is_text(subject):
            raise Unauthenticated("the token's subject is not accepted")
        return subject

    async def claims(self, authorization: bytes) -> dict[str, Any]:
        """What the token says of its bearer; raises like `user`."""
        import jwt

        token = _bearer_token(authorization)
        key = await self._keys.key(_key_id(token))
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                issuer=self._issuer,
                audience=self._audience,
                leeway=_CLOCK_SKEW,
                options={"require": list(_CLAIMS)},
            )
        except jwt.PyJWTError as error:
            raise Unauthenticated(f"the token is not valid: {_reason(error)}") from error
        if int(claims["exp"]) <= time.time():
            raise Unauthenticated("the token is not valid: it has expired")
        return claims

    async def close(self) -> None:
        await self._keys.close()


class Platform:
    """The platform's own services, which call with an ID token of one of these service accounts."""

    def __init__(self, tokens: TokenUser, accounts: Collection[str]) -> None:
        self._tokens = tokens
        self._accounts = frozenset(accounts)

    async def require(self, authorization: bytes | None) -> None:
        """Raises Unauthenticated for anybody else, and Unavailable when the keys cannot be had."""
        if authorization is None:
            raise Unauthenticated("this is for the platform's own services, which have a token")
        claims = await self._tokens.claims(authorization)
        if claims.get("email_verified") is not True or claims.get("email") not in self._accounts:
            raise Unauthenticated("the token is of another account")

    async def close(self) -> None:
        """Let go of connections."""
        await self._tokens.close()


class SessionOrToken:
    """Sessions of our own beside ID tokens; users of sessions have ids that begin with `prefix`."""

    def __init__(self, sessions: SessionTokens, others: Authenticator, prefix: str) -> None:
        self._sessions = sessions
        self._others = others
        self._prefix = prefix

    async def user(self, authorization: bytes | None) -> str | None:
        """Whose session or token it is; raises Unauthenticated, and Unavailable like the others."""
        if authorization is None:
            return None
        token = _bearer_token(authorization)
        if is_session(token):
            return self._sessions.user(token)
        user = await self._others.user(authorization)
        if user is not None and user.startswith(self._prefix):
            raise Unauthenticated("the token's subject is not accepted")
        return user

    async def close(self) -> None:
        await self._others.close()


def _is_text(subject: str) -> bool:
    """Whether it can be written down: JSON can name half of a character, which no store takes."""
    try:
        subject.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bearer_token(authorization: bytes) -> str:
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer" or not token.strip() or len(token) > _MAX_TOKEN or not token.isascii():
        raise Unauthenticated("Authorization is not a bearer token")
    return token.strip().decode()


def _key_id(token: str) -> str:
    """The id of the key that the token says to be signed with.

    What cannot be right is refused here, before anybody is asked for keys.
    """
    import jwt

    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise Unauthenticated("the token is not valid: it cannot be read") from error
    if header.get("alg") not in _ALGORITHMS:
        raise Unauthenticated("the token is not signed in a way that is accepted")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise Unauthenticated("the token does not name the key that it is signed with")
    return kid


def _reason(error: Exception) -> str:
    """What is wrong, in our words: a library's message may quote the token."""
    import jwt

    reasons = (
        (jwt.ExpiredSignatureError, "it has expired"),
        (jwt.InvalidAudienceError, "it is for another audience"),
        (jwt.InvalidIssuerError, "it is from another issuer"),
        (jwt.ImmatureSignatureError, "its time has not come"),
        (jwt.MissingRequiredClaimError, "a claim is missing"),
        (jwt.InvalidSignatureError, "its signature does not verify"),
    )
    return next((reason for kind, reason in reasons if isinstance(error, kind)), "it cannot be read")
