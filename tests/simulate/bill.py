"""From what a run took to what it costs by the price table."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from tests.simulate.facts import EdgeFacts, PriceTable
from tests.simulate.figures import Figures


class Bill(NamedTuple):
    """Dollars for one run."""

    firestore: Decimal
    pubsub: Decimal
    functions: Decimal

    @property
    def total(self) -> Decimal:
        return sum(self, Decimal(0))


def quantities(figures: Figures, facts: EdgeFacts) -> dict[str, Decimal]:
    """How much of what is priced; parts and plans expire later, and are then deleted."""
    expiring = figures.tally["write", "parts"] + figures.tally["write", "plan"]
    seconds = Decimal(str(round(figures.billed, 1)))
    return {
        "document_reads": Decimal(figures.sum_of("read")),
        "document_writes": Decimal(figures.sum_of("write")),
        "document_deletes": Decimal(expiring),
        "message_bytes": Decimal(figures.sum_of("bytes")),
        "vcpu_seconds": seconds * Decimal(str(facts.vcpu)),
        "gib_seconds": seconds * Decimal(str(facts.gib)),
        "requests": Decimal(figures.sum_of("requests")),
    }


def bill_of(amounts: Mapping[str, Decimal], table: PriceTable) -> Bill:
    """What these amounts cost."""
    cost = {name: amounts[name] * price.usd / price.units for name, price in table.prices.items()}
    return Bill(
        firestore=cost["document_reads"] + cost["document_writes"] + cost["document_deletes"],
        pubsub=cost["message_bytes"],
        functions=cost["vcpu_seconds"] + cost["gib_seconds"] + cost["requests"],
    )
