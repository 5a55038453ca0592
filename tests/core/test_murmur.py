"""MurmurHash3 gives what other implementations give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.murmur import murmur3_32


@pytest.mark.parametrize(
    ("text", "seed", "expected"),
    [
        # https://en.wikipedia.org/wiki/MurmurHash, "Test vectors"
        ("", 0, 0),
        ("", 1, 0x514E28B7),
        ("", 0xFFFFFFFF, 0x81F16F39),
        ("test", 0, 0xBA6BD213),
        ("test", 0x9747B28C, 0x704B81DC),
        ("Hello, world!", 0, 0xC0363E43),
        ("Hello, world!", 0x9747B28C, 0x24884CBA),
        ("The quick brown fox jumps over the lazy dog", 0, 0x2E4FF723),
        ("The quick brown fox jumps over the lazy dog", 0x9747B28C, 0x2FA826CD),
    ],
)
def test_published_vectors(text: str, seed: int, expected: int) -> None:
    assert murmur3_32(text.encode(), seed) == expected


@given(st.binary(max_size=40), st.integers(min_value=0))
def test_a_hash_has_32_bits(key: bytes, seed: int) -> None:
    assert 0 <= murmur3_32(key, seed) < 2**32
