"""The facts in `shared/data` are complete, unique, well-formed and what other sources say."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from eth_utils.address import is_checksum_address

from shared.core.chains import Chain
from shared.core.ids import Address
from shared.core.tokens import NAME_LENGTH, SYMBOL_LENGTH, sanitise_text
from shared.facts import DATA, load_chains, load_tokens

Json = dict[str, Any]

CHAINS = load_chains()
RECORDS: list[Json] = json.loads((DATA / "chains.json").read_text())["chains"]
every_chain = pytest.mark.parametrize("chain", tuple(CHAINS), ids=lambda chain: chain.slug)
enabled_chains = pytest.mark.parametrize("chain", CHAINS.enabled(), ids=lambda chain: chain.slug)

STANDARD_MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"


# Contracts whose `balanceOf` is the native balance once more: listing one would count the coin twice.
def as_json(chain: Chain) -> Json:
    """The record that the chain came from."""
    coin, names, multicall = chain.native, chain.price_names, chain.multicall
    return {
        "chain_id": chain.chain_id,
        "slug": chain.slug,
        "name": chain.name,
        "aliases": list(chain.aliases),
        "native": {
            "symbol": coin.symbol,
            "name": coin.name,
            "decimals": coin.decimals,
            "slip44": coin.slip44,
        },
        "wrapped_native": chain.wrapped_native,
        "multicall3": multicall and {"address": multicall.address, "block_created": multicall.block_created},
        "rpc_urls": list(chain.rpc_urls),
        "explorers": [{"name": e.name, "url": e.url, "api_url": e.api_url} for e in chain.explorers],
        "block_time_seconds": chain.block_time_seconds,
        "price_names": {
            "llama": names.llama,
            "coingecko_platform": names.coingecko_platform,
            "coingecko_native": names.coingecko_native,
            "backed": names.backed,
        },
        "enabled": chain.enabled,
        "testnet": chain.testnet,
        "runs_init_code": chain.runs_init_code,
        **({"native_mirrors": list(chain.native_mirrors)} if chain.native_mirrors else {}),
        **({"zapper": chain.zapper} if chain.zapper else {}),
    }


def test_loading_loses_nothing_of_any_record() -> None:
    # One by one: the difference between two lists of this size takes pytest minutes to explain.
    for chain, record in zip(CHAINS, RECORDS, strict=True):
        assert as_json(chain) == record


def test_the_chains_are_many_sorted_and_unique() -> None:
    ids = [chain.chain_id for chain in CHAINS]
    names = [name.lower() for chain in CHAINS for name in (chain.slug, *chain.aliases)]

    assert len(ids) >= 100
    assert ids == sorted(set(ids))
    assert len(names) == len(set(names))
    assert len({chain.name for chain in CHAINS}) == len(ids)


def test_about_thirty_mainnets_are_enabled() -> None:
    assert 25 <= len(CHAINS.enabled()) <= 35
    assert not any(chain.testnet for chain in CHAINS.enabled())


def test_the_readme_counts_right() -> None:
    text = (DATA / "README.md").read_text()

    assert f"{len(CHAINS) - 1} EVM mainnets and Sepolia" in text
    assert f"{len(CHAINS.enabled())} are read by default" in text


@every_chain
def test_names_are_clean(chain: Chain) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", chain.slug)
    for alias in chain.aliases:
        assert re.fullmatch(r"[a-z0-9]+([-_][a-z0-9]+)*", alias)
        assert not alias.isdigit()
        assert chain.testnet or not re.search("deprecated|testnet", alias)
    for text in (chain.name, chain.native.name, chain.native.symbol):
        assert text == sanitise_text(text, NAME_LENGTH)
        assert text
    assert not chain.name.endswith(" Mainnet") or chain.chain_id == 10


@every_chain
def test_addresses_have_their_checksums(chain: Chain) -> None:
    for address in (chain.wrapped_native, chain.multicall and chain.multicall.address):
        assert address is None or is_checksum_address(address)


@every_chain
def test_endpoints_are_public_https_urls_without_a_key(chain: Chain) -> None:
    assert 1 <= len(chain.rpc_urls) == len(set(chain.rpc_urls)) <= 5
    for url in (
        *chain.rpc_urls,
        *(e.url for e in chain.explorers),
        *(e.api_url or e.url for e in chain.explorers),
    ):
        parts = urlsplit(url)
        assert parts.scheme == "https"
        assert parts.hostname
        assert parts.username is None
        assert not re.search(r"[0-9a-fA-F]{16,}|[A-Za-z0-9_]{24,}|[${}<>\s]", parts.path + parts.query)
        assert not re.search(r"(?i)key|secret|token|auth", parts.query)


@every_chain
def test_no_endpoint_is_of_a_provider_known_to_be_gone_or_keyed(chain: Chain) -> None:
    gone = r"llamarpc|rpc\.ankr\.com|cloudflare-eth|flashbots|merkle\.io|blastapi\.io|gateway\.pokt"

    assert not [url for url in chain.rpc_urls if re.search(gone, url)]


@enabled_chains
def test_an_enabled_chain_has_all_that_a_good_answer_needs(chain: Chain) -> None:
    assert len({urlsplit(url).hostname for url in chain.rpc_urls}) >= 2
    assert chain.multicall is not None
    assert chain.price_names.llama is not None
    assert chain.price_names.coingecko_native is not None
    assert chain.explorers
    assert chain.block_time_seconds
    assert load_tokens(chain.chain_id)


def test_testnet_coins_have_no_price_names() -> None:
    testnets = [chain for chain in CHAINS if chain.testnet]

    assert [chain.slug for chain in testnets] == ["sepolia"]
    names = testnets[0].price_names
    assert (names.llama, names.coingecko_platform, names.coingecko_native, names.backed) == (None,) * 4


# SLIP-0044, https://github.com/satoshilabs/slips/blob/master/slip-0044.md
@pytest.mark.parametrize(
    ("slug", "slip44"),
    [
        ("ethereum", 60),
        ("optimism", 60),
        ("arbitrum", 60),
        ("lisk", 60),
        ("sepolia", 60),
        ("bsc", 714),
        ("op-bnb", 714),
        ("gnosis", 700),
        ("polygon", 966),
        ("avalanche", 9005),
        ("celo", 52752),
        ("rootstock", 137),
        ("ethereum-classic", 61),
    ],
)
def test_native_coins_have_their_registered_coin_types(slug: str, slip44: int) -> None:
    chain = CHAINS.find(slug)

    assert chain is not None
    assert chain.native.slip44 == slip44


def test_ether_is_ether_on_every_chain() -> None:
    for chain in CHAINS:
        if chain.native.symbol == "ETH":
            assert (chain.native.decimals, chain.native.slip44) == (18, 60)
            assert chain.testnet or chain.price_names.coingecko_native == "ethereum"


# https://github.com/DefiLlama/defillama-sdk, src/providers.json
@pytest.mark.parametrize(
    ("slug", "llama"),
    [
        ("ethereum", "ethereum"),
        ("gnosis", "xdai"),
        ("avalanche", "avax"),
        ("zksync", "era"),
        ("op-bnb", "op_bnb"),
        ("pulsechain", "pulse"),
        ("hyperevm", "hyperliquid"),
        ("kaia", "klaytn"),
        ("zetachain", "zeta"),
        ("arbitrum-nova", "arbitrum_nova"),
    ],
)
def test_defillama_names_are_known_and_are_aliases(slug: str, llama: str) -> None:
    chain = CHAINS.find(slug)

    assert chain is not None
    assert chain.price_names.llama == llama
    assert CHAINS.find(llama) is chain


# The networks of Zapper's `/v2/balances` that are alive, and their chain ids.
@pytest.mark.parametrize(
    ("network", "chain_id"),
    [
        ("ethereum", 1),
        ("polygon", 137),
        ("optimism", 10),
        ("gnosis", 100),
        ("binance-smart-chain", 56),
        ("fantom", 250),
        ("avalanche", 43114),
        ("arbitrum", 42161),
        ("celo", 42220),
        ("cronos", 25),
        ("aurora", 1313161554),
        ("base", 8453),
    ],
)
def test_zapper_network_names_find_their_chains(network: str, chain_id: int) -> None:
    chain = CHAINS.find(network)

    assert chain is not None
    assert chain.chain_id == chain_id


def test_multicall3_is_at_its_own_addresses_on_zk_stack_chains() -> None:
    # https://github.com/mds1/multicall3: the deterministic address does not exist there.
    zk_stack = {chain.slug for chain in CHAINS if not chain.runs_init_code} - {"filecoin", "hedera"}

    assert zk_stack == {"zksync", "abstract", "lens", "sophon", "cronos-zkevm", "zklink-nova"}
    for slug in zk_stack:
        chain = CHAINS.find(slug)
        assert chain is not None
        assert chain.multicall is None or chain.multicall.address != STANDARD_MULTICALL3
    for slug in ("zksync", "abstract"):
        chain = CHAINS.find(slug)
        assert chain is not None
        assert chain.multicall is not None
        assert chain.multicall.address == "0xF9cda624FBC7e059355ce98a31693d299FACd963"


@every_chain
def test_listed_tokens_are_well_formed(chain: Chain) -> None:
    tokens = load_tokens(chain.chain_id)

    assert len({token.address for token in tokens}) == len(tokens)
    for token in tokens:
        assert token.address is not None
        assert is_checksum_address(token.address)
        assert token.asset_id == f"eip155:{chain.chain_id}/erc20:{token.address}"
        assert token.symbol == sanitise_text(token.symbol, SYMBOL_LENGTH) != ""
        assert token.name == sanitise_text(token.name, NAME_LENGTH) != ""
        assert 0 <= token.decimals <= 24
        assert token.listed


@every_chain
def test_the_wrapped_native_is_listed_with_the_coins_decimals(chain: Chain) -> None:
    if chain.wrapped_native is None:
        return
    decimals = {token.address: token.decimals for token in load_tokens(chain.chain_id)}

    # WHBAR counts in tinybars, https://docs.hedera.com
    assert decimals[chain.wrapped_native] == (8 if chain.slug == "hedera" else chain.native.decimals)


@every_chain
def test_no_list_holds_the_native_coin_once_more(chain: Chain) -> None:
    addresses = {str(token.address) for token in load_tokens(chain.chain_id)} | {str(chain.wrapped_native)}

    assert not {address.lower() for address in addresses} & {"0x" + "0" * 40, "0x" + "e" * 40}
    assert not any(chain.mirrors_native(Address(address)) for address in addresses)


@pytest.mark.parametrize("slug", ["ethereum", "base", "arbitrum", "polygon", "optimism", "avalanche"])
def test_usdc_is_listed_with_six_decimals(slug: str) -> None:
    chain = CHAINS.find(slug)

    assert chain is not None
    assert 6 in {token.decimals for token in load_tokens(chain.chain_id) if token.symbol == "USDC"}


def test_every_token_list_states_its_source_and_belongs_to_a_chain() -> None:
    for path in (DATA / "tokens").iterdir():
        assert CHAINS.find(path.stem) is not None
        content = json.loads(path.read_text())
        assert re.match(r"@?[\w/-]+@\d|wrapped native: ", content["source"])
        assert content["columns"] == ["address", "symbol", "name", "decimals"]
