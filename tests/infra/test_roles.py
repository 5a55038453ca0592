"""Each function may do what its code does, and no more: both are told from the code."""

from __future__ import annotations

import pytest

from tests.infra.reach import ROOT, Reach, port_methods, reach_of
from tests.infra.terraform import Deployment

FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/main.py"))
STORE = frozenset[str]().union(
    *(port_methods(path) for path in (ROOT / "shared" / "store").glob("*ports.py"))
)
# A method of a port that begins so leaves what is kept as it was; any other may change it.
READING = ("count_", "find_", "follow", "get_", "joins_", "list_", "load_", "page_", "read_")
# Every function sends its traces.
TRACES = {"roles/telemetry.tracesWriter", "roles/serviceusage.serviceUsageConsumer"}


def project_roles_needed(reach: Reach) -> set[str]:
    used = reach.names & STORE if "store" in reach.edges else frozenset[str]()
    if not used:
        return TRACES
    only_reads = all(method.startswith(READING) for method in used)
    return TRACES | {"roles/datastore.viewer" if only_reads else "roles/datastore.user"}


def topics_needed(reach: Reach) -> set[str]:
    discards = "bus" in reach.edges and "discard" in reach.names
    return {*reach.topics, *(["dead-letters"] if discards else [])}


def bucket_roles_needed(reach: Reach) -> set[str]:
    if "objects" not in reach.edges:
        return set()
    roles = {"add_object": "roles/storage.objectCreator", "read_object": "roles/storage.objectViewer"}
    return {role for method, role in roles.items() if method in reach.names}


def secrets_needed(reach: Reach) -> set[str]:
    chains = {"ETH_RPC_URL", "RPC_URL_8453"} if reach.edges & {"client", "names"} else set()
    prices = {"COINMARKETCAP_API_KEY"} if "prices" in reach.edges else set()
    return chains | prices


def held_by(deployment: Deployment, function: str, kind: str, what: str) -> set[str]:
    account = f"service_account.chainfolio-{function.replace('_', '-')}.member"
    return {found.values[what] for found in deployment.all(kind) if found.values["member"] == account}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_the_roles_that_its_code_needs(function: str, deployment: Deployment) -> None:
    assert held_by(deployment, function, "project_iam_member", "role") == project_roles_needed(
        reach_of(function)
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_publishes_to_the_topics_that_its_code_names(
    function: str, deployment: Deployment
) -> None:
    topics = {f"pubsub_topic.chainfolio-{topic}.id" for topic in topics_needed(reach_of(function))}

    assert held_by(deployment, function, "pubsub_topic_iam_member", "topic") == topics


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_reaches_buckets_only_if_its_code_does(function: str, deployment: Deployment) -> None:
    needed = bucket_roles_needed(reach_of(function))

    assert held_by(deployment, function, "storage_bucket_iam_member", "role") == needed


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_reads_the_secrets_that_its_code_uses(function: str, production: Deployment) -> None:
    read = held_by(production, function, "secret_manager_secret_iam_member", "secret_id")

    assert read - {"SESSION_KEY"} == secrets_needed(reach_of(function))


def test_the_reading_of_code_finds_what_is_known_of_it() -> None:
    snapshot, history, archive = reach_of("snapshot"), reach_of("history"), reach_of("archive")

    assert {"add_run", "set_totals", "list_overdue"} <= snapshot.names & STORE
    assert snapshot.topics == {"snapshot", "fetch-balances"}
    assert "page_snapshots" in history.names
    assert "bus" not in history.edges
    assert {"add_object", "page_users"} <= archive.names
    assert len(STORE) > 40


def test_no_account_of_ours_has_a_role_that_is_for_people(deployment: Deployment) -> None:
    roles = {found.values["role"] for found in deployment.all("project_iam_member")}

    assert not roles & {"roles/owner", "roles/editor", "roles/viewer", "roles/iam.serviceAccountUser"}
