"""Rate limits: a bucket for each caller, refilled evenly, in bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import CallerError, PayloadTooLarge
from shared.web.limits import RateLimiter, caller_address, read_body


def test_a_caller_may_use_the_whole_minute_at_once_and_then_waits() -> None:
    limiter = RateLimiter(3, lambda: 0.0)

    assert [limiter.take("a").retry_after for _ in range(4)] == [0, 0, 0, 20]


def test_the_bucket_refills_evenly() -> None:
    now = [0.0]
    limiter = RateLimiter(60, lambda: now[0])
    for _ in range(60):
        limiter.take("a")
    now[0] = 2.0

    assert [bool(limiter.take("a").retry_after) for _ in range(3)] == [False, False, True]


def test_one_caller_does_not_use_up_anothers_allowance() -> None:
    limiter = RateLimiter(1, lambda: 0.0)
    limiter.take("a")

    assert not limiter.take("b").retry_after
    assert limiter.take("a").retry_after


def test_an_allowance_says_what_is_left_and_when_it_is_full_again() -> None:
    allowance = RateLimiter(60, lambda: 0.0).take("a")

    assert (allowance.limit, allowance.remaining, allowance.reset) == (60, 59, 1)


def test_memory_is_bounded_and_the_longest_unheard_of_is_forgotten_first() -> None:
    limiter = RateLimiter(1, lambda: 0.0, size=2)
    for caller in ("a", "b", "a", "c"):
        limiter.take(caller)

    assert limiter.take("a").retry_after
    assert not limiter.take("b").retry_after


@given(st.lists(st.floats(0, 5), min_size=1, max_size=200), st.integers(1, 30))
def test_no_caller_gets_more_than_a_full_bucket_and_its_refill(gaps: list[float], limit: int) -> None:
    now = [0.0]
    limiter = RateLimiter(limit, lambda: now[0])
    allowed = 0
    for gap in gaps:
        now[0] += gap
        allowed += not limiter.take("a").retry_after

    assert allowed <= limit + now[0] * limit / 60 + 1e-6


@pytest.mark.parametrize(
    ("forwarded", "deployed", "expected"),
    [
        (None, False, "192.0.2.1"),
        (b"198.51.100.1", False, "192.0.2.1"),
        (None, True, "192.0.2.1"),
        (b"198.51.100.1", True, "198.51.100.1"),
        (b"1.1.1.1, 198.51.100.1", True, "198.51.100.1"),
        (b"2001:db8:1:2:3:4:5:6", True, "2001:db8:1:2::/64"),
        (b"2001:db8:1:2::9", True, "2001:db8:1:2::/64"),
        (b"not:an:address", True, "not:an:address"),
    ],
)
def test_the_caller_is_who_the_front_end_saw(forwarded: bytes | None, deployed: bool, expected: str) -> None:
    assert caller_address("192.0.2.1", forwarded, deployed=deployed) == expected


@pytest.mark.parametrize(
    ("forwarded", "hops", "expected"),
    [
        (b"198.51.100.1,203.0.113.9", 2, "198.51.100.1"),
        (b"1.1.1.1, 198.51.100.1, 203.0.113.9", 2, "198.51.100.1"),
        (b"2001:db8:1:2::9, 2600:1901::1", 2, "2001:db8:1:2::/64"),
        (b"1.1.1.1,,198.51.100.1,203.0.113.9,203.0.113.8", 3, "198.51.100.1"),
        (b"203.0.113.9", 2, "203.0.113.9"),
        (b"1.1.1.1,203.0.113.9", 3, "203.0.113.9"),
        (None, 2, "192.0.2.1"),
    ],
)
def test_behind_further_front_ends_the_caller_is_who_the_outermost_saw(
    forwarded: bytes | None, hops: int, expected: str
) -> None:
    assert caller_address("192.0.2.1", forwarded, deployed=True, hops=hops) == expected


@given(st.lists(st.text("0123456789abcdef.:, x"), max_size=4), st.integers(1, 5))
def test_nothing_that_a_caller_writes_changes_whose_allowance_it_uses(said: list[str], hops: int) -> None:
    written = ["198.51.100.1", *("203.0.113.9",) * (hops - 1)]
    forwarded = ",".join([*said, *written]).encode()

    assert caller_address("192.0.2.1", forwarded, deployed=True, hops=hops) == "198.51.100.1"


class Parts:
    """A body that arrives in parts."""

    def __init__(self, *parts: bytes) -> None:
        self.left = list(parts)

    async def __call__(self) -> dict[str, object]:
        part = self.left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(self.left)}


async def test_a_body_is_put_together() -> None:
    assert await read_body(b"6", Parts(b"ab", b"", b"cdef"), 6) == b"abcdef"


async def test_a_body_that_is_too_long_is_refused_before_it_is_read() -> None:
    parts = Parts(b"x")
    with pytest.raises(PayloadTooLarge):
        await read_body(b"7", parts, 6)

    assert parts.left


async def test_a_body_without_a_length_is_refused_as_soon_as_it_is_too_long() -> None:
    parts = Parts(b"1234", b"567", b"89")
    with pytest.raises(PayloadTooLarge):
        await read_body(None, parts, 6)

    assert parts.left == [b"89"]


async def test_half_a_body_is_no_body() -> None:
    messages: list[dict[str, object]] = [
        {"type": "http.request", "body": b"1,2", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    with pytest.raises(CallerError, match="closed"):
        await read_body(b"6", receive, 6)


@pytest.mark.parametrize("length", [b"-1", b"abc", b"1.5", b""])
async def test_a_length_that_is_no_number_is_refused(length: bytes) -> None:
    if length:
        with pytest.raises(CallerError):
            await read_body(length, Parts(b""), 6)
    else:
        assert await read_body(length, Parts(b""), 6) == b""
