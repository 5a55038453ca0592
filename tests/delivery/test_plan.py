"""A plan that is none is said to be none, whatever it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.delivery.gcloud import ReleaseFailed
from infra.delivery.plan import Plan, read_plan

REGION = {"region": {"value": "r"}}
ADDRESS = 'module.function["http"].google_cloudfunctions2_function.this'
CHANGE = {"address": ADDRESS, "change": {"actions": ["update"]}}


@pytest.mark.parametrize(
    "told",
    [
        [],
        None,
        "plan",
        {},
        {"variables": REGION, "resource_changes": None},
        {"variables": None, "resource_changes": []},
        {"variables": REGION, "resource_changes": [None]},
        {"variables": REGION, "resource_changes": [{**CHANGE, "address": None}]},
        {"variables": REGION, "resource_changes": [{**CHANGE, "change": {"actions": None}}]},
    ],
)
def test_what_is_no_plan_is_said_to_be_none(tmp_path: Path, told: object) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(told))

    with pytest.raises(ReleaseFailed, match="is no plan of Terraform's, as JSON"):
        read_plan(path)


def test_a_plan_names_the_functions_that_it_updates(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"variables": REGION, "resource_changes": [CHANGE]}))

    assert read_plan(path) == Plan("r", frozenset({"http"}))
