"""Messages are put together into requests that Pub/Sub takes."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.batches import BATCH_BYTES, BATCH_MESSAGES, MAX_MESSAGE_BYTES, check_sizes, cut_batches

# Few sizes, so that the whole of many messages takes no time to make.
sized = st.sampled_from([b"", b"x", b"y" * 999, b"z" * 700_000, b"w" * MAX_MESSAGE_BYTES])


@given(st.lists(sized, max_size=40).map(lambda some: some * 30))
def test_batches_lose_and_repeat_nothing_and_keep_the_order(messages: list[bytes]) -> None:
    batches = list(cut_batches(messages))

    assert list(chain.from_iterable(batches)) == messages
    assert all(0 < len(batch) <= BATCH_MESSAGES for batch in batches)
    assert all(sum(map(len, batch)) <= BATCH_BYTES for batch in batches)


@pytest.mark.parametrize(("number", "batches"), [(0, 0), (1, 1), (500, 1), (501, 2), (1_000, 2), (1_001, 3)])
def test_a_batch_is_filled_before_the_next_is_begun(number: int, batches: int) -> None:
    assert len(list(cut_batches([b"x"] * number))) == batches


def test_the_longest_message_passes_and_a_longer_one_does_not() -> None:
    check_sizes([])
    check_sizes([b"x" * MAX_MESSAGE_BYTES])

    with pytest.raises(ValueError, match="longer than 1000000"):
        check_sizes([b"", b"x" * (MAX_MESSAGE_BYTES + 1)])
