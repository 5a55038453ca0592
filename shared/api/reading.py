"""Parsers of query parameters that several endpoints share; each raises ValueError for what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from ..core.chains import Chains
from ..core.ids import AssetId, parse_asset
from ..core.times import parse_time
from ..errors import InvalidInput
from ..services.addresses import check_address
from ..web.params import Params

S = TypeVar("S", bound=str)
T = TypeVar("T")

_CHAINS_NAMED = 4


def told(parse: Callable[[str], T]) -> Callable[[str], T]:
    """A parser that raises InvalidInput, as one that raises ValueError."""

    def parsed(text: str) -> T:
        try:
            return parse(text)
        except InvalidInput as error:
            raise ValueError(error.message) from None

    return parsed


def not_read(chains: Chains, name: str) -> str:
    """What is said of a name that none of the chains has."""
    some = ", ".join(chain.slug for chain in islice(chains, _CHAINS_NAMED))
    return f"{name[:60]!r} is not one of the chains read here, such as {some}"


def choice(allowed: Sequence[S]) -> Callable[[str], S]:
    """A parser of one of these words."""

    def parsed(text: str) -> S:
        for word in allowed:
            if word == text:
                return word
        raise ValueError(f"must be one of {', '.join(allowed)}")

    return parsed


def parse_wallet(text: str) -> str:
    """An address or a name, as it was written."""
    told(check_address)(text)
    return text


def parse_asset_word(text: str) -> AssetId:
    """A CAIP-19 id, or a plain symbol."""
    return told(lambda word: parse_asset("asset", word))(text)


def read_period(params: Params) -> tuple[datetime | None, datetime | None]:
    """`from`, which is in the period, and `to`, which is not."""
    start, end = params.maybe("from", parse_time), params.maybe("to", parse_time)
    if start is not None and end is not None and end < start:
        params.refuse("to", "is before from")
    return start, end
