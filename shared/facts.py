"""The facts that ship with the code, read from `shared/data` when first asked for.

Types and shapes are checked here; EIP-55 checksums take too long for that, so the tests verify those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar, get_args

from .core.chains import Chain, Chains, Explorer, Multicall, NativeCoin, PriceNames
from .core.deployments import Deployment, Receipt
from .core.ids import Address, ChainId, parse_address
from .core.positions import PositionKind
from .core.tokens import Token, erc20
from .errors import FactsError

DATA = Path(__file__).with_name("data")

T = TypeVar("T")
_HEX_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_KINDS: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


@cache
def load_chains(path: Path = DATA / "chains.json") -> Chains:
    """All chains of the file, in its order.

    Raises FactsError naming the chain and the field that is wrong.
    """
    listed = _Fields(path.name, _parsed(path)).take("chains", list)
    try:
        return Chains(_chain(f"{path.name}, chain {n}", fields) for n, fields in enumerate(listed, 1))
    except ValueError as error:
        raise FactsError(f"{path.name}: {error}") from error


@cache
def load_tokens(chain_id: ChainId, folder: Path = DATA / "tokens") -> tuple[Token, ...]:
    """The listed tokens of a chain; none if it has no list.

    Raises FactsError naming the token that is wrong.
    """
    path = folder / f"{chain_id}.json"
    if not path.exists():
        return ()
    tokens = []
    for number, row in enumerate(_Fields(path.name, _parsed(path)).take("tokens", list), 1):
        try:
            tokens.append(_token(chain_id, row))
        except ValueError as error:
            raise FactsError(f"{path.name}, token {number}: {error}") from error
    return tuple(tokens)


@cache
def load_deployments(chain_id: ChainId) -> tuple[Deployment, ...]:
    """The protocols' deployments on a chain; none if nothing is known there.

    Raises FactsError naming the deployment that is wrong.
    """
    return tuple(_deployment(*row) for row in _deployment_rows() if row[2].get("chain_id") == chain_id)


def all_deployments(folder: Path = DATA / "protocols") -> tuple[Deployment, ...]:
    """Those of every chain; a file has those of one family and its name. Raises FactsError."""
    return tuple(_deployment(*row) for row in _deployment_rows(folder))


@cache
def _deployment_rows(folder: Path = DATA / "protocols") -> tuple[tuple[str, str, Mapping[str, object]], ...]:
    """Where each row is, its family, and the row: a cold start reads those of one chain only."""
    rows: list[tuple[str, str, Mapping[str, object]]] = []
    for path in sorted(folder.glob("*.json")):
        for number, row in enumerate(_Fields(path.name, _parsed(path)).take("deployments", list), 1):
            where = f"{path.name}, deployment {number}"
            if not isinstance(row, dict):
                raise FactsError(f"{where}: must be an object")
            rows.append((where, path.stem, row))
    return tuple(rows)


def _parsed(path: Path) -> object:
    try:
        parsed: object = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise FactsError(f"{path.name}: {error}") from error
    return parsed


class _Fields:
    """A JSON object whose fields are taken one by one, each checked for its type."""

    def __init__(self, where: str, value: object) -> None:
        if not isinstance(value, dict):
            raise FactsError(f"{where}: must be an object")
        self.where = where
        self._left: dict[str, object] = dict(value)

    def take(self, name: str, kind: type[T]) -> T:
        value = self._left.pop(name, None)
        if type(value) is not kind:  # not isinstance: `true` is no number
            raise FactsError(f"{self.where}: {name} must be {_KINDS[kind]}")
        return value

    def take_or_none(self, name: str, kind: type[T]) -> T | None:
        """The value of a field that may be null or absent."""
        if self._left.get(name) is not None:
            return self.take(name, kind)
        self._left.pop(name, None)
        return None

    def take_object(self, name: str) -> _Fields | None:
        value = self.take_or_none(name, dict)
        return None if value is None else _Fields(f"{self.where}: {name}", value)

    def take_texts(self, name: str) -> tuple[str, ...]:
        texts = self.take_or_none(name, list) or []
        if not all(type(text) is str for text in texts):
            raise FactsError(f"{self.where}: {name} must be a list of texts")
        return tuple(texts)

    def take_address_or_none(self, name: str) -> Address | None:
        text = self.take_or_none(name, str)
        return None if text is None else self._address(name, text)

    def take_addresses(self, name: str) -> tuple[Address, ...]:
        return tuple(self._address(name, text) for text in self.take_texts(name))

    def _address(self, name: str, text: str) -> Address:
        try:
            return _address(text)
        except ValueError as error:
            raise FactsError(f"{self.where}: {name}: {error}") from error

    def take_seconds(self, name: str) -> float | None:
        """A number above zero, with or without a fraction, or None."""
        value = self._left.pop(name, None)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return value
        raise FactsError(f"{self.where}: {name} must be a number above zero")

    def finish(self) -> None:
        """Refuse what nobody took: a misspelt field would otherwise silently have no effect."""
        if self._left:
            raise FactsError(f"{self.where}: {next(iter(self._left))} is not a known field")


def _chain(where: str, value: object) -> Chain:
    fields = _Fields(where, value)
    chain_id = ChainId(fields.take("chain_id", int))
    fields.where = f"{where} ({chain_id})"
    chain = Chain(
        chain_id=chain_id,
        slug=fields.take("slug", str),
        name=fields.take("name", str),
        aliases=fields.take_texts("aliases"),
        native=_native(fields.take_object("native") or _Fields(f"{fields.where}: native", None)),
        wrapped_native=fields.take_address_or_none("wrapped_native"),
        multicall=_multicall(fields.take_object("multicall3")),
        rpc_urls=_rpc_urls(fields),
        explorers=_explorers(fields),
        block_time_seconds=fields.take_seconds("block_time_seconds"),
        price_names=_price_names(fields.take_object("price_names")),
        enabled=fields.take_or_none("enabled", bool) or False,
        testnet=fields.take_or_none("testnet", bool) or False,
        runs_init_code=fields.take_or_none("runs_init_code", bool) is not False,
        native_mirrors=fields.take_addresses("native_mirrors"),
        zapper=fields.take_or_none("zapper", str),
    )
    fields.finish()
    return chain


def _native(fields: _Fields) -> NativeCoin:
    coin = NativeCoin(
        fields.take("symbol", str),
        fields.take("name", str),
        fields.take("decimals", int),
        fields.take("slip44", int),
    )
    fields.finish()
    return coin


def _multicall(fields: _Fields | None) -> Multicall | None:
    if fields is None:
        return None
    address = fields.take_address_or_none("address")
    if address is None:
        raise FactsError(f"{fields.where}: address is missing")
    multicall = Multicall(address, fields.take_or_none("block_created", int))
    fields.finish()
    return multicall


def _rpc_urls(fields: _Fields) -> tuple[str, ...]:
    urls = fields.take_texts("rpc_urls")
    if not urls or not all(url.startswith(("https://", "http://")) for url in urls):
        raise FactsError(f"{fields.where}: rpc_urls must hold at least one URL, http or https")
    return urls


def _explorers(fields: _Fields) -> tuple[Explorer, ...]:
    explorers = []
    for value in fields.take_or_none("explorers", list) or []:
        one = _Fields(f"{fields.where}: explorers", value)
        explorer = Explorer(one.take("name", str), one.take("url", str), one.take_or_none("api_url", str))
        one.finish()
        explorers.append(explorer)
    return tuple(explorers)


def _price_names(fields: _Fields | None) -> PriceNames:
    if fields is None:
        return PriceNames(None, None, None, None)
    names = PriceNames(
        fields.take_or_none("llama", str),
        fields.take_or_none("coingecko_platform", str),
        fields.take_or_none("coingecko_native", str),
        fields.take_or_none("backed", str),
    )
    fields.finish()
    return names


def _token(chain_id: ChainId, row: object) -> Token:
    match row:
        case [str(address), str(symbol), str(name), int(decimals)] if 0 <= decimals <= 255:
            return erc20(chain_id, _address(address), symbol, name, decimals, listed=True)
    raise ValueError("must be [address, symbol, name, decimals]")


def _deployment(where: str, family: str, value: object) -> Deployment:
    fields = _Fields(where, value)
    try:
        receipts = tuple(_receipt(row) for row in fields.take("receipts", list))
    except ValueError as error:
        raise FactsError(f"{where}: {error}") from error
    deployment = Deployment(
        family=family,
        protocol=fields.take("protocol", str),
        chain_id=ChainId(fields.take("chain_id", int)),
        market=fields.take_or_none("market", str),
        receipts=receipts,
    )
    fields.finish()
    return deployment


def _receipt(row: object) -> Receipt:
    match row:
        case [str(token), str(kind), str(underlying)]:
            for known in get_args(PositionKind):
                if kind == known:
                    return Receipt(_address(token), known, _address(underlying))
    raise ValueError("a receipt must be [token, kind, underlying]")


def _address(text: str) -> Address:
    """The address as it is written; one in a single case gets its checksum."""
    if not _HEX_ADDRESS.fullmatch(text):
        raise ValueError(f"{text[:50]!r} is not an address")
    if text[2:].islower() or text[2:].isupper():
        return parse_address(text)
    return Address(text)
