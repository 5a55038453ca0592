"""A position with its value: what is owned counts, what is owed counts below zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from .amounts import from_raw, multiply
from .balances import Block
from .ids import AssetId
from .positions import Position, PositionsRead
from .quotes import Price


class ValuedPosition(NamedTuple):
    """A position as of a block. `value_usd` is exactly balance × price, below zero for a debt.

    It is None without a price that counts.
    """

    position: Position
    block: Block
    price: Price | None
    value_usd: Decimal | None

    @property
    def balance(self) -> Decimal:
        """Above zero for a debt too."""
        return from_raw(self.position.raw, self.position.token.decimals)


def value_positions(read: PositionsRead, prices: Mapping[AssetId, Price]) -> list[ValuedPosition]:
    """All positions of a read, valued, in its order."""
    if read.block is None:
        return []
    return [_valued(position, read.block, prices) for position in read.positions]


def visible_positions(
    positions: Iterable[ValuedPosition], min_value_usd: Decimal
) -> tuple[ValuedPosition, ...]:
    """Those to show: nothing priced below the minimum; of a debt it is its size that counts."""
    return tuple(each for each in positions if reaches(each.value_usd, min_value_usd))


def reaches(value_usd: Decimal | None, least: Decimal) -> bool:
    """Whether a value, or a debt's size, is not below the least to show; what has no price always is."""
    return value_usd is None or value_usd.copy_abs() >= least


def highest_first(value_usd: Decimal | None) -> tuple[bool, Decimal]:
    """What to sort by: the highest value first, the deepest debt last but for what has no price."""
    # copy_negate, because the minus sign rounds to the ambient precision.
    return (value_usd is None, Decimal(0) if value_usd is None else value_usd.copy_negate())


def position_order(valued: ValuedPosition) -> tuple[object, ...]:
    """A total order of positions: by value, and equals always in the same way."""
    position = valued.position
    names = (position.token.asset_id, position.protocol, position.contract, position.wallet)
    return (*highest_first(valued.value_usd), *names)


def _valued(position: Position, block: Block, prices: Mapping[AssetId, Price]) -> ValuedPosition:
    price = prices.get(position.token.asset_id)
    if price is None or price.price_usd is None:
        return ValuedPosition(position, block, price, None)
    value = multiply(from_raw(position.raw, position.token.decimals), price.price_usd)
    return ValuedPosition(position, block, price, value.copy_negate() if position.kind == "debt" else value)
