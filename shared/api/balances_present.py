"""From what is found to payloads of `/v2/balances`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from ..core.amounts import add
from ..core.app_balances import TOKENS, AppBalance, together
from ..core.failures import Failure
from ..core.fragments import HeldAs
from ..core.ids import Address
from ..core.zapper_keys import Keys, lower, position_parts, token_parts
from ..services.app_finds import Found
from .balances_read import network_of
from .balances_schemas import (
    AppPayload,
    BalancePayload,
    Breakdown,
    CategoryNames,
    DisplayProps,
    ErrorItem,
    MetaType,
    PartialTotal,
    PositionBreakdown,
    PresentedBalancePayload,
    TokenBreakdown,
)
from .balances_urls import Urls

_ZERO = Decimal(0)
_CATEGORIES: dict[HeldAs, CategoryNames] = {
    "wallet": "wallet",
    "deposit": "deposits",
    "debt": "debt",
    "claimable": "claimable",
    "locked": "locked",
    "vesting": "vesting",
}
# The contract's list has none for what is locked: it is supplied, and its category says the rest.
_META_TYPES: dict[HeldAs, MetaType] = {
    "wallet": "wallet",
    "deposit": "supplied",
    "debt": "borrowed",
    "claimable": "claimable",
    "locked": "supplied",
    "vesting": "vesting",
}


class _Row(NamedTuple):
    """A balance, its key and what that is made of, the key of its token, and what it is worth."""

    balance: AppBalance
    parts: str
    key: str
    token_key: str
    price: Decimal | None
    value: Decimal | None


class Payloads:
    """The payloads of one answer, whose keys are told apart."""

    def __init__(self, urls: Urls) -> None:
        self._urls = urls
        self._addresses = urls.addresses
        self._bundled = urls.question.bundled
        self._keys = Keys()
        self._holders_keys = Keys()

    def present(self, found: Found) -> list[PresentedBalancePayload]:
        """One payload, or one for each address; none for an address that has nothing in a protocol."""
        self._name(found)
        whose = [self._addresses] if self._bundled else [(each,) for each in self._addresses]
        payloads = [self._payload(found, each) for each in whose]
        if found.app == TOKENS:
            return payloads
        return [payload for payload in payloads if payload["totals"] or payload["errors"]]

    def _name(self, found: Found) -> None:
        """Give keys, in an order that depends neither on prices nor on who holds what."""
        network = network_of(found.chain)
        balances = [balance for _, balance in found.balances]
        named = {_parts(balance, found.app, network) for balance in balances}
        if found.app != TOKENS:
            named |= {token_parts(network, balance.token.address) for balance in balances}
        for parts in sorted(named):
            self._keys.key(parts)

    def _payload(self, found: Found, addresses: Sequence[Address]) -> PresentedBalancePayload:
        rows = self._rows(found, addresses)
        network = network_of(found.chain)
        shown = [(row, self._breakdown(row, found.app, network)) for row in rows]
        payload = PresentedBalancePayload(
            appId=found.app,
            network=network,
            addresses=[lower(address) for address in addresses],
            balance=_categories((row.balance.kind, row.key, each) for row, each in shown),
            totals=[self._total(row, network, addresses) for row in rows],
            errors=self._errors(found, rows, addresses),
        )
        if found.app != TOKENS:
            payload["app"] = _app(found.app, network, rows, [each for _, each in shown])
        return payload

    def _rows(self, found: Found, addresses: Sequence[Address]) -> list[_Row]:
        network = network_of(found.chain)
        rows = []
        for balance in together(found.balances, addresses):
            price = found.prices.get(balance.token.asset_id)
            unit = price.price_usd if price else None
            parts = _parts(balance, found.app, network)
            key = token_key = self._keys.key(parts)
            if balance.contract is not None:
                token_key = self._keys.key(token_parts(network, balance.token.address))
            rows.append(_Row(balance, parts, key, token_key, unit, balance.value(unit)))
        return sorted(rows, key=lambda row: (row.value is None, -(row.value or _ZERO), row.parts))

    def _breakdown(self, row: _Row, app: str, network: str) -> Breakdown:
        balance = row.balance
        if balance.contract is None:
            return self._token(row, network)
        return PositionBreakdown(
            type="position",
            key=row.key,
            appId=app,
            metaType=_META_TYPES[balance.kind],
            address=lower(balance.contract),
            balanceUSD=_usd(row.value),
            network=network,
            contractType="contract-position",
            breakdown=[self._token(row, network)],
            displayProps=_display(row),
        )

    def _token(self, row: _Row, network: str) -> TokenBreakdown:
        balance, token = row.balance, row.balance.token
        return TokenBreakdown(
            type="token",
            key=row.token_key,
            appId=None,
            metaType=_META_TYPES[balance.kind],
            address=lower(token.address),
            balanceUSD=_usd(row.value),
            network=network,
            contractType="base-token",
            breakdown=[],
            context={
                "balance": balance.balance,
                "balanceRaw": str(balance.raw),
                "symbol": token.symbol,
                "price": row.price or _ZERO,
                "decimals": token.decimals,
            },
            displayProps=_display(row),
        )

    def _total(self, row: _Row, network: str, addresses: Sequence[Address]) -> PartialTotal:
        """With a key of its own for each holder where the holders are apart: equal ones are added once."""
        key = row.key
        if not self._bundled and len(self._addresses) > 1:
            key = self._holders_keys.key(f"{row.parts}:{lower(addresses[0])}")
        return PartialTotal(key=key, type="app-token", network=network, balanceUSD=_usd(row.value))

    def _errors(self, found: Found, rows: Iterable[_Row], addresses: Sequence[Address]) -> list[ErrorItem]:
        """What is missing of this; a price source that is down only where a price is."""
        failures = found.failures
        if any(row.price is None for row in rows):
            failures = (*failures, *found.price_failures)
        url = self._urls.retry(found.chain, None if found.whole_chain else found.app, addresses)
        return [ErrorItem(message=failure_text(failure), url=url) for failure in failures]


def failure_text(failure: Failure) -> str:
    """A failure in one line."""
    of = f"{failure.asset_id}: " if failure.asset_id else ""
    return f"{failure.code}: {of}{failure.message}"


def _parts(balance: AppBalance, app: str, network: str) -> str:
    token = balance.token.address
    if balance.contract is None:
        return token_parts(network, token)
    return position_parts(network, app, balance.contract, token, balance.kind, balance.market)


def _categories(breakdowns: Iterable[tuple[HeldAs, str, Breakdown]]) -> BalancePayload:
    payload = BalancePayload(claimable={}, debt={}, deposits={}, locked={}, nft={}, vesting={}, wallet={})
    for kind, key, breakdown in breakdowns:
        payload[_CATEGORIES[kind]][key] = breakdown
    return payload


def _app(app: str, network: str, rows: Iterable[_Row], breakdowns: list[Breakdown]) -> AppPayload:
    return AppPayload(
        appId=app,
        network=network,
        data=breakdowns,
        displayProps={"appName": app.replace("-", " ").title(), "images": []},
        meta={"total": add([_usd(row.value) for row in rows])},
    )


def _display(row: _Row) -> DisplayProps:
    market, price = row.balance.market, row.price
    return DisplayProps(
        label=row.balance.token.symbol,
        secondaryLabel=(
            {"type": "string", "value": "no price"} if price is None else {"type": "dollar", "value": price}
        ),
        tertiaryLabel=None if market is None else {"type": "string", "value": market},
        images=[],
        stats=[],
        info=[],
        balanceDisplayMode="default",
    )


def _usd(value: Decimal | None) -> Decimal:
    return _ZERO if value is None else value
