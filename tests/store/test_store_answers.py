"""The Answers port, on every store."""

from __future__ import annotations

import asyncio

import pytest

from shared.errors import Conflict
from shared.store.ports import Claim, Store
from tests.store.samples import ALICE, BOB, Clock, once, trade

CLAIM, OTHER = once().claim, once(request_hash="other").claim


async def test_a_finished_answer_is_repeated_for_a_day(store: Store, clock: Clock) -> None:
    large = once(body=bytes(range(256)) * 9000)

    assert await store.answers.begin_answer(ALICE, CLAIM) is None
    await store.answers.finish_answer(ALICE, large)

    clock.pass_(hours=23, minutes=59)
    assert await store.answers.find_answer(ALICE, CLAIM) == large.answer
    assert await store.answers.begin_answer(ALICE, CLAIM) == large.answer
    clock.pass_(minutes=1)
    assert await store.answers.find_answer(ALICE, CLAIM) is None
    assert await store.answers.begin_answer(ALICE, CLAIM) is None


async def test_a_key_belongs_to_one_request_of_one_user(store: Store) -> None:
    await store.answers.begin_answer(ALICE, CLAIM)
    await store.answers.finish_answer(ALICE, once())

    for ask in (store.answers.find_answer, store.answers.begin_answer):
        with pytest.raises(Conflict, match="another request"):
            await ask(ALICE, OTHER)
        assert await ask(BOB, CLAIM) is None


async def test_users_and_keys_do_not_run_together(store: Store) -> None:
    await store.answers.finish_answer("a:b", once("c"))

    assert await store.answers.find_answer("a", Claim("b:c", "hash")) is None
    assert await store.answers.find_answer("a:b", Claim("c", "hash")) == once().answer


@pytest.mark.parametrize("key", ["a/b", ".", "__k__", "é" * 255, "k" * 2000])
async def test_a_key_may_be_any_text(store: Store, key: str) -> None:
    await store.answers.finish_answer(ALICE, once(key))

    assert await store.answers.find_answer(ALICE, once(key).claim) == once().answer


async def test_a_request_at_work_keeps_others_off(store: Store) -> None:
    assert await store.answers.find_answer(ALICE, CLAIM) is None
    await store.answers.begin_answer(ALICE, CLAIM)

    with pytest.raises(Conflict, match="still at work"):
        await store.answers.find_answer(ALICE, CLAIM)
    with pytest.raises(Conflict, match="still at work"):
        await store.answers.begin_answer(ALICE, CLAIM)
    with pytest.raises(Conflict, match="still at work"):
        await store.trades.add_trades(ALICE, [trade(1)], once())


async def test_of_two_beginnings_at_once_one_wins(store: Store) -> None:
    begun = [store.answers.begin_answer(ALICE, CLAIM) for _ in range(2)]

    results = await asyncio.gather(*begun, return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["Conflict", "NoneType"]


async def test_an_abandoned_claim_is_free(store: Store) -> None:
    await store.answers.begin_answer(ALICE, CLAIM)
    await store.answers.abandon_answer(ALICE, OTHER)
    with pytest.raises(Conflict):
        await store.answers.begin_answer(ALICE, OTHER)

    await store.answers.abandon_answer(ALICE, CLAIM)

    assert await store.answers.begin_answer(ALICE, OTHER) is None


async def test_a_finished_answer_cannot_be_abandoned(store: Store) -> None:
    await store.answers.begin_answer(ALICE, CLAIM)
    await store.answers.finish_answer(ALICE, once())

    await store.answers.abandon_answer(ALICE, CLAIM)
    await store.answers.abandon_answer(BOB, CLAIM)

    assert await store.answers.find_answer(ALICE, CLAIM) == once().answer


async def test_a_crash_frees_the_claim_after_a_minute(store: Store, clock: Clock) -> None:
    await store.answers.begin_answer(ALICE, CLAIM)
    clock.pass_(seconds=60)

    assert await store.answers.begin_answer(ALICE, OTHER) is None
    await store.answers.finish_answer(ALICE, once())  # the first one was only slow
    await store.answers.finish_answer(ALICE, once(request_hash="other", body=b"other"))

    assert await store.answers.find_answer(ALICE, OTHER) == once(body=b"other").answer
