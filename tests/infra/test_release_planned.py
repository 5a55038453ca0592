"""A release as the build makes it, plan by plan: what did not change is not updated, what did is held."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.delivery import release
from infra.terraform.bundle import function_names
from tests.delivery.fake_gcloud import FILE, PROGRAM, Cloud
from tests.infra.terraform import SMALL, Terraform

UNCHANGED = "0" * 64


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """What was deployed, and serves."""
    terraform = Terraform(tmp_path_factory.mktemp("release"))
    terraform.apply(SMALL)
    return terraform


@pytest.fixture
def state(deployed: Terraform) -> Path:
    """The state, which is as it was when a test is done, as all else is that a release touches."""
    return deployed.folder / "terraform.tfstate"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    program = tmp_path / "bin" / "gcloud"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setenv(FILE, str(tmp_path / "cloud.json"))
    cloud = Cloud(tmp_path / "cloud.json")
    for name in function_names():
        cloud.deploy(release.deployed_name(name))
    return cloud


def google_answers(state: Path, function: str, *, all_traffic_on_latest: bool) -> None:
    """What the next refresh finds: Google says where the traffic goes, whatever it was told last."""
    told = json.loads(state.read_text())
    for resource in told["resources"]:
        if resource.get("module") == f'module.function["{function}"]' and "service_config" in (
            attributes := resource["instances"][0]["attributes"]
        ):
            attributes["service_config"][0]["all_traffic_on_latest_revision"] = all_traffic_on_latest
    state.write_text(json.dumps(told))


def plan_as_the_build_does(terraform: Terraform) -> dict[str, list[str]]:
    """Plan, hold what would be updated, plan again: see cloudbuild.yaml."""
    terraform.plan()
    planned = terraform.folder / "release.tfplan.json"
    planned.write_text(terraform.run("show", "-json", "plan"))
    files = {
        "plan": planned,
        "held": terraform.folder / "held.auto.tfvars.json",
        "notes": planned.parent / "notes",
    }
    where = ["--project=p", "--region=us-central1", *(f"--{name}={path}" for name, path in files.items())]
    try:
        assert release.main(["hold", *where]) == 0
        return terraform.plan()
    finally:
        for file in files.values():
            file.unlink(missing_ok=True)


def function(name: str) -> str:
    return f'module.function["{name}"].google_cloudfunctions2_function.this'


def held_in_plan(terraform: Terraform) -> set[str]:
    """The functions whose traffic the last plan leaves alone."""
    changes = json.loads(terraform.run("show", "-json", "plan"))["resource_changes"]
    return {
        change["address"]
        for change in changes
        if change["type"] == "google_cloudfunctions2_function"
        and not change["change"]["after"]["service_config"][0]["all_traffic_on_latest_revision"]
    }


def test_a_release_without_changes_updates_nothing(deployed: Terraform, cloud: Cloud) -> None:
    assert plan_as_the_build_does(deployed) == {}
    assert not cloud.calls("update-traffic")


def test_a_release_of_one_bundle_updates_one_function_and_leaves_its_traffic(
    deployed: Terraform, cloud: Cloud
) -> None:
    deployed.bundle("trades", "1" * 64)
    try:
        planned = plan_as_the_build_does(deployed)
    finally:
        deployed.bundle("trades", UNCHANGED)

    assert planned.keys() == {
        function("trades"),
        'module.function["trades"].google_storage_bucket_object.bundle',
    }
    assert held_in_plan(deployed) == {function("trades")}
    assert [call[3] for call in cloud.calls("update-traffic")] == ["chainfolio-trades"]


def test_a_changed_setting_is_held_in_every_function_that_it_changes(
    deployed: Terraform, cloud: Cloud
) -> None:
    deployed.choose({**SMALL, "settings": {"LOG_LEVEL": "DEBUG"}})
    try:
        planned = plan_as_the_build_does(deployed)
    finally:
        deployed.choose(SMALL)

    assert planned.keys() == held_in_plan(deployed) == {function(name) for name in function_names()}


def test_what_somebody_sent_back_is_not_updated_by_a_release(
    deployed: Terraform, cloud: Cloud, state: Path
) -> None:
    google_answers(state, "pnl", all_traffic_on_latest=False)
    try:
        assert plan_as_the_build_does(deployed) == {}
        assert deployed.plan() == {function("pnl"): ["update"]}
    finally:
        google_answers(state, "pnl", all_traffic_on_latest=True)


def test_what_is_deployed_by_hand_serves_at_once(deployed: Terraform) -> None:
    deployed.bundle("trades", "1" * 64)
    try:
        assert deployed.plan()[function("trades")] == ["update"]
    finally:
        deployed.bundle("trades", UNCHANGED)

    assert held_in_plan(deployed) == set()
