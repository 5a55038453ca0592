"""The ledger: the rules it is kept by, what is held, and everything that happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import localcontext
from typing import Literal, NamedTuple

from .disposals import Acquisitions, Charge, Disposal, Disposals, Move
from .fees import FEE_RULES, FeeRules
from .ids import Address, AssetId
from .lots import MONEY, Part
from .methods import Method
from .pools import Pool
from .transfers import Families, Match, Matching

PoolScope = Literal["universal", "wallet"]
MissingBasis = Literal["zero", "market", "reject"]
Place = tuple[AssetId, Address | None]
"""Where a pool is: an asset, and the wallet, which is None for all in the universal scope."""


@dataclass(frozen=True, slots=True)
class Accounting:
    """The rules a ledger is kept by.

    `missing_basis` says what coins cost whose acquisition is not in the ledger: nothing, what they were worth
    when they came to light, or nothing is assumed. `zone` decides on which day something happened.
    """

    method: Method = "fifo"
    scope: PoolScope = "universal"
    fees: FeeRules = FEE_RULES["standard"]
    missing_basis: MissingBasis = "zero"
    zone: tzinfo = UTC
    matching: Matching = field(default_factory=Matching)
    families: Families = field(default_factory=Families)


class OpenLot(NamedTuple):
    """A lot with something left, and where it is; in transit it is in no wallet."""

    asset: AssetId
    wallet: Address | None
    lot: Part


@dataclass(slots=True)
class Ledger:
    """All that came of a history: what is held, and everything that happened, in order.

    Reads are cheap and nothing is copied: treat the lists and lots as read-only.
    """

    accounting: Accounting
    matches: tuple[Match, ...] = ()
    pools: dict[Place, Pool] = field(default_factory=dict)
    transit: dict[str, tuple[AssetId, Sequence[Part]]] = field(default_factory=dict)
    acquisitions: Acquisitions = field(default_factory=Acquisitions)
    disposals: Disposals = field(default_factory=Disposals)
    withdrawals: list[Disposal] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)

    def open_lots(self) -> Iterator[OpenLot]:
        """Every lot with something left: by asset and wallet, then by age."""
        with localcontext(MONEY):
            held = [OpenLot(*place, lot) for place, pool in self.pools.items() for lot in pool]
            held += [OpenLot(asset, None, part) for asset, parts in self.transit.values() for part in parts]
        return iter(sorted(held, key=_place_and_age))


def _place_and_age(held: OpenLot) -> tuple[str, str, datetime]:
    return held.asset, held.wallet or "", held.lot.acquired_at
