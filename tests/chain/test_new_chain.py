"""Adding a chain is one JSON record: with it, a chain that nobody knows is read like any other."""

import json
from pathlib import Path

from shared.chain.clients import ChainClients
from shared.core.ids import parse_address
from shared.facts import DATA, load_chains
from tests.devnet.anvil import run_anvil
from tests.devnet.tokens import Erc20, mint, place_tokens

WALLET = parse_address("0x00000000000000000000000000000000000a11ce")
TOKEN = parse_address("0x00000000000000000000000000000000000c0135")
CHAIN_ID = 987_654_321


def add_chain(folder: Path, rpc_url: str) -> Path:
    """A copy of the shipped chains with one more record."""
    content = json.loads((DATA / "chains.json").read_text())
    content["chains"].append(
        {
            "chain_id": CHAIN_ID,
            "slug": "nowhere",
            "name": "Nowhere",
            "native": {"symbol": "NOW", "name": "Now", "decimals": 18, "slip44": 60},
            "rpc_urls": [rpc_url],
        }
    )
    path = folder / "chains.json"
    path.write_text(json.dumps(content))
    return path


async def test_one_record_makes_a_chain_that_nobody_knows_readable(tmp_path: Path) -> None:
    clients = ChainClients({})
    with run_anvil(CHAIN_ID) as anvil:
        anvil.set_balance(WALLET, 3 * 10**18)
        place_tokens(anvil, Erc20(TOKEN, "COIN", "Coin", 6))
        mint(anvil, {(TOKEN, WALLET): 12_500_000})
        anvil.mine()
        chain = load_chains(add_chain(tmp_path, anvil.url)).find("nowhere")
        assert chain is not None

        read = await clients.client(chain).read_balances([WALLET], [TOKEN], within=10)
        number = anvil.block_number()
        await clients.close()

    assert read.balances == {(WALLET, None): 3 * 10**18, (WALLET, TOKEN): 12_500_000}
    assert (read.chain_id, read.block.number, read.faults, read.tokens_scanned) == (CHAIN_ID, number, (), 1)
