"""Signing in with Ethereum: a message, a signature, and whose wallet it proves to be."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from ..core.chains import Chain, Chains
from ..core.ids import Address, ChainId
from ..core.nonces import LIFETIME, RANDOM_BYTES, make_nonce, nonce_expiry
from ..core.signatures import text_digest
from ..core.siwe import USER_PREFIX, check_sign_in, parse_sign_in
from ..errors import InvalidInput, NotFound, Unauthenticated
from ..store.ports import SavedWallet, Store
from .wallet_signatures import Caller, is_signed_by_contract, is_signed_by_key, parse_signature


class SignInSources(Protocol):
    """What signing in is checked with; the Context is one."""

    @property
    def store(self) -> Store: ...
    @property
    def known_chains(self) -> Chains: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    def client(self, chain: Chain) -> Caller: ...


@dataclass(frozen=True, slots=True)
class SignInRules:
    """What is accepted: messages for which domains, nonces of which key.

    Only a chain whose endpoint is `trusted` is asked about contracts: whoever answers decides who signs in.
    """

    domains: tuple[str, ...]
    nonce_key: bytes = field(repr=False)
    trusted: frozenset[ChainId]


class Nonce(NamedTuple):
    """To be in the message, until it expires."""

    text: str
    expires_at: datetime


class Proof(NamedTuple):
    """A wallet that is proven to be the caller's, by its key (then on every chain) or as a contract on one.

    The message itself is no longer good from `until` on, if it says so.
    """

    address: Address
    chain_id: ChainId
    by_key: bool
    domain: str
    until: datetime | None

    @property
    def user(self) -> str:
        """The user's id; that of a contract names its chain, as on others it may be somebody else's."""
        chain = "" if self.by_key else f"{self.chain_id}:"
        return f"{USER_PREFIX}{chain}{self.address}"


def new_nonce(rules: SignInRules, sources: SignInSources) -> Nonce:
    """A nonce; nothing is kept of it before it is used."""
    now = sources.clock()
    text = make_nonce(rules.nonce_key, now, secrets.token_bytes(RANDOM_BYTES))
    return Nonce(text, now.replace(microsecond=0) + LIFETIME)


async def prove(message: str, signature: str, rules: SignInRules, sources: SignInSources) -> Proof:
    """Whose wallet signed the message, now and for us; each message proves it once.

    Raises InvalidInput for what is no message or no signature, Unauthenticated for what proves nothing, and
    Unavailable when a contract cannot be asked.
    """
    said, signed, now = parse_sign_in(message), parse_signature(signature), sources.clock()
    check_sign_in(said, rules.domains, now)
    chain = sources.known_chains.get(said.chain_id)
    if chain is None:
        raise InvalidInput("message", f"names chain {said.chain_id}, which is not known")
    expires_at = nonce_expiry(rules.nonce_key, said.nonce, now)
    if expires_at is None:
        raise Unauthenticated("the message's nonce is not one of ours, or it has expired")
    digest = text_digest(message)
    by_key = is_signed_by_key(digest, signed, said.address)
    if not by_key and not (
        chain.chain_id in rules.trusted
        and await is_signed_by_contract(digest, signed, said.address, chain, sources.client(chain))
    ):
        raise Unauthenticated("the signature is not one of the message's address")
    if not await sources.store.nonces.use_nonce(said.nonce, expires_at):
        raise Unauthenticated("the message was used before: sign one with a new nonce")
    return Proof(said.address, said.chain_id, by_key, said.domain, said.expires_at)


async def sign_in(message: str, signature: str, rules: SignInRules, sources: SignInSources) -> Proof:
    """Prove the wallet; if its user has saved it, it is marked. Raises like prove, and StoreUnavailable."""
    proof = await prove(message, signature, rules, sources)
    with suppress(NotFound):
        await sources.store.wallets.verify_wallet(proof.user, proof.address, sources.clock())
    return proof


async def prove_wallet(
    user: str, message: str, signature: str, rules: SignInRules, sources: SignInSources
) -> SavedWallet:
    """The user's saved wallet, marked as proven. Raises like prove, and NotFound when it is not saved."""
    said = parse_sign_in(message)
    if said.address not in {wallet.address for wallet in await sources.store.wallets.list_wallets(user)}:
        raise NotFound(f"there is no saved wallet {said.address}")
    proof = await prove(message, signature, rules, sources)
    return await sources.store.wallets.verify_wallet(user, proof.address, sources.clock())
