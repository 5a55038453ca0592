"""A trade's fields are checked and brought to one form; an amended one is checked again."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shared.core.ids import AssetId
from shared.core.trades import (
    LotPick,
    amend,
    checked,
)
from shared.errors import InvalidInput, InvalidRequest

from .histories import trade


def test_an_amount_in_dollars_needs_a_price_to_have_a_quantity() -> None:
    assert trade("t", "buy", "100", amount_type="usd", price_usd="40").quantity == Decimal("2.5")
    with pytest.raises(InvalidInput, match="price_usd"):
        trade("t", "buy", "100", amount_type="usd")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": Decimal(0)}, "amount"),
        ({"side": "gift"}, "side"),
        ({"status": "done"}, "status"),
        ({"symbol": ""}, "symbol"),
        ({"tx_hash": "0x12", "chain": "ethereum"}, "tx_hash"),
        ({"tx_hash": "0x" + "1" * 64}, "chain"),
        ({"wallet": "0x12"}, "wallet"),
        ({"fee_asset": AssetId("BNB")}, "fee_amount"),
        ({"basis_usd": Decimal(1)}, "basis_usd"),
        ({"lots": (LotPick("a", Decimal(1)),)}, "lots"),
        ({"link": "a b"}, "link"),
        ({"notes": "x" * 2001}, "notes"),
        ({"executed_at": datetime(2024, 1, 1)}, "executed_at"),  # noqa: DTZ001
        ({"executed_at": datetime(1999, 1, 1, tzinfo=UTC)}, "executed_at"),
    ],
)
def test_a_bad_field_is_named(changes: dict[str, object], field: str) -> None:
    good = trade("t", "buy", "1")
    with pytest.raises(InvalidInput) as refused:
        checked(good._replace(**changes))  # type: ignore[arg-type]

    assert refused.value.field == field


def test_several_bad_fields_are_all_named() -> None:
    with pytest.raises(InvalidRequest) as refused:
        checked(trade("t", "buy", "1")._replace(symbol="", link="a b"))

    assert [fault.field for fault in refused.value.faults] == ["symbol", "link"]


def test_a_sale_names_no_lot_twice_and_no_more_than_it_sells() -> None:
    pick = LotPick("b", Decimal(1))
    with pytest.raises(InvalidInput, match="twice"):
        trade("s", "sell", "3", lots=(pick, pick))
    with pytest.raises(InvalidInput, match="more than"):
        trade("s", "sell", "1", lots=(pick, LotPick("c", Decimal(1))))


def test_an_amended_price_is_followed_by_the_total() -> None:
    one = trade("t", "buy", "2", price_usd="10")

    assert amend(one, {"price_usd": Decimal(20)}).total_usd == 40
    assert amend(one, {"total_usd": Decimal(50)}).price_usd == 25
    assert amend(one, {"amount": Decimal(3)}).total_usd == 30
    assert amend(one, {"notes": "n"}).total_usd == 20
