"""The public key that made a signature on secp256k1, which Ethereum's addresses are hashes of.

What is found here is a candidate: whoever relies on it verifies the signature with it by a library for that.
Nothing here is secret, so it may take as long as it likes for each number. Source of the curve and of the
recovery: SEC 1 (https://www.secg.org/sec1-v2.pdf, 4.1.6) and SEC 2 (https://www.secg.org/sec2-v2.pdf, 2.4.1).
"""

from __future__ import annotations

_FIELD = 2**256 - 2**32 - 977
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_GENERATOR = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
Point = tuple[int, int]
_Scaled = tuple[int, int, int]
"""(x, y, z) stands for the point (x/z², y/z³), so that adding needs no division; z is 0 at infinity."""
_INFINITY: _Scaled = (0, 1, 0)


def recover(digest: bytes, r: int, s: int, *, odd: bool) -> Point | None:
    """The key with which (r, s) signs the digest, if there is one; `odd` is that of the nonce point's y."""
    if not (0 < r < ORDER and 0 < s < ORDER):
        return None
    nonce_point = _point_at(r, odd=odd)
    if nonce_point is None:
        return None
    inverse = pow(r, -1, ORDER)
    at_generator = -int.from_bytes(digest, "big") * inverse % ORDER
    return _plain(_sum_of(at_generator, _GENERATOR, s * inverse % ORDER, nonce_point))


def _point_at(x: int, *, odd: bool) -> Point | None:
    square = (pow(x, 3, _FIELD) + 7) % _FIELD
    y = pow(square, (_FIELD + 1) // 4, _FIELD)
    if y * y % _FIELD != square:
        return None
    return x, y if y % 2 == odd else _FIELD - y


def _sum_of(a: int, first: Point, b: int, second: Point) -> _Scaled:
    """a·first + b·second, both multiplied in one pass over the bits."""
    one, other = (*first, 1), (*second, 1)
    addends = (None, one, other, _add(one, other))
    total = _INFINITY
    for bit in range(max(a.bit_length(), b.bit_length()) - 1, -1, -1):
        total = _double(total)
        addend = addends[(a >> bit & 1) + 2 * (b >> bit & 1)]
        if addend is not None:
            total = _add(total, addend)
    return total


def _double(point: _Scaled) -> _Scaled:
    x, y, z = point
    y_squared = y * y % _FIELD
    s = 4 * x * y_squared % _FIELD
    m = 3 * x * x % _FIELD
    x_new = (m * m - 2 * s) % _FIELD
    return x_new, (m * (s - x_new) - 8 * y_squared * y_squared) % _FIELD, 2 * y * z % _FIELD


def _add(first: _Scaled, second: _Scaled) -> _Scaled:
    if first[2] == 0:
        return second
    if second[2] == 0:
        return first
    (x1, y1, z1), (x2, y2, z2) = first, second
    z1_squared, z2_squared = z1 * z1 % _FIELD, z2 * z2 % _FIELD
    u1, u2 = x1 * z2_squared % _FIELD, x2 * z1_squared % _FIELD
    s1, s2 = y1 * z2 * z2_squared % _FIELD, y2 * z1 * z1_squared % _FIELD
    if u1 == u2:
        return _double(first) if s1 == s2 else _INFINITY
    h, r = u2 - u1, s2 - s1
    h_squared = h * h % _FIELD
    h_cubed = h * h_squared % _FIELD
    v = u1 * h_squared % _FIELD
    x = (r * r - h_cubed - 2 * v) % _FIELD
    return x, (r * (v - x) - s1 * h_cubed) % _FIELD, h * z1 * z2 % _FIELD


def _plain(point: _Scaled) -> Point | None:
    x, y, z = point
    if z == 0:
        return None
    inverse = pow(z, -1, _FIELD)
    square = inverse * inverse % _FIELD
    return x * square % _FIELD, y * square * inverse % _FIELD
