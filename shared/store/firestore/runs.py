"""The Runs port on Firestore."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count, takewhile
from typing import Any

from google.cloud.firestore import AsyncDocumentReference, FieldFilter, Query

from ...core.run_ids import is_of_one
from ...core.runs import PlanPage, PlanTotals, PricePage, Progress, Run
from ...errors import StoreUnavailable
from ..account_ports import Era
from ..claims import ErasedMeanwhile
from ..keeping import KEEP_PLAN, KEEP_PRICES, KEEP_RUN
from ..run_codecs import pack_plan, pack_prices, unpack_plan, unpack_prices
from .cloud import Cloud, Document, Refused, document_id
from .documents import plain_time
from .drafts import ROUNDS, Draft, Need, create_all
from .eras import hold_era, require_era
from .parts import read_parts

PAGES, PRICES, PARTS = "pages", "prices", "parts"
"""The collections below a run."""


class FirestoreRuns:
    """One document for each run, and below it one for each page of its plan and of its prices."""

    def __init__(self, cloud: Cloud, clock: Callable[[], datetime]) -> None:
        self._cloud = cloud
        self._clock = clock

    async def add_run(self, run: Run, *, era: Era | None = None) -> Run:
        batch = self._cloud.batch()
        batch.create(run_reference(self._cloud, run.id), _run_fields(run, self._clock() + KEEP_RUN))
        if run.user_id is not None:
            hold_era(self._cloud, batch, run.user_id, era)
        try:
            await self._cloud.commit(batch)
        except Refused:
            if run.user_id is not None:
                await require_era(self._cloud, run.user_id, era)
            kept = await self.get_run(run.id)
            if kept is None:
                raise StoreUnavailable("a run was removed while it was added") from None
            return kept
        return run

    async def get_run(self, run_id: str) -> Run | None:
        kept = await self._cloud.get(run_reference(self._cloud, run_id))
        return run_of(kept) if kept.exists else None

    async def set_totals(self, run_id: str, totals: PlanTotals) -> None:
        batch = self._cloud.batch()
        batch.update(run_reference(self._cloud, run_id), {"totals": totals._asdict()})
        try:
            await self._cloud.commit(batch)
        except Refused:
            return  # There is no such run.

    async def set_finished(self, run_id: str, at: datetime, outcome: Progress) -> None:
        for _ in range(ROUNDS):
            kept = await self._cloud.get(run_reference(self._cloud, run_id))
            if not kept.exists or kept.get("finished"):
                return
            batch = self._cloud.batch()
            changes = {"finished": True, "finished_at": at, "outcome": outcome._asdict()}
            batch.update(kept.reference, changes, self._cloud.unchanged(kept))
            try:
                await self._cloud.commit(batch)
            except Refused:
                continue  # It was changed meanwhile, perhaps by this very commit.
            return
        raise StoreUnavailable("the run is being changed by too many others")

    async def list_overdue(self, now: datetime, limit: int, after: Run | None = None) -> tuple[Run, ...]:
        query = (
            self._cloud.collection("runs")
            .where(filter=FieldFilter("finished", "==", False))
            .where(filter=FieldFilter("overdue_at", "<=", now))
            .order_by("overdue_at")
            .order_by("__name__")
        )
        if after is not None:
            last = {"overdue_at": after.overdue_at, "__name__": run_reference(self._cloud, after.id)}
            query = query.start_after(last)
        return tuple(map(run_of, await self._cloud.select(query.limit(limit))))

    async def list_finished(self, limit: int) -> tuple[Run, ...]:
        query = (
            self._cloud.collection("runs")
            .where(filter=FieldFilter("for_all", "==", True))
            .where(filter=FieldFilter("finished", "==", True))
            .order_by("scheduled_at", direction=Query.DESCENDING)
        )
        return tuple(map(run_of, await self._cloud.select(query.limit(limit))))

    async def add_page(self, run_id: str, page: PlanPage) -> PlanPage:
        if await self._create(run_id, PAGES, page.number, pack_plan(page), KEEP_PLAN):
            return page
        kept = await self.get_page(run_id, page.number)
        if kept is None:
            await self._require_there(run_id)
            raise StoreUnavailable("a page of a plan is not all there")
        return kept

    async def get_page(self, run_id: str, number: int) -> PlanPage | None:
        packed = await self._content(await self._cloud.get(self._page(run_id, PAGES, number)))
        return None if packed is None else unpack_plan(packed)

    async def add_prices(self, run_id: str, page: PricePage) -> PricePage:
        if await self._create(run_id, PRICES, page.number, pack_prices(page), KEEP_PRICES):
            return page
        packed = await self._content(await self._cloud.get(self._page(run_id, PRICES, page.number)))
        if packed is None:
            await self._require_there(run_id)
            raise StoreUnavailable("a page of prices is not all there")
        return unpack_prices(packed)

    async def list_prices(self, run_id: str, first: int) -> tuple[PricePage, ...]:
        prices = run_reference(self._cloud, run_id).collection(PRICES)
        query = prices.where(filter=FieldFilter("number", ">=", first)).order_by("number")
        kept = await asyncio.gather(*map(self._content, await self._cloud.select(query)))
        pages = [unpack_prices(packed) for packed in kept if packed is not None]
        together = takewhile(lambda pair: pair[0].number == pair[1], zip(pages, count(first), strict=False))
        return tuple(page for page, _ in together)

    async def _create(self, run_id: str, kind: str, number: int, packed: bytes, keep: timedelta) -> bool:
        document = self._page(run_id, kind, number)
        draft = Draft(
            document, {"number": number}, packed, self._clock() + keep, need=own_run(self._cloud, run_id)
        )
        return bool(await create_all(self._cloud, [draft]))

    async def _require_there(self, run_id: str) -> None:
        if is_of_one(run_id) and await self.get_run(run_id) is None:
            raise ErasedMeanwhile

    async def _content(self, kept: Document) -> bytes | None:
        """None if it is not there, or not all of it any more."""
        return await read_parts(self._cloud, kept) if kept.exists else None

    def _page(self, run_id: str, kind: str, number: int) -> AsyncDocumentReference:
        page: AsyncDocumentReference = (
            run_reference(self._cloud, run_id).collection(kind).document(str(number))
        )
        return page


def run_reference(cloud: Cloud, run_id: str) -> AsyncDocumentReference:
    """Where a run is kept."""
    return cloud.collection("runs").document(document_id(run_id))


def own_run(cloud: Cloud, run_id: str) -> Need | None:
    """What is written of a run for one user needs the run: it goes when the user is erased."""
    return Need(run_reference(cloud, run_id), {"run_id": run_id}) if is_of_one(run_id) else None


def _run_fields(run: Run, expire_at: datetime) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "user_id": run.user_id,
        "for_all": run.user_id is None,
        "scheduled_at": run.scheduled_at,
        "started_at": run.started_at,
        "give_up_at": run.give_up_at,
        "overdue_at": run.overdue_at,
        "chains": [*run.chains],
        "totals": None if run.totals is None else run.totals._asdict(),
        "finished": run.finished_at is not None,
        "finished_at": run.finished_at,
        "outcome": None if run.outcome is None else run.outcome._asdict(),
        "expire_at": expire_at,
    }


def run_of(kept: Document) -> Run:
    """The run that a document holds."""
    totals, finished_at, outcome = (kept.get(name) for name in ("totals", "finished_at", "outcome"))
    return Run(
        id=kept.get("run_id"),
        user_id=kept.get("user_id"),
        scheduled_at=plain_time(kept.get("scheduled_at")),
        started_at=plain_time(kept.get("started_at")),
        give_up_at=plain_time(kept.get("give_up_at")),
        overdue_at=plain_time(kept.get("overdue_at")),
        chains=tuple(kept.get("chains")),
        totals=None if totals is None else PlanTotals(**totals),
        finished_at=None if finished_at is None else plain_time(finished_at),
        outcome=None if outcome is None else Progress(**outcome),
    )
