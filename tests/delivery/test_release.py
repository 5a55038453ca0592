"""A release: traffic goes to what answers, comes back from what doesn't, and only what changed is moved."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.delivery import release
from tests.delivery.fake_gcloud import FILE, PROGRAM, Cloud

PNL, TRADES = "chainfolio-pnl", "chainfolio-trades"
Run = Callable[..., int]


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Two functions that were deployed, and a service that is not ours."""
    program = tmp_path / "bin" / "gcloud"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setenv(FILE, str(tmp_path / "cloud.json"))
    cloud = Cloud(tmp_path / "cloud.json")
    cloud.deploy(PNL)
    cloud.deploy(TRADES)
    cloud.deploy("of-somebody-else")
    return cloud


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(command: str, *functions: str, updated: str = "pnl trades", region: str = "r") -> int:
        (tmp_path / "plan.json").write_text(json.dumps(planned(updated, region)))
        where = ["--project=p", "--region=r", "--pause=0"]
        files = [f"--{name}={tmp_path / name}.json" for name in ("notes", "held", "plan")]
        return release.main([command, *(functions or ("pnl trades",)), *where, *files])

    return run


def planned(updated: str, region: str) -> object:
    """What `terraform show -json` says of a plan that updates these functions, and makes another."""
    actions = {name: ["update"] for name in updated.split()} | {"wallets": ["create"], "history": ["no-op"]}
    changes = [
        {"address": f'module.function["{name}"].google_{kind}', "change": {"actions": what}}
        for name, what in actions.items()
        for kind in ("cloudfunctions2_function.this", "service_account.function")
    ]
    return {"variables": {"region": {"value": region}}, "resource_changes": changes}


def held(tmp_path: Path) -> object:
    return json.loads((tmp_path / "held.json").read_text())


def test_what_would_be_updated_and_serves_is_held(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    assert run("hold", "pnl trades wallets", updated="trades") == 0
    assert held(tmp_path) == {"held": ["trades"]}
    assert cloud.traffic(PNL) == {"LATEST": 100}
    assert cloud.traffic(TRADES) == {f"{TRADES}-00001": 100}
    assert cloud.traffic("of-somebody-else") == {"LATEST": 100}


def test_what_is_not_of_the_release_is_not_held(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    assert run("hold", "pnl") == 0
    assert held(tmp_path) == {"held": ["pnl"]}


def test_a_plan_for_another_region_ends_the_release_before_anything_is_held(
    cloud: Cloud, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("hold", region="europe-west1") == 1
    assert capsys.readouterr().err == "the release is for r, but the plan for europe-west1\n"
    assert not cloud.calls("update-traffic")


@pytest.mark.parametrize("text", [None, "", "{}"])
def test_a_release_without_a_plan_ends_before_anything_is_held(
    text: str | None, cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "plan.json"
    if text is not None:
        plan.write_text(text)

    assert release.main(["hold", "--project=p", "--region=r", f"--plan={plan}"]) == 1
    assert capsys.readouterr().err == f"{plan} is no plan of Terraform's, as JSON\n"
    assert not cloud.calls("update-traffic")


def test_a_changed_setting_is_tried_before_it_serves(cloud: Cloud, run: Run) -> None:
    """Whatever makes a revision, a bundle or what Terraform says, it gets no traffic at once."""
    run("hold")
    cloud.deploy(TRADES)
    cloud.change(sick=[(TRADES, 0)])

    assert cloud.traffic(TRADES) == {f"{TRADES}-00001": 100}
    assert run("shift") == 1
    assert cloud.traffic(TRADES) == {f"{TRADES}-00001": 100}


def test_what_does_not_follow_its_latest_revision_stays_held(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    run("hold")
    cloud.deploy(PNL)

    assert run("hold") == 0
    assert held(tmp_path) == {"held": ["pnl", "trades"]}
    assert cloud.traffic(PNL) == {f"{PNL}-00001": 100}


def test_a_good_revision_gets_the_traffic_step_by_step(cloud: Cloud, run: Run) -> None:
    run("hold")
    new = cloud.deploy(PNL)
    cloud.change(calls=[])

    assert run("shift") == 0
    moves = [call[4:-2] for call in cloud.calls("update-traffic", PNL)]
    assert moves == [
        ["--region=r", f"--update-tags=candidate={new}"],
        ["--region=r", f"--to-revisions={new}=10,{PNL}-00001=90"],
        ["--region=r", f"--to-revisions={new}=50,{PNL}-00001=50"],
        ["--region=r", "--to-latest", "--remove-tags=candidate,held"],
    ]
    assert cloud.traffic(PNL) == {"LATEST": 100}


def test_a_new_revision_is_asked_at_its_own_address_before_it_has_traffic(cloud: Cloud, run: Run) -> None:
    run("hold")
    cloud.deploy(PNL)
    run("shift")
    calls = cloud.read()["calls"]
    asked = next(n for n, call in enumerate(calls) if call[0] == "workflows")
    given = next(n for n, call in enumerate(calls) if f"--to-revisions={PNL}-00002=10,{PNL}-00001=90" in call)

    assert asked < given
    assert calls[asked][:3] == ["workflows", "run", "chainfolio-smoke"]
    data = json.dumps({"url": f"https://candidate---{PNL}.test", "audience": f"https://{PNL}.test"})
    assert f"--data={data}" in calls[asked]


def test_what_was_not_deployed_anew_is_left_alone(
    cloud: Cloud, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run("hold")
    cloud.deploy(PNL)
    cloud.change(calls=[])
    run("shift")

    moves = [call[5:-2] for call in cloud.calls("update-traffic", TRADES)]
    assert moves == [["--to-latest", "--remove-tags=held"]]
    assert cloud.traffic(TRADES) == {"LATEST": 100}
    assert not cloud.calls("of-somebody-else")
    assert f"{TRADES}: unchanged" in capsys.readouterr().out


@pytest.mark.parametrize("percent", [0, 10, 50])
def test_a_revision_that_fails_its_smoke_test_loses_its_traffic(
    cloud: Cloud, run: Run, percent: int, capsys: pytest.CaptureFixture[str]
) -> None:
    run("hold")
    cloud.deploy(PNL)
    cloud.change(sick=[(PNL, percent)])

    assert run("shift") == 1
    assert cloud.traffic(PNL) == {f"{PNL}-00001": 100}
    assert cloud.read()["services"][PNL]["tags"] == {"held": f"{PNL}-00001"}
    said = capsys.readouterr()
    assert f"https://candidate---{PNL}.test answered 500\nthe release is taken back" in said.err
    assert f"{PNL}: back to {PNL}-00001" in said.out


def test_one_bad_function_takes_the_whole_release_back(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    run("hold")
    cloud.deploy(PNL)
    cloud.deploy(TRADES)
    cloud.change(sick=[(TRADES, 50)])

    assert run("shift") == 1
    assert cloud.traffic(PNL) == {f"{PNL}-00001": 100}
    assert cloud.traffic(TRADES) == {f"{TRADES}-00001": 100}


def test_a_revision_that_does_not_start_is_not_even_asked(cloud: Cloud, run: Run) -> None:
    run("hold")
    cloud.deploy(PNL, starts=False)

    assert run("shift") == 1
    assert cloud.traffic(PNL) == {f"{PNL}-00001": 100}
    assert not cloud.calls("workflows")


def test_a_platform_that_moved_the_traffic_itself_is_corrected_all_the_same(cloud: Cloud, run: Run) -> None:
    run("hold")
    cloud.deploy(PNL)
    cloud.give_latest(PNL)
    cloud.change(sick=[(PNL, 0)])

    assert run("shift") == 1
    assert cloud.traffic(PNL) == {f"{PNL}-00001": 100}


def test_a_first_deployment_is_asked_and_has_nothing_to_go_back_to(
    cloud: Cloud, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.change(services={})
    run("hold")
    cloud.deploy(PNL)
    cloud.deploy(TRADES)

    assert run("shift") == 0
    assert len(cloud.calls("workflows")) == 6
    cloud.change(sick=[(PNL, 0)])
    assert run("shift") == 1
    assert "there is no revision to go back to" in capsys.readouterr().out


def test_a_function_that_was_not_deployed_fails_the_release(
    cloud: Cloud, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run("hold", "pnl")

    assert run("shift", "pnl", "wallets") == 1
    assert "chainfolio-wallets was not deployed" in capsys.readouterr().err


def test_an_apply_that_failed_half_way_is_taken_back(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    run("hold")
    cloud.deploy(PNL)

    assert run("rollback") == 0
    assert cloud.traffic(PNL) == {f"{PNL}-00001": 100}
    assert cloud.traffic(TRADES) == {"LATEST": 100}


def test_a_person_can_go_back_to_the_revision_before(cloud: Cloud, run: Run) -> None:
    cloud.deploy(PNL, starts=False)
    cloud.deploy(PNL)

    assert run("rollback", "pnl") == 0
    assert cloud.traffic(PNL) == {f"{PNL}-00001": 100}


def test_what_cannot_be_taken_back_is_named_and_the_others_are_taken_back(
    cloud: Cloud, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("hold")
    cloud.deploy(PNL)
    cloud.deploy(TRADES)
    for name in (PNL, TRADES):
        cloud.give_latest(name)
    cloud.change(broken=f"update-traffic {PNL}")

    assert run("rollback") == 1
    assert cloud.traffic(TRADES) == {f"{TRADES}-00001": 100}
    said = (
        "could not be taken back: gcloud run services update-traffic chainfolio-pnl: ERROR: (gcloud) it broke"
    )
    assert f"{PNL} {said}" in capsys.readouterr().err


def test_a_gcloud_that_fails_ends_the_release_with_its_last_line(
    cloud: Cloud, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.change(broken="services list")

    assert run("hold") == 1
    assert capsys.readouterr().err == "gcloud run services list --region=r: ERROR: (gcloud) it broke\n"


def send_back(cloud: Cloud, name: str) -> None:
    """What a person does: gcloud run services update-traffic NAME --to-revisions FIRST=100."""
    state = cloud.read()
    state["services"][name]["traffic"] = {f"{name}-00001": 100}
    cloud.keep(state)


def test_what_a_person_sent_back_stays_there_while_it_is_not_changed(
    cloud: Cloud, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.deploy(PNL)
    send_back(cloud, PNL)
    # Terraform would update it: to it, all traffic belongs to the latest revision.
    run("hold", updated="pnl trades")
    cloud.deploy(TRADES)

    assert run("shift") == 0
    assert cloud.traffic(PNL) == {f"{PNL}-00001": 100}
    assert cloud.traffic(TRADES) == {"LATEST": 100}
    assert f"{PNL}: stays at {PNL}-00001, where somebody sent it" in capsys.readouterr().out


def test_what_a_person_sent_back_is_released_with_its_next_change(cloud: Cloud, run: Run) -> None:
    cloud.deploy(PNL)
    send_back(cloud, PNL)
    run("hold")
    new = cloud.deploy(PNL)

    assert run("shift") == 0
    assert cloud.calls(f"--to-revisions={new}=10,{PNL}-00001=90")
    assert cloud.traffic(PNL) == {"LATEST": 100}


def test_what_a_person_sent_back_is_where_it_was_after_a_release_that_failed(cloud: Cloud, run: Run) -> None:
    cloud.deploy(PNL)
    send_back(cloud, PNL)
    run("hold")
    cloud.deploy(TRADES)
    cloud.change(sick=[(TRADES, 0)])

    assert run("shift") == 1
    assert cloud.traffic(PNL) == {f"{PNL}-00001": 100}
    assert cloud.read()["services"][PNL]["tags"] == {}


def test_what_was_taken_back_with_another_is_tried_again_by_the_next_release(
    cloud: Cloud, run: Run, tmp_path: Path
) -> None:
    run("hold")
    good, _ = cloud.deploy(PNL), cloud.deploy(TRADES)
    cloud.change(sick=[(TRADES, 0)])
    assert run("shift") == 1

    (tmp_path / "notes.json").unlink()
    run("hold")
    cloud.deploy(TRADES)
    cloud.change(sick=[])

    assert run("shift") == 0
    assert cloud.calls(f"--to-revisions={good}=10,{PNL}-00001=90")
    assert cloud.traffic(PNL) == cloud.traffic(TRADES) == {"LATEST": 100}
    assert cloud.read()["services"][PNL]["tags"] == {}


def test_a_release_that_broke_off_is_gone_on_with_by_the_next(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    run("hold")
    cloud.deploy(PNL)
    (tmp_path / "notes.json").unlink()

    run("hold")
    assert run("shift") == 0
    assert cloud.traffic(PNL) == {"LATEST": 100}


def test_what_a_release_left_behind_is_gone_when_it_is_done(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    run("hold")
    run("shift")

    assert not (tmp_path / "held.json").exists()
    assert not (tmp_path / "notes.json").exists()


def test_a_name_that_is_no_function_is_refused(
    cloud: Cloud, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("hold", "nonsense") == 2
    assert capsys.readouterr().err == "no function is called nonsense\n"
