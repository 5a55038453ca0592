"""So many streams at once, in all and for each caller."""

from contextlib import ExitStack

import pytest

from shared.errors import RateLimited
from shared.web.open_streams import OpenStreams


def test_a_caller_has_so_many_and_others_have_theirs() -> None:
    streams = OpenStreams(per_caller=2, in_all=10)
    with ExitStack() as held:
        held.enter_context(streams.one_more("a"))
        held.enter_context(streams.one_more("a"))
        with pytest.raises(RateLimited, match="2 streams open") as refused, streams.one_more("a"):
            pass
        held.enter_context(streams.one_more("b"))

        assert refused.value.retry_after > 0
        assert streams.number == 3


def test_there_are_so_many_in_all() -> None:
    streams = OpenStreams(in_all=1)

    with streams.one_more("a"), pytest.raises(RateLimited, match="this server"), streams.one_more("b"):
        pass


def test_a_place_is_free_again_whatever_ends_the_stream() -> None:
    streams = OpenStreams(per_caller=1, in_all=1)
    with pytest.raises(ZeroDivisionError), streams.one_more("a"):
        raise ZeroDivisionError
    with streams.one_more("a"):
        assert streams.number == 1

    assert streams.number == 0
    assert streams._open == {}


def test_without_limits_there_are_as_many_as_come() -> None:
    streams = OpenStreams()
    with ExitStack() as held:
        for _ in range(5000):
            held.enter_context(streams.one_more("a"))

        assert streams.number == 5000
