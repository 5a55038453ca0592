"""/api/v1/me: everything of the caller is handed over, and erased when asked to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, cast

import pytest

from shared.api import history, me, pnl, runs, trades_routes, wallets
from shared.api.app import build_app
from shared.api.me_docs import erase_operation, export_operation
from shared.core.failures import Failure
from shared.core.ids import AssetId
from shared.core.snapshots import Snapshot, SnapshotAsset
from shared.errors import StoreUnavailable
from shared.store.account_ports import Era, Erasures
from shared.store.keeping import KEEP_ERASURE, KEEP_LATEST, KEEP_PART, KEEP_PLAN
from shared.store.ports import Store
from shared.web.app import App
from shared.wiring import Context
from tests.api.asking_runs import OTHER as OTHER_WALLET
from tests.api.asking_trades import BUY, ETH, TRADES, WALLETS, Caller, NamedUser
from tests.fakes import WALLET, Fakes
from tests.store.run_samples import run

EXPORT = me.EXPORT_PATH
ROUTES = (
    *(*me.ROUTES, *trades_routes.ROUTES, *wallets.ROUTES, *history.ROUTES, *pnl.ROUTES),
    *runs.ROUTES,
)
KINDS = ("wallets", "runs", "trades", "snapshots", "answers", "checkpoints", "changes")


def app_of(fakes: Fakes) -> App[Context]:
    context = fakes.context()
    app = build_app("local", ROUTES, fakes.settings, lambda: context, clock=fakes.clock.seconds)
    object.__setattr__(app.conduct, "auth", NamedUser())
    return app


@pytest.fixture
async def fakes() -> AsyncIterator[Fakes]:
    fakes = Fakes()
    yield fakes
    await fakes.stores.close()


async def fill(user: Caller, name: str, fakes: Fakes) -> None:
    """A trade that was changed, 600 more, a wallet, a snapshot of each kind, an answer and a run."""
    trade = await user.record(notes="mine ✨", executed_at="2026-01-01T00:00:00Z")
    await user("PATCH", f"{TRADES}/{trade['id']}", json={"notes": "still mine"})
    for _ in range(2):
        await user("POST", TRADES, json={"trades": [BUY] * 300})
    await user("POST", TRADES, json=BUY, headers={"Idempotency-Key": "k-1"})
    await user("POST", WALLETS, json={"address": WALLET, "label": "savings"})
    asset = SnapshotAsset(AssetId(ETH), "ETH", Decimal("1.50"), Decimal(2000), Decimal(3000))
    failure = Failure("chain", "base", "rpc_timeout", "base: no answer")
    for number in range(12):
        at = fakes.clock() - timedelta(days=number)
        made = Snapshot(f"run-{number}", name, at, Decimal(3000), False, (asset,), (failure,))
        await fakes.stores.get().snapshots.add_snapshot(name, made)
    own = replace(run(f"20240101T000000.000000Z-{name}"), user_id=name)
    await fakes.stores.get().runs.add_run(own)
    assert (await user("GET", f"{pnl.PATH}?reconcile=false")).status_code == 200


async def exported(user: Caller) -> Any:
    answer = await user("GET", EXPORT)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_export_has_everything_with_its_counts(fakes: Fakes) -> None:
    user = Caller(app_of(fakes), "alice")
    await fill(user, "alice", fakes)
    document = await exported(user)

    assert document["user_id"] == "alice"
    assert document["counts"] == {kind: len(document[kind]) for kind in KINDS}
    assert (document["counts"]["trades"], document["counts"]["snapshots"]) == (602, 12)
    first = document["trades"][0]
    assert (first["notes"], first["version"], first["amount"]) == ("still mine", 2, "1.5")
    assert len({trade["id"] for trade in document["trades"]}) == 602
    assert document["wallets"] == (await user("GET", WALLETS)).json()["items"]
    assert document["snapshots"][0]["assets"][0]["value_usd"] == "3000"
    assert document["snapshots"][0]["errors"][0]["code"] == "rpc_timeout"
    assert [snapshot["id"] for snapshot in document["snapshots"]] == [f"run-{n}" for n in range(11, -1, -1)]
    (answer,) = document["answers"]
    assert (answer["key"], answer["status"], json.loads(answer["body"])["user_id"]) == ("k-1", 201, "alice")
    assert [each["chains"] for each in document["runs"]] == [["ethereum", "base"]]


async def test_the_export_of_nobody_is_empty_and_a_file(fakes: Fakes) -> None:
    answer = await Caller(app_of(fakes), "alice")("GET", EXPORT)

    assert answer.headers["content-disposition"] == 'attachment; filename="account.json"'
    assert answer.headers["cache-control"] == "no-store"
    assert {kind: answer.json()[kind] for kind in KINDS} == {kind: [] for kind in KINDS}


async def test_the_export_is_of_the_caller_only(fakes: Fakes) -> None:
    app = app_of(fakes)
    await fill(Caller(app, "alice"), "alice", fakes)
    other = Caller(app, "bob")
    await other.record(notes="bobs")
    document = await exported(other)

    assert document["counts"] == {**dict.fromkeys(KINDS, 0), "trades": 1, "changes": 1}
    assert "alice" not in json.dumps(document)


async def test_what_is_erased_is_gone_from_every_answer(fakes: Fakes) -> None:
    app = app_of(fakes)
    user, other = Caller(app, "alice"), Caller(app, "bob")
    await fill(user, "alice", fakes)
    await fill(other, "bob", fakes)
    before, of_other = (await exported(user))["counts"], await exported(other)
    answer = await user("DELETE", me.PATH)

    assert (answer.status_code, answer.json()) == (
        200,
        {"complete": True, "at": "2026-11-21T12:00:00Z", "erased": before},
    )
    assert (await exported(user))["counts"] == dict.fromkeys(KINDS, 0)
    for path in (TRADES, WALLETS, history.PATH):
        assert (await user("GET", path)).json()["items"] == []
    assert (await user("GET", pnl.PATH)).json()["assets"] == []
    assert (await exported(other)) == {**of_other, "checkpoints": (await exported(other))["checkpoints"]}


async def test_erasing_again_finds_nothing(fakes: Fakes) -> None:
    user = Caller(app_of(fakes), "alice")
    await fill(user, "alice", fakes)
    await user("DELETE", me.PATH)
    again = await user("DELETE", me.PATH)

    assert (again.status_code, again.json()["erased"]) == (200, dict.fromkeys(KINDS, 0))


async def test_an_idempotency_key_is_free_again(fakes: Fakes) -> None:
    user = Caller(app_of(fakes), "alice")
    first = await user("POST", TRADES, json=BUY, headers={"Idempotency-Key": "k-1"})
    await user("DELETE", me.PATH)
    second = await user("POST", TRADES, json=BUY, headers={"Idempotency-Key": "k-1"})

    assert (second.status_code, second.json()["id"] != first.json()["id"]) == (201, True)


class Erasing:
    """Erasures behind which, once, the user is erased as soon as a request has begun."""

    def __init__(self, port: Erasures, erase: Callable[[], Awaitable[object]]) -> None:
        self._port = port
        self._erase: Callable[[], Awaitable[object]] | None = erase

    async def read_era(self, user: str) -> Era:
        era = await self._port.read_era(user)
        erase, self._erase = self._erase, None
        if erase is not None:
            assert (await erase()).json()["complete"]  # type: ignore[attr-defined]  # it is an answer
        return era

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


CSV = "side,asset,amount,price_usd,executed_at\r\nbuy,ETH,1,2000,2026-01-02T03:04:05Z"
KEYED = {"Idempotency-Key": "k-1"}
WRITES: tuple[tuple[str, dict[str, Any]], ...] = (
    (TRADES, {"json": BUY}),
    (TRADES, {"json": {"trades": [BUY, BUY]}, "headers": KEYED}),
    (f"{TRADES}/import", {"content": CSV, "headers": {"content-type": "text/csv"}}),
    (f"{TRADES}/import", {"content": CSV, "headers": {"content-type": "text/csv", **KEYED}}),
    (WALLETS, {"json": {"address": WALLET}}),
    (runs.PATH, {}),
    (runs.PATH, {"headers": KEYED}),
)


@pytest.mark.parametrize(("path", "options"), WRITES)
async def test_what_was_sent_before_the_erasure_is_refused_behind_it(
    fakes: Fakes, path: str, options: dict[str, Any]
) -> None:
    user = Caller(app_of(fakes), "alice")
    await user.record()
    await user("POST", WALLETS, json={"address": OTHER_WALLET})
    opened = fakes.stores.get()
    erasing = Erasing(opened.erasures, partial(user, "DELETE", me.PATH))
    fakes.stores._store = replace(opened, erasures=cast(Erasures, erasing))
    fakes.bus.subscribe("snapshot", _take)
    answer = await user("POST", path, **options)

    assert (answer.status_code, answer.json()["title"]) == (409, "Conflict")
    assert "was erased while this request was at work" in answer.json()["detail"]
    assert (await exported(user))["counts"] == dict.fromkeys(KINDS, 0)


async def _take(_: object) -> None:
    """Nothing is to be swept here."""


@pytest.mark.parametrize(("method", "path"), [("GET", EXPORT), ("DELETE", me.PATH)])
async def test_without_a_good_token_nothing_happens(fakes: Fakes, method: str, path: str) -> None:
    app = app_of(fakes)
    await Caller(app, "alice").record()
    for user in (None, "forged"):
        assert (await Caller(app, user)(method, path)).status_code == 401

    assert (await exported(Caller(app, "alice")))["counts"]["trades"] == 1


@pytest.mark.parametrize(("method", "path"), [("GET", EXPORT), ("DELETE", me.PATH)])
async def test_a_parameter_that_is_unknown_is_refused(fakes: Fakes, method: str, path: str) -> None:
    assert (await Caller(app_of(fakes), "alice")(method, f"{path}?user=bob")).status_code == 400


async def test_a_store_that_cannot_be_read_is_503_and_no_half_document(fakes: Fakes) -> None:
    class Down:
        async def list_wallets(self, user: str) -> Any:
            raise StoreUnavailable("down")

    opened = fakes.stores.get()
    fakes.stores._store = _with(opened, wallets=Down())

    assert (await Caller(app_of(fakes), "alice")("GET", EXPORT)).status_code == 503
    fakes.stores._store = opened


def _with(store: Store, *, wallets: Any) -> Store:
    return replace(store, wallets=wallets)


def test_the_documents_say_what_remains_and_what_is_left_out() -> None:
    erasing = erase_operation().description["description"]
    exporting = export_operation().description["description"]

    for days, what in (
        (KEEP_PLAN.days, "plans of runs"),
        (KEEP_PART.days, "what was read of these addresses"),
        (KEEP_ERASURE.days, "a hash that says that you were erased"),
        (KEEP_LATEST.days, "the latest balances"),
        (7, "point-in-time recovery"),
        (30, "Cloud Logging"),
        (400, "archive_days"),
    ):
        (line,) = (part for part in erasing.split("\n- ") if what in " ".join(part.split()))
        assert f"{days} days" in line
    for what in ("latest balances", "plans of runs", "archives", "log lines"):
        assert what in exporting
