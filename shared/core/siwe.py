"""The message by which a wallet signs in: parsed, written and checked.

Source: https://eips.ethereum.org/EIPS/eip-4361 (ABNF message format).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from ..errors import InvalidInput, Unauthenticated
from .ids import Address, ChainId, parse_address
from .times import format_time, parse_time

USER_PREFIX: Final = "eip155:"
"""What the ids of users begin with who sign in with a wallet; behind it is the wallet."""
MAX_MESSAGE: Final = 4096
_SKEW = timedelta(minutes=1)
_LONGEST = timedelta(hours=1)
_HERE = ("localhost", "127.0.0.1")
"""Hosts of a developer's machine, where a page may come without TLS."""

_UNRESERVED = r"A-Za-z0-9\-._~"
_RESERVED = r":/?#\[\]@!$&'()*+,;="
_ESCAPED = "%[0-9A-Fa-f]{2}"
_SCHEME = r"[A-Za-z][A-Za-z0-9+\-.]*"
_AUTHORITY = rf"(?:[{_UNRESERVED}:\[\]@!$&'()*+,;=]|{_ESCAPED})+"
_URI = rf"{_SCHEME}:(?:[{_UNRESERVED}{_RESERVED}]|{_ESCAPED})*"
_PCHARS = rf"(?:[{_UNRESERVED}:@!$&'()*+,;=]|{_ESCAPED})*"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
_TIME = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt]{_CLOCK}(?:[Zz]|[+-][0-9]{{2}}:[0-9]{{2}})"


@cache
def _message() -> re.Pattern[str]:
    """Compiled when somebody signs in, and not when a process starts."""
    return re.compile(
        rf"(?:(?P<scheme>{_SCHEME})://)?(?P<domain>{_AUTHORITY}) "
        r"wants you to sign in with your Ethereum account:\n"
        r"(?P<address>0x[0-9A-Fa-f]{40})\n"
        r"\n"
        rf"(?:(?P<statement>[{_UNRESERVED}{_RESERVED} ]+)\n)?"
        r"\n"
        rf"URI: (?P<uri>{_URI})\n"
        r"Version: 1\n"
        r"Chain ID: (?P<chain_id>[0-9]{1,20})\n"
        r"Nonce: (?P<nonce>[A-Za-z0-9]{8,})\n"
        rf"Issued At: (?P<issued_at>{_TIME})"
        rf"(?:\nExpiration Time: (?P<expires_at>{_TIME}))?"
        rf"(?:\nNot Before: (?P<not_before>{_TIME}))?"
        rf"(?:\nRequest ID: (?P<request_id>{_PCHARS}))?"
        rf"(?:\nResources:(?P<resources>(?:\n- {_URI})*))?"
    )


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a wallet's owner says by signing it; `resources` None: there is no such line."""

    domain: str
    address: Address
    uri: str
    chain_id: ChainId
    nonce: str
    issued_at: datetime
    scheme: str | None = None
    statement: str | None = None
    expires_at: datetime | None = None
    not_before: datetime | None = None
    request_id: str | None = None
    resources: tuple[str, ...] | None = None


def parse_sign_in(text: str) -> SignIn:
    """The message, if all of it is as the standard has it. Raises InvalidInput."""
    if len(text) > MAX_MESSAGE:
        raise InvalidInput("message", f"is longer than {MAX_MESSAGE} characters")
    match = _message().fullmatch(text)
    if match is None:
        raise InvalidInput("message", "is not a message to sign in with Ethereum (EIP-4361)")
    told = match.groupdict()
    if parse_address(told["address"].lower()) != told["address"]:
        raise InvalidInput("message", "has an address without its right checksum (EIP-55)")
    resources = told["resources"]
    try:
        return SignIn(
            domain=told["domain"],
            address=Address(told["address"]),
            uri=told["uri"],
            chain_id=ChainId(int(told["chain_id"])),
            nonce=told["nonce"],
            issued_at=parse_time(told["issued_at"]),
            scheme=told["scheme"],
            statement=told["statement"],
            expires_at=_moment(told["expires_at"]),
            not_before=_moment(told["not_before"]),
            request_id=told["request_id"],
            resources=None if resources is None else tuple(resources.split("\n- ")[1:]),
        )
    except ValueError as error:
        raise InvalidInput("message", str(error)) from None


def format_sign_in(said: SignIn) -> str:
    """The text to sign."""
    scheme = "" if said.scheme is None else f"{said.scheme}://"
    lines = [
        f"{scheme}{said.domain} wants you to sign in with your Ethereum account:",
        said.address,
        "",
        *(() if said.statement is None else (said.statement,)),
        "",
        f"URI: {said.uri}",
        "Version: 1",
        f"Chain ID: {said.chain_id}",
        f"Nonce: {said.nonce}",
        f"Issued At: {format_time(said.issued_at)}",
    ]
    if said.expires_at is not None:
        lines.append(f"Expiration Time: {format_time(said.expires_at)}")
    if said.not_before is not None:
        lines.append(f"Not Before: {format_time(said.not_before)}")
    if said.request_id is not None:
        lines.append(f"Request ID: {said.request_id}")
    if said.resources is not None:
        lines += ["Resources:", *(f"- {resource}" for resource in said.resources)]
    return "\n".join(lines)


def check_sign_in(said: SignIn, domains: tuple[str, ...], now: datetime) -> None:
    """Raises Unauthenticated for what was said to another place, or of another time."""
    if said.domain not in domains:
        raise Unauthenticated("the message is for another domain than ours")
    if not _is_of_domain(said):
        raise Unauthenticated("the message's URI is not one of its domain, or it is not safe on the way")
    if said.issued_at > now + _SKEW:
        raise Unauthenticated("the message was issued at a time that has not come")
    if said.issued_at < now - _LONGEST:
        raise Unauthenticated("the message was issued too long ago")
    if said.not_before is not None and said.not_before > now:
        raise Unauthenticated("the time that the message is for has not come")
    if said.expires_at is not None and said.expires_at <= now:
        raise Unauthenticated("the message has expired")


def _is_of_domain(said: SignIn) -> bool:
    accepted = ("https", "http") if said.domain.partition(":")[0] in _HERE else ("https",)
    try:
        parts = urlsplit(said.uri)
    except ValueError:
        return False
    if said.scheme is not None and said.scheme not in accepted:
        return False
    return parts.scheme in accepted and parts.netloc == said.domain


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text)
