"""The bills of materials: of every deployed set, exactly its pins, with their hashes, the same every time."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.delivery.tools import ROOT, tool

PINNED = sorted((ROOT / "shared").glob("requirements*.txt"))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The bills, made twice."""
    tool("cyclonedx-py")
    one, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other")
    for folder in (one, other):
        # What make would set up first is there.
        up_to_date = ["--assume-old=.venv/ready", "--assume-old=.venv-delivery/ready"]
        command = ["make", "--silent", *up_to_date, "sbom", f"DIST={folder}"]
        subprocess.run(command, cwd=ROOT, check=True, timeout=120)
    return one, other


@pytest.mark.parametrize("pins", PINNED, ids=lambda path: path.stem)
def test_a_bill_lists_exactly_the_pins_with_their_hashes(pins: Path, folders: tuple[Path, Path]) -> None:
    bill = json.loads((folders[0] / f"{pins.stem}.cdx.json").read_text())
    pinned = re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", pins.read_text(), flags=re.MULTILINE)
    listed = [(part["name"].lower(), part["version"]) for part in bill["components"]]

    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert pinned
    assert sorted(listed) == sorted(pinned)
    for part in bill["components"]:
        assert part["purl"] == f"pkg:pypi/{part['name'].lower().replace('_', '-')}@{part['version']}"
        assert any(reference.get("hashes") for reference in part["externalReferences"])


def test_bills_of_the_same_pins_are_the_same(folders: tuple[Path, Path]) -> None:
    one, other = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)

    assert one == other
    assert len(one) == len(PINNED)
