"""Position: a claim or a debt of a wallet inside a protocol."""

from __future__ import annotations

from typing import Literal, NamedTuple

from .balances import Block, TokenFault
from .chains import Chain
from .failures import Failure
from .ids import Address
from .tokens import Token

PositionKind = Literal["deposit", "debt", "claimable", "locked", "vesting"]


class Position(NamedTuple):
    """What a wallet has in a protocol (its id, such as `aave-v3`), of one asset and one kind.

    `token` is the asset that the claim or debt is in; `raw` is in its smallest unit and above zero, for debts
    too: the kind says that they are owed. `contract` keeps it: a receipt token, a vault. `market` is the
    protocol's own name for the pool, where it has several on a chain.
    """

    wallet: Address
    protocol: str
    kind: PositionKind
    token: Token
    raw: int
    contract: Address
    market: str | None = None


class Found(NamedTuple):
    """What one deployment holds for wallets; `faults` are receipt tokens whose worth it could not tell."""

    positions: tuple[Position, ...]
    faults: tuple[TokenFault, ...] = ()


class PositionsRead(NamedTuple):
    """What one chain's protocols hold for wallets, all at one block; `block` is None when nothing was read.

    `protocols` are those that answered in full, whether they hold something or not; the others are in
    `failures`, though some of their positions may be known.
    """

    chain: Chain
    block: Block | None
    positions: tuple[Position, ...]
    protocols: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
