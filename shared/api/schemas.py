"""What all our bodies share: the types of their fields, and the schemas made from them.

Bodies are TypedDicts: mypy checks what an endpoint builds, and pydantic makes the OpenAPI schemas of the same
types. Answering needs neither, so pydantic costs a cold start nothing.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from ..web.messages import Json

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Says:
    """What a field's schema says besides its type."""

    about: str | None = None
    keywords: tuple[tuple[str, Hashable], ...] = ()

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> Json:
        """The name by which pydantic asks for it."""
        schema: Json = {**handler(core_schema), **dict(self.keywords)}
        return schema if self.about is None else {**schema, "description": self.about}


def _pattern(pattern: str, **keywords: str) -> Says:
    return Says(keywords=(("pattern", pattern), *keywords.items()))


DecimalText = Annotated[str, _pattern(r"^-?[0-9]+(\.[0-9]+)?$", format="decimal")]
"""An exact number as plain digits: never a float, never an exponent."""
RawText = Annotated[str, _pattern("^[0-9]+$")]
"""An on-chain integer as digits: JavaScript's numbers end at 2⁵³."""
TimeText = Annotated[str, _pattern(r"^[0-9-]+T[0-9:.]+Z$", format="date-time")]
AddressText = Annotated[str, _pattern("^0x[0-9a-fA-F]{40}$")]
"""With the EIP-55 checksum."""
AssetIdText = Annotated[str, Says("CAIP-19, such as `eip155:1/slip44:60`.")]


def closed(body: type[T]) -> type[T]:
    """The body of a request, which has no other fields than these: pydantic refuses what it does not know."""
    body.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]  # pydantic looks for it
    return body


def schemas_of(body: type) -> dict[str, Json]:
    """The schemas of a body and of all that it consists of, by name."""
    from pydantic import TypeAdapter

    whole: Json = TypeAdapter(body).json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    parts: dict[str, Json] = whole.pop("$defs", {})
    return {body.__name__: whole, **parts}
