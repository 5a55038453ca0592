"""The payloads of `/v2/balances`, type for type as Zapper documented them, and the summary that we add."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired

# Of typing_extensions, because Python 3.11 has no such aliases, and pydantic cannot read its TypedDict.
from typing_extensions import TypeAliasType, TypedDict

from ..web.messages import Json
from .schemas import DecimalText, Says, TimeText

# Aliases that have a schema of their own, by the name that they have in Zapper's document.
CategoryNames = TypeAliasType(
    "CategoryNames", Literal["claimable", "debt", "deposits", "locked", "nft", "vesting", "wallet"]
)
MetaType = TypeAliasType(
    "MetaType", Literal["wallet", "supplied", "borrowed", "claimable", "vesting", "nft"] | None
)
TotalType = Literal["app-token", "non-fungible-token"]


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of JSON, with all digits that it has."""

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> Json:
        """The name by which pydantic asks for it."""
        return {"type": "number"}


Number = Annotated[Decimal, _Number()]
Usd = Annotated[Decimal, _Number(), Says("US dollars, exactly; below zero for debts, 0 without a price.")]
LowerAddress = Annotated[str, Says("In lower case.", (("pattern", "^0x[0-9a-f]{40}$"),))]
TokenAddress = Annotated[
    str, Says("In lower case; the native coin has the zero address.", (("pattern", "^0x[0-9a-f]{40}$"),))
]
Network = Annotated[str, Says("Zapper's name of the chain where it had one, else our slug.")]
Key = Annotated[str, Says("The murmur3 hash of what it is made of.", (("pattern", "^[0-9]{1,10}$"),))]
AppId = Annotated[str, Says("`tokens` for what the addresses themselves hold, else a protocol's id.")]


class DisplayItem(TypedDict):
    """A text or number to show; `type` is `string`, `number`, `dollar` or `pct`."""

    type: str
    value: str | Number


class LabelledItem(TypedDict):
    """A line to show."""

    label: DisplayItem
    value: DisplayItem


class DisplayProps(TypedDict):
    """How to show a breakdown."""

    label: str
    secondaryLabel: Annotated[DisplayItem | None, Says("The price, or that there is none.")]
    tertiaryLabel: DisplayItem | None
    images: list[str]
    stats: list[LabelledItem]
    info: list[LabelledItem]
    balanceDisplayMode: str


class NonFungibleDisplayProps(DisplayProps):
    """How to show a collection."""

    profileBanner: str
    profileImage: str
    featuredImage: str
    featuredImg: str
    collectionImages: list[str]


class TokenContext(TypedDict):
    """How much of a token."""

    balance: Annotated[Number, Says("In units of the token, above zero for debts too.")]
    balanceRaw: Annotated[str, Says("In its smallest unit.", (("pattern", "^[0-9]+$"),))]
    symbol: str
    price: Annotated[Number, Says("0 when no price counts; `secondaryLabel` then says so.")]
    decimals: int


class _Breakdown(TypedDict):
    appId: str | None
    metaType: MetaType
    address: TokenAddress
    balanceUSD: Usd
    network: Network
    contractType: str
    key: NotRequired[Key]
    breakdown: list[PositionBreakdown | NonFungibleTokenBreakdown | TokenBreakdown]


class TokenBreakdown(_Breakdown):
    """An amount of a token."""

    type: Literal["token"]
    context: TokenContext
    displayProps: DisplayProps


class NonFungibleAsset(TypedDict):
    """One piece of a collection."""

    assetImg: str
    assetName: str
    balance: Number
    balanceUSD: Usd
    tokenId: str


class CollectionContext(TypedDict):
    """How much of a collection."""

    amountHeld: Number
    floorPrice: Number
    holdersCount: Number
    incomplete: bool
    openseaId: str


class NonFungibleTokenBreakdown(_Breakdown):
    """Pieces of a collection. They are not read here: the type is part of the contract."""

    type: Literal["nft"]
    assets: list[NonFungibleAsset]
    context: CollectionContext
    displayProps: NonFungibleDisplayProps


class PositionBreakdown(_Breakdown):
    """A position in a protocol; `breakdown` has the token that it is in."""

    type: Literal["position"]
    displayProps: DisplayProps


Breakdown = PositionBreakdown | NonFungibleTokenBreakdown | TokenBreakdown


class BalancePayload(TypedDict):
    """Balances by category, which are the `CategoryNames`, and key."""

    claimable: dict[str, Breakdown]
    debt: dict[str, Breakdown]
    deposits: dict[str, Breakdown]
    locked: dict[str, Breakdown]
    nft: dict[str, Breakdown]
    vesting: dict[str, Breakdown]
    wallet: dict[str, Breakdown]


class PartialTotal(TypedDict):
    """A part of the net worth. Parts with the same key are the same part: add each key once."""

    key: Key
    type: TotalType
    network: Network
    balanceUSD: Usd


TotalsPayload = TypeAliasType("TotalsPayload", list[PartialTotal])


class AppDisplayProps(TypedDict):
    """How to show an app."""

    appName: str
    images: list[str]


class AppMeta(TypedDict):
    """What an app's balances come to."""

    total: Usd


class AppPayload(TypedDict):
    """The app that balances are in."""

    appId: AppId
    network: Network
    data: list[Breakdown]
    displayProps: AppDisplayProps
    meta: AppMeta


class ErrorItem(TypedDict):
    """What could not be read: those amounts are missing, incomplete or, where it says so, old."""

    message: str
    url: Annotated[str, Says("Relative; asks for just this again.")]


class PresentedBalancePayload(TypedDict):
    """What an app of a network holds: the data of a `balance` event."""

    appId: AppId
    network: Network
    addresses: list[LowerAddress]
    balance: BalancePayload
    totals: TotalsPayload
    app: NotRequired[AppPayload]
    errors: list[ErrorItem]


class AskedBody(TypedDict):
    """An app of a network."""

    network: Network
    appId: AppId


class SkippedBody(TypedDict):
    """What is not read here; without a network, on none."""

    network: Network | None
    appId: AppId | None
    reason: str


class SummaryPayload(TypedDict):
    """The data of the `summary` event, which is not part of Zapper's contract."""

    addresses: list[LowerAddress]
    as_of: Annotated[TimeText, Says("When the oldest balance here was read.")]
    complete: Annotated[bool, Says("Whether nothing is in `failed` and `price_failures`.")]
    total_usd: Annotated[DecimalText, Says("The sum of all totals, each key once.")]
    asked: list[AskedBody]
    answered: Annotated[list[AskedBody], Says("Those that answered without error.")]
    failed: Annotated[list[AskedBody], Says("Those with `errors`.")]
    price_failures: Annotated[
        list[str], Says("What price sources did not answer; a price that nobody else knew is missing.")
    ]
    skipped: list[SkippedBody]
    errors: list[ErrorItem]


class ProblemEventBody(TypedDict):
    """The data of an `error` event: something broke after the answer had begun."""

    scope: Annotated[str, Says("`chain` or `server`.")]
    network: Network | None
    code: str
    message: str
    url: str


class BalancesBody(TypedDict):
    """The same as JSON."""

    items: list[PresentedBalancePayload]
    summary: NotRequired[SummaryPayload]
