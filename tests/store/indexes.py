"""Which composite index a Firestore query needs. The emulator answers any query, the real one does not."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

INDEXES = Path(__file__).parents[2] / "infra" / "terraform" / "firestore.indexes.json"

Ordered = tuple[tuple[str, str], ...]
_EQUALITIES = ("EQUAL", "IN")


class Need(NamedTuple):
    """What a query asks of an index: fields of one value, then fields in an order."""

    collection: str
    equal: frozenset[str]
    ordered: Ordered


class IndexMissing(AssertionError):
    """A query has no declared index."""


def require_index(structured_query: Any) -> None:
    """Raises IndexMissing unless the query is served by automatic or declared indexes."""
    need = need_of(structured_query)
    declared = json.loads(INDEXES.read_text())
    served = _automatic(need, declared["fieldOverrides"]) or _composite(need, declared["indexes"])
    if not served:
        raise IndexMissing(f"no declared index serves {need}")


def need_of(structured_query: Any) -> Need:
    """The need of a query: a range comes behind the equalities, as the first of the order."""
    (source,) = structured_query.from_
    assert not source.all_descendants
    equal, ranges = set(), []
    for field, operator in _filters(structured_query.where):
        if operator in _EQUALITIES:
            equal.add(field)
        elif field not in ranges:
            ranges.append(field)
    ordered = [(o.field.field_path, o.direction.name) for o in structured_query.order_by]
    named = {field for field, _ in ordered}
    ordered += [(field, "ASCENDING") for field in sorted(ranges) if field not in named]
    if ordered and ordered[-1][0] == "__name__":
        # Every index ends with the name, in the direction of the field before.
        (_, direction) = ordered.pop()
        assert not ordered or ordered[-1][1] == direction
    return Need(source.collection_id, frozenset(equal), tuple(ordered))


def _filters(where: Any) -> list[tuple[str, str]]:
    kind = where._pb.WhichOneof("filter_type")
    if kind == "composite_filter":
        return list(chain.from_iterable(map(_filters, where.composite_filter.filters)))
    if kind == "field_filter":
        return [(where.field_filter.field.field_path, where.field_filter.op.name)]
    assert kind is None
    return []


def _automatic(need: Need, overrides: list[dict[str, Any]]) -> bool:
    """Equalities alone merge the automatic indexes of single fields; so does one order alone."""
    exempt = {o["fieldPath"] for o in overrides if o["collectionGroup"] == need.collection}
    if need.equal & exempt or {field for field, _ in need.ordered} & exempt:
        return False
    return not need.ordered or (not need.equal and len(need.ordered) == 1)


def _composite(need: Need, indexes: list[dict[str, Any]]) -> bool:
    """Indexes with this order merge if each equality is in one of them and they have no other field."""
    covered: set[str] = set()
    found = False
    for index in indexes:
        fields = tuple((field["fieldPath"], field["order"]) for field in index["fields"])
        length = len(fields) - len(need.ordered)
        prefix = {field for field, _ in fields[:length]}
        fits = index["collectionGroup"] == need.collection and fields[length:] == need.ordered
        if length >= 0 and fits and prefix <= need.equal:
            found, covered = True, covered | prefix
    return found and covered == need.equal
