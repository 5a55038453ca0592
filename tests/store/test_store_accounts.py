"""The Accounts port, on every store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from shared.store.account_ports import KeptAnswer, KeptCheckpoint
from shared.store.claims import HOLD_CLAIM, KEEP_ANSWER
from shared.store.ports import Claim, SavedCheckpoint, Store
from tests.store.account_samples import everything, fill
from tests.store.run_samples import run
from tests.store.samples import ALICE, BOB, START, Clock, once, trade


async def test_answers_are_handed_over_with_what_was_answered(store: Store, clock: Clock) -> None:
    body = b'{"id": "7"}' * 1000
    await store.trades.add_trades(ALICE, [trade(1)], once("first", body=body))
    await store.answers.begin_answer(ALICE, Claim("second", "hash"))

    answers = sorted(await everything(store.accounts.read_answers(ALICE)))

    assert answers == [
        KeptAnswer("first", clock() + KEEP_ANSWER, 201, body),
        KeptAnswer("second", clock() + HOLD_CLAIM, None, b""),
    ]


async def test_more_answers_than_a_chunk_are_each_handed_over_once(store: Store) -> None:
    keys = [f"key-{number:03d}" for number in range(47)]
    for key in keys:
        await store.answers.finish_answer(ALICE, once(key))

    assert sorted(kept.key for kept in await everything(store.accounts.read_answers(ALICE))) == keys


async def test_checkpoints_are_handed_over_with_their_state(store: Store) -> None:
    revision = await store.log.read_revision(ALICE)
    for name in ("pnl-1", "pnl-ä/2"):
        await store.checkpoints.save_checkpoint(ALICE, name, SavedCheckpoint(revision, START, name.encode()))

    kept = sorted(await everything(store.accounts.read_checkpoints(ALICE)))

    assert kept == [KeptCheckpoint(name, START, name.encode()) for name in ("pnl-1", "pnl-ä/2")]


async def test_each_commit_is_a_change(store: Store) -> None:
    for number in (3, 1):
        await store.trades.add_trades(ALICE, [trade(number)])

    changes = await everything(store.accounts.read_changes(ALICE))

    assert sorted(change.first for change in changes) == [START + timedelta(hours=n) for n in (1, 3)]


async def test_runs_are_those_that_the_user_started(store: Store) -> None:
    own = replace(run("20240101T000000.000000Z-0123456789ab"), user_id=ALICE)
    for each in (own, run(), replace(own, id="20240101T000000.000000Z-ba9876543210", user_id=BOB)):
        await store.runs.add_run(each)

    assert await everything(store.accounts.read_runs(ALICE)) == [own]


async def test_another_users_account_is_empty(store: Store) -> None:
    await fill(store, ALICE)

    accounts = store.accounts
    for chunks in (
        accounts.read_answers(BOB),
        accounts.read_checkpoints(BOB),
        accounts.read_changes(BOB),
        accounts.read_runs(BOB),
    ):
        assert await everything(chunks) == []
