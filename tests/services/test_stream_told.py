"""What cannot be read and what is still being read: told once, and when it is otherwise."""

from __future__ import annotations

from shared.core.failures import Failure
from shared.services.stream_events import Snapshot, Status
from shared.services.stream_told import Failing
from tests.services.stream_model import failing
from tests.services.stream_setting import Setting, came_back


def test_failures_are_told_once_and_their_end_when_everything_was_tried() -> None:
    setting = Setting()
    setting.begin()
    setting.taken()
    told = []
    for chains in ({"base"}, {"base"}, (), ()):
        setting.failing = failing(chains)
        setting.outbox.failed()
        told += [event[:2] for event in setting.taken() if isinstance(event, Status)]

    assert told == [failing({"base"}), failing(())]


def test_in_what_way_a_chain_does_not_answer_is_no_news() -> None:
    setting = Setting()
    setting.begin()
    setting.taken()
    told = []
    for code in ("rpc_timeout", "rpc_unavailable", "rpc_timeout"):
        setting.failing = Failing((Failure("chain", "base", code, "no answer"),), ())
        setting.outbox.failed()
        told += [event.failures[0].code for event in setting.taken() if isinstance(event, Status)]

    assert told == ["rpc_timeout"]


def test_that_no_chain_is_pending_any_more_is_told_once_and_not_that_fewer_are() -> None:
    setting = Setting()
    setting.failing = failing((), "base", "ethereum")
    setting.begin()
    (snapshot,) = setting.taken()
    told = []
    for now in (failing((), "ethereum"), failing(()), failing(())):
        setting.failing = now
        setting.outbox.failed()
        told += setting.taken()

    assert isinstance(snapshot, Snapshot)
    assert snapshot.pending == ("base", "ethereum")
    assert [event[:2] for event in told if isinstance(event, Status)] == [failing(())] == [told[0][:2]]


def test_what_fails_is_told_while_other_chains_are_pending() -> None:
    setting = Setting()
    setting.failing = failing((), "base", "ethereum")
    setting.begin()
    setting.taken()
    told = []
    for now in (failing(["base"], "ethereum"), failing(["base"], "ethereum"), failing(["base"])):
        setting.failing = now
        setting.outbox.failed()
        told += [event[:2] for event in setting.taken() if isinstance(event, Status)]

    assert told == [failing(["base"], "ethereum"), failing(["base"])]


def test_that_nothing_fails_any_more_is_told_only_once_it_is_known() -> None:
    setting = Setting()
    setting.failing = failing(["ethereum"])
    setting.begin()
    setting.taken()
    again = came_back(setting)
    again.failing = failing((), "ethereum")
    again.begin()

    assert again.taken() == []
    again.failing = failing(())
    again.outbox.failed()
    assert [type(event) for event in again.taken()] == [Status]


def test_whoever_comes_back_while_chains_are_pending_hears_only_what_is_so_in_the_end() -> None:
    setting = Setting()
    setting.failing = failing(["base", "ethereum"])
    setting.begin()
    setting.taken()
    again = came_back(setting)
    told = []
    again.begin()
    for now in (
        failing((), "base", "ethereum"),
        failing(["ethereum"], "base"),
        failing(["base", "ethereum"]),
    ):
        again.failing = now
        again.outbox.failed()
        told += again.taken()

    assert told == []


def test_whoever_left_while_chains_were_pending_hears_that_none_is_any_more() -> None:
    setting = Setting()
    setting.failing = failing((), "base")
    setting.begin()
    setting.taken()
    again = came_back(setting)
    again.failing = failing((), "base")
    again.begin()
    before = again.taken()
    again.failing = failing(())
    again.outbox.failed()

    assert before == []
    assert [type(event) for event in again.taken()] == [Status]
