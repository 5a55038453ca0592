"""JSON nested too deeply is refused before the parser sees it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.nesting import MAX_DEPTH, check_nesting

leaves = st.none() | st.booleans() | st.integers() | st.text(alphabet='[]{}"\\ab', max_size=8)
shallow = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text('[{"'), inner), max_leaves=50
)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"]}":'])
def test_a_million_levels_are_refused(opening: bytes) -> None:
    with pytest.raises(ValueError, match="nested deeper than 200 levels"):
        check_nesting(opening * 1_000_000)


def test_closing_brackets_in_strings_do_not_hide_the_depth() -> None:
    with pytest.raises(ValueError, match="nested deeper"):
        check_nesting(b'["]]]]",' * 1000)


def test_a_string_that_never_ends_takes_no_longer_than_others() -> None:
    """Two megabytes of it: looking for its end again from every quote would take hours."""
    check_nesting(b"[" * (MAX_DEPTH - 1) + b'{"x' + b'\\"' * 1_000_000)
    with pytest.raises(ValueError, match="nested deeper"):
        check_nesting(b"[" * (MAX_DEPTH + 1) + b'"x' + b'\\"' * 1_000_000)


@pytest.mark.parametrize("depth", [1, MAX_DEPTH])
def test_the_limit_itself_is_accepted(depth: int) -> None:
    assert json.loads(b"[" * depth + b"]" * depth) is not None
    check_nesting(b"[" * depth + b"]" * depth)


@given(shallow)
def test_what_is_shallow_is_accepted_however_many_brackets_it_has(value: object) -> None:
    text = json.dumps([value] * 300).encode()

    check_nesting(text)
    assert json.loads(text)[0] == value
