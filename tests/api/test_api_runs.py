"""Snapshots on request, over HTTP: from the wish to the history, on one port with a local bus."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import jsonschema  # type: ignore[import-untyped]  # it has no stubs
import pytest

from shared.api.runs_schemas import RunBody
from shared.api.schemas import schemas_of
from shared.core.failures import Failure
from shared.core.runs import PlanTotals
from shared.errors import RpcTimeout, StoreUnavailable
from shared.services.me_erasure import erase_account
from shared.store.ports import Answers, Once
from tests.api.asking_runs import OTHER, SNAPSHOTS, Site
from tests.fakes import USDC, WALLET
from tests.store.run_samples import run

RUN = "20261121T120000.000000Z-2bd806c97f0e"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    yield site
    await site.close()


class Forgetful:
    """The first answer to a request is not kept."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._failures = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._answers, name)

    async def finish_answer(self, user: str, once: Once, **era: Any) -> None:
        if self._failures and once.answer.body.startswith(b"{"):
            self._failures -= 1
            raise StoreUnavailable("no answer")
        await self._answers.finish_answer(user, once, **era)


async def scheduled(site: Site) -> str:
    """The path of the run that the schedule starts now."""
    started = await site.caller(None)("POST", "/triggers/snapshot", json={})
    assert started.status_code == 200, started.text
    return f"/api/v1/runs/{started.json()['id']}"


def check_schema(body: Any) -> None:
    schemas = schemas_of(RunBody)
    jsonschema.validate(body, {**schemas["RunBody"], "components": {"schemas": schemas}})


async def test_a_snapshot_of_the_wallets_comes_into_the_history(site: Site) -> None:
    await site.save("alice", WALLET)
    run = await site.snapshot("alice")
    (kept,) = await site.history("alice")

    check_schema(run)
    assert (run["id"], run["status"], run["complete"]) == (RUN, "finished", True)
    assert (run["users"], run["wallets"], run["chains"]) == (1, 1, ["ethereum", "base"])
    assert run["parts"] == {"total": 2, "done": 2, "failed": 0, "waiting": 0}
    assert run["snapshots"] == {"total": 1, "done": 1}
    assert run["snapshot"] == {
        "id": RUN,
        "timestamp": "2026-11-21T12:00:00Z",
        "total_usd": "6005",
        "complete": True,
        "errors": [],
    }
    assert (kept["id"], kept["total_usd"], kept["complete"]) == (RUN, "6005", True)
    assert [asset["symbol"] for asset in kept["assets"]] == ["ETH", "USDC"]


async def test_the_answer_comes_before_the_run_is_done(site: Site) -> None:
    await site.save("alice", WALLET)
    answer = await site.caller("alice")("POST", SNAPSHOTS, json={})

    check_schema(answer.json())
    assert (answer.status_code, answer.headers["location"]) == (202, f"/api/v1/runs/{RUN}")
    assert (answer.json()["status"], answer.json()["complete"]) == ("running", None)
    assert answer.json()["parts"]["total"] == 2


async def test_without_wallets_there_is_nothing_to_do(site: Site) -> None:
    answer = await site.caller("alice")("POST", SNAPSHOTS)

    check_schema(answer.json())
    assert answer.status_code == 200
    assert answer.json()["status"] == "finished"
    assert "no wallet is saved" in answer.json()["detail"]
    assert await site.history("alice") == []


async def test_a_wallet_that_is_saved_for_other_chains_is_not_read(site: Site) -> None:
    await site.save("alice", WALLET, chains=["base"])
    run = await site.snapshot("alice")

    assert run["parts"]["total"] == 1
    assert site.fakes.client(1).reads == 0


async def test_a_chain_that_is_down_makes_the_snapshot_incomplete_in_the_end(site: Site) -> None:
    await site.save("alice", WALLET)
    site.fakes.client(8453).error = RpcTimeout("base: no answer")
    run = await site.snapshot("alice")

    assert (run["status"], run["complete"]) == ("finished", False)
    assert run["parts"] == {"total": 2, "done": 1, "failed": 1, "waiting": 0}
    assert run["elapsed_ms"] >= 300_000
    check_schema(run)
    assert [(e["scope"], e["chain"], e["code"]) for e in run["snapshot"]["errors"]] == [
        ("chain", "base", "rpc_timeout")
    ]
    assert (await site.history("alice"))[0]["errors"] == run["snapshot"]["errors"]
    assert (await site.history("alice"))[0]["total_usd"] == "6005"


async def test_a_price_source_that_fails_is_waited_for(site: Site) -> None:
    await site.save("alice", WALLET)
    site.fakes.book.failures = (Failure("price", None, "price_unavailable", "llama: no answer"),)
    known = site.fakes.book.known.pop(USDC.asset_id)
    run = await site.snapshot("alice")
    assert (run["complete"], run["parts"]["failed"]) == (False, 0)
    assert run["elapsed_ms"] >= 300_000

    site.fakes.book.known[USDC.asset_id] = known
    assert (await site.snapshot("alice"))["complete"], "all assets have a price"


async def test_a_snapshot_that_lacks_a_price_makes_the_run_incomplete_for_everybody(site: Site) -> None:
    await site.save("alice", WALLET)
    site.fakes.book.failures = (Failure("price", None, "price_unavailable", "llama: no answer"),)
    del site.fakes.book.known[USDC.asset_id]
    url = await scheduled(site)
    await site.fakes.bus.drained()
    seen = [(await site.caller(user)("GET", url)).json() for user in ("alice", "carol")]

    assert [(run["status"], run["complete"]) for run in seen] == [("finished", False)] * 2
    assert seen[1]["parts"]["failed"] == 0


async def test_a_finished_run_says_the_same_when_its_parts_are_forgotten(site: Site) -> None:
    await site.save("alice", WALLET)
    site.fakes.client(8453).error = RpcTimeout("base: no answer")
    url = await scheduled(site)
    await site.fakes.bus.drained()
    before = (await site.caller("carol")("GET", url)).json()
    site.fakes.clock.advance(8 * 86400)
    await scheduled(site)
    await site.fakes.bus.drained()
    after = (await site.caller("carol")("GET", url)).json()

    assert (after["status"], after["complete"]) == ("finished", False)
    assert after["parts"] == before["parts"] == {"total": 2, "done": 1, "failed": 1, "waiting": 0}


async def test_a_run_that_was_closed_without_its_snapshots_is_not_complete(site: Site) -> None:
    lost = run("20261121T110000Z", totals=PlanTotals(pages=1, groups=1, parts=2, users=1, wallets=1))
    await site.context.store.runs.add_run(lost)  # its plan is forgotten
    await site.caller(None)("POST", "/triggers/snapshot", json={"sweep": True})
    await site.fakes.bus.drained()
    seen = (await site.caller("alice")("GET", f"/api/v1/runs/{lost.id}")).json()

    assert (seen["status"], seen["complete"]) == ("finished", False)
    assert seen["snapshots"] == {"total": 1, "done": 0}
    assert (seen["parts"]["waiting"], "were not read" in seen["detail"]) == (2, True)


async def test_who_was_erased_a_moment_ago_and_begins_anew_has_a_snapshot(site: Site) -> None:
    await site.save("alice", WALLET)
    await erase_account("alice", site.context)
    await site.save("alice", WALLET)
    body = await site.snapshot("alice")

    assert (body["status"], body["parts"]["waiting"], body["snapshots"]) == (
        "finished",
        0,
        {"total": 1, "done": 1},
    )
    assert len(await site.history("alice")) == 1


async def test_two_wishes_within_a_second_are_two_snapshots(site: Site) -> None:
    alice = site.caller("alice")
    nothing = await alice("POST", SNAPSHOTS)
    await site.save("alice", WALLET)
    for _ in range(2):
        site.fakes.clock.advance(0.01)
        await site.snapshot("alice")

    assert nothing.json()["users"] == 0
    assert len(await site.history("alice")) == 2


@pytest.mark.parametrize("seconds", [1, 1200])
async def test_a_key_whose_first_try_failed_half_way_goes_on_with_the_same_run(
    site: Site, seconds: int
) -> None:
    await site.save("alice", WALLET)
    alice, key = site.caller("alice"), {"idempotency-key": "k"}
    subscriptions = site.fakes.bus._subscriptions
    taken = subscriptions.pop("fetch-balances")
    failed = await alice("POST", SNAPSHOTS, headers=key)
    subscriptions["fetch-balances"] = taken
    site.fakes.clock.advance(seconds)
    again = await alice("POST", SNAPSHOTS, headers=key)
    await site.fakes.bus.drained()
    site.fakes.clock.advance(1000)
    await site.caller(None)("POST", "/triggers/snapshot", json={"sweep": True})
    await site.fakes.bus.drained()

    assert (failed.status_code, again.status_code, again.json()["id"]) == (503, 202, RUN)
    assert [kept["id"] for kept in await site.history("alice")] == [RUN]


async def test_a_key_whose_answer_could_not_be_kept_goes_on_with_the_same_run(site: Site) -> None:
    await site.save("alice", WALLET)
    alice, key = site.caller("alice"), {"idempotency-key": "k"}
    answers = cast(Answers, Forgetful(site.context.store.answers))
    object.__setattr__(site.context.stores, "_store", replace(site.context.store, answers=answers))
    statuses = []
    for _ in range(3):
        statuses.append((await alice("POST", SNAPSHOTS, headers=key)).status_code)
        await site.fakes.bus.drained()
        site.fakes.clock.advance(40)

    assert statuses == [503, 409, 202]
    assert len(await site.history("alice")) == 1


async def test_a_key_makes_a_repeat_return_the_first_answer(site: Site) -> None:
    await site.save("alice", WALLET)
    alice = site.caller("alice")
    first = await alice("POST", SNAPSHOTS, headers={"idempotency-key": "k"})
    await site.fakes.bus.drained()
    site.fakes.clock.advance(60)
    again = await alice("POST", SNAPSHOTS, headers={"idempotency-key": "k"})
    other = await alice("POST", SNAPSHOTS, json={}, headers={"idempotency-key": "k"})

    assert (again.status_code, again.content) == (202, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert other.status_code == 409
    assert len(await site.history("alice")) == 1


async def test_a_start_that_failed_leaves_the_key_unused(site: Site) -> None:
    await site.save("alice", WALLET)
    subscriptions = site.fakes.bus._subscriptions
    taken = dict(subscriptions)
    await site.fakes.bus.drained()
    subscriptions.clear()
    failed = await site.caller("alice")("POST", SNAPSHOTS, headers={"idempotency-key": "k"})
    subscriptions.update(taken)
    again = await site.caller("alice")("POST", SNAPSHOTS, headers={"idempotency-key": "k"})

    assert failed.status_code == 503
    assert "make run" in failed.json()["detail"]
    assert again.status_code == 202


async def test_nobody_sees_the_run_of_another(site: Site) -> None:
    await site.save("alice", WALLET)
    await site.snapshot("alice")

    assert (await site.caller("bob")("GET", f"/api/v1/runs/{RUN}")).status_code == 404
    assert (await site.caller(None)("GET", f"/api/v1/runs/{RUN}")).status_code == 401
    assert (await site.caller(None)("POST", SNAPSHOTS)).status_code == 401


async def test_of_a_scheduled_run_everybody_sees_numbers_and_their_own(site: Site) -> None:
    await site.save("alice", WALLET)
    await site.save("bob", WALLET, OTHER)
    started = await site.caller(None)("POST", "/triggers/snapshot")
    await site.fakes.bus.drained()
    url = f"/api/v1/runs/{started.json()['id']}"
    seen = {user: (await site.caller(user)("GET", url)).json() for user in ("alice", "carol")}

    assert seen["alice"]["snapshot"]["total_usd"] == "6005"
    assert seen["carol"]["snapshot"] is None
    assert (seen["carol"]["users"], seen["carol"]["wallets"], seen["carol"]["complete"]) == (2, 2, True)
    assert WALLET not in str(seen)


@pytest.mark.parametrize(
    ("run", "status"),
    [
        ("20261121T110000Z", 404),
        ("20261121T120500Z", 400),
        ("20991231T000000Z", 400),
        ("20261121T110000.000001Z-000000000000", 404),
        ("20261121T110000Z-000000000000", 400),
        ("20261121T250000Z", 400),
        ("yesterday", 400),
        ("%00", 400),
    ],
)
async def test_a_run_that_cannot_be_is_a_bad_request(site: Site, run: str, status: int) -> None:
    answer = await site.caller("alice")("GET", f"/api/v1/runs/{run}")

    assert answer.status_code == status
    assert [error["field"] for error in answer.json().get("errors", ())] == (["id"] if status == 400 else [])


async def test_what_is_known_of_a_run_need_not_be_sent_again(site: Site) -> None:
    await site.save("alice", WALLET)
    await site.snapshot("alice")
    answer = await site.caller("alice")("GET", f"/api/v1/runs/{RUN}")
    again = await site.caller("alice")(
        "GET", f"/api/v1/runs/{RUN}", headers={"if-none-match": answer.headers["etag"]}
    )

    assert answer.headers["cache-control"] == "private, no-cache"
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"json": {"wallets": []}}, 400),
        ({"json": []}, 400),
        ({"content": b"{}", "headers": {"content-type": "text/plain"}}, 415),
        ({"headers": {"origin": "https://elsewhere.example"}}, 415),
        ({"params": {"chains": "base"}}, 400),
        ({"headers": {"idempotency-key": "two words"}}, 400),
    ],
)
async def test_what_is_not_asked_for_is_refused(site: Site, options: dict[str, Any], status: int) -> None:
    await site.save("alice", WALLET)

    assert (await site.caller("alice")("POST", SNAPSHOTS, **options)).status_code == status
    assert await site.history("alice") == []


async def test_a_run_that_its_process_left_behind_is_closed_when_somebody_looks(site: Site) -> None:
    await site.save("alice", WALLET)
    alice = site.caller("alice")
    site.fakes.client(1).error = RpcTimeout("ethereum: no answer")
    await alice("POST", SNAPSHOTS)
    lost = Site(site.fakes)  # the messages of the first are never delivered
    site.fakes.bus._subscriptions.clear()
    site.fakes.clock.advance(900)
    again = lost.caller("alice")
    await again("GET", f"/api/v1/runs/{RUN}")
    await site.fakes.bus.drained()
    run = (await again("GET", f"/api/v1/runs/{RUN}")).json()

    assert (run["status"], run["complete"]) == ("finished", False)
    assert len(await lost.history("alice")) == 1
