"""GET, POST and DELETE /api/v1/wallets: the addresses that a user keeps."""

from __future__ import annotations

from ..core.chains import Chains
from ..core.ids import Address
from ..errors import InvalidInput, InvalidRequest
from ..services.addresses import AddressSources, resolve_addresses
from ..services.wallets import list_wallets, remove_wallet, save_wallet
from ..web.bodies import parse_body
from ..web.messages import Operation, Request, Response, Route, json_response
from ..web.params import Params
from ..wiring import Context
from .answers import private_answer
from .reading import not_read, parse_wallet
from .wallets_present import wallet_body
from .wallets_proof import PROOF_PATH, describe_proof, post_proof
from .wallets_schemas import NewWalletBody

PATH = "/api/v1/wallets"


async def get(context: Context, request: Request) -> Response:
    """The caller's saved wallets, the oldest first."""
    Params(request.query, ()).check()
    saved = await list_wallets(request.caller, context)
    body = {"items": [wallet_body(wallet) for wallet in saved], "next_cursor": None}
    return private_answer(body)


async def post(context: Context, request: Request) -> Response:
    """Save a wallet."""
    Params(request.query, ()).check()
    told = parse_body(request, NewWalletBody)
    chains = _slugs(told.get("chains") or [], context.chains)
    era = await context.store.erasures.read_era(request.caller)
    address = await _address(told["address"], context)
    wallet = await save_wallet(request.caller, address, told.get("label") or "", chains, context, era)
    return json_response(201, wallet_body(wallet))


async def delete(context: Context, request: Request) -> Response:
    """Forget a wallet."""
    params = Params(request.query, ("address",))
    text = params.maybe("address", parse_wallet)
    if text is None and "address" not in params:
        params.refuse("address", "is needed")
    params.check()
    await remove_wallet(request.caller, await _address(text or "", context), context)
    return Response(204, b"")


def _slugs(names: list[str], chains: Chains) -> list[str]:
    """The chains by their slugs. Raises InvalidRequest naming each that is not known."""
    found = [chains.find(name) for name in names]
    unknown = [
        InvalidInput(f"chains[{number}]", not_read(chains, names[number]))
        for number, chain in enumerate(found)
        if chain is None
    ]
    if unknown:
        raise InvalidRequest(unknown)
    return [chain.slug for chain in found if chain is not None]


async def _address(text: str, sources: AddressSources) -> Address:
    (address,) = await resolve_addresses([text], sources)
    return address


def describe_get() -> Operation:
    """What the OpenAPI document says of the list."""
    from .wallets_docs import list_operation

    return list_operation()


def describe_post() -> Operation:
    """What the OpenAPI document says of saving."""
    from .wallets_docs import save_operation

    return save_operation()


def describe_delete() -> Operation:
    """What the OpenAPI document says of forgetting."""
    from .wallets_docs import remove_operation

    return remove_operation()


ROUTES: tuple[Route[Context], ...] = (
    Route("GET", PATH, get, "wallets", describe_get, private=True),
    Route("POST", PATH, post, "wallets", describe_post, private=True),
    Route("DELETE", PATH, delete, "wallets", describe_delete, private=True),
    Route("POST", PROOF_PATH, post_proof, "wallets", describe_proof, private=True),
)
