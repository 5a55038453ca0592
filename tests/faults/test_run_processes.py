"""Runs of the functions as they are deployed, in processes of their own, with messages pushed by Pub/Sub."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from shared.bus.dead_letters import ORIGINAL_ID, REASON
from shared.bus.ports import Topic
from shared.core.run_messages import FinishGroup, ReadPart, StartRun, SweepRuns, encode
from tests.faults.holdings import FEW, PEOPLE, Wallets, wallet
from tests.faults.outside import Outside
from tests.faults.pushing import Pushing
from tests.faults.relay import Relay
from tests.faults.served import Served, serve_faulty, serve_functions
from tests.faults.stage import Stage, run_of, save_wallets
from tests.faults.truth import Read

SCHEDULED = "X-CloudScheduler-ScheduleTime"


@dataclass
class Scene:
    """Processes, what is pushed to them, and a stage to look at what comes of it."""

    served: Served
    stage: Stage
    relay: Relay
    pushing: Pushing
    http: httpx.AsyncClient

    async def call(self, at: str, **body: object) -> httpx.Response:
        """Cloud Scheduler's call; it calls again while nobody answers."""
        while True:
            try:
                answer = await self.http.post(
                    self.served.urls["snapshot"], json=body, headers={SCHEDULED: at}
                )
            except httpx.TransportError:
                continue
            return answer

    async def settled(self, at: str) -> None:
        """The run is finished, and nothing is under way."""

        async def done() -> bool:
            known = await self.stage.store.runs.get_run(run_of(at))
            return known is not None and known.finished_at is not None

        await self.pushing.settled(self.relay.acknowledged, done)

    async def pushed(self, messages: int) -> None:
        """So many messages were published, and all of them are acknowledged."""

        async def done() -> bool:
            return len(self.relay.acknowledged()) >= messages

        await self.pushing.settled(self.relay.acknowledged, done)

    async def check(self, at: str, lost: Collection[Read] = ()) -> None:
        await self.stage.check(at, lost)

    async def total(self, metric: str) -> int:
        """A metric, over all labels and processes."""
        pages = [
            (await self.http.get(httpx.URL(url).join("/metrics"))).text for url in self.served.urls.values()
        ]
        lines = [line for page in pages for line in page.splitlines() if line.startswith(metric)]
        return sum(int(float(line.rpartition(" ")[2])) for line in lines)


@asynccontextmanager
async def scene_of(served: Served, outside: Outside, people: Mapping[str, Wallets]) -> AsyncIterator[Scene]:
    stage = Stage(outside, served.project)
    stage.people = people
    async with Relay(served.urls) as relay, httpx.AsyncClient(timeout=30, trust_env=False) as http:
        pushing = Pushing(outside.pubsub, served.project, relay.url)
        await pushing.open()
        yield Scene(served, stage, relay, pushing, http)
        await pushing.close()
        await stage.close()


def save(outside: Outside, people: Mapping[str, Wallets]) -> str:
    """A new project in which everybody has saved the wallets."""
    project = f"demo-{secrets.token_hex(6)}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", outside.firestore)
        asyncio.run(save_wallets(project, people))
    return project


@pytest.fixture(scope="module")
def served(outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve_functions(outside, save(outside, PEOPLE), tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture(scope="module")
def faulty(outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve_faulty(outside, save(outside, FEW), tmp_path_factory.mktemp("faulty")) as served:
        yield served


@pytest_asyncio.fixture
async def scene(served: Served, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", outside.firestore)
    async with scene_of(served, outside, PEOPLE) as scene:
        yield scene


@pytest_asyncio.fixture
async def faulty_scene(
    faulty: Served, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", outside.firestore)
    async with scene_of(faulty, outside, FEW) as scene:
        yield scene


async def test_a_run_of_the_deployed_functions_makes_one_right_snapshot_each(scene: Scene) -> None:
    at = "2026-11-20T08:00:00Z"
    started = await scene.call(at)
    await scene.settled(at)

    assert (started.status_code, started.json()["id"]) == (200, run_of(at))
    await scene.check(at)
    assert len(scene.pushing.published) >= 7  # five parts, two groups
    lines = [json.loads(line) for line in scene.served.log().splitlines() if line.startswith("{")]
    parts = {(line["group"], line["chain"]) for line in lines if line["message"] == "part read"}
    assert len(parts) == 5
    assert await scene.pushing.dead_letters() == []


async def test_a_schedule_that_fires_twice_by_http_makes_one_run(scene: Scene) -> None:
    first, second = "2026-11-20T09:00:00Z", "2026-11-20T09:00:41Z"
    answers = await asyncio.gather(*(scene.call(at) for at in (first, second, first)))
    await scene.settled(first)

    assert {(answer.status_code, answer.json()["id"]) for answer in answers} == {(200, run_of(first))}
    await scene.check(first)


@pytest.mark.parametrize("said", [b"", b"{}"])
async def test_a_schedule_that_fires_twice_by_pubsub_makes_one_run_for_its_time(
    scene: Scene, said: bytes
) -> None:
    fired = [await scene.pushing.publish("snapshot", said) for _ in range(2)]
    times = [await scene.relay.published_at(name) for name in fired]
    for at in times:
        await scene.settled(at)

    for at in times:  # which are of the same minute, unless one has just begun
        await scene.check(at)


def part_of(run: str, chain: str = "gnosis", wallets: int = 1) -> ReadPart:
    return ReadPart(run, 0, chain, tuple(wallet(number) for number in range(wallets)), 3)


def poison(run: str) -> dict[Topic, list[bytes]]:
    """What nobody can act on."""
    unknown = "20200101T000000Z"
    good = encode(part_of(run))
    return {
        "fetch-balances": [
            b"",
            b"{}",
            b"\x00\xff\xfe not ours",
            b"[" * 200_000,
            b'{"v":1,"kind":"read-part","group":' + b"9" * 5000 + b"}",
            b'{"v":1,"kind":"\\ud800","run_id":"\\u0000"}',
            good.replace(b'"v":1', b'"v":2'),
            good.replace(b'"group":0', b'"group":true'),
            good.replace(b'"group":0', b'"group":NaN'),
            good.replace(b"}", b',"more":1}'),
            b"x" * 1_100_000,
            encode(part_of(unknown)),
            encode(part_of(run, chain="atlantis")),
            encode(part_of(run, chain="ethereum")),
            encode(part_of(run, wallets=51)),
            encode(FinishGroup(unknown, 0, 0)),
            encode(FinishGroup(run, 99, 0)),
            encode(FinishGroup(run, 0, 99)),
            encode(SweepRuns()),
            encode(StartRun(run)),
        ],
        "snapshot": [
            b"null",
            b'"run"',
            b"\xff",
            encode(StartRun(unknown)),
            good,
            encode(FinishGroup(run, 0, 0)),
        ],
    }


async def test_poison_is_acknowledged_counted_logged_and_among_the_dead_letters(scene: Scene) -> None:
    at = "2026-11-20T10:00:00Z"
    before = await scene.total("messages_discarded_total")
    assert (await scene.call(at)).status_code == 200
    sent = {
        await scene.pushing.publish(topic, data): data
        for topic, bad in poison(run_of(at)).items()
        for data in bad
    }
    await scene.settled(at)

    await scene.check(at)
    letters = {letter.attributes[ORIGINAL_ID]: letter for letter in await scene.pushing.dead_letters()}
    assert letters.keys() == sent.keys()
    for name, letter in letters.items():
        assert letter.data == sent[name][:1_000_000]
        assert letter.attributes[REASON]
        assert name in scene.served.log()
    assert {status for name in sent for status in scene.relay.statuses[name]} == {204}
    deliveries = sum(len(scene.relay.statuses[name]) for name in sent)
    assert await scene.total("messages_discarded_total") - before == deliveries


HOSTILE = [
    b"",
    b"x" * 2_000_000,
    b"\xff\xfe",
    b"[]",
    b"{" * 100_000,
    b'{"message": 1}',
    b'{"message": {}}',
    b'{"message": {"messageId": "' + b"m" * 5000 + b'", "data": "e30="}}',
    b'{"message": {"messageId": "7", "data": "%%%"}}',
    b'{"message": {"messageId": "8", "data": 1}}',
    b'{"message": {"messageId": "9", "attributes": {"a": "\\ud800"}}}',
    b'{"message": {"messageId": "10\\n", "data": "e30="}}',
    b'{"specversion": "1.0", "type": "other", "id": "11", "data": {}}',
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
async def test_a_hostile_body_is_acknowledged_and_among_the_dead_letters(scene: Scene, body: bytes) -> None:
    before = await scene.total("messages_discarded_total")
    answer = await scene.http.post(scene.served.urls["fetch-balances"], content=body)

    assert answer.status_code == 204
    (letter,) = await scene.pushing.dead_letters()
    assert letter.attributes[REASON]
    assert await scene.total("messages_discarded_total") == before + 1


@pytest.mark.parametrize("calls", [3, 7, 11])
async def test_a_process_that_is_killed_again_and_again_changes_no_snapshot(
    faulty_scene: Scene, calls: int
) -> None:
    at = f"2026-11-20T{calls + 8:02}:00:00Z"
    killer = Killer(faulty_scene.served.folder / "die", calls)
    killing = asyncio.create_task(asyncio.to_thread(killer.kill, 4))
    assert (await faulty_scene.call(at)).status_code == 200
    await faulty_scene.settled(at)
    killer.stop()
    await killing

    assert killer.kills >= 2
    await faulty_scene.check(at)


class Killer:
    """Has a process killed each time that it has made so many calls."""

    def __init__(self, file: Path, calls: int) -> None:
        self.kills = 0
        self._file = file
        self._calls = calls
        self._stopped = False

    def kill(self, times: int) -> None:
        for _ in range(times):
            self._file.write_text(str(self._calls))
            while self._file.exists():
                time.sleep(0.005)
            if self._stopped:
                return
            self.kills += 1

    def stop(self) -> None:
        self._stopped = True
        self._file.unlink(missing_ok=True)


async def test_a_push_that_is_lost_for_good_makes_a_partial_run_that_names_it(faulty_scene: Scene) -> None:
    at, later = "2026-11-20T07:00:00Z", faulty_scene.served.folder / "later"
    faulty_scene.relay.lose = lambda data: b'"chain":"optimism"' in data
    assert (await faulty_scene.call(at)).status_code == 200
    await faulty_scene.pushed(3)
    later.write_text(str(15 * 60))
    swept = await faulty_scene.http.post(faulty_scene.served.urls["snapshot"], json={"sweep": True})
    await faulty_scene.settled(at)
    later.unlink()

    assert swept.status_code == 204
    await faulty_scene.check(at, {(wallet(number), "optimism") for number in (1, 3)})
