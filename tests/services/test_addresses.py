"""Callers write addresses or names; what is neither is refused before anything is asked."""

from dataclasses import dataclass, field

import pytest

from shared.core.ids import Address, address_from_bytes
from shared.errors import InvalidInput, RpcTimeout, Unavailable
from shared.services.addresses import check_address, resolve_addresses

ALICE, BOB = (address_from_bytes(bytes([n] * 20)) for n in (1, 2))


@dataclass
class FakeNames:
    """Knows some names; a RpcError among the answers is raised."""

    known: dict[str, Address | RpcTimeout | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def resolve(self, name: str, *, within: float) -> Address | None:
        self.asked.append(name)
        if name not in self.known:
            raise ValueError(f"{name!r} is not a valid ENS name")
        answer = self.known[name]
        if isinstance(answer, RpcTimeout):
            raise answer
        return answer


class FakeSources:
    def __init__(self, **known: Address | RpcTimeout | None) -> None:
        self.names = FakeNames({name.replace("_", "."): answer for name, answer in known.items()})


async def test_addresses_and_names_become_addresses_each_once_in_order() -> None:
    sources = FakeSources(bob_eth=BOB)

    assert await resolve_addresses(["bob.eth", ALICE.lower(), BOB], sources) == (BOB, ALICE)


@pytest.mark.parametrize("text", ["banana", "", "0x12", ".eth", "a..eth", "a" * 256 + ".eth"])
async def test_what_is_neither_is_refused_before_any_name_is_asked_for(text: str) -> None:
    sources = FakeSources(bob_eth=BOB)
    with pytest.raises(InvalidInput, match="address"):
        await resolve_addresses(["bob.eth", text], sources)

    assert sources.names.asked == []


def test_a_wrong_checksum_is_refused() -> None:
    with pytest.raises(InvalidInput, match="wrong checksum"):
        check_address("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")


async def test_a_name_without_an_address_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"nobody\.eth does not resolve"):
        await resolve_addresses(["nobody.eth"], FakeSources(nobody_eth=None))


async def test_a_name_that_is_not_valid_is_the_callers_fault() -> None:
    with pytest.raises(InvalidInput, match="not a valid ENS name"):
        await resolve_addresses(["not valid.eth"], FakeSources())


async def test_a_name_cannot_be_resolved_while_ethereum_is_down() -> None:
    with pytest.raises(Unavailable, match=r"bob\.eth could not be resolved"):
        await resolve_addresses(["bob.eth"], FakeSources(bob_eth=RpcTimeout("slow")))
