"""Cutting reads into requests: nothing is lost, nothing is read twice, every request is within its limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.calls import Call
from shared.chain.packed import INIT_CODE_LIMIT, PAIR_LIMIT, pack_calls, pack_scan
from shared.chain.pieces import MOST_WALLETS, Calls, Grid, cut_calls, cut_grid, cut_packed
from shared.core.ids import Address
from tests.chain.setting import nth_address

WALLETS = tuple(nth_address(0x10000 + i) for i in range(300))
TOKENS = tuple(nth_address(i) for i in range(6000))

Pair = tuple[Address, Address]


def pairs_of(grids: list[Grid]) -> list[Pair]:
    return [grid.pair(i) for grid in grids for i in range(grid.first, grid.pairs)]


def all_pairs(wallets: int, tokens: int) -> list[Pair]:
    return sorted((wallet, token) for wallet in WALLETS[:wallets] for token in TOKENS[:tokens])


def taken_apart(grid: Grid) -> list[Grid]:
    """Halved until it cannot be."""
    halves = grid.halves()
    return [each for half in halves for each in taken_apart(half)] if halves else [grid]


grids = st.builds(
    lambda wallets, tokens, first: Grid(WALLETS[:wallets], TOKENS[:tokens], first % wallets),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(0, 8),
)


@given(st.integers(0, 130), st.integers(0, 60), st.integers(1, 900))
def test_grids_hold_every_pair_once(wallets: int, tokens: int, most: int) -> None:
    assert sorted(pairs_of(cut_grid(WALLETS[:wallets], TOKENS[:tokens], most))) == all_pairs(wallets, tokens)


@pytest.mark.parametrize(("wallets", "tokens"), [(1, 6000), (2, 6000), (50, 1301), (300, 300)])
@pytest.mark.parametrize("most", [8000, 10**9])
def test_a_grid_is_within_the_limits_of_a_request(wallets: int, tokens: int, most: int) -> None:
    cut = cut_grid(WALLETS[:wallets], TOKENS[:tokens], most)

    assert sorted(pairs_of(cut)) == all_pairs(wallets, tokens)
    for grid in cut:
        assert grid.cost <= most
        assert grid.pairs <= PAIR_LIMIT
        assert len(grid.wallets) <= MOST_WALLETS
        assert len(pack_scan(grid.wallets, grid.tokens, grid.first)) // 2 - 1 <= INIT_CODE_LIMIT


def test_a_thousand_tokens_of_one_wallet_are_one_grid() -> None:
    assert cut_grid(WALLETS[:1], TOKENS[:1300], 8000) == [Grid(WALLETS[:1], TOKENS[:1300])]


def test_a_read_of_nothing_is_one_empty_grid() -> None:
    assert cut_grid([], TOKENS[:1], 100) == [Grid((), TOKENS[:1])]
    assert cut_grid(WALLETS[:1], [], 100) == [Grid(WALLETS[:1], ())]


@given(grids)
def test_the_halves_of_a_grid_hold_its_pairs_once(grid: Grid) -> None:
    assert sorted(pairs_of(taken_apart(grid))) == sorted(pairs_of([grid]))
    assert all(each.pairs - each.first == 1 for each in taken_apart(grid))


@given(grids, st.integers(0, 100))
def test_what_remains_of_a_grid_is_what_was_not_reached(grid: Grid, progress: int) -> None:
    reached = grid.first + progress % (grid.pairs - grid.first + 1)
    rest = grid.after(reached)

    expected = [grid.pair(i) for i in range(reached, grid.pairs)]
    assert (pairs_of([rest]) if rest else []) == expected
    assert rest is None or rest.first < len(rest.wallets)


def numbered(count: int, length: int = 4) -> list[Call]:
    return [Call(nth_address(i), i.to_bytes(length)) for i in range(count)]


@given(st.integers(0, 60), st.integers(1, 20))
def test_pieces_of_calls_follow_each_other(count: int, most: int) -> None:
    pieces = cut_calls(numbered(count), most)

    assert [call for piece in pieces for call in piece.calls] == numbered(count)
    assert [piece.start for piece in pieces] == [sum(p.cost for p in pieces[:i]) for i in range(len(pieces))]
    assert all(piece.cost <= most for piece in pieces)


@given(st.integers(1, 30), st.integers(1, 30))
def test_halves_and_the_rest_of_calls_follow_each_other(count: int, reached: int) -> None:
    piece = Calls(tuple(numbered(count)), 7)

    joined = [call for half in piece.halves() or (piece,) for call in half.calls]
    assert joined == numbered(count)
    assert [half.start for half in piece.halves()] in ([], [7, 7 + count // 2])
    rest = piece.after(reached)
    assert (
        (rest.start, list(rest.calls)) == (7 + reached, numbered(count)[reached:])
        if rest
        else reached >= count
    )


def test_packed_calls_are_within_the_limit_of_init_code() -> None:
    calls = numbered(60, 3000)
    pieces = cut_packed(calls, 50)

    assert [call for piece in pieces for call in piece.calls] == calls
    assert [piece.start for piece in pieces] == [sum(p.cost for p in pieces[:i]) for i in range(len(pieces))]
    assert all(len(pack_calls(piece.calls)) // 2 - 1 <= INIT_CODE_LIMIT for piece in pieces)


def test_a_call_that_fits_into_no_request_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        cut_packed(numbered(2, 50_000), 10)
