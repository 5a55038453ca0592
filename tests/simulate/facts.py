"""What is assumed: the latencies of the outside worlds, and what the cloud asks for its services."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal, NamedTuple

HERE = Path(__file__).parent

CallKind = Literal["get", "query", "count", "commit", "publish", "deliver", "rpc", "prices"]


@dataclass(frozen=True, slots=True)
class EdgeFacts:
    """Seconds, from and to, that each kind of call takes; CPU seconds of the libraries behind it."""

    seconds: dict[str, tuple[float, float]]
    seconds_a_document: float
    cpu: dict[str, float]
    cpu_a_document: float
    vcpu: float
    gib: float
    concurrency: int


class ListPrice(NamedTuple):
    """So many dollars for so many of something, and the page that says it."""

    usd: Decimal
    units: Decimal
    what: str
    source: str


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices by what is counted, as they were when they were looked at."""

    prices: dict[str, ListPrice]
    seen: str


def load_edges() -> EdgeFacts:
    """The shipped assumptions."""
    facts = json.loads((HERE / "edges.json").read_text())
    return EdgeFacts(
        seconds={kind: (low / 1000, high / 1000) for kind, (low, high) in facts["milliseconds"].items()},
        seconds_a_document=facts["milliseconds_a_document"] / 1000,
        cpu={kind: each / 1000 for kind, each in facts["cpu_milliseconds"].items()},
        cpu_a_document=facts["cpu_milliseconds_a_document"] / 1000,
        vcpu=facts["instance"]["vcpu"],
        gib=facts["instance"]["gib"],
        concurrency=facts["instance"]["concurrency"],
    )


def load_prices() -> PriceTable:
    """The shipped price table."""
    table = json.loads((HERE / "prices.json").read_text())
    prices = {
        name: ListPrice(Decimal(row["usd"]), Decimal(row["for"]), row["what"], row["source"])
        for name, row in table["prices"].items()
    }
    return PriceTable(prices, table["seen"])
