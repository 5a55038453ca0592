"""The bodies of signing in, as the HTTP contract has them."""

from __future__ import annotations

from typing import Annotated, Literal

from typing_extensions import TypedDict  # pydantic cannot read the standard library's before Python 3.12

from ..core.siwe import MAX_MESSAGE
from ..services.wallet_signatures import MAX_SIGNATURE
from .schemas import AddressText, Says, TimeText, closed

_Message = Annotated[str, Says("EIP-4361, as it was signed.", (("maxLength", MAX_MESSAGE),))]
_Signature = Annotated[
    str,
    Says(
        "Of a key (65 bytes, or 64 of EIP-2098), or of a contract (EIP-1271).",
        (("pattern", "^(0x)?([0-9a-fA-F]{2})*$"), ("maxLength", 2 + 2 * MAX_SIGNATURE)),
    ),
]


@closed
class NothingBody(TypedDict):
    """An object without fields, for clients that cannot leave the body away."""


class NonceBody(TypedDict):
    """A nonce for one message."""

    nonce: str
    expires_at: TimeText
    domains: Annotated[list[str], Says("The domains that a message may be for.")]


@closed
class SignedBody(TypedDict):
    """A message and its signature."""

    message: _Message
    signature: _Signature


class SessionBody(TypedDict):
    """A session."""

    token: Annotated[str, Says("Send it as `Authorization: Bearer …`.")]
    token_type: Literal["Bearer"]
    expires_at: TimeText
    user_id: Annotated[str, Says("`eip155:0x…`, or `eip155:<chain>:0x…` of a contract.")]
    address: AddressText
    chain_id: int
