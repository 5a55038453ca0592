"""What passes is waited for: Firestore's own errors come and go below the library's repetitions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from google.api_core.exceptions import (
    Aborted,
    DeadlineExceeded,
    GoogleAPICallError,
    InternalServerError,
    ServiceUnavailable,
)
from google.api_core.gapic_v1.method_async import wrap_method
from google.cloud.firestore import AsyncClient

from shared.errors import StoreUnavailable
from shared.store.firestore.opening import store_in
from tests.store.conftest import IndexedCloud
from tests.store.run_samples import OUTCOME, RUN, fragment, fragment_key, part, run, unwritten
from tests.store.samples import START, Clock
from tests.store.test_firestore_runs import TOTALS, WRITTEN, write_everything
from tests.store.test_store_run_snapshots import of_run

Call = Callable[..., Awaitable[Any]]
PASSING = [Aborted, ServiceUnavailable, InternalServerError]


class FaultyCloud(IndexedCloud):
    """Every other commit meets an error: before it reaches the database, or when it is there already."""

    def __init__(self, project: str, error: type[GoogleAPICallError], applied: bool) -> None:
        super().__init__(project)
        self._error = error
        self._applied = applied
        self.fails_next = True
        self.faults = 0

    @property
    def client(self) -> AsyncClient:
        known, client = self._client, super().client
        if known is None:
            transport = client._firestore_api.transport
            faulty = wrap_method(self._faulty(transport.commit))  # type: ignore[no-untyped-call]
            transport._wrapped_methods[transport.commit] = faulty
        return client

    def _faulty(self, commit: Call) -> Call:
        async def call(*args: Any, **options: Any) -> Any:
            self.fails_next = not self.fails_next
            if self.fails_next:
                return await commit(*args, **options)
            self.faults += 1
            if self._applied:
                await commit(*args, **options)
            raise self._error("it passes")

        return call


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("error", PASSING)
async def test_an_error_that_passes_changes_no_answer(
    cloud: IndexedCloud, clock: Clock, error: type[GoogleAPICallError], applied: bool
) -> None:
    faulty = FaultyCloud(cloud.client.project, error, applied)
    store = store_in(faulty, clock)

    assert await write_everything(store) == WRITTEN

    assert faulty.faults >= len(WRITTEN)
    assert await store.runs.get_run(RUN) == run(totals=TOTALS, finished_at=START, outcome=OUTCOME)
    await store.close()
    await cloud.close()


@pytest.mark.parametrize("applied", [False, True])
async def test_no_answer_in_time_is_unavailable_and_can_be_asked_again(
    cloud: IndexedCloud, clock: Clock, applied: bool
) -> None:
    faulty = FaultyCloud(cloud.client.project, DeadlineExceeded, applied)
    store = store_in(faulty, clock)

    for write in (
        lambda: store.runs.add_run(run()),
        lambda: store.runs.set_totals(RUN, TOTALS),
        lambda: store.parts.add_part(part()),
        lambda: store.latest.put_latest([fragment()]),
        lambda: store.run_snapshots.add_snapshots([of_run("alice")]),
        lambda: store.runs.set_finished(RUN, START, OUTCOME),
    ):
        faulty.fails_next = True
        with pytest.raises(StoreUnavailable):
            await write()
        await write()

    assert await store.runs.get_run(RUN) == run(totals=TOTALS, finished_at=START, outcome=OUTCOME)
    assert await store.parts.read_parts(RUN, [part().key]) == {part().key: part()}
    found = await store.latest.read_latest([fragment_key()])
    assert unwritten(found.values()) == {fragment_key(): fragment()}
    assert await store.parts.read_progress(RUN) == (1, 0, 1, 0)
    await store.close()
    await cloud.close()
