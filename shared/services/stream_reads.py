"""One chain, read again and again for the wallets of open streams: however many streams, read once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from ..core.chains import Chain
from ..core.failures import Failure
from ..core.ids import Address
from ..core.runs import MAX_GROUP_WALLETS
from ..core.stream_rhythm import Rhythm
from ..errors import StoreUnavailable
from .chain_reads import PortfolioQuery
from .stream_found import ChainOutcome, FragmentSources, keep_changed, read_fragments
from .stream_told import Failing

logger = logging.getLogger(__name__)

# Who is due within this part of the interval is read with the others, and from then on with them.
_EARLY = 0.25


@dataclass(slots=True)
class _Watched:
    """A wallet; `streams` are those that want it read, and times are the loop's."""

    streams: int = 0
    due: float = 0
    read_at: float = float("-inf")
    is_known: bool = False
    failures: tuple[Failure, ...] = ()


class ChainReads:
    """Reads a chain's wallets as long as streams watch them, each as often as the rhythm says."""

    def __init__(
        self, chain: Chain, rhythm: Rhythm, sources: FragmentSources, failed: Callable[[], None]
    ) -> None:
        """`failed` is called when what cannot be read is something else than before."""
        self._chain = chain
        self._rhythm = rhythm
        self._sources = sources
        self._failed = failed
        self._wallets: dict[Address, _Watched] = {}
        self._stirred = asyncio.Event()

    @property
    def is_idle(self) -> bool:
        """Whether no stream watches any wallet."""
        return not any(watched.streams for watched in self._wallets.values())

    def watch(self, wallets: Collection[Address]) -> None:
        """One more stream wants these. They are read at once, unless somebody just did."""
        now = _now()
        for wallet in wallets:
            watched = self._wallets.setdefault(wallet, _Watched())
            watched.streams += 1
            if watched.streams == 1:
                is_fresh = now - watched.read_at < self._rhythm.fresh_seconds
                watched.due = watched.read_at + self._rhythm.refresh_seconds if is_fresh else now
                # What was known while nobody watched says nothing of now.
                watched.is_known = is_fresh and watched.is_known
        self._stirred.set()

    def unwatch(self, wallets: Collection[Address]) -> None:
        """One stream less wants these; what is left of them is forgotten when it is old."""
        for wallet in wallets:
            self._wallets[wallet].streams -= 1
        oldest = _now() - self._rhythm.fresh_seconds
        self._wallets = {
            wallet: watched
            for wallet, watched in self._wallets.items()
            if watched.streams or watched.read_at > oldest
        }

    def failing(self, wallets: Collection[Address]) -> Failing:
        """What could not be read when these wallets were last read."""
        watched = [self._wallets[wallet] for wallet in wallets]
        failures = dict.fromkeys(failure for each in watched for failure in each.failures)
        is_known = all(each.is_known for each in watched)
        return Failing(tuple(failures), () if is_known else (self._chain.slug,))

    async def run(self) -> None:
        """Read whoever is due, for ever."""
        while True:
            self._stirred.clear()
            wallets = self._due()
            if wallets:
                await self._read(wallets)
                continue
            next_due = min((each.due for each in self._wallets.values() if each.streams), default=None)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(next_due):
                    await self._stirred.wait()

    def _due(self) -> tuple[Address, ...]:
        """The wallets to read now: those that are due, and with them others that soon will be."""
        now = _now()
        soon = now + self._rhythm.refresh_seconds * _EARLY
        open_ = [(each.due, wallet) for wallet, each in self._wallets.items() if each.streams]
        in_order = sorted(due for due in open_ if due[0] <= soon)
        if not in_order or in_order[0][0] > now:
            return ()
        return tuple(wallet for _, wallet in in_order[:MAX_GROUP_WALLETS])

    async def _read(self, wallets: tuple[Address, ...]) -> None:
        began = _now()
        for wallet in wallets:
            self._wallets[wallet].due = began + self._rhythm.refresh_seconds
        query = PortfolioQuery(wallets, (self._chain,), refresh=True)
        keep = partial(keep_changed, sources=self._sources)
        try:
            outcome = await read_fragments(query, self._chain, self._sources, keep)
        except StoreUnavailable as error:
            logger.warning("what %s holds for streams could not be kept: %s", self._chain.slug, error)
            return
        self.tried(wallets, outcome, began)

    def tried(self, wallets: Collection[Address], outcome: ChainOutcome, began: float) -> None:
        """How a read of these went that began then, in the loop's time; of others nothing is noted."""
        is_news = False
        for wallet in wallets:
            watched = self._wallets.get(wallet)
            # What was read since says more than a read that took longer.
            if watched is not None and began >= watched.read_at:
                is_news |= not watched.is_known or watched.failures != outcome.failures
                watched.is_known, watched.failures = True, outcome.failures
                watched.read_at = began if outcome.state == "ok" else watched.read_at
        if is_news:
            self._failed()


def _now() -> float:
    return asyncio.get_running_loop().time()
