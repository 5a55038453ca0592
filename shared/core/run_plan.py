"""The plan of a run: which wallets are read together, and with which group a user is finished.

The same users in the same order always give the same plan, also where it goes on behind pages that were made
earlier: so a planner that died can be followed by another, and two at once do not contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .ids import Address, address_bytes
from .runs import (
    GROUPS_PER_PAGE,
    MAX_GROUP_USERS,
    MAX_GROUP_WALLETS,
    Group,
    Owner,
    PlanPage,
    PlanTotals,
    UserPlan,
    UserWallet,
)

MAX_GROUP_ROWS = 500
"""A group that has so many wallets of users (shared ones counted for each) takes no further user: else a few
wallets that very many users save would make a page too large to keep."""
# So many places may stay empty to keep a user's wallets together: full groups are what makes reading cheap.
_SPARE = MAX_GROUP_WALLETS // 10 - 1

_ChainSet = int
"""One bit for each chain of the run."""
_Spot = tuple[int, _ChainSet]
"""A group, and the chains on which it reads a wallet."""


class Planner:
    """Puts users into groups, one after the other.

    Every wallet takes the same time however many there are, and some hundred bytes until the end.
    """

    def __init__(self, chains: Sequence[str]) -> None:
        """`chains` are the slugs of those that the run reads."""
        self._chains = _Slugs(chains)
        self._places = _Places()
        self._open = _OpenGroup(0)
        self._pages = _Pages()
        self._last_user = ""

    @property
    def last_user(self) -> str | None:
        """Behind whom to go on; None at the very start."""
        return self._last_user or None

    @property
    def totals(self) -> PlanTotals:
        """Of all pages, when the last one is made or taken."""
        return self._pages.totals._replace(wallets=len(self._places))

    def resume(self, pages: Iterable[PlanPage]) -> None:
        """Take pages that are kept already, in order, before any user is added; may be called for each."""
        for page in pages:
            for group in page.groups:
                self._open.number = group.number
                for slug, wallets in group.reads:
                    for wallet in wallets:
                        self._open.read(wallet, self._chains.bits[slug])
                self._begin_group()
            self._last_user = page.last_user
            self._pages.count(page)

    def add(self, owner: Owner) -> tuple[PlanPage, ...]:
        """Plan one more user, in the order of their ids; the pages that this completed, mostly none.

        Who has no wallet on a chain of the run is left out.
        """
        pages: list[PlanPage] = []
        wanted = [(wallet, on) for wallet, slugs in owner.wallets if (on := self._chains.find(slugs))]
        if wanted:
            if self._open.takes_no_user:
                pages += self._close()
            pages += self._place(wanted)
            self._open.finish_user(UserPlan(owner.user_id, tuple(self._rows(wanted))))
        self._last_user = owner.user_id
        return tuple(pages)

    def finish(self) -> PlanPage:
        """The last page, when all users are added; without groups only if there is nobody left to plan."""
        if self._open.users:
            self._close_group()
        return self._pages.bind(self._last_user, last=True)

    def _place(self, wanted: Sequence[tuple[Address, _ChainSet]]) -> list[PlanPage]:
        """Have the open group read what nobody reads yet, and close it as often as it has no room.

        Looks at nothing but what is placed, so that it also finishes what an earlier planner began.
        """
        pages: list[PlanPage] = []
        missing = {wallet: rest for wallet, on in wanted if (rest := on & ~self._read_on(wallet))}
        while True:
            new = [wallet for wallet in missing if wallet not in self._open.wallets]
            room = MAX_GROUP_WALLETS - len(self._open.wallets)
            if len(new) <= room:
                for wallet, on in missing.items():
                    self._open.read(wallet, on)
                return pages
            if room > _SPARE or len(missing) > MAX_GROUP_WALLETS:
                for wallet in new[:room]:
                    self._open.read(wallet, missing.pop(wallet))
            pages += self._close()

    def _read_on(self, wallet: Address) -> _ChainSet:
        chains = self._open.wallets.get(wallet, 0)
        for _, on in self._places.spots(wallet):
            chains |= on
        return chains

    def _rows(self, wanted: Iterable[tuple[Address, _ChainSet]]) -> Iterable[UserWallet]:
        here = self._open
        for wallet, on in wanted:
            for group, chains in (
                *self._places.spots(wallet),
                (here.number, here.wallets.get(wallet, 0)),
            ):
                if chains & on:
                    yield UserWallet(wallet, group, self._chains.names(chains & on))

    def _close(self) -> tuple[PlanPage, ...]:
        self._close_group()
        return (self._pages.bind(self._last_user, last=False),) if self._pages.is_full else ()

    def _close_group(self) -> None:
        self._pages.add(self._open.closed(self._chains.bits))
        self._begin_group()

    def _begin_group(self) -> None:
        self._places.keep(self._open.number, self._open.wallets)
        self._open = _OpenGroup(self._open.number + 1)


class _Slugs:
    """The run's chains, and sets of them."""

    def __init__(self, slugs: Sequence[str]) -> None:
        self.bits = {slug: 1 << at for at, slug in enumerate(slugs)}
        self._all = (1 << len(slugs)) - 1
        self._named: dict[_ChainSet, tuple[str, ...]] = {}

    def find(self, slugs: Sequence[str]) -> _ChainSet:
        """Those of the chains that the run reads; all of them for none."""
        if not slugs:
            return self._all
        found = 0
        for slug in slugs:
            found |= self.bits.get(slug, 0)
        return found

    def names(self, chains: _ChainSet) -> tuple[str, ...]:
        """Always the same tuple for the same chains: very many rows share it."""
        names = self._named.get(chains)
        if names is None:
            names = tuple(slug for slug, bit in self.bits.items() if chains & bit)
            self._named[chains] = names
        return names


class _Pages:
    """Closed groups, bound into pages and counted."""

    def __init__(self) -> None:
        self.totals = PlanTotals(0, 0, 0, 0, 0)
        self._groups: list[Group] = []

    @property
    def is_full(self) -> bool:
        return len(self._groups) == GROUPS_PER_PAGE

    def add(self, group: Group) -> None:
        self._groups.append(group)

    def bind(self, last_user: str, *, last: bool) -> PlanPage:
        page = PlanPage(self.totals.pages, tuple(self._groups), last_user, last)
        self._groups = []
        self.count(page)
        return page

    def count(self, page: PlanPage) -> None:
        before = self.totals
        self.totals = before._replace(
            pages=before.pages + 1,
            groups=before.groups + len(page.groups),
            parts=before.parts + sum(len(group.reads) for group in page.groups),
            users=before.users + sum(len(group.users) for group in page.groups),
        )


class _OpenGroup:
    """The group that is being filled."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.wallets: dict[Address, _ChainSet] = {}
        self.users: list[UserPlan] = []
        self._rows = 0

    @property
    def takes_no_user(self) -> bool:
        return len(self.users) >= MAX_GROUP_USERS or self._rows >= MAX_GROUP_ROWS

    def read(self, wallet: Address, on: _ChainSet) -> None:
        self.wallets[wallet] = self.wallets.get(wallet, 0) | on

    def finish_user(self, user: UserPlan) -> None:
        self.users.append(user)
        self._rows += len(user.wallets)

    def closed(self, bits: Mapping[str, _ChainSet]) -> Group:
        everyone, reads = tuple(self.wallets), []
        for slug, bit in bits.items():
            wallets = tuple(wallet for wallet, on in self.wallets.items() if on & bit)
            if wallets:
                # The same tuple for every chain where that is so: it is most of a page.
                reads.append((slug, everyone if len(wallets) == len(everyone) else wallets))
        return Group(self.number, tuple(reads), tuple(self.users))


class _Places:
    """Where the wallets of all closed groups are read."""

    def __init__(self) -> None:
        # By the bytes of the address, which are two thirds of its text; most wallets share their value.
        self._spots: dict[bytes, tuple[_Spot, ...]] = {}

    def __len__(self) -> int:
        return len(self._spots)

    def spots(self, wallet: Address) -> tuple[_Spot, ...]:
        return self._spots.get(address_bytes(wallet), ())

    def keep(self, number: int, wallets: Mapping[Address, _ChainSet]) -> None:
        shared: dict[_ChainSet, tuple[_Spot, ...]] = {}
        for wallet, on in wallets.items():
            spot = shared.setdefault(on, ((number, on),))
            key = address_bytes(wallet)
            self._spots[key] = self._spots.get(key, ()) + spot
