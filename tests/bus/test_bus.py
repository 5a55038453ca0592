"""What every bus promises: at least once, again until acknowledged, and a place for dead letters."""

from __future__ import annotations

from itertools import pairwise

import pytest

from shared.bus.batches import MAX_MESSAGE_BYTES
from shared.bus.ports import Message
from shared.errors import BusUnavailable
from tests.bus.parcels import ALWAYS, Parcel
from tests.bus.rigs import LEAST_WAIT_SECONDS, TRACE, Rig
from tests.bus.topics import ATTEMPTS


async def test_a_message_arrives_as_it_was_published(rig: Rig) -> None:
    data = b'{"name": "\xf0\x9f\xa6\x84"}'
    await rig.bus.publish("fetch-balances", [data])

    delivery, *_ = await rig.deliveries(1)
    assert delivery.message.data == data
    assert delivery.message.attributes == TRACE
    assert delivery.message.id


async def test_many_messages_of_one_call_all_arrive(rig: Rig) -> None:
    names = {f"number {n}" for n in range(500)}
    await rig.bus.publish("fetch-balances", [Parcel(name).pack() for name in names])

    delivered = await rig.deliveries(500)
    assert {delivery.name for delivery in delivered} == names
    assert rig.counts.total("messages_published_total") == 500


async def test_more_messages_than_fit_into_a_request_all_arrive(rig: Rig) -> None:
    names = {f"{n} {'x' * 900_000}" for n in range(10)}
    await rig.bus.publish("fetch-balances", [Parcel(name).pack() for name in names])

    assert {delivery.name for delivery in await rig.deliveries(10)} == names


async def test_publishing_nothing_is_no_fault(rig: Rig) -> None:
    await rig.bus.publish("fetch-balances", [])

    assert rig.counts.total("messages_published_total") == 0


async def test_a_refused_message_comes_again_after_a_while_until_it_is_acknowledged(rig: Rig) -> None:
    await rig.bus.publish("fetch-balances", [Parcel("late", refuse=2).pack()])

    delivered = await rig.deliveries(3)
    assert len({delivery.message.id for delivery in delivered}) == 1
    waits = [later.at - earlier.at for earlier, later in pairwise(delivered)]
    assert min(waits) >= LEAST_WAIT_SECONDS / 2  # jitter takes away half at most


async def test_poison_ends_among_the_dead_letters_and_holds_nobody_up(rig: Rig) -> None:
    poison = Parcel("poison", refuse=ALWAYS).pack()
    await rig.bus.publish("fetch-balances", [poison, *(Parcel(f"good {n}").pack() for n in range(20))])

    letter, *_ = await rig.dead_letters(1)
    assert letter.data == poison
    assert letter.attributes.items() >= TRACE.items()
    names = [delivery.name for delivery in await rig.deliveries(20 + ATTEMPTS)]
    assert names.count("poison") >= ATTEMPTS
    assert set(names) == {"poison", *(f"good {n}" for n in range(20))}


async def test_a_discarded_message_is_a_dead_letter_that_says_why(rig: Rig) -> None:
    message = Message("id-1", b"\x00\xff", {"kind": "unheard of", "googclient_x": "1", "long": "x" * 2_000})
    await rig.bus.discard(message, "of an unknown version: " + "9" * 2_000)

    letter, *_ = await rig.dead_letters(1)
    assert letter.data == b"\x00\xff"
    assert letter.attributes["kind"] == "unheard of"
    assert letter.attributes["original_id"] == "id-1"
    assert letter.attributes["discard_reason"].startswith("of an unknown version: 9")
    assert ("messages_discarded_total", (("reason", "unknown"),), 1) in list(rig.counts)


async def test_a_message_that_is_too_long_is_refused_before_anything_is_sent(rig: Rig) -> None:
    with pytest.raises(ValueError, match="1000001 bytes is longer than 1000000"):
        await rig.bus.publish("fetch-balances", [b"short", b"x" * (MAX_MESSAGE_BYTES + 1)])

    assert rig.counts.total("messages_published_total") == 0


async def test_it_is_ready_until_it_is_closed(rig: Rig) -> None:
    await rig.bus.ready()
    await rig.bus.close()

    with pytest.raises(BusUnavailable, match="closed"):
        await rig.bus.ready()
    with pytest.raises(BusUnavailable, match="closed"):
        await rig.bus.publish("fetch-balances", [b"late"])
    await rig.bus.close()
