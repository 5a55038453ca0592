"""From what a caller writes to addresses: hexadecimal as it is, ENS names through Ethereum."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from ..core.ids import Address, parse_address
from ..errors import InvalidInput, RpcError, Unavailable

_NAME_SECONDS = 3.0
_MAX_NAME = 255


class NameReader(Protocol):
    """Who resolves ENS names."""

    async def resolve(self, name: str, *, within: float) -> Address | None:
        """The address, or None; raises ValueError for a name that is not valid, and RpcError."""


class AddressSources(Protocol):
    """What names are resolved with; the Context is one."""

    @property
    def names(self) -> NameReader: ...


def check_address(text: str) -> None:
    """Raises InvalidInput when the text is neither an address nor shaped like an ENS name."""
    if not is_name(text):
        try:
            parse_address(text)
        except ValueError as error:
            hint = "" if text[:2].lower() == "0x" else ", nor an ENS name such as vitalik.eth"
            raise InvalidInput("address", f"{error}{hint}") from None


def is_name(text: str) -> bool:
    """Whether the text can only be an ENS name."""
    labels = text.split(".")
    return len(labels) > 1 and all(labels) and len(text) <= _MAX_NAME and not text.isspace()


async def resolve_addresses(texts: Sequence[str], sources: AddressSources) -> tuple[Address, ...]:
    """The addresses of hexadecimal texts and ENS names, each once, in the order given.

    Raises InvalidInput naming the text that has no address, and Unavailable when Ethereum cannot be asked.
    """
    for text in texts:
        check_address(text)
    resolving = [asyncio.ensure_future(_resolve(text, sources.names)) for text in texts]
    try:
        return tuple(dict.fromkeys(await asyncio.gather(*resolving)))
    finally:
        for task in resolving:
            task.cancel()


async def _resolve(text: str, names: NameReader) -> Address:
    if not is_name(text):
        return parse_address(text)
    try:
        address = await names.resolve(text, within=_NAME_SECONDS)
    except ValueError as error:
        raise InvalidInput("address", str(error)) from None
    except RpcError as error:
        raise Unavailable(f"{text} could not be resolved now ({error.code})") from error
    if address is None:
        raise InvalidInput("address", f"{text} does not resolve to an address")
    return address
