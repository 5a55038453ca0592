"""Resolved names are remembered for a while, and missing ones for less."""

from datetime import UTC, datetime, timedelta

from shared.chain.names import Names
from shared.core.ids import Address, address_from_bytes

BOB = address_from_bytes(bytes([2] * 20))


class Ethereum:
    """Answers with a fixed address, and keeps count; `time` is the clock."""

    def __init__(self, address: Address | None) -> None:
        self.address = address
        self.asked = 0
        self.time = datetime(2026, 11, 21, tzinfo=UTC)

    async def resolve(self, name: str, *, within: float) -> Address | None:
        self.asked += 1
        return self.address

    def clock(self) -> datetime:
        return self.time


async def test_a_name_is_asked_for_once_in_its_time() -> None:
    ethereum = Ethereum(BOB)
    names = Names(ethereum.resolve, ethereum.clock)
    for _ in range(3):
        assert await names.resolve("bob.eth", within=1) == BOB
    ethereum.time += timedelta(minutes=5)
    await names.resolve("bob.eth", within=1)

    assert ethereum.asked == 2


async def test_a_name_without_an_address_is_asked_for_again_sooner() -> None:
    ethereum = Ethereum(None)
    names = Names(ethereum.resolve, ethereum.clock)
    await names.resolve("new.eth", within=1)
    ethereum.time += timedelta(seconds=30)
    ethereum.address = BOB

    assert await names.resolve("new.eth", within=1) == BOB
