"""Signatures of wallets as a node makes them, and contracts that sign on a real chain."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.chain.client import ChainClient
from shared.core.ids import Address, address_bytes
from shared.core.signatures import text_digest
from shared.errors import Unavailable
from shared.services.wallet_signatures import is_signed_by_contract, is_signed_by_key, parse_signature
from tests.chain.setting import chain_for, client_of, nth_address
from tests.devnet.anvil import Anvil
from tests.devnet.sending import account
from tests.devnet.tokens import place

TEXT = "app.example wants you to sign in with your Ethereum account"
DIGEST = text_digest(TEXT)
CONTRACT = nth_address(1)


@pytest.fixture
async def client(anvil: Anvil) -> AsyncIterator[ChainClient]:
    async with client_of(chain_for(), anvil.url) as client:
        yield client


def sign(anvil: Anvil, number: int = 0, text: str = TEXT) -> bytes:
    """What one of the node's own accounts signs."""
    return parse_signature(
        str(anvil.rpc("personal_sign", f"0x{text.encode().hex()}", account(anvil, number)))
    )


def place_wallet(anvil: Anvil, owner: Address) -> None:
    place(anvil, "OwnedWallet", CONTRACT)
    anvil.set_storage(CONTRACT, 0, int.from_bytes(address_bytes(owner)))


async def signed_by_contract(client: ChainClient, signature: bytes, address: Address = CONTRACT) -> bool:
    return await is_signed_by_contract(DIGEST, signature, address, client.chain, client)


def test_what_a_node_signs_is_signed_by_its_account(anvil: Anvil) -> None:
    assert is_signed_by_key(DIGEST, sign(anvil), account(anvil))
    assert not is_signed_by_key(DIGEST, sign(anvil), account(anvil, 1))
    assert not is_signed_by_key(DIGEST, sign(anvil, text=f"{TEXT}."), account(anvil))


async def test_what_the_owner_signs_is_signed_by_the_contract(anvil: Anvil, client: ChainClient) -> None:
    place_wallet(anvil, account(anvil))

    assert await signed_by_contract(client, sign(anvil))
    assert not await signed_by_contract(client, sign(anvil, 1))
    assert not await signed_by_contract(client, sign(anvil, text=f"{TEXT}."))


@pytest.mark.parametrize("signature", [b"", b"\x01", bytes(65), b"\xff" * 4000])
async def test_what_the_contract_cannot_read_is_not_signed(
    anvil: Anvil, client: ChainClient, signature: bytes
) -> None:
    place_wallet(anvil, account(anvil))

    assert not await signed_by_contract(client, signature)


async def test_an_address_without_code_signs_nothing(anvil: Anvil, client: ChainClient) -> None:
    assert not await signed_by_contract(client, sign(anvil), account(anvil))


@pytest.mark.parametrize(
    "contract", ["SilentToken", "RevertingToken", "LyingToken", "HugeToken", "LongToken"]
)
async def test_a_contract_that_says_something_else_signs_nothing(
    anvil: Anvil, client: ChainClient, contract: str
) -> None:
    place(anvil, contract, CONTRACT)

    assert not await signed_by_contract(client, sign(anvil))


async def test_a_contract_may_say_more_than_it_is_asked(anvil: Anvil, client: ChainClient) -> None:
    place(anvil, "CarelessWallet", CONTRACT)

    assert await signed_by_contract(client, b"")


async def test_a_chain_that_does_not_answer_cannot_be_asked() -> None:
    async with client_of(chain_for(), "http://127.0.0.1:1") as client:
        with pytest.raises(Unavailable, match="cannot be asked"):
            await signed_by_contract(client, b"")
