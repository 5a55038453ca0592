"""Entity tags: made of the bytes, compared weakly, found in any list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.web.etags import etag_of, matches

TAG = etag_of(b"body")


@pytest.mark.parametrize(
    "header",
    [TAG, b"W/" + TAG, b'"a", ' + TAG, b'"a",W/' + TAG + b' , "b"', b"*", b" * "],
)
def test_a_tag_matches_alone_in_a_list_weak_and_by_star(header: bytes) -> None:
    assert matches(header, TAG)


@pytest.mark.parametrize("header", [b"", b'"a"', TAG[:-1], TAG.strip(b'"'), b'"*"', b'"a, ' + TAG[1:]])
def test_what_is_not_the_tag_does_not_match(header: bytes) -> None:
    assert not matches(header, TAG)


@given(st.binary(), st.binary())
def test_the_same_bytes_have_the_same_tag_and_other_bytes_another(one: bytes, other: bytes) -> None:
    assert (etag_of(one) == etag_of(other)) == (one == other)


@given(st.lists(st.binary(max_size=3), max_size=5), st.integers(0, 5), st.binary(max_size=3))
def test_a_tag_is_found_wherever_it_stands_in_a_list(others: list[bytes], place: int, body: bytes) -> None:
    tags = [etag_of(other) for other in others]
    tags.insert(min(place, len(tags)), etag_of(body))

    assert matches(b", ".join(tags), etag_of(body))
