"""Runs while Firestore fails: errors of its own come over the wire, also for what it has done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import grpc  # type: ignore[import-untyped]  # has no types
import pytest
import pytest_asyncio

from tests.faults.grpc_proxy import GrpcProxy, Trouble
from tests.faults.holdings import FEW
from tests.faults.outside import Outside
from tests.faults.stage import AT, Stage, run_of

ABORTED, UNAVAILABLE, DEADLINE = (
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
)


@pytest_asyncio.fixture
async def proxy(outside: Outside, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GrpcProxy]:
    """What the stage's processes take for Firestore."""
    await stage.set_up(FEW)
    async with GrpcProxy(outside.firestore) as proxy:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", proxy.address)
        await stage.store.ready()
        yield proxy
        await stage.close()


@pytest.mark.parametrize("done", [False, True], ids=["refused", "done but not told"])
@pytest.mark.parametrize("code", [ABORTED, UNAVAILABLE, DEADLINE], ids=lambda code: code.name)
async def test_errors_of_firestore_change_no_snapshot(
    stage: Stage, proxy: GrpcProxy, code: grpc.StatusCode, done: bool
) -> None:
    chance = Random(0)

    def trouble(method: str) -> Trouble | None:
        is_first = method not in proxy.troubles
        return Trouble(code, done) if is_first or chance.random() < 0.3 else None

    proxy.trouble = trouble
    process = stage.process()
    statuses = [await process.call(AT)]
    while statuses[-1] != 200 and len(statuses) < 50:
        statuses.append(await process.call(AT))
    assert set(statuses) <= {200, 503}
    await stage.drain(process.push, run_of(AT))

    assert proxy.troubles["Commit"] >= 3
    assert proxy.troubles.keys() == {"Commit", "BatchGetDocuments", "RunQuery", "RunAggregationQuery"}
    proxy.trouble = lambda method: None
    await stage.check()
