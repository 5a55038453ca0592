"""What is said at the end of `/v2/balances`: what was asked, what answered, what failed, what was skipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from ..core.amounts import add, format_decimal
from ..core.chains import Chain
from ..core.failures import Failure
from ..core.times import format_time
from ..core.zapper_keys import lower
from ..services.app_finds import Found
from .balances_present import failure_text
from .balances_read import network_of
from .balances_schemas import AskedBody, ErrorItem, PresentedBalancePayload, SkippedBody, SummaryPayload
from .balances_urls import Urls

_NO_COLLECTIONS = SkippedBody(network=None, appId="nft", reason="collections are not read here")


class Tally:
    """Counts along while an answer is sent; `asked` are the apps of each chain that are read."""

    def __init__(self, asked: Mapping[Chain, Sequence[str]], skipped: Sequence[str]) -> None:
        self._asked = asked
        self._skipped = skipped
        self._totals: dict[str, Decimal] = {}
        self._failed: set[tuple[Chain, str]] = set()
        self._failures: dict[Failure, tuple[Chain, str | None]] = {}
        self._price_failures: dict[Failure, None] = {}
        self._as_of: datetime | None = None

    def count(self, found: Found, payloads: Iterable[PresentedBalancePayload]) -> None:
        """One more is told."""
        self._as_of = found.as_of if self._as_of is None else min(found.as_of, self._as_of)
        app = None if found.whole_chain else found.app
        self._price_failures.update(dict.fromkeys(found.price_failures))
        for failure in (*found.failures, *found.price_failures):
            self._failures.setdefault(failure, (found.chain, app))
        for payload in payloads:
            self._totals.update((total["key"], total["balanceUSD"]) for total in payload["totals"])
            if payload["errors"]:
                self._fail(found.chain, app)

    def summary(self, urls: Urls, now: datetime) -> SummaryPayload:
        """What has been told."""
        asked = [(chain, app) for chain, apps in self._asked.items() for app in apps]
        return SummaryPayload(
            addresses=[lower(address) for address in urls.addresses],
            as_of=format_time(self._as_of or now),
            complete=not self._failures,
            total_usd=format_decimal(add([*self._totals.values()])),
            asked=_bodies(asked),
            answered=_bodies(each for each in asked if each not in self._failed),
            failed=_bodies(each for each in asked if each in self._failed),
            price_failures=[failure_text(failure) for failure in self._price_failures],
            skipped=[_NO_COLLECTIONS, *(_not_read(network) for network in self._skipped)],
            errors=[
                ErrorItem(message=failure_text(failure), url=urls.retry(chain, app))
                for failure, (chain, app) in self._failures.items()
            ],
        )

    def _fail(self, chain: Chain, app: str | None) -> None:
        apps = self._asked[chain] if app is None else (app,)
        self._failed.update((chain, each) for each in apps)


def _bodies(asked: Iterable[tuple[Chain, str]]) -> list[AskedBody]:
    return [AskedBody(network=network_of(chain), appId=app) for chain, app in asked]


def _not_read(network: str) -> SkippedBody:
    return SkippedBody(network=network, appId=None, reason="this chain is not read here")
