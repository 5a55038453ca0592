"""Google refuses to delete what is in use: what used it is changed before it goes."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from tests.infra.terraform import PRODUCTION, Terraform

_VERBS = {"Destroying...": "destroy", "Modifications complete": "update", "Creation complete": "create"}
_CHECK = "google_monitoring_uptime_check_config.api"
_SESSION = re.compile(r"^    session = \{\n.*?^    \}\n", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """What is done, in order, by several changes of what serves."""
    terraform = Terraform(tmp_path_factory.mktemp("order"))
    terraform.apply({**PRODUCTION, "alert_emails": ["on-call@example.com", "gone@example.com"]})
    table = terraform.folder / "functions.tf"
    text = table.read_text()
    done = {"an address less": steps(terraform), "a new check": steps(terraform, f"-replace={_CHECK}")}
    table.write_text(_SESSION.sub("", text))
    done["a function less"] = steps(terraform)
    table.write_text(text)
    done["a function more"] = steps(terraform)
    done["no production"] = steps(terraform, production=False)
    return done


def steps(terraform: Terraform, *options: str, **variables: object) -> list[str]:
    """What an apply does to which address: `destroy google_….guard[0]`, `update …`, `create …`."""
    terraform.choose({**PRODUCTION, **variables})
    said = terraform.run("apply", "-auto-approve", "-input=false", "-no-color", "-compact-warnings", *options)
    found = re.findall(rf"^(google_\S+)(?: \(deposed .*\))?: ({'|'.join(_VERBS)})", said, re.MULTILINE)
    return [f"{_VERBS[verb]} {address}" for address, verb in found]


def before(done: list[str], end: str) -> set[str]:
    return set(done[: done.index(end)])


def test_an_address_goes_when_no_alert_uses_it(done: Mapping[str, list[str]]) -> None:
    steps = done["an address less"]
    gone = 'destroy google_monitoring_notification_channel.email["gone@example.com"]'
    alerts = {step for step in steps if step.startswith("update google_monitoring_alert_policy")}

    assert len(alerts) > 5
    assert alerts | {"update google_billing_budget.monthly[0]"} <= before(steps, gone)


def test_a_new_uptime_check_is_there_before_the_old_one_goes(done: Mapping[str, list[str]]) -> None:
    """An alert uses it, and another host makes another check."""
    assert f"create {_CHECK}" in before(done["a new check"], f"destroy {_CHECK}")


def test_a_backend_goes_when_no_path_leads_to_it(done: Mapping[str, list[str]]) -> None:
    steps = done["a function less"]
    backend = 'destroy google_compute_backend_service.function["session"]'
    group = 'destroy google_compute_region_network_endpoint_group.function["session"]'

    assert "update google_compute_url_map.paths[0]" in before(steps, backend)
    assert backend in before(steps, group)


def test_a_new_backend_is_there_before_a_path_leads_to_it(done: Mapping[str, list[str]]) -> None:
    backend = 'create google_compute_backend_service.function["session"]'

    assert backend in before(done["a function more"], "update google_compute_url_map.paths[0]")


def test_the_guard_goes_when_no_backend_has_it(done: Mapping[str, list[str]]) -> None:
    steps = done["no production"]
    backends = {step for step in steps if step.startswith("update google_compute_backend_service")}

    assert len(backends) > 5
    assert backends <= before(steps, "destroy google_compute_security_policy.guard[0]")
