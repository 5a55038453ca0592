"""How the lines of a screen are shared out among the sections of a frame."""

from __future__ import annotations

from collections.abc import Sequence

_LEAST = 4
"""Lines, of which less is not worth a title."""


def share_out(needs: Sequence[int], frame: int, room: int) -> list[int]:
    """How many of the lines that it needs each section gets, so that all fit into the room.

    A section that gets any has `frame` lines besides. Where there is too little room the last sections get
    nothing; else nobody gets more than others who want more.
    """
    shares = [0] * len(needs)
    shown = [number for number, need in enumerate(needs) if need]
    while len(shown) > 1 and sum(frame + min(needs[number], _LEAST) for number in shown) > room:
        shown.pop()
    free = max(room - len(shown) * frame, 0)
    wanting = sorted(shown, key=lambda number: needs[number])
    for served, number in enumerate(wanting):
        shares[number] = min(needs[number], free // (len(wanting) - served))
        free -= shares[number]
    return shares
