"""What Terraform's plan says of functions, in the JSON of `terraform show -json`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from .gcloud import ReleaseFailed

_FUNCTION = re.compile(r'module\.function\["(\w+)"\]\.google_cloudfunctions2_function\.this')


@dataclass(frozen=True, slots=True)
class Plan:
    """What a release has to know of a plan."""

    region: str
    updated: frozenset[str]
    """The functions that are there and would be changed."""


def read_plan(path: Path) -> Plan:
    """The plan in a file. Raises ReleaseFailed when there is none."""
    try:
        told = json.loads(path.read_text())
        region = told["variables"]["region"]["value"]
        changes = [(change["address"], change["change"]["actions"]) for change in told["resource_changes"]]
        found = [(_FUNCTION.fullmatch(address), actions) for address, actions in changes]
        return Plan(region, frozenset(match[1] for match, actions in found if match and "update" in actions))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseFailed(f"{path} is no plan of Terraform's, as JSON") from error
