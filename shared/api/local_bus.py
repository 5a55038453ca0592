"""A local bus delivers to the functions of its own process, which sees to its runs alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from ..bus.local import LocalBus
from ..bus.ports import Topic
from ..errors import Unavailable
from ..services.runs_progress import ask_for_sweep
from ..services.runs_resume import resume_runs
from ..wiring import Context
from . import fetch_balances, snapshot
from .triggers import Act, act_on, sweep_if_local

logger = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[object]]

SWEEP_SECONDS = 300.0
_ACTS: dict[Topic, Act] = {"snapshot": snapshot.act, "fetch-balances": fetch_balances.act}


async def deliver_here(context: Context, *, sleep: Sleep = asyncio.sleep) -> None:
    """Have a local bus deliver to this process; any other bus is left as it is.

    Messages of an earlier process are lost: what it left overdue is closed, and what it left under way is
    gone on with. Raises BusUnavailable.
    """
    if context.settings.bus != "local":
        return
    bus = context.bus
    assert isinstance(bus, LocalBus)  # the settings say so
    for topic, act in _ACTS.items():
        bus.subscribe(topic, partial(act_on, context, act))
    await sweep_if_local(context)
    bus.accompany(_tend(context, context.clock(), sleep))


async def _tend(context: Context, opened_at: datetime, sleep: Sleep) -> None:
    """Go on with the runs of earlier processes, then sweep now and again, as a scheduler does elsewhere."""
    is_resumed = False
    while True:
        try:
            if is_resumed:
                await ask_for_sweep(context)
            else:
                await resume_runs(opened_at, context)
                is_resumed = True
        except Unavailable as error:
            logger.warning("snapshot runs are not seen to now: %s", error)
        await sleep(SWEEP_SECONDS)
