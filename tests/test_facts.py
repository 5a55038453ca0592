"""Facts are read once and as they are written, and a broken record is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.core.ids import ChainId
from shared.errors import ConfigError
from shared.facts import DATA, all_deployments, load_chains, load_deployments, load_tokens

Json = dict[str, Any]


def test_a_chain_without_a_list_has_no_tokens() -> None:
    assert load_tokens(ChainId(987654321)) == ()


def test_facts_are_read_once() -> None:
    assert load_chains() is load_chains()
    assert load_tokens(ChainId(1)) is load_tokens(ChainId(1))
    assert load_deployments(ChainId(1)) is load_deployments(ChainId(1))


SMALL: Json = {
    "chain_id": 987654321,
    "slug": "nowhere",
    "name": "Nowhere",
    "native": {"symbol": "NOW", "name": "Now", "decimals": 18, "slip44": 60},
    "rpc_urls": ["http://127.0.0.1:8545"],
}


def write_chains(folder: Path, *records: Json) -> Path:
    path = folder / "chains.json"
    path.write_text(json.dumps({"chains": records}))
    return path


def test_the_example_in_the_readme_is_such_a_record(tmp_path: Path) -> None:
    text = (DATA / "README.md").read_text()
    example = json.loads(text.split("```json\n")[1].split("```")[0])

    assert example.keys() == SMALL.keys()
    assert len(load_chains(write_chains(tmp_path, example))) == 1


def test_adding_a_chain_is_one_record_with_five_fields(tmp_path: Path) -> None:
    shipped = json.loads((DATA / "chains.json").read_text())["chains"]
    chains = load_chains(write_chains(tmp_path, *shipped, SMALL))

    chain = chains.find("Nowhere")
    assert chain is not None
    assert chain is chains.find("987654321") is chains.find("eip155:987654321")
    assert len(chains) == len(shipped) + 1
    assert (chain.aliases, chain.explorers, chain.wrapped_native, chain.multicall) == ((), (), None, None)
    assert (chain.enabled, chain.testnet, chain.runs_init_code) == (False, False, True)


def test_an_address_in_one_case_gets_its_checksum(tmp_path: Path) -> None:
    weth = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
    for text in (weth.lower(), "0x" + weth[2:].upper(), weth):
        folder = tmp_path / text
        folder.mkdir()
        assert (
            next(iter(load_chains(write_chains(folder, SMALL | {"wrapped_native": text})))).wrapped_native
            == weth
        )


BROKEN: list[tuple[Callable[[Json], object], str]] = [
    (lambda r: r.pop("chain_id"), "chain 1: chain_id must be a whole number"),
    (lambda r: r.update(chain_id=True), "chain 1: chain_id must be a whole number"),
    (lambda r: r.pop("slug"), r"chain 1 \(987654321\): slug must be a text"),
    (lambda r: r.update(aliases=["a", 1]), "aliases must be a list of texts"),
    (lambda r: r.pop("native"), "native: must be an object"),
    (lambda r: r["native"].pop("slip44"), "native: slip44 must be a whole number"),
    (lambda r: r["native"].update(decimals="18"), "native: decimals must be a whole number"),
    (lambda r: r.update(wrapped_native="0x12"), "wrapped_native: '0x12' is not an address"),
    (lambda r: r.update(multicall3={"block_created": 1}), "multicall3: address is missing"),
    (lambda r: r.update(rpc_urls=[]), "rpc_urls must hold at least one URL"),
    (lambda r: r.update(rpc_urls=["wss://x"]), "rpc_urls must hold at least one URL, http or https"),
    (lambda r: r.update(explorers=[{"name": "x"}]), "explorers: url must be a text"),
    (lambda r: r.update(block_time_seconds=0), "block_time_seconds must be a number above zero"),
    (lambda r: r.update(block_time_seconds=True), "block_time_seconds must be a number above zero"),
    (lambda r: r.update(price_names={"lama": "x"}), "price_names: lama is not a known field"),
    (lambda r: r.update(enabled="yes"), "enabled must be true or false"),
    (lambda r: r.update(rpc_url="https://x"), "rpc_url is not a known field"),
]


@pytest.mark.parametrize(("damage", "message"), BROKEN, ids=[message for _, message in BROKEN])
def test_a_broken_record_is_named(damage: Callable[[Json], object], message: str, tmp_path: Path) -> None:
    record = json.loads(json.dumps(SMALL))
    damage(record)

    with pytest.raises(ConfigError, match=message):
        load_chains(write_chains(tmp_path, record))


def test_two_records_with_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="both called nowhere"):
        load_chains(write_chains(tmp_path, SMALL, SMALL | {"chain_id": 5}))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"chains": 1}'])
def test_a_file_that_is_not_a_list_of_chains_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "chains.json").write_text(content)

    with pytest.raises(ConfigError, match=r"chains\.json: "):
        load_chains(tmp_path / "chains.json")


@pytest.mark.parametrize(
    "row",
    [
        ["0x12", "A", "A", 18],
        ["0x" + "1" * 40, "A", "A", 256],
        ["0x" + "1" * 40, "A", "A"],
        {"address": "0x"},
        None,
    ],
)
def test_a_broken_token_is_named_by_its_place(row: object, tmp_path: Path) -> None:
    good = ["0x" + "1" * 40, "A", "A", 18]
    (tmp_path / "5.json").write_text(json.dumps({"tokens": [good, row]}))

    with pytest.raises(ConfigError, match=r"5\.json, token 2: "):
        load_tokens(ChainId(5), tmp_path)


ROW = ["0x" + "11" * 20, "deposit", "0x" + "22" * 20]
DEPLOYED: Json = {"protocol": "lending", "chain_id": 1, "receipts": [ROW]}


def write_deployments(folder: Path, *records: Json) -> Path:
    (folder / "family.json").write_text(json.dumps({"deployments": records}))
    return folder


def test_a_deployment_is_of_the_family_that_its_file_is_called(tmp_path: Path) -> None:
    (found,) = all_deployments(write_deployments(tmp_path, DEPLOYED))

    assert (found.family, found.protocol, found.chain_id, found.market) == ("family", "lending", 1, None)
    (receipt,) = found.receipts
    assert (receipt.token, receipt.kind, receipt.underlying) == (ROW[0], "deposit", ROW[2])


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"protocol": 5}, "protocol must be a text"),
        ({"chain_id": "1"}, "chain_id must be a whole number"),
        ({"receipts": [[*ROW, "more"]]}, "a receipt must be"),
        ({"receipts": [[ROW[0], "stolen", ROW[2]]]}, "a receipt must be"),
        ({"receipts": [["0x11", "debt", ROW[2]]]}, "is not an address"),
        ({"markt": "Main"}, "markt is not a known field"),
    ],
)
def test_a_broken_deployment_is_named(broken: Json, says: str, tmp_path: Path) -> None:
    folder = write_deployments(tmp_path, DEPLOYED, {**DEPLOYED, **broken})
    with pytest.raises(ConfigError, match=says) as raised:
        all_deployments(folder)

    assert "family.json, deployment 2" in str(raised.value)
