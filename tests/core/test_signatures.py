"""Signatures over texts: whose they are, in every form that wallets send, and none in any other."""

from __future__ import annotations

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from hypothesis import given
from hypothesis import strategies as st

from shared.core.secp256k1 import ORDER
from shared.core.signatures import find_signer, parse_key_signature, text_digest

ACCOUNT = Account.from_key("0x" + "11" * 32)
TEXT = "example.com wants you to sign in ✍\n"


def signed(text: str) -> bytes:
    return bytes(ACCOUNT.sign_message(encode_defunct(text=text)).signature)


def signer_of(text: str, signature: bytes) -> str | None:
    parsed = parse_key_signature(signature)
    found = None if parsed is None else find_signer(text_digest(text), parsed)
    return None if found is None else found.address


@given(st.text())
def test_who_signed_a_text_is_found(text: str) -> None:
    assert signer_of(text, signed(text)) == ACCOUNT.address


def test_v_may_be_counted_from_zero() -> None:
    signature = signed(TEXT)

    assert signer_of(TEXT, signature[:64] + bytes([signature[64] - 27])) == ACCOUNT.address


@given(st.text())
def test_a_compact_signature_is_of_the_same_signer(text: str) -> None:
    signature = signed(text)
    s = int.from_bytes(signature[32:64], "big") | ((signature[64] - 27) << 255)

    assert signer_of(text, signature[:32] + s.to_bytes(32, "big")) == ACCOUNT.address


@given(st.integers(min_value=0, max_value=64), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_never_of_the_same_signer(place: int, change: int) -> None:
    signature = bytearray(signed(TEXT))
    signature[place] ^= change
    same_again = place == 64 and signature[64] == bytes(signed(TEXT))[64] - 27

    assert (signer_of(TEXT, bytes(signature)) == ACCOUNT.address) == same_again


def test_the_higher_of_two_equal_signatures_is_none() -> None:
    signature = signed(TEXT)
    higher = ORDER - int.from_bytes(signature[32:64], "big")
    mirrored = signature[:32] + higher.to_bytes(32, "big") + bytes([55 - signature[64]])

    assert parse_key_signature(mirrored) is None


@pytest.mark.parametrize("length", [0, 1, 63, 66, 130])
def test_another_length_is_no_signature_of_a_key(length: int) -> None:
    assert parse_key_signature(bytes([1]) * length) is None


@pytest.mark.parametrize("v", [2, 26, 29, 255])
def test_another_v_is_no_signature(v: int) -> None:
    assert parse_key_signature(signed(TEXT)[:64] + bytes([v])) is None
