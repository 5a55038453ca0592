"""What a request says of trades: the filters of a list, the bodies of POST and PATCH."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ..core.chains import Chains
from ..core.ids import Address
from ..core.trades import SIDES, STATUSES
from ..errors import InvalidInput
from ..services.addresses import AddressSources, is_name, resolve_addresses
from ..services.trades import MAX_BULK, Keyed, TradeQuery
from ..services.trades_drafts import find_chain
from ..web.bodies import check_content, read_json
from ..web.messages import Request
from ..web.params import Params
from ..web.preconditions import idempotency_key, request_hash
from .paging import read_limit, read_order
from .reading import choice, parse_asset_word, parse_wallet, read_period, told

LIST_PARAMETERS = (
    *("side", "asset", "symbol", "status", "wallet", "chain", "from", "to"),
    *("limit", "cursor", "order"),
)
MAX_SYMBOL = 32
_MAX_NAMES = 20


@dataclass(frozen=True, slots=True)
class ListQuestion:
    """The query of a list, checked; its wallet is an address or a name."""

    query: TradeQuery
    wallet: str | None
    limit: int
    cursor: str | None


def words_of(query: TradeQuery) -> str:
    """What a cursor of this list is bound to."""
    named = (query.side, query.asset, query.symbol, query.status, query.wallet, query.chain)
    times = (None if time is None else time.isoformat() for time in (query.since, query.until))
    return "\n".join(("trades", *(word or "" for word in (*named, *times)), query.order))


def read_list_question(query: bytes, chains: Chains) -> ListQuestion:
    """What is asked for. Raises InvalidRequest naming every parameter that is wrong."""
    params = Params(query, LIST_PARAMETERS)
    since, until = read_period(params)
    asked = TradeQuery(
        side=params.maybe("side", choice(SIDES)),
        asset=params.maybe("asset", parse_asset_word),
        symbol=params.maybe("symbol", _word),
        status=params.maybe("status", choice(STATUSES)),
        chain=params.maybe("chain", told(lambda text: find_chain("chain", text, chains).slug)),
        since=since,
        until=until,
        order=read_order(params),
    )
    wallet = params.maybe("wallet", parse_wallet)
    question = ListQuestion(asked, wallet, read_limit(params), params.maybe("cursor", str))
    params.check()
    return question


def read_new_trades(request: Request) -> tuple[list[Mapping[str, Any]], bool]:
    """The drafts in a body, and whether they came as a list. Raises InvalidRequest."""
    from .trades_schemas import NewTradeBody, NewTradesBody

    content = read_json(request)
    if not isinstance(content, dict) or "trades" not in content:
        return [cast("Mapping[str, Any]", check_content(content, NewTradeBody))], False
    listed = content["trades"]
    if isinstance(listed, list) and not 1 <= len(listed) <= MAX_BULK:
        raise InvalidInput("trades", f"has {len(listed)} trades; 1 to {MAX_BULK} are accepted")
    return [
        cast("Mapping[str, Any]", trade) for trade in check_content(content, NewTradesBody)["trades"]
    ], True


def read_changes(request: Request) -> Mapping[str, Any]:
    """The changes in a body. Raises InvalidRequest."""
    from .trades_schemas import TradeChangesBody

    return cast("Mapping[str, Any]", check_content(read_json(request), TradeChangesBody))


def read_keyed(request: Request, endpoint: str) -> Keyed | None:
    """The idempotency key and what it stands for; None without one. Raises InvalidInput."""
    key = idempotency_key(request)
    return None if key is None else (key, request_hash(request, endpoint))


async def with_wallets_resolved(
    drafts: Sequence[Mapping[str, Any]], sources: AddressSources
) -> list[Mapping[str, Any]]:
    """The drafts with addresses where their wallets were ENS names.

    Raises InvalidInput for a name without an address and for too many names, Unavailable when Ethereum
    cannot be asked.
    """
    names = dict.fromkeys(draft["wallet"] for draft in drafts if is_name(draft.get("wallet") or ""))
    if len(names) > _MAX_NAMES:
        raise InvalidInput("wallet", f"{len(names)} names are given; at most {_MAX_NAMES} are looked up")
    found = {name: await resolve_wallet(name, sources) for name in names}
    return [
        {**draft, "wallet": found[draft["wallet"]]} if draft.get("wallet") in found else draft
        for draft in drafts
    ]


async def resolve_wallet(text: str, sources: AddressSources) -> Address:
    """The address of an address or a name. Raises InvalidInput and Unavailable."""
    try:
        (address,) = await resolve_addresses([text], sources)
    except InvalidInput as error:
        raise InvalidInput("wallet", error.message) from error
    return address


def _word(text: str) -> str:
    if not 1 <= len(text) <= MAX_SYMBOL:
        raise ValueError(f"must have 1 to {MAX_SYMBOL} characters")
    return text
