"""A disposal says what of the lots that its trade names was not taken from them."""

from decimal import Decimal

from shared.core.ledger import Accounting, PoolScope
from shared.core.settlement import settle
from shared.core.trades import LotPick, Trade

from .histories import ONE, TWO, USDC, trade


def lacking(scope: PoolScope, *trades: Trade) -> list[tuple[str, str, Decimal]]:
    ledger = settle(trades, Accounting(method="specific", scope=scope))
    gone = [*ledger.disposals, *ledger.withdrawals]
    return [(each.trade.id, *pick) for each in gone for pick in each.lacking()]


def bought() -> tuple[Trade, Trade]:
    return (
        trade("a", "buy", "2", total_usd="200", wallet=ONE),
        trade("b", "buy", "2", total_usd="1800", wallet=TWO, day=1),
    )


def sold(side: str = "sell", **picks: str) -> Trade:
    lots = tuple(LotPick(name, Decimal(quantity)) for name, quantity in picks.items())
    total = None if side == "transfer_out" else "1000"
    return trade("s", side, "2", total_usd=total, wallet=ONE, day=2, lots=lots)


def test_lots_that_are_there_are_taken() -> None:
    assert lacking("universal", *bought(), sold(a="0.5", b="1.5")) == []
    assert lacking("wallet", *bought(), sold(a="1.5")) == []


def test_a_lot_of_another_wallet_is_not_there() -> None:
    assert lacking("wallet", *bought(), sold(b="1")) == [("s", "b", Decimal(1))]
    assert lacking("wallet", *bought(), sold("transfer_out", b="1")) == [("s", "b", Decimal(1))]


def test_a_lot_that_is_unknown_or_too_small_is_told_of() -> None:
    small = trade("c", "buy", "0.25", total_usd="1")

    assert lacking("universal", *bought(), small, sold(c="1", nowhere="1")) == [
        ("s", "c", Decimal("0.75")),
        ("s", "nowhere", Decimal(1)),
    ]


def test_what_a_sale_pays_as_a_fee_in_another_coin_needs_no_lot_of_it() -> None:
    paid = sold(a="2")._replace(fee_asset=USDC, fee_amount=Decimal(1))

    assert lacking("universal", *bought(), paid) == []
    assert lacking("universal", *bought(), sold("fee", nowhere="1")) == [("s", "nowhere", Decimal(1))]


def test_what_a_transaction_sent_to_others_is_not_of_the_lots_that_moved() -> None:
    tx_hash = "0x" + "ab" * 32
    sent = sold("transfer_out", a="1")._replace(tx_hash=tx_hash, chain="base")
    arrived = trade("i", "transfer_in", "1", wallet=TWO, day=2, tx_hash=tx_hash, chain="base")

    assert lacking("universal", *bought(), sent, arrived) == []
