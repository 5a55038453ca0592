"""The deployments in `shared/data/protocols` are understood, unique, and in assets that are known."""

import json
import re

import pytest
from eth_utils.address import is_checksum_address

from shared.core.chains import Chain
from shared.core.deployments import Deployment, receipt_tokens
from shared.core.ids import ChainId
from shared.facts import DATA, all_deployments, load_chains, load_deployments, load_tokens
from shared.protocols.families import PROTOCOLS

CHAINS = load_chains()
DEPLOYMENTS = all_deployments()
every_deployment = pytest.mark.parametrize(
    "deployment",
    DEPLOYMENTS,
    ids=lambda each: f"{each.family}-{each.protocol}-{each.chain_id}-{each.market}",
)
every_chain_with_some = pytest.mark.parametrize(
    "chain",
    [CHAINS[chain_id] for chain_id in sorted({each.chain_id for each in DEPLOYMENTS})],
    ids=lambda chain: chain.slug,
)


@every_deployment
def test_a_deployment_is_of_a_known_family_and_chain(deployment: Deployment) -> None:
    assert deployment.family in PROTOCOLS
    assert CHAINS.get(deployment.chain_id) is not None
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", deployment.protocol)
    assert deployment.receipts


@every_deployment
def test_addresses_have_their_checksums(deployment: Deployment) -> None:
    for receipt in deployment.receipts:
        assert is_checksum_address(receipt.token)
        assert is_checksum_address(receipt.underlying)


@every_deployment
def test_an_aave_reserve_has_a_deposit_and_a_debt(deployment: Deployment) -> None:
    if deployment.family == "aave_v3":
        deposits = [each.underlying for each in deployment.receipts if each.kind == "deposit"]
        debts = [each.underlying for each in deployment.receipts if each.kind == "debt"]

        assert deposits == debts
        assert len(deposits) + len(debts) == len(deployment.receipts)


@every_chain_with_some
def test_a_receipt_token_is_counted_once_and_is_nobody_elses_asset(chain: Chain) -> None:
    deployments = load_deployments(chain.chain_id)
    tokens = [receipt.token for each in deployments for receipt in each.receipts]

    assert len(tokens) == len(set(tokens)) == len(receipt_tokens(deployments))
    assert not any(chain.mirrors_native(token) for token in tokens)


@every_chain_with_some
def test_what_a_claim_is_in_is_a_listed_asset(chain: Chain) -> None:
    """Only a testnet's assets are asked what they are: no list has them."""
    listed = {token.address for token in load_tokens(chain.chain_id)}
    deployments = load_deployments(chain.chain_id)
    unlisted = {
        receipt.underlying
        for each in deployments
        for receipt in each.receipts
        if receipt.underlying not in listed and not chain.mirrors_native(receipt.underlying)
    }

    assert not unlisted or chain.testnet


@every_chain_with_some
def test_markets_of_a_protocol_on_a_chain_have_different_names(chain: Chain) -> None:
    names = [(each.family, each.protocol, each.market) for each in load_deployments(chain.chain_id)]

    assert len(names) == len(set(names))


def test_aave_v3_is_known_on_the_chains_where_most_of_it_is() -> None:
    for slug in ("ethereum", "arbitrum", "base", "optimism", "polygon", "avalanche", "bsc", "gnosis"):
        chain = CHAINS.find(slug)
        assert chain is not None
        assert "aave-v3" in {each.protocol for each in load_deployments(chain.chain_id)}
    assert load_deployments(ChainId(987654321)) == ()


def test_every_file_states_its_source() -> None:
    for path in (DATA / "protocols").iterdir():
        content = json.loads(path.read_text())
        assert re.match(r"@[\w/-]+@\d", content["source"])
        assert content["columns"] == ["token", "kind", "underlying"]
