"""Spans know their place, whoever runs at the same time, and cost nothing where nobody traces."""

from __future__ import annotations

import asyncio

import pytest

from shared.spans import Span, SpanPlace, current_place, root_span, span, spanned


def test_without_a_trace_there_is_no_span() -> None:
    with span("work") as made:
        assert made is None
    assert current_place() is None


def test_a_span_hangs_below_the_one_that_it_is_in() -> None:
    finished: list[Span] = []
    with root_span("request", finished.append) as root, span("read", "client", chain="base") as outer:
        assert outer is not None
        with span("attempt") as inner:
            assert inner is not None
            assert current_place() == inner.place

    assert [each.name for each in finished] == ["attempt", "read", "request"]
    assert (inner.parent_id, outer.parent_id, root.parent_id) == (
        outer.place.span_id,
        root.place.span_id,
        None,
    )
    assert {each.place.trace_id for each in finished} == {root.place.trace_id}
    assert outer.attributes == {"chain": "base"}
    assert root.start_ns <= outer.start_ns <= outer.end_ns <= root.end_ns


def test_a_root_continues_the_callers_trace() -> None:
    with root_span("request", lambda _: None, SpanPlace(7, 9)) as root:
        assert root.place.trace_id == 7
        assert root.parent_id == 9


async def test_work_at_the_same_time_does_not_mix() -> None:
    finished: list[Span] = []
    turns = asyncio.Barrier(2)

    async def read(name: str) -> None:
        with span(name):
            await turns.wait()
            with span(f"{name} inside"):
                await turns.wait()

    with root_span("request", finished.append) as root:
        await asyncio.gather(read("a"), read("b"))
    places = {each.name: each for each in finished}

    assert places["a inside"].parent_id == places["a"].place.span_id
    assert places["b inside"].parent_id == places["b"].place.span_id
    assert places["a"].parent_id == places["b"].parent_id == root.place.span_id


async def test_an_error_is_told_by_its_class_and_passes() -> None:
    finished: list[Span] = []

    @spanned("service")
    async def fail() -> None:
        raise ValueError("https://secret.example/key")

    with root_span("request", finished.append), pytest.raises(ValueError, match="secret"):
        await fail()

    assert finished[0].error == "ValueError"
    assert "secret" not in repr(finished)
    assert finished[1].error is None
