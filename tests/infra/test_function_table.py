"""Folders, Terraform's table, the load balancer's paths and the OpenAPI document name the same functions."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import yaml  # type: ignore[import-untyped]  # has no types

from functions.local import load_apps
from shared.web.operations import OPERATION_PATHS
from tests.infra.terraform import ROOT, Deployment

FOLDERS = {path.parent.name for path in (ROOT / "functions").glob("*/main.py")}
ROUTES = sorted(
    {
        (route.path, route.function)
        for app in load_apps()
        for route in app.routes
        if route.path not in OPERATION_PATHS
    }
)
PUBLIC = [(path, function) for path, function in ROUTES if not path.startswith("/triggers/")]


def chosen(rules: Mapping[str, str], path: str, otherwise: str) -> str:
    """Whom a URL map chooses: by the path itself, else by the longest beginning, else the default."""
    if path in rules:
        return rules[path]
    fits = [rule for rule in rules if rule.endswith("/*") and path.startswith(rule[:-1])]
    return rules[max(fits, key=len)] if fits else otherwise


def rules_of(deployment: Deployment) -> tuple[dict[str, str], str]:
    """The URL map's rules, and its default, as names of functions."""
    backends = {
        backend.values["id"]: str(backend.key) for backend in deployment.all("compute_backend_service")
    }
    (matcher,) = (m for url_map in deployment.all("compute_url_map") for m in url_map.values["path_matcher"])
    rules = {path: backends[rule["service"]] for rule in matcher["path_rule"] for path in rule["paths"]}
    return rules, backends[matcher["default_service"]]


def test_every_folder_is_deployed_and_nothing_else(deployment: Deployment) -> None:
    functions = deployment.by_function("cloudfunctions2_function")
    entries = {name: found.values["build_config"][0]["entry_point"] for name, found in functions.items()}

    assert entries == {name: name for name in FOLDERS}


def test_cloud_build_releases_every_function() -> None:
    build = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())

    assert set(build["substitutions"]["_FUNCTIONS"].split()) == FOLDERS


def test_every_folder_serves_the_routes_that_bear_its_name() -> None:
    assert {function for _, function in ROUTES} == FOLDERS


@pytest.mark.parametrize(("path", "function"), PUBLIC)
def test_the_load_balancer_sends_a_path_to_the_function_that_answers_it(
    path: str, function: str, production: Deployment
) -> None:
    rules, otherwise = rules_of(production)

    assert chosen(rules, path.replace("{id}", "any"), otherwise) == function


def test_no_path_leads_to_a_triggered_function(production: Deployment) -> None:
    rules, otherwise = rules_of(production)

    assert {*rules.values(), otherwise} == {function for _, function in PUBLIC}


def test_no_rule_is_of_a_path_that_nobody_answers(production: Deployment) -> None:
    rules, _ = rules_of(production)
    for rule, function in rules.items():
        beginning = rule.removesuffix("*")
        assert any(
            path == rule or (rule != beginning and path.startswith(beginning))
            for path, of in PUBLIC
            if of == function
        )
