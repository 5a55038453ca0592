"""Balances of addresses and positions in protocols have one form, and lose nothing on the way to it."""

from decimal import Decimal

from shared.core.app_balances import (
    AppBalance,
    balances_by_protocol,
    balances_of_wallets,
    together,
    without_spam,
)
from shared.core.balances import BalanceRead
from shared.core.ids import address_from_bytes
from shared.core.portfolio import ChainRead
from shared.core.positions import Position, PositionsRead
from shared.core.quotes import unpriced
from shared.core.tokens import native_token

from .chain_samples import ETHEREUM
from .test_portfolio import ALICE, BOB, make_price, make_read, make_token

TOKEN = make_token(5)
CONTRACT = address_from_bytes(bytes([6] * 20))


def test_what_addresses_hold_names_its_token() -> None:
    held = balances_of_wallets(make_read({(ALICE, None): 7, (BOB, TOKEN): 5}))

    assert held == ((ALICE, AppBalance(native_token(ETHEREUM), 7)), (BOB, AppBalance(TOKEN, 5)))


def test_a_chain_that_could_not_be_read_holds_nothing() -> None:
    read: BalanceRead | None = None

    assert balances_of_wallets(ChainRead(ETHEREUM, "error", read, {}, 9)) == ()


def test_positions_are_of_their_protocol() -> None:
    deposit = Position(ALICE, "aave-v3", "deposit", TOKEN, 5, CONTRACT, "Core")
    debt = Position(ALICE, "compound-v3", "debt", TOKEN, 3, CONTRACT)
    held = balances_by_protocol(PositionsRead(ETHEREUM, None, (deposit, debt)))

    assert held == {
        "aave-v3": ((ALICE, AppBalance(TOKEN, 5, "deposit", CONTRACT, "Core")),),
        "compound-v3": ((ALICE, AppBalance(TOKEN, 3, "debt", CONTRACT)),),
    }


def test_what_wallets_have_together_is_summed_where_it_is_the_same() -> None:
    held = (
        (ALICE, AppBalance(TOKEN, 5)),
        (BOB, AppBalance(TOKEN, 6)),
        (BOB, AppBalance(TOKEN, 7, "debt", CONTRACT)),
    )

    assert together(held, (ALICE, BOB)) == (AppBalance(TOKEN, 11), AppBalance(TOKEN, 7, "debt", CONTRACT))
    assert together(held, (ALICE,)) == (AppBalance(TOKEN, 5),)


def test_a_debt_is_worth_less_than_nothing_and_the_unpriced_is_worth_nobody_knows_what() -> None:
    unit = Decimal("0." + "3" * 40)

    assert AppBalance(TOKEN, 2_000_000).value(unit) == Decimal("0." + "6" * 40)
    assert AppBalance(TOKEN, 2_000_000, "debt").value(unit) == Decimal("-0." + "6" * 40)
    assert AppBalance(TOKEN, 2_000_000).value(None) is None


def test_spam_is_left_out_but_not_what_has_a_price_or_is_in_a_protocol() -> None:
    spam, priced = make_token(8, listed=False), make_token(9, listed=False)
    prices = {
        spam.asset_id: unpriced(spam.asset_id, "unknown: nobody prices it"),
        priced.asset_id: make_price(priced, "1"),
    }
    held = tuple(
        (ALICE, each)
        for each in (
            AppBalance(spam, 1),
            AppBalance(priced, 1),
            AppBalance(TOKEN, 1),
            AppBalance(spam, 1, "deposit", CONTRACT),
        )
    )

    assert without_spam(held, prices) == held[1:]
