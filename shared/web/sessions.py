"""Short sessions that this service issues itself, as signed tokens: nothing of them is kept.

Neither the issuer, the audience, the algorithm nor the type of such a token is one that ID tokens have here,
so neither kind is ever taken for the other.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from ..errors import Unauthenticated

_ISSUER = "chainfolio-session"
_TYPE = "session+jwt"
_ALGORITHM = "HS256"
_CLAIMS = ("aud", "exp", "iat", "iss", "sub")


class SessionTokens:
    """Issues and verifies tokens for some audiences with one key; `clock` tells seconds since the epoch."""

    def __init__(self, key: bytes, audiences: Sequence[str], clock: Callable[[], float]) -> None:
        self._key = key
        self._audiences = tuple(audiences)
        self._clock = clock

    def issue(self, user: str, audience: str, until: datetime) -> str:
        """A token that says who its bearer is, until then."""
        import jwt

        claims = {
            "iss": _ISSUER,
            "aud": audience,
            "sub": user,
            "iat": int(self._clock()),
            "exp": int(until.astimezone(UTC).timestamp()),
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(claims, self._key, _ALGORITHM, headers={"typ": _TYPE})

    def user(self, token: str) -> str:
        """Whose session it is. Raises Unauthenticated."""
        import jwt

        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                audience=self._audiences,
                # Times are checked against our own clock.
                options={
                    "require": list(_CLAIMS),
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            expires_at = int(claims["exp"])
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthenticated("the session is not one of ours") from error
        if expires_at <= self._clock():
            raise Unauthenticated("the session has expired: sign in again")
        return str(claims["sub"])


def is_session(token: str) -> bool:
    """Whether the token says that it is a session; nothing is verified yet."""
    import jwt

    try:
        return bool(jwt.get_unverified_header(token).get("typ") == _TYPE)
    except jwt.PyJWTError:
        return False
