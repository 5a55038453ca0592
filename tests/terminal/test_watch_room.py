"""The lines of a screen are shared out so that all fits, and nothing is cut that need not be."""

from hypothesis import given
from hypothesis import strategies as st

from shared.terminal.watch_room import share_out

NEEDS = st.lists(st.integers(0, 60), max_size=6)
FRAME = 3


def taken(shares: list[int]) -> int:
    return sum(share + FRAME for share in shares if share)


@given(NEEDS, st.integers(0, 120))
def test_it_fits_and_nobody_gets_more_than_it_needs(needs: list[int], room: int) -> None:
    shares = share_out(needs, FRAME, room)

    assert taken(shares) <= room
    assert all(share <= need for share, need in zip(shares, needs, strict=True))


@given(NEEDS)
def test_where_there_is_room_for_all_nothing_is_cut(needs: list[int]) -> None:
    assert share_out(needs, FRAME, taken(needs)) == needs


@given(NEEDS, st.integers(0, 120))
def test_who_is_cut_gets_as_much_as_anybody(needs: list[int], room: int) -> None:
    shares = share_out(needs, FRAME, room)
    cut = [share for share, need in zip(shares, needs, strict=True) if 0 < share < need]

    assert all(share >= max(shares) - 1 for share in cut)


def test_the_last_sections_go_first() -> None:
    assert share_out([20, 2, 1, 4, 6], FRAME, 19) == [7, 2, 1, 0, 0]
    assert share_out([20, 2, 1, 4, 6], FRAME, 4) == [1, 0, 0, 0, 0]
    assert share_out([20], FRAME, 3) == [0]
