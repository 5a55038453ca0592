"""The Latest port, on every store."""

from __future__ import annotations

import asyncio
import secrets

from shared.core.fragments import Fragment, FragmentBalance
from shared.core.ids import AssetId
from shared.store.keeping import KEEP_LATEST
from shared.store.ports import Store
from tests.store.run_samples import address, any_address, fragment, fragment_key, unwritten
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
    found = await store.latest.read_latest([*keys, fragment_key(3)])
    assert unwritten(found.values()) == dict(zip(keys, given, strict=True))
    assert found.keys() == set(keys)
    assert await store.latest.read_latest([]) == {}
    assert await store.latest.put_latest([]) == 0


async def test_the_newest_block_counts(store: Store) -> None:
    await store.latest.put_latest([fragment(1, 100), fragment(2, 100)])

    written = await store.latest.put_latest([fragment(1, 101, 7), fragment(2, 99, 7), fragment(3, 1)])
    again = await store.latest.put_latest([fragment(1, 100, 8), fragment(2, 99, 8)])

    assert (written, again) == (2, 0)
    found = await store.latest.read_latest([fragment_key(n) for n in (1, 2, 3)])
    assert unwritten(found.values()) == {
        fragment_key(1): fragment(1, 101, 7),
        fragment_key(2): fragment(2, 100),
        fragment_key(3): fragment(3, 1),
    }


async def test_of_one_block_what_is_written_later_counts(store: Store) -> None:
    await store.latest.put_latest([fragment(1, 100), fragment(2, 100)])
    before = await store.latest.read_latest([fragment_key(1), fragment_key(2)])

    written = await store.latest.put_latest([fragment(1, 100, 7), fragment(2, 100)])

    found = await store.latest.read_latest([fragment_key(1), fragment_key(2)])
    assert written == 2
    assert unwritten(found.values()) == {fragment_key(1): fragment(1, 100, 7), fragment_key(2): fragment(2)}
    assert all(found[key].sequence > before[key].sequence for key in found)


async def test_the_newest_block_counts_also_when_two_write_at_once(store: Store) -> None:
    wallets = range(20)
    odd = [fragment(wallet, 100 + wallet % 2, 1) for wallet in wallets]
    even = [fragment(wallet, 101 - wallet % 2, 2) for wallet in wallets]

    written = await asyncio.gather(store.latest.put_latest(odd), store.latest.put_latest(even))

    expected = {each.key: each for each in [*odd, *even] if each.block.number == 101}
    found = await store.latest.read_latest([fragment_key(wallet) for wallet in wallets])
    assert unwritten(found.values()) == expected
    assert 20 <= sum(written) <= 40


async def test_a_fragment_expires(store: Store, clock: Clock) -> None:
    await store.latest.put_latest([fragment(1, 100)])
    clock.now += KEEP_LATEST

    assert await store.latest.read_latest([fragment_key()]) == {}
    assert await store.latest.put_latest([fragment(1, 100, 5)]) == 1
    found = await store.latest.read_latest([fragment_key()])
    assert unwritten(found.values()) == {fragment_key(): fragment(1, 100, 5)}


async def test_a_wallet_may_have_five_thousand_assets(store: Store) -> None:
    first, second = crowded(100, 5000), crowded(101, 5000)

    for given in (first, second):
        assert await store.latest.put_latest([given, fragment(2, given.block.number)]) == 2
        found = await store.latest.read_latest([fragment_key()])
        assert unwritten(found.values()) == {fragment_key(): given}


async def test_a_wallet_with_more_than_a_document_holds_can_be_kept(store: Store) -> None:
    first, second = crowded(100, 25_000), crowded(101, 25_000)

    for given in (first, second):
        assert await store.latest.put_latest([given]) == 1
        found = await store.latest.read_latest([fragment_key()])
        assert unwritten(found.values()) == {fragment_key(): given}
        assert await store.latest.list_known("base", [address(1)]) == found


async def test_what_is_known_of_wallets_on_a_chain_is_of_all_protocols_empty_ones_too(store: Store) -> None:
    known = [fragment(1), fragment(1, protocol="aave_v3", balances=()), fragment(2, protocol="lido")]
    elsewhere = [fragment(3), fragment(1, chain="ethereum"), fragment(2, chain="ethereum", protocol="lido")]
    await store.latest.put_latest([*known, *elsewhere])

    found = await store.latest.list_known("base", [address(number) for number in (1, 2, 1, 4)])

    assert unwritten(found.values()) == unwritten(known)
    assert found == await store.latest.read_latest([each.key for each in known])
    assert await store.latest.list_known("base", []) == {}
    assert await store.latest.list_known("gnosis", [address(1)]) == {}


async def test_of_many_wallets_all_is_known(store: Store) -> None:
    wallets = [*range(1, 71)]
    given = [fragment(wallet, protocol=name) for wallet in wallets for name in ("wallet", "lido")]
    await store.latest.put_latest(given)

    found = await store.latest.list_known("base", [address(wallet) for wallet in wallets])

    assert unwritten(found.values()) == unwritten(given)


async def test_what_has_expired_is_not_known(store: Store, clock: Clock) -> None:
    await store.latest.put_latest([fragment(1, 100), fragment(1, protocol="lido")])
    clock.now += KEEP_LATEST
    await store.latest.put_latest([fragment(1, 100, 5)])

    found = await store.latest.list_known("base", [address(1)])

    assert unwritten(found.values()) == {fragment_key(): fragment(1, 100, 5)}


async def test_what_is_listed_is_of_the_wallets_and_in_order_of_writing(store: Store) -> None:
    await store.latest.put_latest([fragment(2), fragment(3)])
    await store.latest.put_latest([fragment(1, chain="ethereum"), fragment(1, balances=())])
    await store.latest.put_latest([fragment(2, 101)])

    listed = await store.latest.list_latest([address(1), address(2), address(1), address(4)])

    first, second = sorted(listed.fragments[:2], key=lambda each: each.key)
    assert unwritten(listed.fragments) == unwritten(
        [fragment(1, chain="ethereum"), fragment(1, balances=()), fragment(2, 101)]
    )
    assert [first.chain, second.chain, listed.fragments[2].wallet] == ["base", "ethereum", address(2)]
    assert 0 < first.sequence <= listed.fragments[2].sequence <= listed.through
    assert (await store.latest.list_latest([])).fragments == ()


async def test_behind_a_sequence_only_what_was_written_later_is_listed(store: Store) -> None:
    await store.latest.put_latest([fragment(1)])
    before = await store.latest.list_latest([address(1)])
    await store.latest.put_latest([fragment(2), fragment(1, 101)])

    (later,) = (await store.latest.list_latest([address(1)], before.through)).fragments
    nothing = await store.latest.list_latest([address(1)], later.sequence)

    assert later._replace(sequence=0) == fragment(1, 101)
    assert later.sequence > before.through >= before.fragments[0].sequence
    assert (nothing.fragments, nothing.through >= later.sequence) == ((), True)


async def test_what_is_listed_reaches_no_less_far_than_what_was_known(store: Store) -> None:
    far = 1 << 60

    assert await store.latest.list_latest([address(1)], far) == ((), far)


async def test_an_expired_fragment_is_not_listed(store: Store, clock: Clock) -> None:
    await store.latest.put_latest([fragment(1)])
    clock.now += KEEP_LATEST

    assert (await store.latest.list_latest([address(1)])).fragments == ()


async def test_many_wallets_are_listed_at_one_moment(store: Store) -> None:
    wallets = [*range(1, 71)]
    await store.latest.put_latest([fragment(wallet) for wallet in wallets])

    listed = await store.latest.list_latest([address(wallet) for wallet in wallets])

    assert unwritten(listed.fragments) == unwritten(fragment(wallet) for wallet in wallets)


def crowded(block: int, assets: int) -> Fragment:
    """A wallet of many assets, none of them like another."""
    balances = [
        FragmentBalance(AssetId(f"eip155:1/erc20:{any_address()}"), secrets.token_hex(4), 18, 10**21 + number)
        for number in range(assets)
    ]
    return Fragment(address(1), "base", "wallet", fragment(1, block).block, tuple(balances))
