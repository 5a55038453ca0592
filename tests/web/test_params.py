"""Query parameters: read one by one, with all that is wrong told at once."""

from contextlib import suppress
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidRequest
from shared.web.params import Params, parse_flag

KNOWN = ("list", "flag", "number")


def faults(params: Params) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        params.check()
    return [(fault.field, fault.message) for fault in caught.value.faults]


def test_a_parameter_that_nobody_knows_is_refused() -> None:
    assert faults(Params(b"flagg=true", KNOWN)) == [("flagg", "is not a parameter of this endpoint")]


def test_a_value_given_twice_is_refused() -> None:
    params = Params(b"flag=true&flag=true", KNOWN)
    params.one("flag", parse_flag, False)

    assert faults(params) == [("flag", "is given more than once")]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    params = Params(b"x=1&flag=maybe&number=", KNOWN)
    params.one("flag", parse_flag, False)
    params.one("number", int, 0)

    assert [field for field, _ in faults(params)] == ["x", "flag", "number"]


def test_what_is_not_given_has_its_default() -> None:
    params = Params(b"", KNOWN)

    assert params.one("number", Decimal, Decimal(7)) == 7
    assert params.words("list", 3) == ()
    params.check()


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False)])
def test_a_flag_is_true_or_false(text: str, value: bool) -> None:
    assert parse_flag(text) is value


@pytest.mark.parametrize("text", ["", "1", "True", "yes"])
def test_a_flag_is_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match="true or false"):
        parse_flag(text)


@pytest.mark.parametrize("query", [b"list=", b"list=,", b"list=a,,b", b"list=a,", b"list=%20"])
def test_a_list_has_no_empty_values(query: bytes) -> None:
    params = Params(query, KNOWN)

    assert params.words("list", 9) == ()
    assert faults(params)[0][0] == "list"


def test_a_list_has_at_most_so_many_values() -> None:
    params = Params(b"list=a,b&list=c", KNOWN)
    params.words("list", 2, repeatable=True)

    assert faults(params) == [("list", "has 3 values; at most 2 are accepted")]


def test_only_repeatable_lists_may_be_repeated() -> None:
    params = Params(b"list=a&list=b", KNOWN)
    params.words("list", 9)

    assert "more than once" in faults(params)[0][1]


def test_a_bracketed_name_is_the_name_where_that_is_allowed() -> None:
    params = Params(b"list[]=a&list%5B0%5D=b&list=c&list[17]=d", KNOWN, bracketed=("list",))

    assert params.words("list", 9, repeatable=True) == ("a", "b", "c", "d")
    params.check()


@pytest.mark.parametrize("name", ["flag[]", "list[x]", "list[", "list[]]", "[]", "list[12345]"])
def test_other_brackets_are_part_of_an_unknown_name(name: str) -> None:
    params = Params(f"{name}=true".encode(), KNOWN, bracketed=("list",))

    assert [field for field, _ in faults(params)] == [name]


WORDS = st.text(st.characters(exclude_characters=",", exclude_categories=["C", "Z"]), min_size=1, max_size=8)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=1, max_size=5))
def test_a_list_loses_nothing_and_keeps_its_order(groups: list[list[str]]) -> None:
    query = urlencode([("list", ",".join(group)) for group in groups]).encode()
    params = Params(query, KNOWN)

    assert params.words("list", 99, repeatable=True) == tuple(word for group in groups for word in group)
    params.check()


@given(st.binary(max_size=200))
def test_any_query_is_read_or_refused(query: bytes) -> None:
    params = Params(query, KNOWN)
    params.words("list", 5)
    with suppress(InvalidRequest):
        params.check()


@pytest.mark.parametrize("query", [b"list=%ff", b"%ff=1", "list=é".encode("latin-1")])
def test_a_query_that_is_not_utf_8_is_refused(query: bytes) -> None:
    assert faults(Params(query, KNOWN)) == [("query", "is not UTF-8")]


def test_a_query_of_thousands_of_parameters_is_refused() -> None:
    assert faults(Params(b"list=a&" * 1001, KNOWN)) == [("query", "has more than 1000 parameters")]
