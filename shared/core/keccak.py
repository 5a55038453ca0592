"""Keccak-256 as Ethereum uses it (the original padding, so not `hashlib.sha3_256`).

Written out because the core has no dependencies and few bytes to hash: address checksums and ENS
labels. Source: https://keccak.team/keccak_specs_summary.html
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_RATE = 136  # bytes a block: 1600 bits less twice 256


def _round_constants() -> tuple[int, ...]:
    constants, lfsr = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if lfsr & 1:
                constant |= 1 << ((1 << j) - 1)
            lfsr = (lfsr << 1) ^ (0x171 if lfsr & 0x80 else 0)
        constants.append(constant)
    return tuple(constants)


def _rotations_and_targets() -> tuple[tuple[int, int], ...]:
    """For each lane x+5y, how far rho turns it and where pi puts it."""
    table = [(0, 0)] * 25
    x, y = 1, 0
    for t in range(24):
        table[x + 5 * y] = ((t + 1) * (t + 2) // 2 % 64, y + 5 * ((2 * x + 3 * y) % 5))
        x, y = y, (2 * x + 3 * y) % 5
    return tuple(table)


_CONSTANTS = _round_constants()
_RHO_PI = _rotations_and_targets()


def _permute(lanes: list[int]) -> list[int]:
    for constant in _CONSTANTS:
        c = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
        d = [c[x - 1] ^ ((c[(x + 1) % 5] << 1 | c[(x + 1) % 5] >> 63) & _MASK) for x in range(5)]
        moved = [0] * 25
        for i, (turn, target) in enumerate(_RHO_PI):
            lane = lanes[i] ^ d[i % 5]
            moved[target] = (lane << turn | lane >> (64 - turn)) & _MASK
        lanes = [
            moved[i] ^ (~moved[i - i % 5 + (i + 1) % 5] & moved[i - i % 5 + (i + 2) % 5]) for i in range(25)
        ]
        lanes[0] ^= constant
    return lanes


def keccak256(message: bytes) -> bytes:
    """The 32-byte Keccak-256 digest."""
    padded = bytearray(message)
    padded.extend(b"\x00" * (_RATE - len(message) % _RATE))
    padded[len(message)] ^= 0x01
    padded[-1] ^= 0x80
    lanes = [0] * 25
    for start in range(0, len(padded), _RATE):
        for i in range(_RATE // 8):
            at = start + 8 * i
            lanes[i] ^= int.from_bytes(padded[at : at + 8], "little")
        lanes = _permute(lanes)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])
