"""Nonces: good for ten minutes, and made by nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.core.nonces import LIFETIME, RANDOM_BYTES, make_nonce, nonce_expiry

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = b"key"
NONCE = make_nonce(KEY, NOW, bytes(RANDOM_BYTES))
SECOND = timedelta(seconds=1)


@given(st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES), st.integers(min_value=0, max_value=599))
def test_a_nonce_is_good_until_it_expires(random: bytes, seconds: int) -> None:
    nonce = make_nonce(KEY, NOW, random)

    assert nonce.isalnum()
    assert len(nonce) >= 8
    assert nonce_expiry(KEY, nonce, NOW + timedelta(seconds=seconds)) == NOW + LIFETIME


def test_it_expires_and_is_not_good_before_its_time() -> None:
    assert nonce_expiry(KEY, NONCE, NOW + LIFETIME - SECOND) is not None
    assert nonce_expiry(KEY, NONCE, NOW + LIFETIME) is None
    assert nonce_expiry(KEY, NONCE, NOW - timedelta(minutes=2)) is None


@given(st.integers(min_value=0, max_value=71), st.sampled_from("0123456789abcdefA "))
def test_a_changed_nonce_is_none(place: int, character: str) -> None:
    changed = NONCE[:place] + character + NONCE[place + 1 :]

    assert (nonce_expiry(KEY, changed, NOW) is None) == (changed != NONCE)


@given(st.text())
def test_any_other_text_is_none(text: str) -> None:
    assert nonce_expiry(KEY, text, NOW) is None


def test_another_key_makes_other_nonces() -> None:
    assert nonce_expiry(b"other", NONCE, NOW) is None
