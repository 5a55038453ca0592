"""The choice among quotes: its laws, and each reason for not counting one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.ids import AssetId
from shared.core.quotes import (
    ISSUER,
    SOURCE_ORDER,
    UNSTATED_CONFIDENCE,
    Price,
    Quote,
    choose,
    is_stale,
    refusal,
)

NOW = datetime(2026, 9, 1, 10, tzinfo=UTC)
ASSET = AssetId("eip155:1/slip44:60")


def quote(source: str = "llama", price: str = "100", *, minutes: float = 1, **fields: object) -> Quote:
    stated = None if source in UNSTATED_CONFIDENCE else Decimal("0.9")
    made = Quote(ASSET, source, Decimal(price), NOW - timedelta(minutes=minutes), stated)
    return made._replace(**fields)  # type: ignore[arg-type]  # the tests name real fields


def chosen(*quotes: Quote) -> Price:
    return choose(ASSET, quotes, NOW)


PRICES = st.decimals(Decimal("0.0000001"), Decimal(100_000), places=9, allow_nan=False).filter(bool)
CONFIDENCES = st.none() | st.decimals(0, 1, places=2)
QUOTES = st.builds(
    Quote,
    asset_id=st.just(ASSET),
    source=st.sampled_from((*SOURCE_ORDER, "other")),
    price_usd=PRICES | st.sampled_from([Decimal(n) for n in (1, 2, 3, 100, 101, 102, 103, 109, 111, 250)]),
    as_of=st.integers(-90, 3000).map(lambda minutes: NOW - timedelta(minutes=minutes)),
    confidence=CONFIDENCES,
    volume_usd_24h=st.none() | st.sampled_from([Decimal(0), Decimal(999), Decimal(1_000), Decimal(10**9)]),
    market=st.sampled_from(["open", "closed", "extended", "overnight", "halted", "unknown"]),
)
MANY = st.lists(QUOTES, max_size=6)


@given(MANY, st.randoms())
def test_the_order_of_the_quotes_does_not_matter(quotes: list[Quote], random: object) -> None:
    shuffled = list(quotes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random

    assert choose(ASSET, shuffled, NOW) == choose(ASSET, quotes, NOW)


@given(MANY)
def test_the_price_is_one_counted_quote_and_never_a_mean(quotes: list[Quote]) -> None:
    price = choose(ASSET, quotes, NOW)

    if price.price_usd is None:
        assert price.reason
        assert price.source is None
        assert price.as_of is None
        assert price.confidence == 0
    else:
        assert any(
            (q.price_usd, q.source, q.as_of) == (price.price_usd, price.source, price.as_of)
            and refusal(q, NOW) is None
            for q in quotes
        )


@given(MANY)
def test_every_quote_is_shown_whatever_was_chosen(quotes: list[Quote]) -> None:
    assert sorted(map(repr, choose(ASSET, quotes, NOW).quotes)) == sorted(map(repr, quotes))


@given(MANY, QUOTES, st.decimals(Decimal("0.981"), Decimal("1.019"), places=3))
def test_a_quote_in_agreement_never_lowers_the_confidence(
    quotes: list[Quote], other: Quote, ratio: Decimal
) -> None:
    before = choose(ASSET, quotes, NOW)
    if before.price_usd is None or other.source == ISSUER:
        return
    after = choose(ASSET, [*quotes, other._replace(price_usd=before.price_usd * ratio)], NOW)

    assert after.confidence >= before.confidence


@given(MANY, QUOTES)
def test_the_issuer_saying_the_same_never_lowers_the_confidence(quotes: list[Quote], other: Quote) -> None:
    before = choose(ASSET, quotes, NOW)
    if before.price_usd is None:
        return
    after = choose(ASSET, [*quotes, other._replace(source=ISSUER, price_usd=before.price_usd)], NOW)

    assert after.confidence >= before.confidence


@given(MANY)
def test_the_confidence_is_between_zero_and_one(quotes: list[Quote]) -> None:
    assert 0 <= choose(ASSET, quotes, NOW).confidence <= 1


def test_an_asset_without_quotes_is_unknown_and_not_worth_zero() -> None:
    price = chosen()

    assert (price.price_usd, price.reason_code, price.market) == (None, "unknown", "unknown")


def test_the_issuer_comes_first() -> None:
    price = chosen(quote("llama", "101", confidence=Decimal("0.99")), quote("backed", "100"))

    assert (price.price_usd, price.source) == (Decimal(100), "backed")


def test_among_agreeing_sources_the_stated_order_decides() -> None:
    price = chosen(quote("llama"), quote("coingecko", "100.5"), quote("coinmarketcap", "99.5"))

    assert (price.source, price.confidence) == ("coinmarketcap", Decimal("0.9"))


def test_a_price_is_as_sure_as_the_surest_quote_that_agrees_with_it() -> None:
    price = chosen(quote("coinmarketcap"), quote("llama", "101", confidence=Decimal("0.99")))

    assert (price.source, price.confidence) == ("llama", Decimal("0.99"))


def test_a_fresh_quote_comes_before_a_stale_one() -> None:
    price = chosen(quote("coinmarketcap", minutes=16), quote("llama", confidence=Decimal("0.6")))

    assert (price.source, price.stale) == ("llama", False)


def test_a_stale_quote_is_better_than_none_and_says_so() -> None:
    price = chosen(quote("coinmarketcap", minutes=16))

    assert (price.price_usd, price.stale, price.confidence) == (Decimal(100), True, Decimal("0.45"))


@pytest.mark.parametrize(
    ("other", "confidence"),
    [("102", "0.9"), ("102.01", "0.81"), ("110", "0.81"), ("110.01", "0.45"), ("200", "0.45")],
)
def test_disagreement_lowers_the_confidence_and_strongly_above_a_tenth(other: str, confidence: str) -> None:
    price = chosen(quote("coinmarketcap"), quote("coingecko", other))

    assert (price.price_usd, price.confidence) == (Decimal(100), Decimal(confidence))


def test_the_majority_is_followed() -> None:
    price = chosen(quote("coinmarketcap", "150"), quote("coingecko", "100"), quote("llama", "101"))

    assert (price.source, price.confidence) == ("coingecko", Decimal("0.6"))


def test_sources_that_disagree_wildly_without_a_majority_are_not_counted() -> None:
    price = chosen(quote("coinmarketcap", "100"), quote("llama", "201"))

    assert price.price_usd is None
    assert price.reason == "sources_disagree: coinmarketcap says 100, llama says 201"
    assert len(price.quotes) == 2


def test_a_majority_outvotes_a_wild_quote() -> None:
    price = chosen(quote("coinmarketcap", "100"), quote("coingecko", "100"), quote("llama", "5000"))

    assert (price.price_usd, price.confidence) == (Decimal(100), Decimal("0.6"))


def test_a_depeg_is_not_hidden() -> None:
    assert chosen(quote("llama", "0.87"), quote("coingecko", "0.868")).price_usd == Decimal("0.868")


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        (quote(market="halted"), "market_halted"),
        (quote(confidence=Decimal("0.49")), "low_confidence"),
        (quote("llama", confidence=None), "low_confidence"),
        (quote("other", confidence=None), "low_confidence"),
        (quote(volume_usd_24h=Decimal("999.99")), "thin_market"),
        (quote(minutes=24 * 60 + 1), "too_old"),
        (quote(minutes=5 * 24 * 60 + 1, market="closed"), "too_old"),
        (quote(minutes=-11), "bad_time"),
    ],
)
def test_a_doubtful_quote_is_shown_with_its_reason_but_not_counted(refused: Quote, code: str) -> None:
    price = chosen(refused)

    assert (price.price_usd, price.reason_code, price.quotes) == (None, code, (refused,))


@pytest.mark.parametrize(
    "counted",
    [
        quote(confidence=Decimal("0.5")),
        quote(volume_usd_24h=Decimal(1_000)),
        quote(minutes=24 * 60),
        quote(minutes=3 * 24 * 60, market="closed"),
        quote(minutes=-9),
    ],
)
def test_a_quote_at_the_limit_is_counted(counted: Quote) -> None:
    assert chosen(counted).price_usd == Decimal(100)


def test_the_last_price_of_a_closed_market_is_not_stale() -> None:
    assert not is_stale(quote("backed", minutes=3 * 24 * 60, market="closed"), NOW)
    assert is_stale(quote("backed", minutes=16, market="overnight"), NOW)


def test_a_halted_issuer_leaves_the_choice_to_others_and_the_market_halted() -> None:
    price = chosen(quote("backed", "100", market="halted"), quote("llama", "90"))

    assert (price.price_usd, price.source, price.market) == (Decimal(90), "llama", "halted")
