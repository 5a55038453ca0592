"""Recovering keys: those that an independent library signed with."""

from __future__ import annotations

import pytest
from eth_keys.datatypes import PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared.core.secp256k1 import ORDER, recover

SECRETS = st.integers(min_value=1, max_value=ORDER - 1)
DIGESTS = st.binary(min_size=32, max_size=32)


@given(SECRETS, DIGESTS)
def test_the_key_that_signed_is_found(secret: int, digest: bytes) -> None:
    key = PrivateKey(secret.to_bytes(32, "big"))
    signature = key.sign_msg_hash(digest)

    found = recover(digest, signature.r, signature.s, odd=signature.v == 1)

    assert found is not None
    assert b"".join(each.to_bytes(32, "big") for each in found) == key.public_key.to_bytes()


@given(SECRETS, DIGESTS, DIGESTS)
def test_for_another_digest_another_key_is_found(secret: int, digest: bytes, other: bytes) -> None:
    key = PrivateKey(secret.to_bytes(32, "big"))
    signature = key.sign_msg_hash(digest)

    found = recover(other, signature.r, signature.s, odd=signature.v == 1)

    is_same = found is not None and found[0].to_bytes(32, "big") == key.public_key.to_bytes()[:32]
    assert is_same == (int.from_bytes(digest, "big") % ORDER == int.from_bytes(other, "big") % ORDER)


@pytest.mark.parametrize(
    ("r", "s"), [(0, 1), (1, 0), (ORDER, 1), (1, ORDER), (ORDER + 1, ORDER + 1), (-1, 1)]
)
def test_numbers_out_of_range_have_no_key(r: int, s: int) -> None:
    assert recover(bytes(32), r, s, odd=False) is None


def test_an_r_that_is_on_no_point_of_the_curve_has_no_key() -> None:
    assert recover(bytes(32), 5, 1, odd=False) is None
    assert recover(bytes(32), 1, 1, odd=False) is not None


def test_the_point_at_infinity_is_no_key() -> None:
    """With the generator as nonce point and s equal to the digest, s·R − z·G is nothing."""
    r = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798

    assert recover((7).to_bytes(32, "big"), r, 7, odd=False) is None
