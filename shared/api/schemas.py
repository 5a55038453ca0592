"""What all our bodies share: the types of their fields, and the schemas made from them.

Bodies are TypedDicts: mypy checks what an endpoint builds, and pydantic makes the OpenAPI schemas of the same
types. Answering needs neither, so pydantic costs a cold start nothing.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from ..web.messages import Json

if TYPE_CHECKING:  # types only: an answer does not need it
    from typing_extensions import TypeAliasType

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
WALLET_PATTERN = r"^(0[xX][0-9a-fA-F]{40}|[^.]+(\.[^.]+)+)$"
ASSET_PATTERN = (
    r"^(eip155:[1-9][0-9]{0,19}/(slip44:[0-9]{1,42}|erc20:0[xX][0-9a-fA-F]{40})"
    r"|[A-Za-z0-9][A-Za-z0-9.$_+-]{0,31})$"
)
MAX_WALLET = 255
MAX_CHAIN = 64
MOMENT: Json = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
WalletText = Annotated[
    str, Says("`0x…` or an ENS name.", (("pattern", WALLET_PATTERN), ("maxLength", MAX_WALLET)))
]
"""Of a request: in any single case, or with the right checksum."""
AnyAssetText = Annotated[
    str, Says("CAIP-19, or a plain symbol where the asset has no chain.", (("pattern", ASSET_PATTERN),))
]
ChainText = Annotated[str, Says("Slug, id or CAIP-2.", (("minLength", 1), ("maxLength", MAX_CHAIN)))]


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time of a request, which may be a date."""

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> Json:
        """The name by which pydantic asks for it."""
        return dict(MOMENT)


MomentText = Annotated[str, _Moment()]
AssetIdText = Annotated[str, Says("CAIP-19, such as `eip155:1/slip44:60`.")]


def closed(body: type[T]) -> type[T]:
    """The body of a request, which has no other fields than these: pydantic refuses what it does not know."""
    body.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]  # pydantic looks for it
    return body


def schemas_of(body: type | TypeAliasType) -> dict[str, Json]:
    """The schemas of a body, or of an alias, and of all that it consists of, by name."""
    from pydantic import TypeAdapter

    named: Any = body  # an alias is one of the types that pydantic takes, and none of mypy's
    whole: Json = TypeAdapter(named).json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    parts: dict[str, Json] = whole.pop("$defs", {})
    return {body.__name__: whole, **parts}
