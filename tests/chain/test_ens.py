"""ENS names: normalised, hashed, and resolved through a Universal Resolver at its real address."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode

from shared.chain.ens import (
    UNIVERSAL_RESOLVER,
    dns_name,
    namehash,
    normalise_name,
    resolve_name,
)
from shared.chain.gateways import Gateways
from shared.core.ids import ZERO_ADDRESS, Address, address_bytes, parse_address
from shared.core.keccak import keccak256
from shared.errors import (
    GatewayRefused,
    RpcBadResponse,
    RpcError,
    RpcRateLimited,
    RpcTooLarge,
    RpcUnavailable,
)
from tests.chain.lookups import answering, local_gateways
from tests.chain.rpc_proxy import Mode, RpcProxy, cut, raw, status
from tests.chain.setting import WALLET, WITHIN, chain_for, client_of
from tests.devnet.anvil import Anvil
from tests.devnet.sending import send
from tests.devnet.tokens import mapping_slot, place

NO_ADDRESS, RESOLVER_FAILS = (parse_address(f"0x{i:040x}") for i in (1, 2))


def register(anvil: Anvil, name: str, address: Address) -> None:
    """`address` may be one of the two above, for which the resolver does what they are called."""
    slot = mapping_slot(namehash(name), 0)
    anvil.set_storage(UNIVERSAL_RESOLVER, slot, int.from_bytes(address_bytes(address)))


async def resolve(anvil: Anvil, name: str) -> Address | None:
    gateways = local_gateways()
    async with client_of(chain_for(), anvil.url) as client:
        try:
            return await resolve_name(client, gateways, name, within=WITHIN)
        finally:
            await gateways.close()


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


async def test_a_chain_without_the_resolver_cannot_tell(anvil: Anvil) -> None:
    anvil.set_code(UNIVERSAL_RESOLVER, "0x")

    with pytest.raises(RpcError):
        await resolve(anvil, "alice.eth")


DIRECT, BATCH, FOREIGN = range(3)


def keep_offchain(anvil: Anvil, name: str, *urls: str, form: int = BATCH, lookups: int = 1) -> None:
    """The name's resolver looks so often at these gateways."""
    arguments = encode(["bytes32", "uint8", "uint256", "string[]"], [namehash(name), form, lookups, urls])
    data = keccak256(b"keepOffchain(bytes32,uint8,uint256,string[])")[:4] + arguments
    anvil.rpc("anvil_impersonateAccount", WALLET)
    anvil.set_balance(WALLET, 10**18)
    send(anvil, WALLET, UNIVERSAL_RESOLVER, data, gas=5_000_000)


def encoded(address: Address) -> bytes:
    return address_bytes(address).rjust(32, b"\0")


@pytest.mark.parametrize("form", [DIRECT, BATCH])
@pytest.mark.parametrize("path", ["/{sender}/{data}.json", "/"])
@pytest.mark.parametrize("lookups", [1, 2, 4])
async def test_a_name_kept_off_the_chain_resolves(anvil: Anvil, form: int, path: str, lookups: int) -> None:
    async with RpcProxy() as gateway:
        gateway.behave(then=answering(encoded(WALLET)))
        keep_offchain(
            anvil,
            "alice.base.eth",
            f"http://gateway.example:{gateway.port}{path}",
            form=form,
            lookups=lookups,
        )

        assert await resolve(anvil, "Alice.base.eth") == WALLET
        assert len(gateway.requests) == lookups


async def test_lookups_without_end_are_given_up(anvil: Anvil) -> None:
    async with RpcProxy() as gateway:
        gateway.behave(then=answering(encoded(WALLET)))
        keep_offchain(anvil, "off.eth", gateway.url, lookups=5)

        with pytest.raises(RpcTooLarge):
            await resolve(anvil, "off.eth")


async def test_a_lookup_in_the_name_of_another_contract_is_refused(anvil: Anvil) -> None:
    async with RpcProxy() as gateway:
        keep_offchain(anvil, "off.eth", gateway.url, form=FOREIGN)

        with pytest.raises(RpcBadResponse, match="another contract"):
            await resolve(anvil, "off.eth")
        assert gateway.requests == []


@pytest.mark.parametrize("form", [DIRECT, BATCH])
@pytest.mark.parametrize("mode", [status(404), status(410), answering(b""), answering(encoded(ZERO_ADDRESS))])
async def test_a_name_that_its_gateway_does_not_know_has_no_address(
    anvil: Anvil, form: int, mode: Mode
) -> None:
    async with RpcProxy() as gateway:
        gateway.behave(then=mode)
        keep_offchain(anvil, "nobody.base.eth", gateway.url, form=form)

        assert await resolve(anvil, "nobody.base.eth") is None


@pytest.mark.parametrize("form", [DIRECT, BATCH])
@pytest.mark.parametrize(
    ("mode", "error"),
    [
        (status(500), RpcUnavailable),
        (cut, RpcUnavailable),
        (status(429), RpcRateLimited),
        (status(403), GatewayRefused),
        (raw(b"<html>"), RpcBadResponse),
        (answering(b"short"), RpcBadResponse),
    ],
)
async def test_where_the_gateway_fails_nobody_can_tell(
    anvil: Anvil, form: int, mode: Mode, error: type[RpcError]
) -> None:
    async with RpcProxy() as gateway:
        gateway.behave(then=mode)
        keep_offchain(anvil, "off.eth", gateway.url, form=form)

        with pytest.raises(error):
            await resolve(anvil, "off.eth")


@pytest.mark.parametrize("form", [DIRECT, BATCH])
async def test_after_a_gateway_that_fails_the_next_is_asked(anvil: Anvil, form: int) -> None:
    async with RpcProxy() as down, RpcProxy() as gateway:
        down.behave(then=status(500))
        gateway.behave(then=answering(encoded(WALLET)))
        keep_offchain(anvil, "off.eth", down.url, gateway.url, form=form)

        assert await resolve(anvil, "off.eth") == WALLET
        assert len(down.requests) == 1


async def test_gateways_of_this_machine_are_not_asked_in_earnest(anvil: Anvil) -> None:
    async with RpcProxy() as gateway, client_of(chain_for(), anvil.url) as client:
        keep_offchain(anvil, "off.eth", gateway.url, "https://127.0.0.1/", "https://localhost/")
        gateways = Gateways()

        with pytest.raises(RpcBadResponse):
            await resolve_name(client, gateways, "off.eth", within=WITHIN)
        await gateways.close()
        assert gateway.requests == []
