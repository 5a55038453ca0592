"""What is installed is what was pinned: every package by its hash, the installer itself too."""

from __future__ import annotations

import re

import pytest

from tests.delivery.tools import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()


def sets_of_pins() -> set[str]:
    """What the Makefile installs."""
    return set(re.findall(r"[\w/-]+\.txt", MAKEFILE.partition("\nclean:")[2]))


@pytest.mark.parametrize("pins", sorted(sets_of_pins()))
def test_every_package_has_its_hash(pins: str) -> None:
    text = (ROOT / pins).read_text().replace("\\\n", "")
    packages = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]

    assert packages
    assert all(re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line) for line in packages)


def test_the_makefile_installs_nothing_but_pins() -> None:
    lines = MAKEFILE.replace("\\\n", " ").splitlines()
    installing = [line for line in lines if re.search(r"pip (install|download|sync) ", line)]

    assert len(installing) >= 6
    for line in installing:
        assert "--require-hashes" in line or re.search(r"uv pip sync .*\S+\.txt$", line), line


def test_every_set_of_pins_is_made_by_make_lock() -> None:
    locked = {
        f"{folder}/{name}"
        for folder, name in re.findall(r"^\tcd (\S+) && .* -o (\S+)$", MAKEFILE, re.MULTILINE)
    }

    assert sets_of_pins() == locked


def test_the_hashes_of_providers_can_be_committed() -> None:
    """An ignored lock file would leave every build with what is served that day."""
    assert ".terraform.lock.hcl" not in (ROOT / ".gitignore").read_text()
