"""Nonces that say themselves when they were made, and by whom: none has to be kept before it is used."""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime, timedelta

LIFETIME = timedelta(minutes=10)
RANDOM_BYTES = 16
_NONCE = re.compile(r"[0-9a-f]{72}")
_SKEW = timedelta(minutes=1)


def make_nonce(key: bytes, now: datetime, random: bytes) -> str:
    """72 letters and digits: the time, RANDOM_BYTES of chance, and a code that only the key makes."""
    told = int(now.timestamp()).to_bytes(4, "big") + random
    return (told + _code(key, told)).hex()


def nonce_expiry(key: bytes, nonce: str, now: datetime) -> datetime | None:
    """When the nonce expires; None for one that the key did not make, or that has expired."""
    if not _NONCE.fullmatch(nonce):
        return None
    raw = bytes.fromhex(nonce)
    told, code = raw[:-16], raw[-16:]
    if not hmac.compare_digest(code, _code(key, told)):
        return None
    made_at = datetime.fromtimestamp(int.from_bytes(told[:4], "big"), UTC)
    expires_at = made_at + LIFETIME
    return expires_at if made_at - _SKEW <= now < expires_at else None


def _code(key: bytes, told: bytes) -> bytes:
    return hmac.digest(key, told, "sha256")[:16]
