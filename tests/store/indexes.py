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
    """What a query asks of an index: fields of one value, then fields in an order.

    Its scope is one collection, or all collections of this name.
    """

    collection: str
    scope: str
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
    scope = "COLLECTION_GROUP" if source.all_descendants else "COLLECTION"
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
    return Need(source.collection_id, scope, frozenset(equal), tuple(ordered))


def _filters(where: Any) -> list[tuple[str, str]]:
    kind = where._pb.WhichOneof("filter_type")
    if kind == "composite_filter":
        return list(chain.from_iterable(map(_filters, where.composite_filter.filters)))
    if kind == "field_filter":
        return [(where.field_filter.field.field_path, where.field_filter.op.name)]
    assert kind is None
    return []


def _automatic(need: Need, overrides: list[dict[str, Any]]) -> bool:
    """Equalities alone merge the indexes of single fields; so does one order alone."""
    own = {o["fieldPath"]: o["indexes"] for o in overrides if o["collectionGroup"] == need.collection}
    wanted = [(field, "ASCENDING") for field in need.equal] + [*need.ordered]
    if not all(_has_single_index(own.get(field), need.scope, order) for field, order in wanted):
        return False
    return not need.ordered or (not need.equal and len(need.ordered) == 1)


def _has_single_index(declared: list[dict[str, str]] | None, scope: str, order: str) -> bool:
    """A field without an override has indexes for one collection, in both orders."""
    if declared is None:
        return scope == "COLLECTION"
    return any(index["queryScope"] == scope and index["order"] == order for index in declared)


def _composite(need: Need, indexes: list[dict[str, Any]]) -> bool:
    """Indexes with this order merge if each equality is in one of them and they have no other field."""
    covered: set[str] = set()
    found = False
    for index in indexes:
        fields = tuple((field["fieldPath"], field["order"]) for field in index["fields"])
        length = len(fields) - len(need.ordered)
        prefix = {field for field, _ in fields[:length]}
        place = (index["collectionGroup"], index["queryScope"])
        fits = place == (need.collection, need.scope) and fields[length:] == need.ordered
        if length >= 0 and fits and prefix <= need.equal:
            found, covered = True, covered | prefix
    return found and covered == need.equal
