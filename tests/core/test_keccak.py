"""Keccak-256 agrees with published digests and with another implementation."""

from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from shared.core.keccak import keccak256


def test_the_empty_message_has_the_known_digest() -> None:
    digest = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"

    assert keccak256(b"").hex() == digest


@given(st.binary(max_size=600))
def test_it_agrees_with_eth_hash(message: bytes) -> None:
    assert keccak256(message) == keccak(message)
