"""Log records: one JSON object a line, with the request they belong to and without any URL."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from shared.web.log import JsonLines, configure_logging, request_id_var, user_hash


@pytest.fixture
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "opentelemetry")}
    root.handlers = []
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def record(message: str, *arguments: object, exc_info: object = None) -> logging.LogRecord:
    return logging.LogRecord("chain", logging.ERROR, "x.py", 1, message, arguments, exc_info)  # type: ignore[arg-type]  # as logging fills it


def test_a_record_is_one_line_of_json_with_its_request() -> None:
    token = request_id_var.set("trace-1")
    try:
        text = JsonLines().format(record("two\nlines of %s", 'a "name"'))
    finally:
        request_id_var.reset(token)

    assert "\n" not in text
    line = json.loads(text)
    assert line["message"] == 'two\nlines of a "name"'
    assert (line["severity"], line["logger"], line["request_id"]) == ("ERROR", "chain", "trace-1")
    assert line["time"].endswith("Z")


def test_fields_of_a_record_are_fields_of_its_line() -> None:
    told = record("part read")
    told.fields = {"run": "r", "group": 7}

    line = json.loads(JsonLines().format(told))
    assert (line["message"], line["run"], line["group"]) == ("part read", "r", 7)


def test_an_exception_keeps_its_stack_in_the_same_line() -> None:
    try:
        int("what went wrong")
    except ValueError:
        text = JsonLines().format(record("failed", exc_info=sys.exc_info()))

    assert "ValueError: invalid literal" in json.loads(text)["stack_trace"]
    assert "\n" not in text


@pytest.mark.usefixtures("_logging_as_before")
def test_libraries_that_log_urls_are_silenced_at_every_level(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("DEBUG")
    logging.getLogger("httpx").info("HTTP Request: POST https://rpc.example/secret-key")
    logging.getLogger("httpcore.connection").debug("connect https://rpc.example/secret-key")
    logging.getLogger("chain").info("heard")

    shown = capsys.readouterr().err
    assert "secret" not in shown
    assert json.loads(shown)["message"] == "heard"


@pytest.mark.usefixtures("_logging_as_before")
def test_what_takes_traces_and_is_down_wakes_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("DEBUG")
    logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter").error("Failed to export")
    logging.getLogger("shared.telemetry.exporting").warning("3 spans could not be sent, 3 since the start")

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["severity"] == "WARNING"


def test_a_user_is_hashed_with_a_key_so_that_trying_names_finds_nobody() -> None:
    user = "eip155:0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"

    assert user_hash(user, b"ours") == user_hash(user, b"ours")
    assert len({user_hash(user, key) for key in (b"ours", b"theirs", b"")}) == 3
