"""Starting a run: who is in it, which wallets are read together, and a message for each part."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from ..core.run_ids import parse_run_id, run_id
from ..core.run_messages import FinishGroup, ReadPart, StartRun, encode
from ..core.run_plan import Planner
from ..core.runs import Owner, PartKey, PlanPage, Run, is_past
from ..errors import InvalidInput, UnknownMessage
from ..store.claims import ErasedMeanwhile
from .runs_finish import settle_run
from .runs_prices import seed_prices
from .runs_sources import RunSources, fresh_run

if TYPE_CHECKING:  # a type only
    from ..store.account_ports import Era

_GIVE_UP = timedelta(minutes=5)
_OVERDUE = timedelta(minutes=15)
_CLOCK_SKEW = timedelta(minutes=1)
# What is pushed has to be done within ten minutes.
_PLANNING = timedelta(minutes=4)
_OWNERS_AT_ONCE = 500

_Outcome = Literal["planned", "overtaken", "late"]


async def start_run(
    scheduled_at: datetime, sources: RunSources, user: str | None = None, era: Era | None = None
) -> Run:
    """Start the run of a time, for all users or for one in an era; one that was started before goes on.

    Raises InvalidInput for a time that has not come, ErasedMeanwhile, and Unavailable.
    """
    now = sources.clock()
    check_due(scheduled_at, now)
    named = run_id(scheduled_at, user)
    own = Run(
        id=named,
        user_id=user,
        scheduled_at=parse_run_id(named)[0],
        started_at=now,
        give_up_at=now + _GIVE_UP,
        overdue_at=now + _OVERDUE,
        chains=tuple(chain.slug for chain in sources.chains.enabled()),
    )
    return await _plan(await sources.store.runs.add_run(own, era=era), sources)


async def go_on(run: str, sources: RunSources) -> None:
    """Go on planning a run where that was left. Raises UnknownMessage, and Unavailable."""
    try:
        await _plan(await fresh_run(run, sources), sources)
    except ErasedMeanwhile as error:
        raise UnknownMessage(f"run {run} is gone: its user was erased") from error


def check_due(scheduled_at: datetime, now: datetime, field: str = "run") -> None:
    """Raises InvalidInput, naming the field, for a time that has not come."""
    if scheduled_at > now + _CLOCK_SKEW:
        raise InvalidInput(field, "its time has not come")


async def _plan(run: Run, sources: RunSources) -> Run:
    """Plan what is not planned yet, as far as the time reaches; the run as it is then."""
    deadline = sources.clock() + _PLANNING
    outcome: _Outcome = "overtaken"
    while run.totals is None and outcome == "overtaken":
        outcome = await _plan_behind(await _replay(run, sources), run, deadline, sources)
    if outcome == "late":
        await sources.bus.publish("snapshot", [encode(StartRun(run.id))])
        return run
    return await settle_run(await fresh_run(run.id, sources), sources)


async def _replay(run: Run, sources: RunSources) -> tuple[Planner, bool]:
    """A planner that knows the pages that are kept, and whether these are all.

    Whoever keeps a page has published the messages of those before it: only the last one's may be missing.
    """
    planner = Planner(run.chains)
    last: PlanPage | None = None
    while (
        page := await sources.store.runs.get_page(run.id, 0 if last is None else last.number + 1)
    ) is not None:
        planner.resume([page])
        last = page
    if last is not None:
        there = await _parts_there(run.id, last, sources)
        await _publish(run.id, last, there, sources)
    elif run.user_id is None and not is_past(run, sources.clock()):
        await seed_prices(run, sources)
    return planner, last is not None and last.last


async def _plan_behind(
    replayed: tuple[Planner, bool], run: Run, deadline: datetime, sources: RunSources
) -> _Outcome:
    planner, is_end = replayed
    after, found_here = planner.last_user, planner.totals.pages
    while not is_end:
        owners = await _next_owners(run, after, sources)
        pages = [page for owner in owners for page in planner.add(owner)]
        is_end = len(owners) < _OWNERS_AT_ONCE
        for page in (*pages, *((planner.finish(),) if is_end else ())):
            if await sources.store.runs.add_page(run.id, page) != page:
                return "overtaken"  # by another planner, who saw other wallets
            await _publish(run.id, page, (), sources)
        has_progressed = planner.totals.pages > found_here
        if not is_end and has_progressed and sources.clock() >= deadline:
            return "late"
        after = owners[-1].user_id if owners else after
    await sources.store.runs.set_totals(run.id, planner.totals)
    return "planned"


async def _next_owners(run: Run, after: str | None, sources: RunSources) -> tuple[Owner, ...]:
    if after is None and is_past(run, sources.clock()):
        return ()  # it never began: what is saved now is of another time
    if run.user_id is None:
        return await sources.store.owners.page_owners(after, _OWNERS_AT_ONCE)
    saved = await sources.store.wallets.list_wallets(run.user_id)
    return (Owner(run.user_id, tuple((wallet.address, wallet.chains) for wallet in saved)),)


async def _parts_there(run: str, page: PlanPage, sources: RunSources) -> Collection[PartKey]:
    if not page.groups:
        return ()
    first, last = page.groups[0].number, page.groups[-1].number
    return await sources.store.parts.list_keys(run, first, last)


async def _publish(run: str, page: PlanPage, there: Collection[PartKey], sources: RunSources) -> None:
    messages = list(_messages(run, page, there))
    if messages:
        await sources.bus.publish("fetch-balances", messages)


def _messages(run: str, page: PlanPage, there: Collection[PartKey]) -> Iterator[bytes]:
    """What the page's groups need to be read and finished, but for the parts that are there."""
    for group in page.groups:
        for chain, wallets in group.reads:
            if PartKey(group.number, chain) not in there:
                yield encode(ReadPart(run, group.number, chain, wallets, len(group.reads)))
        if not group.reads:
            yield encode(FinishGroup(run, group.number, page.number))
