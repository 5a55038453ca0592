"""JSON keeps every digit of a number, and is JSON."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.web.exact_json import encode_exact
from shared.web.messages import encode_json

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=30) | st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**60), max_value=10**60
)
PLAIN = st.none() | st.booleans() | st.integers() | st.text()
CONTENT = st.recursive(
    PLAIN | NUMBERS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def test_a_number_is_written_as_it_is() -> None:
    content = {
        "a": Decimal("1234567890123456789.000000000000000001"),
        "b": Decimal("1E+3"),
        "c": Decimal("-0.50"),
    }

    assert encode_exact(content) == b'{"a":1234567890123456789.000000000000000001,"b":1000,"c":-0.5}'


@given(CONTENT)
def test_what_is_read_back_is_what_was_written(content: Any) -> None:
    assert json.loads(encode_exact(content), parse_float=Decimal) == content


@given(st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_without_decimals_it_is_the_usual_json_on_one_line(content: Any) -> None:
    assert encode_exact(content) == encode_json(content)
    assert not {b"\n", b"\r"} & {bytes([byte]) for byte in encode_exact(content)}


@pytest.mark.parametrize("content", [0.1, {"a": [1.5]}, b"bytes", {"a": {1, 2}}])
def test_what_is_not_exact_is_refused(content: object) -> None:
    with pytest.raises(TypeError):
        encode_exact(content)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        encode_exact([Decimal(number)])
