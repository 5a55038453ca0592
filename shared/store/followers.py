"""Who wants to hear of which wallets."""

from __future__ import annotations

from collections.abc import Callable, Collection, KeysView

from ..core.fragments import Fragment
from ..core.ids import Address
from .run_ports import News

Tell = Callable[[News], None]


class _Follower:
    def __init__(self, tell: Tell) -> None:
        self.tell = tell


class Followers:
    """Passes news on to those who follow its wallets, to each what is of its own."""

    def __init__(self) -> None:
        self._of_wallet: dict[Address, set[_Follower]] = {}

    @property
    def wallets(self) -> KeysView[Address]:
        """Those that somebody follows."""
        return self._of_wallet.keys()

    def add(self, wallets: Collection[Address], tell: Tell) -> Callable[[], None]:
        """From now on `tell` hears of the wallets; call what is returned to stop, once or more often."""
        follower = _Follower(tell)
        for wallet in wallets:
            self._of_wallet.setdefault(wallet, set()).add(follower)

        def stop() -> None:
            for wallet in wallets:
                self._remove(wallet, follower)

        return stop

    def tell(self, news: News) -> None:
        """Tell each follower what is of its wallets, in the order given; nobody of nothing."""
        shares: dict[_Follower, list[Fragment]] = {}
        for fragment in news.fragments:
            for follower in self._of_wallet.get(fragment.wallet, ()):
                shares.setdefault(follower, []).append(fragment)
        for follower, fragments in shares.items():
            follower.tell(News(tuple(fragments), news.through))

    def _remove(self, wallet: Address, follower: _Follower) -> None:
        left = self._of_wallet.get(wallet, set())
        left.discard(follower)
        if not left:
            self._of_wallet.pop(wallet, None)
