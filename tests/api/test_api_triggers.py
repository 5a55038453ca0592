"""The triggers: what Cloud Scheduler and Pub/Sub send, in every form, and what becomes of anything else."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.api import fetch_balances, runs, snapshot
from shared.api.app import build_app
from shared.config import Oidc, Settings
from shared.core.run_messages import FinishGroup, ReadPart, StartRun, SweepRuns, encode
from shared.errors import RpcTimeout
from tests.api.asking import ask
from tests.api.asking_runs import Site, rich_fakes
from tests.fakes import WALLET, Fakes

SNAPSHOT = "/triggers/snapshot"
FETCH = "/triggers/fetch-balances"
RUN = "20261121T120000Z"
PART = encode(ReadPart(RUN, 0, "ethereum", (WALLET,), 2))
SCHEDULED = {"x-cloudscheduler-scheduletime": "2026-11-21T12:00:00Z"}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    await site.save("alice", WALLET)
    yield site
    await site.close()


def envelope(data: bytes, **more: Any) -> dict[str, Any]:
    message = {"data": b64encode(data).decode(), "messageId": "77", "publishTime": "2026-11-21T12:00:09Z"}
    return {"subscription": "projects/p/subscriptions/s", "message": message, **more}


async def post(site: Site, url: str, **options: Any) -> httpx.Response:
    """As Google does it: with a token that is not one of a user of ours."""
    headers = {"authorization": "Bearer forged", **options.pop("headers", {})}
    return await site.caller(None)("POST", url, headers=headers, **options)


def binary(data: bytes) -> dict[str, Any]:
    kind = "google.cloud.pubsub.topic.v1.messagePublished"
    headers = {"ce-type": kind, "ce-id": "77", "ce-specversion": "1.0", "ce-source": "//pubsub/t"}
    return {"json": envelope(data), "headers": headers}


def structured(data: bytes) -> dict[str, Any]:
    kind = "google.cloud.pubsub.topic.v1.messagePublished"
    event = {"specversion": "1.0", "type": kind, "id": "77", "source": "//pubsub/t", "data": envelope(data)}
    return {
        "content": json.dumps(event),
        "headers": {"content-type": "application/cloudevents+json"},
    }


async def test_the_scheduler_starts_the_run_of_its_time(site: Site) -> None:
    answers = [await post(site, SNAPSHOT, headers=SCHEDULED) for _ in range(2)]
    await site.fakes.bus.drained()

    assert [answer.status_code for answer in answers] == [200, 200]
    assert {answer.json()["id"] for answer in answers} == {RUN}
    assert [kept["id"] for kept in await site.history("alice")] == [RUN]


@pytest.mark.parametrize(
    "options",
    [
        {"json": envelope(encode(StartRun(RUN)))},
        binary(encode(StartRun(RUN))),
        structured(encode(StartRun(RUN))),
        {"json": envelope(b"{}")},
        {"json": envelope(b"")},
    ],
)
async def test_a_run_is_planned_on_by_a_message_in_any_form(site: Site, options: dict[str, Any]) -> None:
    await post(site, SNAPSHOT, json={"run": RUN})
    answer = await post(site, SNAPSHOT, **options)
    await site.fakes.bus.drained()

    assert (answer.status_code, answer.content) == (204, b"")
    assert [kept["id"] for kept in await site.history("alice")] == [RUN]


async def test_a_schedule_through_pubsub_starts_the_run_of_the_time_of_its_message(site: Site) -> None:
    assert (await post(site, SNAPSHOT, json=envelope(b"{}"))).status_code == 204
    await site.fakes.bus.drained()

    assert [kept["id"] for kept in await site.history("alice")] == [RUN]


@pytest.mark.parametrize("form", [lambda data: {"json": envelope(data)}, binary, structured])
async def test_a_part_is_read_from_a_message_in_any_form(site: Site, form: Any) -> None:
    await post(site, SNAPSHOT, headers=SCHEDULED)
    await site.fakes.bus.drained()
    answer = await post(site, FETCH, **form(PART))

    assert answer.status_code == 204
    assert not site.fakes.bus.dead_letters


@pytest.mark.parametrize("options", [{"json": {"sweep": True}}, {"json": envelope(encode(SweepRuns()))}])
async def test_a_sweep_closes_what_is_overdue(site: Site, options: dict[str, Any]) -> None:
    site.fakes.client(1).error = site.fakes.client(8453).error = RpcTimeout("no answer")
    await post(site, SNAPSHOT, headers=SCHEDULED)
    site.fakes.clock.advance(900)

    assert (await post(site, SNAPSHOT, **options)).status_code == 204
    await site.fakes.bus.drained()
    assert [kept["complete"] for kept in await site.history("alice")] == [False]


@pytest.mark.parametrize(
    "options",
    [
        {"json": {"run": "tomorrow"}},
        {"json": {"run": "20991231T000000Z"}},
        {"json": {"run": 7}},
        {"content": b'{"run":%s}' % (b"9" * 5_000)},
        {"content": b'{"run":"%s"}' % (b"9" * 5_000)},
        {"json": {"run": "20261121T110000.000345Z-2bd806c97f0e"}},
        {"json": {"sweep": False}},
        {"json": {"run": RUN, "sweep": True}},
        {"json": {"ruun": RUN}},
        {"headers": {"x-cloudscheduler-scheduletime": "noon"}},
        {"headers": {"x-cloudscheduler-scheduletime": "2026-11-21T12:05:00Z"}},
        {"headers": {"origin": "https://elsewhere.example"}},
        {"params": {"run": RUN}},
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused(site: Site, options: dict[str, Any]) -> None:
    answer = await post(site, SNAPSHOT, **options)
    await site.fakes.bus.drained()

    assert answer.status_code == 400
    assert await site.history("alice") == []


@pytest.mark.parametrize(
    "options",
    [
        {"content": b"\x00\xff"},
        {"content": b"[" * 100_000},
        {"json": ["no", "event"]},
        {"json": envelope(b"not ours")},
        {"json": envelope(b'{"v":2,"kind":"read-part"}')},
        {"json": envelope(encode(ReadPart("20261121T110000Z", 0, "ethereum", (WALLET,), 1)))},
        {"json": envelope(encode(FinishGroup("20261121T110000Z", 0, 0)))},
        {"json": {"message": {"data": "%%%", "messageId": "77"}}},
        {"json": {"message": {}}},
        {"content": b"x" * 2_000_000},
        {"content": b'{"run":"' + b"9" * 2_000_000 + b'"}'},
    ],
)
@pytest.mark.parametrize("url", [SNAPSHOT, FETCH])
async def test_what_nobody_can_act_on_is_acknowledged_and_put_among_the_dead_letters(
    site: Site, url: str, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    answer = await post(site, url, headers={"x-request-id": "trace-1"}, **options)

    assert answer.status_code == 204
    assert len(site.fakes.bus.dead_letters) == 1
    assert site.fakes.counts.total("messages_discarded_total") == 1
    assert "message 77" in caplog.text or "message trace-1" in caplog.text
    assert WALLET not in caplog.text


@pytest.mark.parametrize("data", [b"", b"{}"])
async def test_a_schedules_message_of_a_time_to_come_is_a_dead_letter(site: Site, data: bytes) -> None:
    early = envelope(data)
    early["message"]["publishTime"] = "2026-11-21T12:05:00Z"

    assert (await post(site, SNAPSHOT, json=early)).status_code == 204
    assert len(site.fakes.bus.dead_letters) == 1


@pytest.mark.parametrize("form", [lambda data: {"json": envelope(data)}, binary, structured])
async def test_parameters_in_the_address_of_a_push_do_not_matter(site: Site, form: Any) -> None:
    await post(site, SNAPSHOT, headers=SCHEDULED)
    await site.fakes.bus.drained()
    query = {"params": {"__GCP_CloudEventsMode": "CUSTOM_PUBSUB"}}

    assert (await post(site, FETCH, **form(PART), **query)).status_code == 204
    assert (await post(site, SNAPSHOT, **form(encode(SweepRuns())), **query)).status_code == 204
    assert not site.fakes.bus.dead_letters


async def test_what_is_too_long_to_be_a_message_is_not_parsed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post(site, SNAPSHOT, json={"sweep": True})
    monkeypatch.setattr("json.loads", lambda *_, **__: pytest.fail("it is parsed"))

    assert (await post(site, SNAPSHOT, content=b'{"x":1}' + b" " * 2_000_000)).status_code == 204
    assert len(site.fakes.bus.dead_letters) == 1


async def call_guarded(peer: str, host: str, url: str = SNAPSHOT, **settings: Any) -> int:
    """The status for who calls a trigger of a server that tells users apart."""
    oidc = Oidc("https://issuer.example", "us", "http://127.0.0.1:9/jwks")
    fakes = Fakes(settings=Settings(log_level="ERROR", auth_mode="oidc", oidc=oidc, **settings))
    routes = (*snapshot.ROUTES, *fetch_balances.ROUTES)
    app = build_app("local", routes, fakes.settings, fakes.context)
    transport = httpx.ASGITransport(app=app, client=(peer, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        answer = await client.post(url, json=envelope(b"not ours"))
    await fakes.stores.close()
    return answer.status_code


@pytest.mark.parametrize("url", [SNAPSHOT, FETCH])
async def test_triggers_that_nobody_guards_and_nobody_needs_are_not_served(url: str) -> None:
    assert await call_guarded("127.0.0.1", "localhost", url) == 404


@pytest.mark.parametrize("url", [SNAPSHOT, FETCH])
@pytest.mark.parametrize(
    ("peer", "host", "status"),
    [
        ("127.0.0.1", "localhost:8080", 204),
        ("::1", "[::1]:8080", 204),
        ("192.0.2.7", "localhost", 404),
        ("127.0.0.1", "portfolio.example", 421),
    ],
)
async def test_an_emulator_reaches_the_triggers_from_this_machine_only(
    peer: str, host: str, status: int, url: str
) -> None:
    assert await call_guarded(peer, host, url, bus="pubsub") == status


async def test_deployed_the_platform_guards_the_triggers() -> None:
    assert await call_guarded("169.254.1.1", "snapshot.example", bus="pubsub", deployed=True) == 204


async def test_messages_of_the_other_function_are_dead_letters(site: Site) -> None:
    await post(site, SNAPSHOT, headers=SCHEDULED)
    await site.fakes.bus.drained()
    for url, data in ((SNAPSHOT, PART), (FETCH, encode(SweepRuns()))):
        assert (await post(site, url, json=envelope(data))).status_code == 204

    assert len(site.fakes.bus.dead_letters) == 2


async def test_what_is_not_there_yet_is_delivered_again(site: Site) -> None:
    site.fakes.client(1).error = RpcTimeout("ethereum: no answer")
    await post(site, SNAPSHOT, headers=SCHEDULED)
    answer = await post(site, FETCH, json=envelope(PART, deliveryAttempt=3))

    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("ethereum cannot be read now")


async def test_a_function_alone_with_a_local_bus_says_what_it_misses() -> None:
    fakes = rich_fakes()
    app = build_app("runs", runs.ROUTES, fakes.settings, fakes.context, base=runs.PATH)
    answer = await ask(app, runs.PATH, method="POST")

    assert answer.status_code == 503
    assert "BUS=pubsub" in answer.json()["detail"]
    await fakes.stores.close()


async def test_readiness_includes_the_bus_of_those_who_publish() -> None:
    fakes = rich_fakes()
    app = build_app("fetch_balances", fetch_balances.ROUTES, fakes.settings, fakes.context)
    ready = await ask(app, "/readyz")
    assert ready.json()["dependencies"][-1] == {
        "kind": "bus",
        "name": "local",
        "reachable": True,
        "message": None,
    }

    await fakes.bus.close()
    app = build_app("fetch_balances", fetch_balances.ROUTES, fakes.settings, fakes.context)
    assert (await ask(app, "/readyz")).status_code == 503


async def test_metrics_show_what_was_counted(site: Site) -> None:
    await post(site, SNAPSHOT, headers=SCHEDULED)
    await site.fakes.bus.drained()
    await post(site, FETCH, json=envelope(b"not ours"))
    page = (await site.caller("alice")("GET", "/metrics")).text

    assert "# TYPE parts_total counter" in page
    assert 'parts_total{chain="base",state="read"} 1.0' in page
    assert 'run_snapshots_total{complete="true"} 1.0' in page
    assert 'messages_discarded_total{reason="unknown"} 1.0' in page
    assert 'store_writes_total{store="sqlite"}' in page


async def test_a_runs_lines_have_the_id_of_the_request_that_started_it(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    from shared.web.log import JsonLines

    caplog.handler.setFormatter(JsonLines())
    caplog.set_level(logging.INFO, logger="shared.services")
    await post(site, SNAPSHOT, headers={**SCHEDULED, "x-request-id": "trace-9"})
    await site.fakes.bus.drained()

    lines = [json.loads(line) for line in caplog.text.splitlines() if '"chain"' in line]
    assert [(line["request_id"], line["state"], line["run"]) for line in lines] == [
        ("trace-9", "read", RUN)
    ] * 2
