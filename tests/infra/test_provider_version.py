"""Only providers are taken that can leave the traffic of a function where it is."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

import pytest

from tests.infra.terraform import CONFIGURATION, ROOT

# 7.31 and all before leave `all_traffic_on_latest_revision = false` out of what they send:
# https://github.com/hashicorp/terraform-provider-google/pull/27256
_HOLDING = "7.32.0"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def init(folder: Path, version: str) -> subprocess.CompletedProcess[str]:
    """`terraform init` of the provider's constraints, where there is this version of it only."""
    system = f"{platform.system().lower()}_{_ARCHITECTURES[platform.machine()]}"
    provider = folder / "mirror" / "registry.terraform.io" / "hashicorp" / "google" / version / system
    provider.mkdir(parents=True)
    (provider / f"terraform-provider-google_v{version}").write_text("#!/bin/sh\n")
    settings = folder / "terraform.rc"
    settings.write_text(f'provider_installation {{\n filesystem_mirror {{ path = "{folder}/mirror" }}\n}}\n')
    configuration = folder / "configuration"
    configuration.mkdir()
    (configuration / "versions.tf").write_text(constraints())
    return subprocess.run(
        ["terraform", "init", "-input=false", "-no-color"],
        cwd=configuration,
        env={**os.environ, "TF_CLI_CONFIG_FILE": str(settings), "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def constraints() -> str:
    """What the configuration says of its provider, without how that is set up."""
    return (CONFIGURATION / "versions.tf").read_text().partition('provider "google"')[0]


@pytest.mark.parametrize("version", [_HOLDING, "7.45.0"])
def test_a_provider_that_holds_traffic_is_taken(version: str, tmp_path: Path) -> None:
    done = init(tmp_path, version)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("version", ["6.50.0", "7.31.0", "8.0.0"])
def test_another_provider_is_refused(version: str, tmp_path: Path) -> None:
    done = init(tmp_path, version)

    assert done.returncode == 1
    assert "no available releases match the given constraints" in " ".join(done.stderr.split())


def test_the_whole_configuration_asks_for_the_same_provider() -> None:
    asked = {
        path.relative_to(CONFIGURATION).as_posix(): re.findall(
            r'source += "hashicorp/google"\n(?:\s+#.*\n)*\s+version += "(.*)"', path.read_text()
        )
        for path in CONFIGURATION.rglob("*.tf")
        if "hashicorp/google" in re.sub(r"#.*", "", path.read_text())
    }

    assert asked == {
        "versions.tf": [f">= {_HOLDING.removesuffix('.0')}, < 8"],
        "modules/function/versions.tf": [f">= {_HOLDING.removesuffix('.0')}, < 8"],
    }


def test_the_page_on_upgrades_names_the_providers_that_are_taken() -> None:
    pages = [(CONFIGURATION / name).read_text() for name in ("README.md", "THREATS.md")]

    assert all("7.x" in page and "6.x" not in page for page in pages)
    assert "7.32" in (ROOT / "tests" / "infra" / "schema.py").read_text()
