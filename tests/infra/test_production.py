"""Small costs nothing while nobody calls; production is one switch."""

from __future__ import annotations

from shared.store.keeping import KEEP_ARCHIVE
from tests.infra.terraform import Deployment

COSTS_WHILE_IDLE = (
    "billing_budget",
    "compute_global_address",
    "compute_global_forwarding_rule",
    "compute_backend_service",
    "compute_security_policy",
    "compute_url_map",
)


def warm(deployment: Deployment) -> set[str]:
    functions = deployment.by_function("cloudfunctions2_function")
    return {n for n, f in functions.items() if f.values["service_config"][0]["min_instance_count"] > 0}


def test_a_small_deployment_has_nothing_that_costs_while_nobody_calls(small: Deployment) -> None:
    assert [found.address for kind in COSTS_WHILE_IDLE for found in small.all(kind)] == []
    assert warm(small) == set()


def test_production_keeps_instances_for_those_who_wait(production: Deployment) -> None:
    assert warm(production) == {"balances", "portfolio"}


def test_production_has_more_instances(small: Deployment, production: Deployment) -> None:
    def most(deployment: Deployment) -> dict[str, int]:
        functions = deployment.by_function("cloudfunctions2_function")
        return {n: f.values["service_config"][0]["max_instance_count"] for n, f in functions.items()}

    assert all(most(production)[name] > most(small)[name] >= 1 for name in most(small))


def test_production_is_guarded_before_every_function(production: Deployment) -> None:
    guard = production.one("compute_security_policy")
    rules = {rule["priority"]: rule for rule in guard["rule"]}
    waf = [rule["match"][0]["expr"][0]["expression"] for rule in guard["rule"] if rule["match"][0]["expr"]]

    assert all(
        backend.values["security_policy"] == guard["id"]
        for backend in production.all("compute_backend_service")
    )
    assert [name for name in ("sqli", "xss", "lfi", "rfi", "rce") if any(name in text for text in waf)] == [
        "sqli",
        "xss",
        "lfi",
        "rfi",
        "rce",
    ]
    assert len(rules) == len(guard["rule"])
    assert (rules[2000]["action"], rules[2000]["rate_limit_options"][0]["exceed_action"]) == (
        "rate_based_ban",
        "deny(429)",
    )
    assert rules[2147483647]["action"] == "allow"


def test_the_public_address_is_https_with_a_certificate_of_its_own(production: Deployment) -> None:
    certificate = production.one("compute_managed_ssl_certificate")
    policy = production.one("compute_ssl_policy")
    ports = {
        rule.values["port_range"]: rule.values["target"]
        for rule in production.all("compute_global_forwarding_rule")
    }
    (redirect,) = (
        m.values["default_url_redirect"][0]
        for m in production.all("compute_url_map")
        if not m.values["path_matcher"]
    )

    assert certificate["managed"] == [{"domains": ["api.example.com"]}]
    assert policy["min_tls_version"] == "TLS_1_2"
    assert ports == {
        "443": "compute_target_https_proxy.chainfolio.id",
        "80": "compute_target_http_proxy.chainfolio-to-https.id",
    }
    assert redirect["https_redirect"]


def test_a_budget_warns_before_the_month_costs_too_much(production: Deployment) -> None:
    budget = production.one("billing_budget")

    assert [rule["threshold_percent"] for rule in budget["threshold_rules"]] == [0.5, 0.9, 1, 1]
    assert budget["amount"][0]["specified_amount"][0]["units"] == "20"


def test_buckets_are_closed_to_the_public_and_the_archive_is_not_deleted(deployment: Deployment) -> None:
    buckets = {bucket.address: bucket.values for bucket in deployment.all("storage_bucket")}

    assert {bucket["public_access_prevention"] for bucket in buckets.values()} == {"enforced"}
    assert all(bucket["uniform_bucket_level_access"] for bucket in buckets.values())
    assert not buckets["google_storage_bucket.archive"]["force_destroy"]


def test_archives_are_deleted_when_the_store_says_so(deployment: Deployment) -> None:
    buckets = {bucket.address: bucket.values for bucket in deployment.all("storage_bucket")}
    rules = buckets["google_storage_bucket.archive"]["lifecycle_rule"]
    deleting = [rule["condition"][0] for rule in rules if rule["action"][0]["type"] == "Delete"]

    assert [condition["age"] for condition in deleting if condition["age"]] == [KEEP_ARCHIVE.days]
    assert any(condition["days_since_noncurrent_time"] == 30 for condition in deleting)
