"""What is counted is logged, what is shown and alerted on is counted, and somebody is told."""

from __future__ import annotations

import ast
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.web.log import JsonLines
from tests.infra.terraform import ROOT, Deployment

_OF_A_FILE = r'jsonPayload\.(?:logger|message)="'
CODE = {path: path.read_text() for path in (ROOT / "shared").rglob("*.py")}


def metrics(deployment: Deployment) -> dict[str, dict[str, object]]:
    return {metric.values["name"]: dict(metric.values) for metric in deployment.all("logging_metric")}


def files_that_log(condition: str) -> list[Path]:
    """The files whose lines a filter's condition on our own lines finds."""
    if logger := re.search(r'jsonPayload\.logger="([\w.]+)"', condition):
        return [path for path in [ROOT.joinpath(*logger[1].split(".")).with_suffix(".py")] if path in CODE]
    message = re.search(r'jsonPayload\.message="([^"]+)"', condition)
    assert message is not None
    return [path for path, text in CODE.items() if message[1] in logged(text)]


def logged(text: str) -> Iterator[str]:
    """The texts of every line that a file logs."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="logger")), args=[ast.Constant(value=str(line)), *_]
            ):
                yield line


def filters(deployment: Deployment) -> Iterator[str]:
    """The filters of all charts and alerts."""
    for chart in json.loads(deployment.one("monitoring_dashboard")["dashboard_json"])["gridLayout"][
        "widgets"
    ]:
        for shown in chart["xyChart"]["dataSets"]:
            yield shown["timeSeriesQuery"]["timeSeriesFilter"]["filter"]
    for alert in deployment.all("monitoring_alert_policy"):
        for condition in alert.values["conditions"]:
            yield condition["condition_threshold"][0]["filter"]


def test_what_is_counted_from_our_lines_is_logged_with_the_fields_that_tell_it_apart(
    small: Deployment,
) -> None:
    ours = {n: m for n, m in metrics(small).items() if re.search(_OF_A_FILE, str(m["filter"]))}

    assert len(ours) >= 6
    for metric in ours.values():
        files = files_that_log(str(metric["filter"]))
        assert files, metric["filter"]
        extractors = metric["label_extractors"] or {}
        assert isinstance(extractors, dict)
        for field in extractors.values():
            name = field.removeprefix("EXTRACT(jsonPayload.").removesuffix(")")
            assert any(f'"{name}"' in CODE[path] for path in files), field


def test_only_what_the_programs_themselves_write_is_counted(small: Deployment) -> None:
    """Not what Cloud Run writes of an answer, which is an ERROR with every 503, nor who changed what."""
    logs = {
        name: re.findall(r'logName="projects/demo-project/logs/([^"]+)"', str(metric["filter"]))
        for name, metric in metrics(small).items()
    }
    scheduled = logs.pop("chainfolio_schedule_failures")

    assert scheduled == ["cloudscheduler.googleapis.com%2Fexecutions"]
    assert len(logs) >= 7
    assert all(log == ["run.googleapis.com%2Fstderr"] for log in logs.values())


def test_an_unexpected_error_is_a_line_of_ours_or_of_the_server(small: Deployment) -> None:
    logged = JsonLines().format(logging.LogRecord("a.b", logging.ERROR, "", 0, "broke", None, None))
    told = str(metrics(small)["chainfolio_unexpected_errors"]["filter"])

    assert json.loads(logged).keys() >= {"logger", "severity"}
    assert "(jsonPayload.logger:* severity>=ERROR)" in told
    # What gunicorn says of a worker, by its own format, and Python of what ends a program.
    assert {"] [ERROR] ", "] [CRITICAL] ", "Traceback (most recent call last)"} == set(
        re.findall(r'textPayload:"([^"]+)"', told)
    )


def test_charts_and_alerts_are_of_metrics_that_are_counted(small: Deployment) -> None:
    used = set(re.findall(r"logging\.googleapis\.com/user/(\w+)", " ".join(filters(small))))

    assert used == metrics(small).keys()


@pytest.mark.parametrize(
    "sign",
    [
        "request_latencies",
        "request_count",
        "5xx",
        "utilizations",
        "dead-letters",
        "runs_finished",
        "chains_unread",
        "price",
    ],
)
def test_the_golden_signals_runs_and_what_we_depend_on_are_watched(sign: str, small: Deployment) -> None:
    assert any(sign in one for one in filters(small))


def test_every_alert_reaches_those_who_are_to_be_told(production: Deployment) -> None:
    channels = [channel.values["id"] for channel in production.all("monitoring_notification_channel")]

    assert len(channels) == 1
    for alert in production.all("monitoring_alert_policy"):
        assert alert.values["notification_channels"] == channels


@pytest.mark.parametrize(
    ("which", "host"),
    [("small", "cloudfunctions2_function.chainfolio-portfolio.uri"), ("production", "api.example.com")],
)
def test_the_api_is_asked_from_outside_whether_it_is_there(
    which: str, host: str, request: pytest.FixtureRequest
) -> None:
    deployment: Deployment = request.getfixturevalue(which)
    check = deployment.one("monitoring_uptime_check_config")

    assert check["monitored_resource"][0]["labels"]["host"] == host
    # Cloud Run keeps paths that end in z.
    assert check["http_check"][0]["path"] == "/openapi.json"
