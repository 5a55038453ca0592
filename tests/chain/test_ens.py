"""ENS names: normalised, hashed, and resolved through a Universal Resolver at its real address."""

from __future__ import annotations

import pytest

from shared.chain.ens import (
    UNIVERSAL_RESOLVER,
    dns_name,
    namehash,
    normalise_name,
    resolve_name,
)
from shared.core.ids import Address, address_bytes, parse_address
from shared.errors import RpcError
from tests.chain.setting import WALLET, WITHIN, chain_for, client_of
from tests.devnet.anvil import Anvil
from tests.devnet.tokens import mapping_slot, place

NO_ADDRESS, RESOLVER_FAILS, OFF_CHAIN = (parse_address(f"0x{i:040x}") for i in (1, 2, 3))


def register(anvil: Anvil, name: str, address: Address) -> None:
    """`address` may be one of the three above, for which the resolver does what they are called."""
    slot = mapping_slot(namehash(name), 0)
    anvil.set_storage(UNIVERSAL_RESOLVER, slot, int.from_bytes(address_bytes(address)))


async def resolve(anvil: Anvil, name: str) -> Address | None:
    async with client_of(chain_for(), anvil.url) as client:
        return await resolve_name(client, name, within=WITHIN)


@pytest.fixture(autouse=True)
def _resolver(anvil: Anvil) -> None:
    place(anvil, "UniversalResolver", UNIVERSAL_RESOLVER)


# The vectors of https://docs.ens.domains/resolution/names
@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("", "00" * 32),
        ("eth", "93cdeb708b7545dc668eb9280176169d1c33cfd8ed6f04690a0bcc88a93fc4ae"),
        ("ens.eth", "4e34d3a81dc3a20f71bbdf2160492ddaa17ee7e5523757d47153379c13cb46df"),
        ("addr.reverse", "91d1777781884d03a6757a803996e38de2a42967fb37eeaca72729271025a9e2"),
    ],
)
def test_a_namehash_is_that_of_the_documentation(name: str, node: str) -> None:
    assert namehash(name).hex() == node


def test_a_dns_name_is_that_of_the_documentation() -> None:
    assert dns_name("my.name.eth").hex() == "026d79046e616d650365746800"


@pytest.mark.parametrize(
    ("given", "normal"), [("VITALIK.eth", "vitalik.eth"), ("RaFFY🚴‍♂️.eTh", "raffy🚴‍♂.eth"), ("eth", "eth")]
)
def test_names_are_normalised_as_ensip_15_says(given: str, normal: str) -> None:
    assert normalise_name(given) == normal


@pytest.mark.parametrize(
    "name", ["", ".", ".eth", "a..eth", "a_b.eth", "ex ample.eth", "vіtalik.eth", "a" * 256]
)
def test_what_is_not_an_ens_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="ENS name"):
        normalise_name(name)


def test_a_label_that_does_not_fit_into_dns_is_refused() -> None:
    with pytest.raises(ValueError, match="255 bytes"):
        dns_name("ü" * 128 + ".eth")


async def test_a_name_resolves_to_its_address(anvil: Anvil) -> None:
    register(anvil, "alice.eth", WALLET)

    assert await resolve(anvil, "Alice.ETH") == WALLET


async def test_a_name_that_does_not_exist_has_no_address(anvil: Anvil) -> None:
    assert await resolve(anvil, "nobody.eth") is None


async def test_a_name_without_an_address_has_none(anvil: Anvil) -> None:
    register(anvil, "unset.eth", NO_ADDRESS)
    register(anvil, "broken.eth", RESOLVER_FAILS)

    assert await resolve(anvil, "unset.eth") is None
    assert await resolve(anvil, "broken.eth") is None


async def test_a_name_kept_off_the_chain_is_refused_with_the_reason(anvil: Anvil) -> None:
    register(anvil, "off.eth", OFF_CHAIN)

    with pytest.raises(ValueError, match=r"'off\.eth' is kept off the chain"):
        await resolve(anvil, "off.eth")


async def test_a_chain_without_the_resolver_cannot_tell(anvil: Anvil) -> None:
    anvil.set_code(UNIVERSAL_RESOLVER, "0x")

    with pytest.raises(RpcError):
        await resolve(anvil, "alice.eth")
