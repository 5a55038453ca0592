"""What only shows against the facts of the chains stops the start, with one line that names the variable."""

import pytest

from shared.config import Settings
from shared.errors import ConfigError
from shared.facts import load_chains
from shared.wiring import check_settings, choose_chains


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"CHAINS": "ethereum,nowhere"}, "CHAINS: nowhere is not a known chain"),
        ({"RPC_URL_999999": "https://key.example/secret"}, "RPC_URL_999999: 999999 is not a known chain"),
    ],
)
def test_a_setting_about_an_unknown_chain_is_named(variables: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_settings(Settings.from_env(variables))

    assert str(caught.value) == message


def test_named_chains_are_all_enabled_and_there_are_no_others() -> None:
    chosen = choose_chains(load_chains(), ("sepolia", "8453"))

    assert [chain.slug for chain in chosen] == ["sepolia", "base"]
    assert all(chain.enabled for chain in chosen)


def test_without_names_every_known_chain_may_be_asked_for() -> None:
    assert len(choose_chains(load_chains(), ())) == len(load_chains())
