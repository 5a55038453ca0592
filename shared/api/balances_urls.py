"""The URLs by which what could not be read is asked for again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from ..core.chains import Chain
from ..core.ids import Address
from .balances_read import Question, network_of


class Urls(NamedTuple):
    """Relative URLs that ask for a part of a question, in the same form; `path` is where."""

    question: Question
    addresses: tuple[Address, ...]
    path: str

    def retry(self, chain: Chain, app: str | None = None, addresses: Sequence[Address] = ()) -> str:
        """Asks for a chain again, or for one app of it."""
        apps = self.question.apps if app is None else (app,)
        return self._url((chain,), apps, addresses or self.addresses)

    def again(self) -> str:
        """Asks for all of it again."""
        return self._url(self.question.chains, self.question.apps, self.addresses)

    def _url(self, chains: Iterable[Chain], apps: Sequence[str], addresses: Sequence[Address]) -> str:
        networks = ",".join(network_of(chain) for chain in chains)
        query = {"addresses": ",".join(addresses), "networks": networks}
        if apps:
            query["apps"] = ",".join(apps)
        if not self.question.bundled:
            query["bundled"] = "false"
        if not self.question.summary:
            query["summary"] = "false"
        return f"{self.path}?{urlencode(query, safe=',')}"
