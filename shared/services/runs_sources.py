"""What snapshot runs work with, and reading what is kept of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from ..bus.ports import Bus
from ..core.balances import BalanceRead
from ..core.chains import Chain, Chains
from ..core.deployments import Deployment
from ..core.ids import Address, ChainId
from ..core.runs import Group, PlanPage, Run
from ..counts import Counts
from ..errors import UnknownMessage
from ..store.ports import Store
from ..store.run_memory import RunMemory
from .chain_reads import TokenSources
from .positions import PositionReader


class RunReader(PositionReader, Protocol):
    """Who reads one chain; a ChainClient is one."""

    async def read_balances(
        self, wallets: Sequence[Address], tokens: Sequence[Address], *, within: float
    ) -> BalanceRead:
        """The balances of all wallets; raises RpcError."""


class RunSources(TokenSources, Protocol):
    """What runs are made with; the Context is one."""

    @property
    def store(self) -> Store: ...
    @property
    def bus(self) -> Bus: ...
    @property
    def chains(self) -> Chains: ...
    @property
    def deployments(self) -> Callable[[ChainId], tuple[Deployment, ...]]: ...
    @property
    def run_memory(self) -> RunMemory: ...
    @property
    def counts(self) -> Counts: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    def client(self, chain: Chain) -> RunReader: ...


async def fresh_run(run_id: str, sources: RunSources) -> Run:
    """The run as it is now. Raises UnknownMessage, and StoreUnavailable."""
    run = await sources.store.runs.get_run(run_id)
    if run is None:
        raise UnknownMessage(f"there is no run {run_id}")
    sources.run_memory.runs.keep(run_id, run)
    return run


async def known_run(run_id: str, sources: RunSources) -> Run:
    """The run as it was when this process last looked, which may have been while it was planned.

    When it is due, its totals say how long it may take: then it is looked at anew until they are known.
    Raises UnknownMessage, and StoreUnavailable.
    """
    run = sources.run_memory.runs.get(run_id)
    if run is None or (run.totals is None and sources.clock() >= run.overdue_at):
        return await fresh_run(run_id, sources)
    return run


async def known_page(run_id: str, number: int, sources: RunSources) -> PlanPage:
    """A page of the run's plan. Raises UnknownMessage, and StoreUnavailable."""
    page = sources.run_memory.pages.get((run_id, number))
    if page is None:
        page = await sources.store.runs.get_page(run_id, number)
        if page is None:
            raise UnknownMessage(f"run {run_id} has no page {number}")
        sources.run_memory.pages.keep((run_id, number), page)
    return page


async def planned_group(run_id: str, page: int, number: int, sources: RunSources) -> Group:
    """A group on a page of the run's plan. Raises UnknownMessage if it is not there, and StoreUnavailable."""
    for group in (await known_page(run_id, page, sources)).groups:
        if group.number == number:
            return group
    raise UnknownMessage(f"page {page} of run {run_id} has no group {number}")
