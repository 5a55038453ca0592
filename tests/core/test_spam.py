"""What nobody lists and nobody prices is spam, and says why."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shared.core.ids import ChainId, address_from_bytes
from shared.core.quotes import Price
from shared.core.spam import spam_reasons
from shared.core.tokens import Token, erc20

ADDRESS = address_from_bytes(bytes(20))


def make_token(name: str = "Thing", *, listed: bool = False) -> Token:
    return erc20(ChainId(1), ADDRESS, "THING", name, 18, listed=listed)


def make_price(dollars: Decimal | None, reason: str | None = None) -> Price:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    return Price(make_token().asset_id, dollars, "llama", now, Decimal(1), False, "open", (), reason)


def test_a_listed_token_is_never_spam() -> None:
    assert spam_reasons(make_token("claim at example.com", listed=True), None) == ()


def test_an_unlisted_token_with_a_price_that_counts_is_not_spam() -> None:
    assert spam_reasons(make_token(), make_price(Decimal(1))) == ()


def test_an_unlisted_token_without_a_price_is_spam() -> None:
    assert spam_reasons(make_token(), None) == ("not on a token list", "no source prices it")


def test_the_reason_a_price_was_refused_is_the_reason_for_spam() -> None:
    assert "a thin pool" in spam_reasons(make_token(), make_price(None, "low_confidence: a thin pool"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Visit usd-gift.xyz", "its name contains a link"),
        ("https://example", "its name contains a link"),
        ("AIRDROP reward", "its name is a lure"),
    ],
)
def test_lures_are_named(name: str, reason: str) -> None:
    assert reason in spam_reasons(make_token(name), None)
