"""A gcloud that plays Cloud Run in a file: what the program that releases finds on its PATH."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, cast

FILE = "FAKE_CLOUD"
PROGRAM = f'#!/bin/sh\nexec {sys.executable} "{__file__}" "$@"\n'


class Cloud:
    """The file: services with revisions and traffic, and what was asked of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            empty: dict[str, Any] = {"services": {}, "sick": [], "broken": "", "calls": []}
            self.keep(empty)

    def read(self) -> dict[str, Any]:
        return cast(dict[str, Any], json.loads(self.path.read_text()))

    def keep(self, state: dict[str, Any]) -> None:
        self.path.write_text(json.dumps(state))

    def change(self, **changes: Any) -> None:
        self.keep({**self.read(), **changes})

    def deploy(self, name: str, *, starts: bool = True) -> str:
        """What Terraform does: another revision, which has the traffic where that follows the latest."""
        state = self.read()
        service = state["services"].setdefault(
            name, {"revisions": [], "traffic": {"LATEST": 100}, "tags": {}}
        )
        revision = f"{name}-{len(service['revisions']) + 1:05}"
        service["revisions"].append({"name": revision, "ready": starts})
        self.keep(state)
        return revision

    def give_latest(self, name: str) -> None:
        """All traffic to the latest revision, whatever it is."""
        state = self.read()
        state["services"][name]["traffic"] = {"LATEST": 100}
        self.keep(state)

    def traffic(self, name: str) -> dict[str, int]:
        """Per cent by revision, or by LATEST."""
        return cast(dict[str, int], self.read()["services"][name]["traffic"])

    def calls(self, *words: str) -> list[list[str]]:
        """What was asked with these words in it."""
        return [call for call in self.read()["calls"] if all(word in call for word in words)]


def main(arguments: list[str]) -> int:
    """Do as gcloud would; 1 and a line when it is told to break."""
    cloud = Cloud(Path(os.environ[FILE]))
    state = cloud.read()
    state["calls"].append(arguments)
    cloud.keep(state)
    if state["broken"] and state["broken"] in " ".join(arguments):
        print("WARNING: something\nERROR: (gcloud) it broke\n", file=sys.stderr)
        return 1
    flags = dict(
        argument.removeprefix("--").partition("=")[::2] for argument in arguments if "--" in argument
    )
    match arguments:
        case ["run", "services", "list", *_]:
            print(json.dumps([_service(name, it) for name, it in state["services"].items()]))
        case ["run", "revisions", "list", *_]:
            print(json.dumps(_revisions(state["services"][flags["service"]]["revisions"])))
        case ["run", "services", "update-traffic", name, *_]:
            _route(state["services"][name], flags)
            cloud.keep(state)
        case ["workflows", "run", _, *_]:
            print(json.dumps(_execution(json.loads(flags["data"]), state)))
        case _:
            raise SystemExit(f"gcloud has no {arguments}")
    return 0


def _service(name: str, service: dict[str, Any]) -> dict[str, Any]:
    latest = service["revisions"][-1]["name"]
    ready = [revision["name"] for revision in service["revisions"] if revision["ready"]]
    traffic: list[dict[str, Any]] = [
        {"latestRevision": True, "revisionName": ready[-1], "percent": percent}
        if target == "LATEST"
        else {"revisionName": target, "percent": percent}
        for target, percent in service["traffic"].items()
    ]
    for tag, revision in service["tags"].items():
        traffic.append({"revisionName": revision, "tag": tag, "url": f"https://{tag}---{name}.test"})
    status = {
        "url": f"https://{name}.test",
        "latestCreatedRevisionName": latest,
        "latestReadyRevisionName": ready[-1] if ready else None,
        "traffic": traffic,
    }
    return {"metadata": {"name": name}, "status": status}


def _revisions(revisions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "metadata": {"name": revision["name"], "creationTimestamp": f"2026-01-01T00:00:{number:02}Z"},
            "status": {"conditions": [{"type": "Ready", "status": str(revision["ready"])}]},
        }
        for number, revision in enumerate(revisions)
    ]


def _route(service: dict[str, Any], flags: dict[str, str]) -> None:
    if "to-latest" in flags:
        service["traffic"] = {"LATEST": 100}
    if "to-revisions" in flags:
        pairs = (part.split("=") for part in flags["to-revisions"].split(","))
        service["traffic"] = {revision: int(percent) for revision, percent in pairs}
    if "update-tags" in flags:
        tag, _, revision = flags["update-tags"].partition("=")
        service["tags"][tag] = revision
    if "remove-tags" in flags:
        for tag in flags["remove-tags"].split(","):
            del service["tags"][tag]


def _execution(said: dict[str, str], state: dict[str, Any]) -> dict[str, Any]:
    """The smoke test's end: a bad one when the service that is asked is sick with so much traffic."""
    name = said["url"].removeprefix("https://candidate---").removesuffix(".test")
    service = state["services"][name]
    latest = service["revisions"][-1]["name"]
    for sick, percent in state["sick"]:
        if sick == name and service["traffic"].get(latest, 0) >= percent:
            return {"state": "FAILED", "error": {"payload": f"{said['url']} answered 500"}}
    return {"state": "SUCCEEDED", "result": "null"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
