"""Failure: an upstream error as a value, so that one chain's trouble does not cost the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .ids import AssetId

Scope = Literal["chain", "token", "price", "protocol"]


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be read. `code` is one of the contract's; `message` is fit to show a caller.

    `chain` is the chain's slug, or None for what is not of one chain (a price source). `protocol` is the id
    of the one that could not be read, where that is known.
    """

    scope: Scope
    chain: str | None
    code: str
    message: str
    asset_id: AssetId | None = None
    protocol: str | None = None
