"""What is asked of a stream: wallets and chains."""

from __future__ import annotations

from decimal import Decimal

from ..core.chains import Chain, Chains
from ..web.params import Params
from .portfolio import MAX_ADDRESSES, MAX_CHAINS, Question, find_chain
from .reading import parse_wallet

PARAMETERS = ("address", "chains")


def parse_question(query: bytes, chains: Chains) -> Question:
    """What is asked for; raises InvalidRequest naming every parameter that is wrong."""
    params = Params(query, PARAMETERS)
    texts = params.words("address", MAX_ADDRESSES, repeatable=True)
    named = params.each("chains", params.words("chains", MAX_CHAINS), lambda name: find_chain(chains, name))
    question = question_of(params.each("address", texts, parse_wallet), named, chains)
    params.check()
    return question


def question_of(addresses: tuple[str, ...], named: tuple[Chain, ...], chains: Chains) -> Question:
    """The question about these addresses, on the chains that are named or else on all enabled ones."""
    asked = {chain.chain_id: chain for chain in named or chains.enabled()}
    return Question(
        addresses,
        tuple(asked.values()),
        (),
        Decimal(0),
        include_spam=False,
        refresh=True,
        chains_named=bool(named),
    )
