"""MurmurHash3, the 32-bit one: https://github.com/aappleby/smhasher, `MurmurHash3_x86_32`."""

from __future__ import annotations

_MASK = 0xFFFFFFFF
_FIRST, _SECOND = 0xCC9E2D51, 0x1B873593


def murmur3_32(key: bytes, seed: int = 0) -> int:
    """The hash, from 0 to 2³² - 1. Others with the same one are easily found."""
    whole = len(key) - len(key) % 4
    state = seed & _MASK
    for start in range(0, whole, 4):
        state ^= _scrambled(int.from_bytes(key[start : start + 4], "little"))
        state = (_rotated(state, 13) * 5 + 0xE6546B64) & _MASK
    state ^= _scrambled(int.from_bytes(key[whole:], "little")) ^ len(key)
    state = ((state ^ state >> 16) * 0x85EBCA6B) & _MASK
    state = ((state ^ state >> 13) * 0xC2B2AE35) & _MASK
    return state ^ state >> 16


def _scrambled(block: int) -> int:
    return _rotated(block * _FIRST & _MASK, 15) * _SECOND & _MASK


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> 32 - bits) & _MASK
