"""Running the services of snapshot runs by hand: what a message asks for, stepped where no event loop is."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from shared.core.run_messages import FinishGroup, ReadPart, StartRun, SweepRun, decode
from shared.services.runs_finish import finish_group
from shared.services.runs_part import read_part
from shared.services.runs_sources import RunSources
from shared.services.runs_start import go_on
from shared.services.runs_sweep import sweep, sweep_page


async def act_on(data: bytes, attempt: int | None, sources: RunSources) -> None:
    """Do what a message says. Raises UnknownMessage and Unavailable."""
    message = decode(data)
    if isinstance(message, ReadPart):
        await read_part(message, attempt, sources)
    elif isinstance(message, FinishGroup):
        await finish_group(message, attempt, sources)
    elif isinstance(message, StartRun):
        await go_on(message.run_id, sources)
    elif isinstance(message, SweepRun):
        await sweep_page(message, sources)
    else:
        await sweep(sources)


def step_to(work: Coroutine[Any, Any, Any], stop: str) -> None:
    """Step a coroutine until it is where it says that it is."""
    while work.send(None) != stop:
        pass


def step_through(work: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns that stops only for whoever steps it."""
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            return end.value
