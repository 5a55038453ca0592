"""What the README says of settings and commands is true."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from shared.config import Settings
from shared.facts import load_chains

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()


class Recorder(Mapping[str, str]):
    """An environment with nothing set that remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def test_the_table_of_settings_is_complete_and_has_nothing_else() -> None:
    environment = Recorder()
    Settings.from_env(environment)
    by_pattern = {"ETH_RPC_URL", "SEPOLIA_RPC_URL", "RPC_URL_<CHAIN_ID>"}

    assert (
        set(re.findall(r"^\| `([A-Z][A-Z_<>]+)` \|", README, re.MULTILINE)) == environment.asked | by_pattern
    )


def test_the_default_urls_are_the_programs_own() -> None:
    apis = Settings().price_apis
    stated = dict(re.findall(r"^\| `([A-Z_]+_BASE_URL)` \| `([^`]+)`", README, re.MULTILINE))

    assert stated == {
        "CMC_BASE_URL": apis.coinmarketcap_url,
        "BACKED_BASE_URL": apis.backed_url,
        "LLAMA_BASE_URL": apis.llama_url,
        "COINGECKO_BASE_URL": apis.coingecko_url,
    }


def test_every_command_it_shows_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = set(re.findall(r"\bmake ([a-z]+)", README))

    assert shown <= targets


def test_the_number_of_enabled_chains_is_the_one_stated() -> None:
    assert f"{len(load_chains().enabled())} EVM chains" in README


def test_every_file_it_links_to_exists() -> None:
    links = re.findall(r"\]\(((?!https?:)[^)]+)\)", README)

    assert links
    assert all((ROOT / link).exists() for link in links)
