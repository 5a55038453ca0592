"""The database has the indexes, the expiry and the protection that the stores count on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.infra.terraform import CONFIGURATION, Deployment

DECLARED: dict[str, list[dict[str, Any]]] = json.loads((CONFIGURATION / "firestore.indexes.json").read_text())


def in_order(declared: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(one, sort_keys=True) for one in declared)


def test_every_declared_index_is_made(deployment: Deployment) -> None:
    made = [
        {
            "collectionGroup": index.values["collection"],
            "queryScope": index.values["query_scope"],
            "fields": [{"fieldPath": f["field_path"], "order": f["order"]} for f in index.values["fields"]],
        }
        for index in deployment.all("firestore_index")
    ]

    assert in_order(made) == in_order(DECLARED["indexes"])


def test_every_field_is_indexed_and_expires_as_declared(deployment: Deployment) -> None:
    made = [
        {
            "collectionGroup": field.values["collection"],
            "fieldPath": field.values["field"],
            "indexes": [
                {"order": index["order"], "queryScope": index["query_scope"]}
                for index in field.values["index_config"][0]["indexes"]
            ],
            "ttl": bool(field.values["ttl_config"]),
        }
        for field in deployment.all("firestore_field")
    ]
    declared = [{"ttl": False, **field} for field in DECLARED["fieldOverrides"]]

    assert in_order(made) == in_order(declared)


def test_the_database_is_never_deleted_by_terraform(deployment: Deployment) -> None:
    database = deployment.one("firestore_database")

    assert (database["name"], database["type"]) == ("(default)", "FIRESTORE_NATIVE")
    assert database["delete_protection_state"] == "DELETE_PROTECTION_ENABLED"
    assert database["deletion_policy"] == "ABANDON"


@pytest.mark.parametrize(
    ("which", "place", "backups"), [("small", "us-central1", 0), ("production", "eur3", 1)]
)
def test_any_minute_of_a_week_can_be_gone_back_to_and_production_has_backups(
    which: str, place: str, backups: int, request: pytest.FixtureRequest
) -> None:
    deployment: Deployment = request.getfixturevalue(which)
    database = deployment.one("firestore_database")

    assert database["location_id"] == place
    assert database["point_in_time_recovery_enablement"] == "POINT_IN_TIME_RECOVERY_ENABLED"
    assert len(deployment.all("firestore_backup_schedule")) == backups
