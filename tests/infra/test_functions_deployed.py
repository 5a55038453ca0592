"""Each function is deployed with what it needs, and with nothing that it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from shared.config import Settings
from tests.docs.test_readme import Recorder
from tests.infra.terraform import CONFIGURATION, Deployment, Terraform

TRIGGERED = {"archive", "fetch_balances", "snapshot"}
# Set by the platform, or of no use there. Nor is who may call a trigger: IAM stands before the function, and
# Cloud Run takes the signature off the token that it has verified, so that there is nothing left to verify.
NOT_CHOSEN = {
    "ARCHIVE",
    "FIRESTORE_EMULATOR_HOST",
    "K_SERVICE",
    "PORT",
    "PUBSUB_EMULATOR_HOST",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "STORAGE_EMULATOR_HOST",
    "TRIGGER_AUDIENCE",
    "TRIGGER_EMAIL",
    "TRIGGER_JWKS_URL",
    "TRUSTED_HOPS",
}


def service(deployment: Deployment, function: str) -> Mapping[str, Any]:
    values: Mapping[str, Any] = deployment.by_function("cloudfunctions2_function")[function].values
    config: Mapping[str, Any] = values["service_config"][0]
    return config


def callers(deployment: Deployment, function: str) -> set[str]:
    invokers = deployment.all("cloud_run_service_iam_member")
    assert {invoker.values["role"] for invoker in invokers} == {"roles/run.invoker"}
    return {invoker.values["member"] for invoker in invokers if invoker.function == function}


def test_triggered_functions_refuse_whoever_is_not_their_trigger(deployment: Deployment) -> None:
    push, scheduler, smoke = (
        f"service_account.chainfolio-{name}.member" for name in ("push", "scheduler", "smoke")
    )

    assert callers(deployment, "snapshot") == {push, scheduler, smoke}
    assert callers(deployment, "fetch_balances") == {push, smoke}
    assert callers(deployment, "archive") == {scheduler, smoke}
    assert {service(deployment, name)["ingress_settings"] for name in TRIGGERED} == {"ALLOW_INTERNAL_ONLY"}


@pytest.mark.parametrize(
    ("which", "ingress"), [("small", "ALLOW_ALL"), ("production", "ALLOW_INTERNAL_AND_GCLB")]
)
def test_public_functions_are_called_by_everybody_through_the_load_balancer_if_there_is_one(
    which: str, ingress: str, request: pytest.FixtureRequest
) -> None:
    deployment: Deployment = request.getfixturevalue(which)
    public = deployment.by_function("cloudfunctions2_function").keys() - TRIGGERED

    assert public
    for name in public:
        assert callers(deployment, name) == {"allUsers"}
        assert service(deployment, name)["ingress_settings"] == ingress


@pytest.mark.parametrize(("which", "hops"), [("small", "1"), ("production", "2")])
def test_functions_know_how_many_front_ends_wrote_down_a_callers_address(
    which: str, hops: str, request: pytest.FixtureRequest
) -> None:
    deployment: Deployment = request.getfixturevalue(which)
    told = {
        name: service(deployment, name)["environment_variables"]["TRUSTED_HOPS"]
        for name in deployment.by_function("cloudfunctions2_function")
    }

    assert told == {name: "1" if name in TRIGGERED else hops for name in told}


def test_every_function_starts_with_the_settings_that_it_is_given(deployment: Deployment) -> None:
    for name in deployment.by_function("cloudfunctions2_function"):
        config = service(deployment, name)
        secrets = {
            secret["key"]: f"https://{'x' * 40}.example" for secret in config["secret_environment_variables"]
        }
        settings = Settings.from_env({**config["environment_variables"], **secrets, "K_SERVICE": name})

        assert (settings.deployed, settings.auth_mode) == (True, "oidc")
        assert (settings.store, settings.bus, settings.project) == ("firestore", "pubsub", "demo-project")
        assert (settings.archive.location is not None) == (name == "archive")


def test_what_may_be_chosen_is_what_the_functions_read() -> None:
    environment = Recorder()
    Settings.from_env(environment)
    stated = (CONFIGURATION / "settings.tf").read_text()
    names = re.findall(r'"([A-Z][A-Z0-9_]+)"', stated)
    fixed = set(re.findall(r"^    ([A-Z_]+) += ", stated, re.MULTILINE))
    secret = set(re.findall(r"[A-Z_]{6,}", (CONFIGURATION / "secrets.tf").read_text()))

    assert len(names) == len(set(names))
    assert set(names) == environment.asked - fixed - secret - NOT_CHOSEN


def test_secrets_reach_the_functions_that_read_what_they_are_for(production: Deployment) -> None:
    given = {
        name: {
            (s["key"], s["secret"], s["version"])
            for s in service(production, name)["secret_environment_variables"]
        }
        for name in production.by_function("cloudfunctions2_function")
    }
    rpc = {("ETH_RPC_URL", "ETH_RPC_URL", "1"), ("RPC_URL_8453", "RPC_URL_8453", "3")}
    prices = {("COINMARKETCAP_API_KEY", "COINMARKETCAP_API_KEY", "2")}

    session = {("SESSION_KEY", "SESSION_KEY", "4")}

    assert given["portfolio"] == rpc | prices | session
    assert given["wallets"] == rpc | session
    assert given["history"] == session
    assert given["snapshot"] == prices
    assert given["archive"] == set()
    readers = {(r.function, r.key) for r in production.all("secret_manager_secret_iam_member")}
    assert readers == {(name, key) for name, secrets in given.items() for key, _, _ in secrets}


def test_a_function_that_is_held_goes_on_serving_what_it_did(production: Deployment) -> None:
    functions = production.by_function("cloudfunctions2_function")
    held = {name for name in functions if not service(production, name)["all_traffic_on_latest_revision"]}

    assert held == {"trades"}


def test_no_value_of_a_secret_passes_through_terraform(deployment: Deployment) -> None:
    assert deployment.all("secret_manager_secret")
    assert not deployment.all("secret_manager_secret_version")


def test_every_function_runs_as_an_account_of_its_own(deployment: Deployment) -> None:
    functions = deployment.by_function("cloudfunctions2_function")
    accounts = {name: service(deployment, name)["service_account_email"] for name in functions}

    assert accounts == {
        name: f"service_account.chainfolio-{name.replace('_', '-')}.email" for name in functions
    }


def test_names_are_such_as_google_cloud_takes(deployment: Deployment) -> None:
    # The schema does not know these rules: https://cloud.google.com/iam/docs/service-accounts-create,
    # https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions
    for account in deployment.all("service_account"):
        assert re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", account.values["account_id"])
    for function in deployment.all("cloudfunctions2_function"):
        assert re.fullmatch(r"[a-z][a-z0-9-]{0,61}[a-z0-9]", function.values["name"])


def test_several_requests_at_a_time_take_a_whole_processor(deployment: Deployment) -> None:
    for name in deployment.by_function("cloudfunctions2_function"):
        config = service(deployment, name)

        assert config["max_instance_request_concurrency"] == 1 or int(config["available_cpu"]) >= 1


def test_a_planner_of_three_million_users_has_the_memory_that_it_needs(deployment: Deployment) -> None:
    config = service(deployment, "snapshot")

    assert (config["available_memory"], config["max_instance_request_concurrency"]) == ("2Gi", 1)


def test_only_a_function_whose_bundle_changed_is_deployed(
    small_terraform: Terraform, small: Deployment
) -> None:
    assert small_terraform.plan() == {}

    small_terraform.bundle("trades", "1" * 64)
    try:
        planned = small_terraform.plan()
    finally:
        small_terraform.bundle("trades", "0" * 64)

    function = 'module.function["trades"].google_cloudfunctions2_function.this'
    assert planned.keys() == {function, 'module.function["trades"].google_storage_bucket_object.bundle'}
    assert planned[function] == ["update"]
