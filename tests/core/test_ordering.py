"""Trades come by time, and at one time by what they say: their ids decide only between what is alike."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.core.ordering import in_order
from shared.core.trades import LotPick, Trade

from .histories import ONE, START, TWO, trade

HASH = "0x" + "ab" * 32


def test_the_earlier_comes_first_whatever_the_ids() -> None:
    late, early = trade("1", "buy", "1", day=1), trade("2", "buy", "1")

    assert in_order([late, early]) == [early, late]


@pytest.mark.parametrize(
    "other",
    [
        {"asset": "USDC"},
        {"wallet": TWO},
        {"price_usd": Decimal(2)},
        {"price_usd": None},
        {"total_usd": None},
        {"amount": Decimal(2)},
        {"amount_type": "usd"},
        {"fee_usd": Decimal(1)},
        {"fee_asset": "BNB"},
        {"fee_amount": Decimal(1)},
        {"basis_usd": Decimal(1)},
        {"acquired_at": START - timedelta(days=1)},
        {"chain": "base"},
        {"tx_hash": HASH},
        {"link": "a"},
        {"symbol": "eth"},
        {"notes": "a"},
        {"lots": (LotPick("b", Decimal(1)),)},
        {"side": "transfer_in"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_a_trade_says_decides_and_not_its_id(other: dict[str, Any]) -> None:
    one = trade("1", "sell", "1", total_usd="1", wallet=ONE)
    two = one._replace(id="2", **other)
    swapped = [one._replace(id="2"), two._replace(id="1")]

    assert said(in_order([one, two])) == said(in_order(swapped)) == said(in_order([two, one]))


def said(trades: list[Trade]) -> list[Trade]:
    return [each._replace(id="") for each in trades]
