"""An issuer of ID tokens: real keys, real signatures, and its key set over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from shared.web.auth import TokenUser
from shared.web.jwks import SigningKeys

ISSUER, AUDIENCE = "https://issuer.example", "our-project"
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def rsa_jwk(kid: str, key: rsa.RSAPrivateKey = RSA_KEY) -> dict[str, Any]:
    return {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "alg": "RS256", "use": "sig"}


def ec_jwk(kid: str) -> dict[str, Any]:
    return {**json.loads(ECAlgorithm.to_jwk(EC_KEY.public_key())), "kid": kid}


class Body(httpx.AsyncByteStream):
    """Content as it comes off a connection: not yet read, nor unpacked."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


class Issuer:
    """The issuer's key set over HTTP; `keys` may change, `status` may be bad."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys)
        self.status = 200
        self.content: bytes | None = None
        self.headers: dict[str, str] = {}
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        content = self.content if self.content is not None else json.dumps({"keys": self.keys}).encode()
        return httpx.Response(self.status, headers=self.headers, stream=Body(content))


def verifier(issuer: Issuer, clock: Callable[[], float] = lambda: 0.0) -> TokenUser:
    keys = SigningKeys("https://issuer.example/jwks", clock, httpx.MockTransport(issuer))
    return TokenUser(ISSUER, AUDIENCE, keys)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    plain = {"iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "iat": now - 10, "exp": now + 600}
    return {name: value for name, value in {**plain, **changes}.items() if value is not None}


def token(key: Any = RSA_KEY, algorithm: str = "RS256", kid: str | None = "a", **changes: Any) -> bytes:
    headers = {"kid": kid} if kid else {}
    return b"Bearer " + jwt.encode(claims(**changes), key, algorithm, headers=headers).encode()
