"""What a caller of `/v2/balances` asks for, in any of the forms that clients of Zapper's API have used."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..core.app_balances import TOKENS
from ..core.chains import Chain, Chains
from ..services.positions import PositionSources, protocols_on
from ..web.params import Params, parse_flag
from .reading import not_read, parse_wallet

MAX_ADDRESSES = 50
MAX_NETWORKS = 300
MAX_APPS = 50
# What Zapper's clients send that changes nothing here.
IGNORED = ("api_key", "nonNilOnly", "useNftService")
PARAMETERS = ("addresses", "networks", "apps", "bundled", "summary", "useNewBalancesFormat", *IGNORED)
# `addresses[]` and `addresses[0]` are what clients of Zapper's API have sent.
_BRACKETED = ("addresses", "networks", "apps")
# Zapper had them, they are no chains of ours: clients that name all of Zapper's are told, not refused.
# https://github.com/Zapper-fi/studio, src/types/network.interface.ts
NETWORKS_NOT_READ = ("bitcoin", "evmos", "harmony", "moonriver")


class Question(NamedTuple):
    """The query of a request, checked, with nothing fetched for it yet; without `apps` all are asked for."""

    addresses: tuple[str, ...]
    chains: tuple[Chain, ...]
    apps: tuple[str, ...] = ()
    bundled: bool = True
    summary: bool = True
    skipped: tuple[str, ...] = ()


def parse_question(query: bytes, chains: Chains, known: Chains, sources: PositionSources) -> Question:
    """What is asked for; raises InvalidRequest naming every parameter that is wrong.

    Of the `known` chains only `chains` are read here; the others are skipped, since clients that name all of
    Zapper's networks cannot tell which these are.
    """
    params = Params(query, PARAMETERS, bracketed=_BRACKETED)
    texts = params.words("addresses", MAX_ADDRESSES, repeatable=True)
    if "addresses" not in params:
        params.refuse("addresses", "is missing: whose balances?")
    names = params.words("networks", MAX_NETWORKS, repeatable=True)
    named = params.each("networks", names, lambda name: _find_network(chains, known, name))
    asked = [chain for chain in named if isinstance(chain, Chain)] if names else chains.enabled()
    apps = params.each("apps", params.words("apps", MAX_APPS, repeatable=True), _parse_app(chains, sources))
    params.one("useNewBalancesFormat", _parse_format, True)
    question = Question(
        addresses=params.each("addresses", texts, parse_wallet),
        chains=tuple({chain.chain_id: chain for chain in asked}.values()),
        apps=tuple(dict.fromkeys(apps)),
        bundled=params.one("bundled", parse_flag, True),
        summary=params.one("summary", parse_flag, True),
        skipped=tuple(dict.fromkeys(name for name in named if isinstance(name, str))),
    )
    params.check()
    return question


def network_of(chain: Chain) -> str:
    """What a chain is called in payloads: as Zapper did, where it did."""
    return chain.zapper or chain.slug


def _find_network(chains: Chains, known: Chains, name: str) -> Chain | str:
    """The chain, or the name of one that is not read."""
    chain = chains.find(name)
    if chain is not None:
        return chain
    left_out = known.find(name)
    if left_out is not None:
        return network_of(left_out)
    if name.lower() in NETWORKS_NOT_READ:
        return name.lower()
    raise ValueError(not_read(chains, name))


def _parse_app(chains: Chains, sources: PositionSources) -> Callable[[str], str]:
    known = {TOKENS, *(app for chain in chains for app in protocols_on(chain, sources))}

    def parsed(text: str) -> str:
        if text not in known:
            raise ValueError(f"{text[:60]!r} is not a known app: {', '.join(sorted(known))}")
        return text

    return parsed


def _parse_format(text: str) -> bool:
    if not parse_flag(text):
        raise ValueError("the legacy format is not offered: leave it out, or say true")
    return True
