"""What the accounts may do that are no function's: each thing of its kind, and no more."""

from __future__ import annotations

import re

import pytest

from tests.infra.terraform import CONFIGURATION, Deployment

KINDS = (
    "artifact_registry_repository",
    "cloud_run_service",
    "project",
    "pubsub_subscription",
    "pubsub_topic",
    "secret_manager_secret",
    "service_account",
    "storage_bucket",
)
_PLACES = (
    "bucket",
    "repository",
    "service",
    "topic",
    "subscription",
    "secret_id",
    "service_account_id",
    "project",
)
_CALLS = "roles/run.invoker"


def roles_of(deployment: Deployment, account: str) -> set[tuple[str, str, str]]:
    """Kind and name of each thing, and the role on it."""
    member = f"service_account.chainfolio-{account}.member"
    return {
        (
            kind,
            next(str(grant.values[place]) for place in _PLACES if grant.values.get(place)),
            grant.values["role"],
        )
        for kind in KINDS
        for grant in deployment.all(f"{kind}_iam_member")
        if grant.values["member"] == member
    }


def test_who_builds_reads_bundles_and_sources_and_writes_images_and_logs(deployment: Deployment) -> None:
    assert roles_of(deployment, "build") == {
        (
            "artifact_registry_repository",
            "artifact_registry_repository.chainfolio.name",
            "roles/artifactregistry.writer",
        ),
        ("project", "demo-project", "roles/logging.logWriter"),
        ("project", "demo-project", "roles/storage.objectViewer"),
        ("storage_bucket", "demo-project-chainfolio-bundles", "roles/storage.objectViewer"),
    }


@pytest.mark.parametrize(("which", "region"), [("small", "us-central1"), ("production", "europe-west1")])
def test_who_builds_reads_no_other_bucket_of_the_project(
    which: str, region: str, request: pytest.FixtureRequest
) -> None:
    deployment: Deployment = request.getfixturevalue(which)
    (condition,) = (
        grant.values["condition"][0]["expression"]
        for grant in deployment.all("project_iam_member")
        if grant.values["role"] == "roles/storage.objectViewer"
    )

    # As Cloud Functions names it: https://cloud.google.com/functions/docs/building, "Source bucket".
    bucket = f"gcf-v2-sources-project.one.number-{region}"
    assert condition == f'resource.name.startsWith("projects/_/buckets/{bucket}")'


@pytest.mark.parametrize(
    ("account", "services"),
    [
        ("push", {"fetch-balances", "snapshot"}),
        ("scheduler", {"archive", "snapshot"}),
        ("smoke", {"archive", "fetch-balances", "snapshot"}),
    ],
)
def test_who_calls_triggers_may_do_that_only(
    account: str, services: set[str], deployment: Deployment
) -> None:
    assert roles_of(deployment, account) == {
        ("cloud_run_service", f"chainfolio-{service}", _CALLS) for service in services
    }


def test_every_kind_of_thing_that_roles_are_given_on_is_looked_at() -> None:
    text = "".join(path.read_text() for path in CONFIGURATION.rglob("*.tf"))

    assert set(re.findall(r'^resource "google_(\w+)_iam_\w+"', text, re.MULTILINE)) == set(KINDS)
    assert not re.search(r'^resource "google_\w+_iam_(?!member")', text, re.MULTILINE)
