"""Runs Terraform over a copy of the configuration, with a stand-in for Google's provider."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
CONFIGURATION = ROOT / "infra" / "terraform"
SCHEMA = ROOT / ".cache" / "terraform" / "google.json"
PYTHON = ROOT / ".venv-terraform" / "bin" / "python"

SMALL: Mapping[str, object] = {"project_id": "demo-project"}
PRODUCTION: Mapping[str, object] = {
    "project_id": "demo-project",
    "region": "europe-west1",
    "firestore_location": "eur3",
    "production": True,
    "domain": "api.example.com",
    "billing_account": "012345-6789AB-CDEF01",
    "alert_emails": ["on-call@example.com"],
    "secrets": {
        "COINMARKETCAP_API_KEY": 2,
        "ETH_RPC_URL": 1,
        "RPC_URL_8453": 3,
        "COINGECKO_API_KEY": 0,
        "SESSION_KEY": 4,
    },
    "settings": {"CHAINS": "ethereum,base", "SIWE_DOMAINS": "app.example.com"},
    "held": ["trades"],
}


class ToolMissing(Exception):
    """What Terraform's tests need is not there."""


@dataclass(frozen=True)
class Resource:
    """One that was applied, and where it is in the configuration."""

    address: str
    kind: str
    key: str | int | None
    values: Mapping[str, Any]

    @property
    def function(self) -> str | None:
        """The function that it belongs to, if it is of its module."""
        start, found, rest = self.address.partition('module.function["')
        return rest.partition('"')[0] if found and not start else None


class Deployment:
    """Everything that a configuration made."""

    def __init__(self, resources: list[Resource]) -> None:
        self._resources = resources

    def all(self, kind: str) -> list[Resource]:
        """Those of a kind, without the prefix that all have."""
        return [resource for resource in self._resources if resource.kind == f"google_{kind}"]

    def by_function(self, kind: str) -> dict[str, Resource]:
        """The one of a kind that each function has."""
        return {resource.function: resource for resource in self.all(kind) if resource.function}

    def one(self, kind: str) -> Mapping[str, Any]:
        """The values of the only one of a kind."""
        (resource,) = self.all(kind)
        return resource.values


class Terraform:
    """The command in a folder of its own that holds a copy of the configuration and made-up bundles."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "configuration"
        self._environ = {**os.environ, "TF_CLI_CONFIG_FILE": str(_prepare(folder)), "CHECKPOINT_DISABLE": "1"}
        ignored = shutil.ignore_patterns(".*", "backend.tf", "*.tfvars*")
        shutil.copytree(CONFIGURATION, self.folder, ignore=ignored)
        bundles = self.folder / ".bundles"
        bundles.mkdir()
        for main in (ROOT / "functions").glob("*/main.py"):
            self.bundle(main.parent.name, "0" * 64)

    def bundle(self, function: str, digest: str) -> None:
        """Make up a function's bundle."""
        (self.folder / ".bundles" / f"{function}.zip").write_bytes(b"")
        (self.folder / ".bundles" / f"{function}.sha256").write_text(f"{digest}\n")

    def choose(self, variables: Mapping[str, object]) -> None:
        """Give the configuration its variables."""
        (self.folder / "terraform.tfvars.json").write_text(json.dumps(variables))

    def run(self, *arguments: str, fine: tuple[int, ...] = (0,)) -> str:
        """What the command printed. Raises AssertionError with all of it unless its exit code is fine."""
        command = [_terraform(), *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode in fine, done.stdout + done.stderr
        return done.stdout if done.returncode == 0 else done.stdout + done.stderr

    def apply(self, variables: Mapping[str, object]) -> Deployment:
        """Make everything, of thin air, and return it."""
        self.choose(variables)
        self.run("get")
        self.run("apply", "-auto-approve", "-input=false", "-no-color", "-compact-warnings")
        return Deployment(list(_resources(json.loads(self.run("show", "-json"))["values"]["root_module"])))

    def plan(self) -> dict[str, list[str]]:
        """What would be done to which address; what would not change is left out."""
        self.run("plan", "-input=false", "-no-color", "-compact-warnings", "-out=plan")
        changes = json.loads(self.run("show", "-json", "plan"))["resource_changes"]
        planned = {change["address"]: change["change"]["actions"] for change in changes}
        return {address: actions for address, actions in planned.items() if actions != ["no-op"]}


def _terraform() -> str:
    found = shutil.which("terraform")
    if found is None:
        raise ToolMissing("Terraform 1.9 or later is not installed")
    return found


def _prepare(folder: Path) -> Path:
    """Terraform's settings for taking our provider for Google's."""
    if not PYTHON.exists() or not SCHEMA.exists():
        raise ToolMissing("the stand-in provider is not set up: run make .venv-terraform/ready")
    provider, schema = folder / "terraform-provider-google", folder / "google.json"
    schema.write_text(json.dumps(_named_in_configuration(json.loads(SCHEMA.read_text()))))
    script = Path(__file__).with_name("provider.py")
    provider.write_text(f'#!/bin/sh\nexec "{PYTHON}" "{script}" "{schema}"\n')
    provider.chmod(0o700)
    settings = folder / "terraform.rc"
    override = f'dev_overrides {{\n "hashicorp/google" = "{folder}"\n}}'
    settings.write_text(f"provider_installation {{\n{override}\n}}\n")
    return settings


def _named_in_configuration(schema: dict[str, Any]) -> dict[str, Any]:
    """The schemas that the configuration has a use for: Terraform asks for all there are at every start."""
    text = "".join(path.read_text() for path in CONFIGURATION.rglob("*.tf"))
    named = set(re.findall(r'"(google_\w+)"', text))
    cut = {
        kind: {n: s for n, s in schema[kind].items() if n in named} for kind in ("resources", "data_sources")
    }
    return {**schema, **cut}


def _resources(module: Mapping[str, Any]) -> Iterator[Resource]:
    for found in module.get("resources", []):
        if found["mode"] == "managed":
            yield Resource(found["address"], found["type"], found.get("index"), found["values"])
    for child in module.get("child_modules", []):
        yield from _resources(child)
