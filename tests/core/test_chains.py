"""A chain is found by any of its names, and no two chains share one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.chains import Chain, Chains, NativeCoin, PriceNames
from shared.core.ids import ChainId


def chain(chain_id: int, slug: str, *aliases: str, enabled: bool = True, slip44: int = 60) -> Chain:
    return Chain(
        chain_id=ChainId(chain_id),
        slug=slug,
        name=slug.title(),
        aliases=aliases,
        native=NativeCoin("ETH", "Ether", 18, slip44),
        wrapped_native=None,
        multicall=None,
        rpc_urls=("https://rpc.example",),
        explorers=(),
        block_time_seconds=None,
        price_names=PriceNames(None, None, None, None),
        enabled=enabled,
        testnet=False,
        runs_init_code=True,
    )


BSC = chain(56, "bsc", "binance-smart-chain", "BNB", slip44=714)
GNOSIS = chain(100, "gnosis", "xdai", enabled=False)
CHAINS = Chains([BSC, GNOSIS])


@pytest.mark.parametrize("name", ["bsc", "BSC", "Binance-Smart-Chain", "bnb", "BNB", "56", "eip155:56"])
def test_a_chain_is_found_by_slug_alias_id_and_caip2_in_any_case(name: str) -> None:
    assert CHAINS.find(name) is BSC


@pytest.mark.parametrize(
    "name", ["", "bs", "57", "eip155:57", "eip155:bsc", "solana:56", "bsc ", "-56", "5" * 30]
)
def test_an_unknown_name_finds_nothing(name: str) -> None:
    assert CHAINS.find(name) is None


@given(st.text())
def test_no_text_makes_the_search_fail(name: str) -> None:
    found = CHAINS.find(name)

    assert found is None or found in (BSC, GNOSIS)


def test_the_book_keeps_its_order_and_is_indexed_by_id() -> None:
    assert [c.slug for c in CHAINS] == ["bsc", "gnosis"]
    assert len(CHAINS) == 2
    assert CHAINS[ChainId(100)] is GNOSIS


def test_only_enabled_chains_are_read_by_default() -> None:
    assert CHAINS.enabled() == (BSC,)


def test_two_chains_with_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="two chains have the id 56"):
        Chains([BSC, chain(56, "other")])


@pytest.mark.parametrize("name", ["bsc", "BNB", "bnb", "Binance-Smart-Chain"])
def test_two_chains_with_one_name_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"bsc and other are both called {name.lower()}"):
        Chains([BSC, chain(1, "other", name)])


def test_a_chain_may_repeat_its_own_name_in_another_case() -> None:
    assert Chains([chain(1, "eth", "ETH")]).find("Eth") is not None


def test_a_chain_states_its_caip_ids() -> None:
    assert BSC.caip2 == "eip155:56"
    assert BSC.native_asset_id == "eip155:56/slip44:714"
