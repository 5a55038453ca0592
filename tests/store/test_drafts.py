"""Drafts are split into commits: nothing is lost, none is too large."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.store.firestore.drafts import Draft, loads
from shared.store.firestore.parts import PART_BYTES, further_parts

MOST = 4 * PART_BYTES


def drafts_of(sizes: list[int]) -> list[Draft]:
    return [Draft(None, {"number": n}, bytes(size)) for n, size in enumerate(sizes)]  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 5_000_000) | st.integers(0, 10_000), max_size=12))
def test_every_draft_is_in_one_load_that_a_commit_can_take(sizes: list[int]) -> None:
    drafts = drafts_of(sizes)

    split = list(loads(drafts))

    assert [draft for load in split for draft in load] == drafts
    assert all(len(load) == 1 or sum(draft.size for draft in load) <= MOST for load in split)
    # No two neighbours would fit into one.
    assert all(sum(d.size for d in [*a, b[0]]) > MOST for a, b in pairwise(split))


def test_a_load_has_at_most_five_hundred_writes() -> None:
    assert [len(load) for load in loads(drafts_of([0] * 1001))] == [500, 500, 1]


@given(st.binary(max_size=50), st.integers(0, 3))
def test_the_parts_are_the_content(end: bytes, whole: int) -> None:
    content = bytes(whole * PART_BYTES) + end

    pieces = [content[n * PART_BYTES : (n + 1) * PART_BYTES] for n in (0, *further_parts(content))]

    assert b"".join(pieces) == content
    assert len(pieces) == 1 or all(pieces)
