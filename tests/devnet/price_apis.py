"""Four price APIs as pure functions: how CoinMarketCap, Backed, DefiLlama and CoinGecko word an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote

LABEL = "chainfolio demo price server: every price is made up"


@dataclass(frozen=True, slots=True)
class Network:
    """What the four APIs call a chain."""

    llama: str
    coingecko: str
    cmc: str
    backed: str


NETWORKS = {
    1: Network("ethereum", "ethereum", "Ethereum", "Ethereum"),
    10: Network("optimism", "optimistic-ethereum", "Optimism", "Optimism"),
    56: Network("bsc", "binance-smart-chain", "BNB Smart Chain (BEP20)", "BinanceSmartChain"),
    100: Network("xdai", "xdai", "Gnosis", "Gnosis"),
    137: Network("polygon", "polygon-pos", "Polygon", "Polygon"),
    8453: Network("base", "base", "Base", "Base"),
    42161: Network("arbitrum", "arbitrum-one", "Arbitrum", "Arbitrum"),
    43114: Network("avax", "avalanche", "Avalanche C-Chain", "Avalanche"),
}


@dataclass(frozen=True, slots=True)
class Coin:
    """A row of the table. `price` is the JSON number as text, or None for a coin without one.

    `contracts` is chain id → address; the first is CoinMarketCap's platform. Only what has a `cmc_id`,
    `coingecko_id` or `xstock` is known to that API; DefiLlama knows all of them.
    """

    symbol: str
    name: str
    price: str | None
    contracts: Mapping[int, str] = field(default_factory=dict)
    coingecko_id: str | None = None
    cmc_id: int | None = None
    confidence: str | None = "0.99"
    age_seconds: int = 30
    xstock: bool = False
    market: str | None = "market"
    halted: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request that came in; header names are in lower case."""

    route: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The coins at a moment."""

    coins: Sequence[Coin]
    now: float


Answer = tuple[int, object]


class _Number:
    """A JSON number kept as text: a float would not keep its digits."""

    def __init__(self, text: str | None) -> None:
        self.text = text


def answer(coins: Iterable[Coin], request: Request, now: float) -> tuple[int, bytes]:
    """Status and body of a request to any of the four."""
    respond = _RESPONSES.get(request.route)
    if respond is not None:
        status, body = respond(Table(tuple(coins), now), request)
    else:
        status, body = (200 if request.path == "/" else 404), {"demo": LABEL}
    return status, _dump(body).encode()


def _cmc_map(table: Table, request: Request) -> Answer:
    symbols = request.query.get("symbol", "").split(",")
    rows = [_cmc_row(coin) for coin in table.coins if coin.cmc_id and coin.symbol.upper() in symbols]
    return _cmc_answer(table, request, rows)


def _cmc_v2(table: Table, request: Request) -> Answer:
    ids = request.query.get("id", "").split(",")
    coins = {str(c.cmc_id): _cmc_coin(table, c) for c in table.coins if str(c.cmc_id) in ids}
    return _cmc_answer(table, request, coins)


def _cmc_v3(table: Table, request: Request) -> Answer:
    ids = request.query.get("id", "").split(",")
    coins = [_cmc_coin(table, c, listed=True) for c in table.coins if str(c.cmc_id) in ids]
    return _cmc_answer(table, request, coins, "0")


def _cmc_answer(table: Table, request: Request, data: object, code: int | str = 0) -> Answer:
    status = {"timestamp": _iso(table.now), "elapsed": 1, "credit_count": 1, "notice": None}
    if "x-cmc_pro_api_key" not in request.headers:
        return 401, {"status": {**status, "error_code": 1002, "error_message": "API key missing."}}
    return 200, {"status": {**status, "error_code": code, "error_message": None}, "data": data}


def _cmc_coin(table: Table, coin: Coin, *, listed: bool = False) -> object:
    quote = {"price": _Number(coin.price), "last_updated": _iso(table.now - coin.age_seconds)}
    return {**_cmc_row(coin), "quote": [{"id": 2781, "symbol": "USD", **quote}] if listed else {"USD": quote}}


def _backed_assets(table: Table, request: Request) -> Answer:
    page, size = int(request.query.get("page", 0)), int(request.query.get("pageSize", 100))
    stocks = [coin for coin in table.coins if coin.xstock]
    if page and page * size >= len(stocks):
        return 400, {"message": "there is no such page"}
    nodes = [_backed_node(coin) for coin in stocks[page * size : (page + 1) * size]]
    more = (page + 1) * size < len(stocks)
    return 200, {"nodes": nodes, "page": {"currentPage": page, "hasNextPage": more}}


def _backed_asset(table: Table, request: Request) -> Answer:
    coin = _xstock(table, request)
    return (200, _backed_node(coin)) if coin else (404, {"message": "Asset not found"})


def _backed_price(table: Table, request: Request) -> Answer:
    coin = _xstock(table, request)
    return (200, {"quote": _Number(coin.price)}) if coin else (404, {"message": "Asset not found"})


def _xstock(table: Table, request: Request) -> Coin | None:
    symbol = unquote(request.path.split("/")[3])
    return next((coin for coin in table.coins if coin.xstock and coin.symbol == symbol), None)


def _llama(table: Table, request: Request) -> Answer:
    keys = unquote(request.path.rpartition("/")[2]).split(",")
    known = {key: coin for coin in table.coins for key in _llama_keys(coin)}
    found = {key: coin for key in keys if (coin := known.get(key.lower())) is not None}
    return 200, {"coins": {key: _llama_coin(table, c) for key, c in found.items() if c.price is not None}}


def _llama_coin(table: Table, coin: Coin) -> object:
    stamp = int(table.now) - coin.age_seconds
    priced = {"symbol": coin.symbol, "price": _Number(coin.price), "timestamp": stamp}
    return priced if coin.confidence is None else {**priced, "confidence": _Number(coin.confidence)}


def _coingecko_price(table: Table, request: Request) -> Answer:
    ids = request.query.get("ids", "").split(",")
    coins = [coin for coin in table.coins if coin.coingecko_id in ids and coin.price is not None]
    return 200, {coin.coingecko_id: _coingecko_coin(table, coin) for coin in coins}


def _coingecko_contracts(table: Table, request: Request) -> Answer:
    addresses = request.query.get("contract_addresses", "").lower().split(",")
    if len(addresses) > 1 and not {"x-cg-demo-api-key", "x-cg-pro-api-key"} & set(request.headers):
        return 400, {"error_code": 10012, "status": {"error_message": "too many contract addresses"}}
    platform = request.path.rpartition("/")[2]
    on = {chain_id for chain_id, network in NETWORKS.items() if network.coingecko == platform}
    return 200, {
        address.lower(): _coingecko_coin(table, coin)
        for coin in table.coins
        for chain_id, address in coin.contracts.items()
        if chain_id in on and address.lower() in addresses and coin.price is not None
    }


def _coingecko_coin(table: Table, coin: Coin) -> object:
    return {"usd": _Number(coin.price), "last_updated_at": int(table.now) - coin.age_seconds}


_RESPONSES: dict[str, Callable[[Table, Request], Answer]] = {
    "cmc/map": _cmc_map,
    "cmc/v2": _cmc_v2,
    "cmc/v3": _cmc_v3,
    "backed/assets": _backed_assets,
    "backed/asset": _backed_asset,
    "backed/price": _backed_price,
    "llama/current": _llama,
    "coingecko/price": _coingecko_price,
    "coingecko/contracts": _coingecko_contracts,
}


def _dump(value: object) -> str:
    if isinstance(value, _Number):
        return value.text or "null"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_dump(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_dump, value)) + "]"
    return json.dumps(value)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _cmc_row(coin: Coin) -> dict[str, object]:
    first = next(iter(coin.contracts.items()), None)
    platform = None
    if first is not None:
        name = NETWORKS[first[0]].cmc
        platform = {"id": first[0], "name": name, "slug": name.lower(), "token_address": first[1].lower()}
    slug = coin.name.lower().replace(" ", "-")
    return {
        "id": coin.cmc_id,
        "name": coin.name,
        "symbol": coin.symbol,
        "slug": slug,
        "is_active": 1,
        "platform": platform,
    }


def _backed_node(coin: Coin) -> object:
    rows = [{"network": NETWORKS[on].backed, "address": address} for on, address in coin.contracts.items()]
    return {
        "id": f"demo-{coin.symbol}",
        "name": coin.name,
        "symbol": coin.symbol,
        "description": LABEL,
        "isTradingHalted": coin.halted,
        "trading": {"isTradingHalted": coin.halted, "currency": "USD", "currentPeriod": coin.market},
        "deployments": [*rows, {"network": "Solana", "address": "demo"}],
    }


def _llama_keys(coin: Coin) -> Iterator[str]:
    """What the API calls the coin, in lower case."""
    if coin.coingecko_id is not None:
        yield f"coingecko:{coin.coingecko_id}".lower()
    for on, address in coin.contracts.items():
        yield f"{NETWORKS[on].llama}:{address}".lower()
