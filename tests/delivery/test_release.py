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
    def run(command: str, *functions: str) -> int:
        where = ["--project=p", "--region=r", "--pause=0"]
        files = [f"--notes={tmp_path / 'notes.json'}", f"--held={tmp_path / 'held.json'}"]
        return release.main([command, *(functions or ("pnl trades",)), *where, *files])

    return run


def held(tmp_path: Path) -> object:
    return json.loads((tmp_path / "held.json").read_text())


def test_every_function_that_serves_is_held(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    assert run("hold", "pnl trades wallets") == 0
    assert held(tmp_path) == {"held": ["pnl", "trades"]}
    assert cloud.traffic(PNL) == {f"{PNL}-00001": 100}
    assert cloud.traffic(TRADES) == {f"{TRADES}-00001": 100}
    assert cloud.traffic("of-somebody-else") == {"LATEST": 100}


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
        ["--region=r", "--to-latest", "--remove-tags=candidate"],
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
    assert moves == [["--to-latest"]]
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
    assert cloud.read()["services"][PNL]["tags"] == {}
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


def test_a_name_that_is_no_function_is_refused(
    cloud: Cloud, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("hold", "nonsense") == 2
    assert capsys.readouterr().err == "no function is called nonsense\n"
