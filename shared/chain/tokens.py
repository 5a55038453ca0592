"""What token contracts say of themselves: decimals, symbol and name, as far as they can be believed."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.balances import TokenFault
from ..core.ids import Address, ChainId
from ..core.tokens import NAME_LENGTH, SYMBOL_LENGTH, Token, erc20, sanitise_text
from ..errors import RpcBadResponse
from . import abi
from .calls import Call, Outcome, Reply

_DECIMALS = bytes.fromhex("313ce567")  # decimals()
_SYMBOL = bytes.fromhex("95d89b41")  # symbol()
_NAME = bytes.fromhex("06fdde03")  # name()
_FIELDS = (_DECIMALS, _SYMBOL, _NAME)


def metadata_calls(addresses: Sequence[Address]) -> list[Call]:
    """The calls whose replies `parse_tokens` takes."""
    return [Call(address, field) for address in addresses for field in _FIELDS]


def parse_tokens(
    chain_id: ChainId, addresses: Sequence[Address], replies: Sequence[Reply]
) -> list[Token | TokenFault]:
    """For each address its token as the contract describes it, or why it is none."""
    parts = zip(replies[0::3], replies[1::3], replies[2::3], strict=True)
    return [_parse(chain_id, address, *part) for address, part in zip(addresses, parts, strict=True)]


def _parse(
    chain_id: ChainId, address: Address, decimals: Reply, symbol: Reply, name: Reply
) -> Token | TokenFault:
    if decimals.outcome is not Outcome.ANSWERED:
        says = decimals.outcome.value
        return TokenFault(address, says if decimals.outcome is Outcome.NO_CODE else f"decimals: {says}")
    if len(decimals.data) != 32 or (places := int.from_bytes(decimals.data)) > 255:
        return TokenFault(address, "decimals: the answer is not a number from 0 to 255")
    short = f"{address[:6]}…{address[-4:]}"
    spoken_symbol = sanitise_text(_text(symbol), SYMBOL_LENGTH)
    spoken_name = sanitise_text(_text(name), NAME_LENGTH)
    return erc20(
        chain_id,
        address,
        spoken_symbol or short,
        spoken_name or spoken_symbol or short,
        places,
        listed=False,
    )


def _text(reply: Reply) -> str:
    """A `string`, or a `bytes32` padded with zeros as MKR has it; empty when it is neither."""
    if len(reply.data) == 32:
        raw = reply.data.rstrip(b"\0")
    else:
        try:
            raw = abi.Words(reply.data).byte_string(0)
        except RpcBadResponse:
            return ""
    return raw.decode(errors="replace").replace("\N{REPLACEMENT CHARACTER}", "")
