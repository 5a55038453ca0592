"""The fragments that one stream has still to send, in their store's order of writing."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator

from ..core.fragments import Fragment, FragmentKey
from ..core.stream_ids import START, Start, place_of, through
from ..store.run_ports import News

CHUNK_POSITIONS = 200
"""In one part of a snapshot, unless a single fragment has more."""


class FragmentQueue:
    """First the snapshot, if there is to be one, then what was written since: of each key the newest only.

    `place` says what has been given out: every fragment up to there, as far as no later one takes its
    place. So the queue never holds more than one snapshot and one fragment of each key.
    """

    def __init__(
        self, start: Start, covers: Callable[[Fragment], bool], hold: Callable[[Fragment], None]
    ) -> None:
        """`covers` says what is asked for; `hold` hears of every fragment as soon as it counts."""
        self.place = start.known.place if start.known else START
        self.chunk = start.known.chunk if start.known else 0
        self.chunks = 0
        self.merged = 0
        self._wants_snapshot = start.reason is not None
        self._covers = covers
        self._hold = hold
        self._snapshot: deque[tuple[Fragment, ...]] = deque()
        self._listed = START
        self._pending: OrderedDict[FragmentKey, Fragment] = OrderedDict()
        self._heard = START

    def begin(self, listed: News) -> None:
        """With all that the store has, listed after the feed was followed."""
        early, self._pending = self._pending, OrderedDict()
        until, self._heard = self._heard, through(listed.through)
        self._listed = self._heard
        fragments = [fragment for fragment in _in_order(listed.fragments) if self._covers(fragment)]
        for fragment in fragments:
            self._hold(fragment)
        missing = [fragment for fragment in fragments if place_of(fragment) > self.place]
        if self._wants_snapshot:
            self._snapshot.extend(_chunks(missing))
            self.chunks = self.chunk + len(self._snapshot)
        else:
            self._pending.update((fragment.key, fragment) for fragment in missing)
        self.hear(News(tuple(early.values()), until.sequence))

    def hear(self, news: News) -> None:
        """What the feed tells; what has been heard before is left out."""
        for fragment in _in_order(news.fragments):
            if place_of(fragment) <= self._heard or not self._covers(fragment):
                continue
            if self._pending.pop(fragment.key, None) is not None:
                self.merged += 1
            self._pending[fragment.key] = fragment
            self._hold(fragment)
        self._heard = max(self._heard, through(news.through))

    def next_chunk(self) -> tuple[Fragment, ...] | None:
        """The next part of the snapshot, which may be empty; None when there is no more of it."""
        if not self._snapshot:
            return None
        fragments = self._snapshot.popleft()
        self.chunk += 1
        # Whoever has the last one has everything that was listed, also what is of nobody's concern.
        self.place = place_of(fragments[-1]) if self._snapshot else max(self.place, self._listed)
        return fragments

    def next_fragment(self) -> Fragment | None:
        """What was written next, behind the snapshot; None when everything is given out."""
        if not self._pending:
            self.place = max(self.place, self._heard)
            return None
        _, fragment = self._pending.popitem(last=False)
        self.place = place_of(fragment)
        return fragment

    @property
    def unfinished_chunk(self) -> int:
        """The last chunk given out of a snapshot that has more; else 0."""
        return self.chunk if self._snapshot else 0


def _in_order(fragments: Iterable[Fragment]) -> list[Fragment]:
    return sorted(fragments, key=place_of)


def _chunks(fragments: Iterable[Fragment]) -> Iterator[tuple[Fragment, ...]]:
    """Parts of about CHUNK_POSITIONS, at least one."""
    chunk: list[Fragment] = []
    positions = 0
    for fragment in fragments:
        if chunk and positions + len(fragment.balances) > CHUNK_POSITIONS:
            yield tuple(chunk)
            chunk, positions = [], 0
        chunk.append(fragment)
        positions += len(fragment.balances)
    yield tuple(chunk)
