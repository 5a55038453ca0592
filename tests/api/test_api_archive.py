"""The archive's trigger: what Cloud Scheduler and Pub/Sub send, and what becomes of anything else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.api import archive
from shared.api.app import build_app
from shared.archive.opening import ObjectsOnDemand
from shared.config import Oidc, Settings
from shared.core.archive_names import manifest_name, page_name
from tests.api.asking import ask
from tests.archive.fakes import FakeObjects
from tests.archive.samples import fill
from tests.fakes import Fakes

DAY = "2026-11-21"
SCHEDULED = {"x-cloudscheduler-scheduletime": "2026-11-21T03:00:00Z"}


class Site:
    """The function over a store with two users, and a place for archives."""

    def __init__(self, objects: FakeObjects | None) -> None:
        self.objects = objects or FakeObjects()
        self.fakes = Fakes(archives=ObjectsOnDemand(lambda: objects))
        self.app = build_app(
            "archive", archive.ROUTES, self.fakes.settings, self.fakes.context, base=archive.PATH
        )

    async def post(self, **options: Any) -> httpx.Response:
        """As Google does it: with a token that is not one of a user of ours."""
        headers = {"authorization": "Bearer forged", **options.pop("headers", {})}
        return await ask(self.app, archive.PATH, method="POST", headers=headers, **options)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site(FakeObjects())
    for user in ("alice", "bob"):
        await fill(site.fakes.stores.get(), user)
    yield site
    await site.fakes.stores.close()


def envelope(data: bytes, at: str = "2026-11-21T03:00:09Z") -> dict[str, Any]:
    message = {"data": b64encode(data).decode(), "messageId": "77", "publishTime": at}
    return {"subscription": "projects/p/subscriptions/s", "message": message}


async def test_the_scheduler_has_the_archive_of_its_day_written(site: Site) -> None:
    answers = [await site.post(headers=SCHEDULED) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    body = answers[0].json()
    assert answers[1].json() == body
    assert (body["id"], body["users"], body["methods"]) == (DAY, 2, ["fifo"])
    assert body["rows"] == {"wallets": 2, "trades": 8, "snapshots": 4, "disposals": 4, "lots": 12}
    assert manifest_name(DAY) in site.objects.kept


@pytest.mark.parametrize("options", [{}, {"json": {}}, {"json": {"archive": DAY}}])
async def test_without_a_schedule_it_is_the_archive_of_today(site: Site, options: dict[str, Any]) -> None:
    assert (await site.post(**options)).json()["id"] == DAY


async def test_another_archive_is_written_beside_it(site: Site) -> None:
    await site.post()
    answer = await site.post(json={"archive": "2026-11-21T113000Z"})

    assert answer.json()["id"] == "2026-11-21T113000Z"
    assert await site.objects.list_folders() == (DAY, "2026-11-21T113000Z")


@pytest.mark.parametrize("data", [b"", b"{}"])
async def test_a_schedules_message_has_it_written(site: Site, data: bytes) -> None:
    answer = await site.post(json=envelope(data))

    assert (answer.status_code, answer.content) == (204, b"")
    assert manifest_name(DAY) in site.objects.kept


@pytest.mark.parametrize(
    "options",
    [
        {"json": {"archive": "tomorrow"}},
        {"json": {"archive": "2099-12-31"}},
        {"json": {"archive": "2026-11-20"}},
        {"json": {"archive": 7}},
        {"json": {"archive": "../../etc"}},
        {"content": b'{"archive":%s}' % (b"9" * 5_000)},
        {"json": {"archiv": DAY}},
        {"headers": {"x-cloudscheduler-scheduletime": "noon"}},
        {"headers": {"origin": "https://elsewhere.example"}},
        {"params": {"archive": DAY}},
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused(site: Site, options: dict[str, Any]) -> None:
    assert (await site.post(**options)).status_code == 400
    assert not site.objects.kept


@pytest.mark.parametrize(
    "options",
    [
        {"content": b"\x00\xff"},
        {"json": ["no", "event"]},
        {"json": envelope(b"not ours")},
        {"json": envelope(b"{}", "2026-11-20T23:00:00Z")},
        {"content": b"x" * 2_000_000},
    ],
)
async def test_what_nobody_can_act_on_is_a_dead_letter(site: Site, options: dict[str, Any]) -> None:
    assert (await site.post(**options)).status_code == 204
    assert len(site.fakes.bus.dead_letters) == 1
    assert not site.objects.kept


async def test_where_no_place_is_set_it_says_so() -> None:
    site = Site(None)
    answer = await site.post()

    assert answer.status_code == 404
    assert answer.json()["detail"] == "no place for archives is set: see ARCHIVE"
    assert (await site.post(json=envelope(b"{}"))).status_code == 204
    assert len(site.fakes.bus.dead_letters) == 1
    await site.fakes.stores.close()


async def test_a_place_that_does_not_answer_is_asked_again(site: Site) -> None:
    site.objects.adds_left = 0

    assert (await site.post()).status_code == 503
    assert (await site.post(json=envelope(b"{}"))).status_code == 503
    site.objects.adds_left = None
    assert (await site.post()).status_code == 200


async def test_what_somebody_else_put_there_is_a_fault_and_stays(site: Site) -> None:
    site.objects.kept[page_name(DAY, 0)] = b"{}"

    assert (await site.post()).status_code == 500
    assert site.objects.kept == {page_name(DAY, 0): b"{}"}


async def test_nobody_but_the_platform_reaches_it() -> None:
    oidc = Oidc("https://issuer.example", "us", "http://127.0.0.1:9/jwks")
    fakes = Fakes(settings=Settings(log_level="ERROR", auth_mode="oidc", oidc=oidc, bus="pubsub"))
    app = build_app("archive", archive.ROUTES, fakes.settings, fakes.context, base=archive.PATH)
    transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.post(archive.PATH)).status_code == 404
    await fakes.stores.close()
