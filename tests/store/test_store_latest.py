"""The Latest port, on every store."""

from __future__ import annotations

import asyncio
import secrets

from shared.core.fragments import Fragment, FragmentBalance
from shared.core.ids import AssetId
from shared.store.keeping import KEEP_LATEST
from shared.store.ports import Store
from tests.store.run_samples import address, any_address, fragment, fragment_key
from tests.store.samples import Clock


async def test_fragments_come_back_as_they_were_given(store: Store) -> None:
    given = [
        fragment(1),
        fragment(2, balances=()),
        fragment(1, chain="ethereum"),
        fragment(1, protocol="aave_v3"),
    ]

    assert await store.latest.put_latest(given) == 4

    keys = [each.key for each in given]
    assert await store.latest.read_latest([*keys, fragment_key(3)]) == dict(zip(keys, given, strict=True))
    assert await store.latest.read_latest([]) == {}
    assert await store.latest.put_latest([]) == 0


async def test_the_newest_block_counts(store: Store) -> None:
    await store.latest.put_latest([fragment(1, 100), fragment(2, 100)])

    written = await store.latest.put_latest([fragment(1, 101, 7), fragment(2, 99, 7), fragment(3, 1)])
    again = await store.latest.put_latest([fragment(1, 101, 8)])

    assert (written, again) == (2, 0)
    assert await store.latest.read_latest([fragment_key(n) for n in (1, 2, 3)]) == {
        fragment_key(1): fragment(1, 101, 7),
        fragment_key(2): fragment(2, 100),
        fragment_key(3): fragment(3, 1),
    }


async def test_the_newest_block_counts_also_when_two_write_at_once(store: Store) -> None:
    wallets = range(20)
    odd = [fragment(wallet, 100 + wallet % 2, 1) for wallet in wallets]
    even = [fragment(wallet, 101 - wallet % 2, 2) for wallet in wallets]

    written = await asyncio.gather(store.latest.put_latest(odd), store.latest.put_latest(even))

    expected = {each.key: each for each in [*odd, *even] if each.block.number == 101}
    assert await store.latest.read_latest([fragment_key(wallet) for wallet in wallets]) == expected
    assert 20 <= sum(written) <= 40


async def test_a_fragment_expires(store: Store, clock: Clock) -> None:
    await store.latest.put_latest([fragment(1, 100)])
    clock.now += KEEP_LATEST

    assert await store.latest.read_latest([fragment_key()]) == {}
    assert await store.latest.put_latest([fragment(1, 100, 5)]) == 1
    assert await store.latest.read_latest([fragment_key()]) == {fragment_key(): fragment(1, 100, 5)}


async def test_a_wallet_may_have_five_thousand_assets(store: Store) -> None:
    first, second = crowded(100, 5000), crowded(101, 5000)

    for given in (first, second):
        assert await store.latest.put_latest([given, fragment(2, given.block.number)]) == 2
        found = await store.latest.read_latest([fragment_key()])
        assert found == {fragment_key(): given}


async def test_a_wallet_with_more_than_a_document_holds_can_be_kept(store: Store) -> None:
    first, second = crowded(100, 25_000), crowded(101, 25_000)

    for given in (first, second):
        assert await store.latest.put_latest([given]) == 1
        assert await store.latest.read_latest([fragment_key()]) == {fragment_key(): given}


def crowded(block: int, assets: int) -> Fragment:
    """A wallet of many assets, none of them like another."""
    balances = [
        FragmentBalance(AssetId(f"eip155:1/erc20:{any_address()}"), secrets.token_hex(4), 18, 10**21 + number)
        for number in range(assets)
    ]
    return Fragment(address(1), "base", "wallet", fragment(1, block).block, tuple(balances))
