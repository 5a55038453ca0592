"""Spans leave in batches, from a thread of their own, and never cost more than a bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from shared.spans import Span, SpanPlace
from shared.telemetry.exporting import SpanQueue


class Noted:
    def __init__(self, sends: bool = True) -> None:
        self.batches: list[list[str]] = []
        self.threads: set[str] = set()
        self.closed = False
        self._sends = sends

    def export(self, spans: Sequence[Span]) -> bool:
        self.threads.add(threading.current_thread().name)
        self.batches.append([span.name for span in spans])
        return self._sends

    def close(self) -> None:
        self.closed = True


def a_span(name: str) -> Span:
    return Span(name, "internal", SpanPlace(1, 1), None, 0, 1)


def test_everything_is_sent_by_the_end_in_order_and_elsewhere() -> None:
    exporter = Noted()
    queue = SpanQueue(lambda: exporter, pause_seconds=60)
    for number in range(1200):
        queue.add(a_span(str(number)))
    queue.close()

    assert [name for batch in exporter.batches for name in batch] == [str(n) for n in range(1200)]
    assert max(map(len, exporter.batches)) <= 512
    assert exporter.threads == {"spans"}
    assert exporter.closed


def test_nothing_is_opened_before_there_is_a_span() -> None:
    opened: list[int] = []

    def opening() -> Noted:
        opened.append(1)
        return Noted()

    SpanQueue(opening).close()

    assert opened == []


def test_when_too_many_wait_the_oldest_are_given_up_and_counted() -> None:
    exporter = Noted()
    queue = SpanQueue(lambda: exporter, pause_seconds=60, most_waiting=4)
    for number in range(6):
        queue.add(a_span(str(number)))
    queue.close()

    assert [name for batch in exporter.batches for name in batch] == ["2", "3", "4", "5"]
    assert queue.lost == 2


def test_what_cannot_be_sent_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    queue = SpanQueue(lambda: Noted(sends=False), pause_seconds=60)
    queue.add(a_span("a"))
    queue.close()

    assert queue.lost == 1
    assert "1 spans could not be sent" in caplog.text


def test_an_exporter_that_cannot_be_opened_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    exporter = Noted()
    opened = threading.Event()
    tries = [OSError("https://telemetry.example/?key=secret"), ValueError("no credentials")]

    def opening() -> Noted:
        if tries:
            raise tries.pop(0)
        opened.set()
        return exporter

    queue = SpanQueue(opening, pause_seconds=0.001)
    queue.add(a_span("a"))

    assert opened.wait(10)
    queue.close()
    assert exporter.batches == [["a"]]
    assert queue.lost == 0
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert not any(record.exc_info for record in caplog.records)
    assert "OSError" in caplog.text
    assert "secret" not in caplog.text


def test_what_waits_when_it_ends_before_the_exporter_could_be_opened_is_counted() -> None:
    def opening() -> Noted:
        raise OSError("nobody is there")

    queue = SpanQueue(opening, pause_seconds=60)
    queue.add(a_span("a"))
    queue.close()

    assert queue.lost == 1


def test_an_exporter_that_fails_costs_its_batch_alone(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Noted):
        def export(self, spans: Sequence[Span]) -> bool:
            if not super().export(spans) or len(self.batches) == 1:
                raise ConnectionError("https://telemetry.example/?key=secret")
            return True

    exporter = Failing()
    queue = SpanQueue(lambda: exporter, pause_seconds=60)
    for number in range(513):
        queue.add(a_span(str(number)))
    queue.close()

    assert list(map(len, exporter.batches)) == [512, 1]
    assert exporter.closed
    assert queue.lost == 512
    assert "secret" not in caplog.text
