"""The Nonces port, on every store."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from shared.store.firestore.opening import store_in
from shared.store.ports import Store
from tests.store.clouds import RepeatingCloud
from tests.store.samples import Clock

SOON = timedelta(minutes=10)


async def test_a_nonce_is_used_once(store: Store, clock: Clock) -> None:
    until = clock() + SOON

    assert await store.nonces.use_nonce("first", until)
    assert not await store.nonces.use_nonce("first", until)
    assert await store.nonces.use_nonce("second", until)


async def test_of_many_uses_at_once_one_is_the_first(store: Store, clock: Clock) -> None:
    until = clock() + SOON

    uses = await asyncio.gather(*(store.nonces.use_nonce("one", until) for _ in range(8)))

    assert sorted(uses) == [False] * 7 + [True]


async def test_a_use_whose_answer_was_lost_is_still_the_first(emulator: str, clock: Clock) -> None:
    store = store_in(RepeatingCloud("demo-repeated-nonce"), clock)

    assert await store.nonces.use_nonce("one", clock() + SOON)
    assert not await store.nonces.use_nonce("one", clock() + SOON)
    await store.close()
