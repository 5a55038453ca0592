"""Deployment: a protocol on a chain, and the tokens by which it shows who has what in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .ids import Address, ChainId
from .positions import PositionKind


class Receipt(NamedTuple):
    """A token that stands for a claim or a debt of its holder: an aToken, a debt token, a vault's share.

    `underlying` is the token that the claim is in.
    """

    token: Address
    kind: PositionKind
    underlying: Address


class Deployment(NamedTuple):
    """A market of a protocol (its id, such as `aave-v3`); `family` says how its receipts are understood.

    `market` is the protocol's own name for it, where it has several on the chain.
    """

    family: str
    protocol: str
    chain_id: ChainId
    market: str | None
    receipts: tuple[Receipt, ...]


def receipt_tokens(deployments: Iterable[Deployment]) -> tuple[Address, ...]:
    """Every receipt token once, in order: what a chain's scan reads for them."""
    return tuple(dict.fromkeys(receipt.token for each in deployments for receipt in each.receipts))
