"""What only Google knows, and no schema says: which metrics there are, and which API serves what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.infra.terraform import CONFIGURATION, Deployment

# https://cloud.google.com/monitoring/api/metrics_gcp: each metric with the resource that it is of.
METRICS: Mapping[str, str] = {
    "monitoring.googleapis.com/uptime_check/check_passed": "uptime_url",
    "pubsub.googleapis.com/subscription/num_undelivered_messages": "pubsub_subscription",
    "pubsub.googleapis.com/subscription/oldest_unacked_message_age": "pubsub_subscription",
    "run.googleapis.com/container/instance_count": "cloud_run_revision",
    "run.googleapis.com/container/memory/utilizations": "cloud_run_revision",
    "run.googleapis.com/request_count": "cloud_run_revision",
    "run.googleapis.com/request_latencies": "cloud_run_revision",
}
LABELS: Mapping[str, set[str]] = {
    "monitoring.googleapis.com/uptime_check/check_passed": {"check_id"},
    "run.googleapis.com/request_count": {"response_code_class"},
}
# A distribution is aligned by a percentile, a fraction by what is true of it.
DISTRIBUTIONS = {"run.googleapis.com/container/memory/utilizations", "run.googleapis.com/request_latencies"}

# How the names of Terraform's resources begin, and the APIs that make them.
APIS: Mapping[str, set[str]] = {
    "artifact_registry": {"artifactregistry"},
    "billing_budget": {"billingbudgets"},
    "cloud_run": {"run"},
    "cloud_scheduler": {"cloudscheduler"},
    # A function is built by Cloud Build into Artifact Registry, and runs as a service of Cloud Run.
    "cloudfunctions2": {"cloudfunctions", "cloudbuild", "artifactregistry", "run"},
    "compute": {"compute"},
    "firestore": {"firestore"},
    "logging": {"logging"},
    "monitoring": {"monitoring"},
    "pubsub": {"pubsub"},
    "secret_manager": {"secretmanager"},
    "service_account": {"iam"},
    "storage": {"storage"},
    "workflows": {"workflows"},
}
# Those that Terraform itself needs are switched on by hand: README.md, "Before the first time".
BY_HAND = {"project_iam": "cloudresourcemanager", "project_service": "serviceusage"}
# What no resource stands for: sign-in, traces by two ways, and a release's question to new revisions.
BESIDES = {"identitytoolkit", "cloudtrace", "telemetry", "workflowexecutions"}

COMPARISONS: Mapping[str, str] = {
    "backlog": "COMPARISON_GT",
    "chains": "COMPARISON_GT",
    "dead_letters": "COMPARISON_GT",
    "errors": "COMPARISON_GT",
    "latency": "COMPARISON_GT",
    "parts": "COMPARISON_GT",
    "prices": "COMPARISON_GT",
    "saturation": "COMPARISON_GT",
    "schedule": "COMPARISON_GT",
    "unexpected_errors": "COMPARISON_GT",
    "uptime": "COMPARISON_LT",
}
_OURS = "logging.googleapis.com/user/"


def conditions(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Filter and aligner of every chart and alert, and of what alerts divide by."""
    dashboard = json.loads(deployment.one("monitoring_dashboard")["dashboard_json"])
    for widget in dashboard["gridLayout"]["widgets"]:
        for shown in widget["xyChart"]["dataSets"]:
            series = shown["timeSeriesQuery"]["timeSeriesFilter"]
            yield series["filter"], series["aggregation"]["perSeriesAligner"]
    for threshold in thresholds(deployment).values():
        yield threshold["filter"], threshold["aggregations"][0]["per_series_aligner"]
        if threshold["denominator_filter"]:
            aggregation = threshold["denominator_aggregations"][0]
            yield threshold["denominator_filter"], aggregation["per_series_aligner"]


def thresholds(deployment: Deployment) -> dict[str, Any]:
    return {
        str(alert.key): alert.values["conditions"][0]["condition_threshold"][0]
        for alert in deployment.all("monitoring_alert_policy")
    }


def test_charts_and_alerts_are_of_metrics_that_google_has(deployment: Deployment) -> None:
    used = set()
    for text, aligner in conditions(deployment):
        (metric,) = re.findall(r'metric\.type="([^"]+)"', text)
        (resource,) = re.findall(r'resource\.type="([^"]+)"', text)
        if metric.startswith(_OURS):
            continue
        used.add(metric)
        assert METRICS.get(metric) == resource, text
        assert set(re.findall(r"metric\.labels?\.(\w+)", text)) <= LABELS.get(metric, set())
        assert (metric in DISTRIBUTIONS) == (aligner == "ALIGN_PERCENTILE_99"), text

    assert used == METRICS.keys()


def test_an_alert_is_on_the_side_of_its_threshold_that_is_bad(deployment: Deployment) -> None:
    compared = {name: threshold["comparison"] for name, threshold in thresholds(deployment).items()}

    assert compared == COMPARISONS


def test_the_apis_are_those_of_what_is_made(deployment: Deployment) -> None:
    text = "".join(path.read_text() for path in CONFIGURATION.rglob("*.tf"))
    kinds = set(re.findall(r'^resource "google_(\w+)"', text, re.MULTILINE))
    served = {kind: [start for start in (*APIS, *BY_HAND) if kind.startswith(start)] for kind in kinds}
    needed = {api for (start,) in served.values() if start in APIS for api in APIS[start]}
    switched_on = {service.values["service"] for service in deployment.all("project_service")}

    assert switched_on == {f"{api}.googleapis.com" for api in needed | BESIDES}


@pytest.mark.parametrize("api", [*BY_HAND.values(), "storage"])
def test_what_terraform_itself_needs_is_switched_on_by_hand(api: str) -> None:
    readme = (CONFIGURATION / "README.md").read_text()
    (command,) = re.findall(r"gcloud services enable (.*)", readme)

    assert f"{api}.googleapis.com" in command.split()


def test_the_budget_watches_this_project_only(production: Deployment) -> None:
    # By its number, which alone Google keeps: by its id, every plan would change it.
    assert production.one("billing_budget")["budget_filter"][0]["projects"] == ["projects/project.one.number"]
