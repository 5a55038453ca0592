"""The ledger beside the chain: what differs is explained or it is not."""

from datetime import UTC, datetime
from decimal import Decimal

from shared.core.balances import Block
from shared.core.reconcile import Holder, OnChain, reconcile, replayed

from .histories import ETH, ONE, TWO, USDC, trade

BLOCK = Block(7, datetime(2024, 1, 1, tzinfo=UTC))


def test_wallets_are_replayed_from_trades_alone() -> None:
    trades = [
        trade("a", "buy", "2", wallet=ONE, fee_asset=USDC, fee_amount="3", fee_usd="3"),
        trade("b", "transfer_out", "1", wallet=ONE),
        trade("c", "transfer_in", "0.99", wallet=TWO),
        trade("d", "sell", "5", wallet=TWO, status="pending"),
    ]

    assert replayed(trades) == {
        (ONE, ETH): Decimal(1),
        (ONE, USDC): Decimal(-3),
        (TWO, ETH): Decimal("0.99"),
    }


def test_a_difference_is_explained_or_not() -> None:
    held: dict[Holder, Decimal] = {(ONE, ETH): Decimal(1), (ONE, USDC): Decimal(10), (TWO, ETH): Decimal(5)}
    chain: dict[Holder, OnChain] = {
        (ONE, ETH): OnChain(Decimal("1.5"), BLOCK),
        (ONE, USDC): OnChain(Decimal("10.001"), BLOCK),
    }
    rows = reconcile(held, chain, dust=Decimal("0.01"))

    assert [(row.explanation, row.explained, row.unexplained) for row in rows] == [
        (None, 0, Decimal("0.5")),
        ("dust", Decimal("0.001"), 0),
        (None, 0, None),
    ]
    assert rows[2].chain_quantity is None
    assert rows[0].block == BLOCK


def test_a_rebasing_asset_explains_its_own_growth() -> None:
    (row,) = reconcile(
        {(ONE, ETH): Decimal(1)}, {(ONE, ETH): OnChain(Decimal("1.2"), BLOCK)}, rebasing=frozenset({ETH})
    )

    assert (row.explanation, row.explained, row.unexplained) == ("rebasing", Decimal("0.2"), Decimal(0))


def test_what_only_the_chain_knows_is_unexplained() -> None:
    (row,) = reconcile({}, {(ONE, ETH): OnChain(Decimal(1), BLOCK)})

    assert (row.ledger_quantity, row.unexplained) == (Decimal(0), Decimal(1))
