"""The simulation as it is printed: one column for each number of users, within 80 characters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from tests.simulate.bill import bill_of, quantities
from tests.simulate.facts import EdgeFacts, PriceTable
from tests.simulate.figures import Figures

_OVERDUE_SECONDS = 15 * 60
_READS = ("latest balances", "wallets", "parts", "snapshots", "counts")
_WRITES = ("snapshots", "parts", "latest balances")
_KIND_WIDTH = 29


def table_lines(columns: Sequence[Figures], facts: EdgeFacts, table: PriceTable) -> Iterator[str]:
    """All rows."""
    bills = [bill_of(quantities(figures, facts), table) for figures in columns]

    def row(name: str, cells: Sequence[str]) -> str:
        return f"{name:<{_KIND_WIDTH}}" + "".join(f"{cell:>17}" for cell in cells)

    def each(name: str, number: Callable[[Figures], float]) -> str:
        return row(name, [f"{round(number(figures)):,}" for figures in columns])

    yield row("users", [f"{'* ' if f.scaled else ''}{f.users:,}" for f in columns])
    yield each("wallets", lambda f: f.totals.wallets)
    yield each("groups of wallets", lambda f: f.totals.groups)
    yield each("parts: a group on a chain", lambda f: f.totals.parts)
    yield each("messages, with repetitions", lambda f: f.sum_of("messages"))
    yield each("RPC requests", lambda f: f.sum_of("rpc"))
    for title, what, named in (("read", "read", _READS), ("written", "write", _WRITES)):
        yield each(f"documents {title}", lambda f, what=what: f.sum_of(what))  # type: ignore[misc]
        for kind in named:
            yield each(f"  {kind}", lambda f, of=(what, kind): f.tally[of])  # type: ignore[misc]
        yield each("  others", lambda f, what=what, named=named: _others(f, what, named))  # type: ignore[misc]
    yield row("planned after minutes", [_clock(f.planned_after) for f in columns])
    for count in columns[0].done_after:
        name = f"done by {count:,} instance{'s' * (count > 1)} after"
        yield row(name, [_clock(f.done_after[count]) for f in columns])
    yield row("dollars", [_dollars(bill.total) for bill in bills])
    names = ("Firestore", "Pub/Sub", "Cloud Run functions")
    for name, costs in zip(names, zip(*bills, strict=True), strict=True):
        yield row(f"  {name}", [_dollars(cost) for cost in costs])
    per_thousand = [
        bill.total * 1000 / max(1, f.totals.users) for bill, f in zip(bills, columns, strict=True)
    ]
    yield row("dollars per 1,000 snapshots", [_dollars(each) for each in per_thousand])


def notes(
    columns: Sequence[Figures], facts: EdgeFacts, table: PriceTable, line: tuple[int, int, float] | None
) -> Iterator[str]:
    """What the figures hold and what they do not."""
    if line is not None:
        small, large, bent = line
        yield (
            f"* Not played but scaled: runs for {small:,} and {large:,} users were played, and the straight "
            f"line through them carried on. What is counted per user differs by {bent:.1%} between the two."
        )
    if any(after > _OVERDUE_SECONDS for figures in columns for after in figures.done_after.values()):
        yield "! Past 15 minutes the sweep begins to give up what was not read, which is not played here."
    most = max(columns[0].done_after)
    yield (
        f"An instance has {facts.vcpu:g} vCPU and {facts.gib:g} GiB and takes {facts.concurrency} messages "
        f"at once; the dollars are for {most:,}. Latencies are assumed (tests/simulate/edges.json); what the "
        "services compute is measured. Nothing fails and no instance starts cold."
    )
    yield (
        "A list of tokens, those of protocols with it, that is too long for one request (of over 149, for a "
        "full group) is read in as many as nodes bear: so there are more requests than parts. Nobody has "
        "anything in a protocol: what somebody has there is another balance to compare."
    )
    prices = ", ".join(f"{price.what} ${price.usd:f}" for price in table.prices.values())
    yield f"Prices of us-central1 on {table.seen} (tests/simulate/prices.json names the pages): {prices}."
    yield (
        "Not contained: RPC and price providers, storage, logs, data transfer, builds, Cloud Scheduler. "
        "Free quotas are not taken off."
    )


def _dollars(amount: Decimal) -> str:
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.4f}"


def _others(figures: Figures, what: str, named: Sequence[str]) -> int:
    return figures.sum_of(what) - sum(figures.tally[what, kind] for kind in named)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{'! ' if seconds > _OVERDUE_SECONDS else ''}{minutes:,}:{rest:02d}"
