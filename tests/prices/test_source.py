"""Splitting requests and putting their answers together."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.quotes import Quote
from shared.prices.source import Quotes, SourceFailed, gather_quotes, split_keys
from tests.prices.samples import ETH, NOW, POL


@given(st.lists(st.text("ab:", min_size=1, max_size=12)), st.integers(1, 5), st.integers(12, 40))
def test_splitting_loses_nothing_and_keeps_the_limits(keys: list[str], most: int, characters: int) -> None:
    batches = split_keys(keys, most=most, characters=characters)

    assert [key for batch in batches for key in batch] == keys
    assert all(1 <= len(batch) <= most and len(",".join(batch)) <= characters for batch in batches)


@given(st.lists(st.text("ab:", min_size=1, max_size=12)), st.integers(1, 5), st.integers(12, 40))
def test_no_batch_could_have_taken_the_next_key(keys: list[str], most: int, characters: int) -> None:
    batches = split_keys(keys, most=most, characters=characters)

    for batch, following in pairwise(batches):
        longer = [*batch, following[0]]
        assert len(longer) > most or len(",".join(longer)) > characters


def test_a_key_that_is_too_long_goes_alone() -> None:
    assert split_keys(["aaaa", "b"], most=5, characters=3) == [["aaaa"], ["b"]]


async def test_one_failure_does_not_cost_what_the_others_said() -> None:
    quote = Quote(ETH.asset_id, "llama", Decimal(1), NOW)
    late = Quote(POL.asset_id, "llama", Decimal(2), NOW)

    async def good() -> Quotes:
        return {ETH.asset_id: quote}

    async def bad() -> Quotes:
        raise SourceFailed("it broke", rest=5, quotes={POL.asset_id: late})

    with pytest.raises(SourceFailed, match="it broke") as raised:
        await gather_quotes([good, bad], at_once=1)

    assert raised.value.quotes == {ETH.asset_id: quote, POL.asset_id: late}
    assert raised.value.rest == 5


async def test_no_requests_say_nothing() -> None:
    assert await gather_quotes([], at_once=1) == {}
