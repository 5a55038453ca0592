"""The few things that a release asks of gcloud, and what its answers mean."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class ReleaseFailed(Exception):
    """Something that ends a release; the message is for whoever released."""


@dataclass(frozen=True, slots=True)
class Service:
    """A deployed function, as Cloud Run sees it."""

    name: str
    url: str
    latest: str
    """The revision that was made last."""
    ready: bool
    """Whether the latest one has started."""
    split: Mapping[str, int]
    """Per cent of the traffic by revision."""
    follows_latest: bool
    """Whether the next revision would get the traffic by itself."""
    tags: Mapping[str, str]
    """The URL of every tagged revision."""
    tagged: Mapping[str, str]
    """The revision that has each tag."""

    @property
    def serving(self) -> str | None:
        """The revision with most of the traffic."""
        return max(self.split, key=lambda revision: self.split[revision], default=None)


def parse_service(told: Mapping[str, Any]) -> Service:
    """A service out of gcloud's JSON."""
    status = told.get("status", {})
    traffic = status.get("traffic", [])
    latest = status.get("latestCreatedRevisionName", "")
    split: dict[str, int] = {}
    for target in traffic:
        if target.get("percent"):
            split[target["revisionName"]] = split.get(target["revisionName"], 0) + target["percent"]
    return Service(
        name=told["metadata"]["name"],
        url=status.get("url", ""),
        latest=latest,
        ready=latest != "" and latest == status.get("latestReadyRevisionName"),
        split=split,
        follows_latest=any(target.get("latestRevision") and target.get("percent") for target in traffic),
        tags={target["tag"]: target["url"] for target in traffic if "tag" in target and "url" in target},
        tagged={target["tag"]: target["revisionName"] for target in traffic if "tag" in target},
    )


class Gcloud:
    """gcloud in one project and region; whatever it does not do as it is told raises ReleaseFailed."""

    def __init__(self, project: str, region: str) -> None:
        self._region = region
        self._everywhere = (f"--project={project}", "--quiet")

    def services(self) -> dict[str, Service]:
        """All services, by name."""
        told = self._ask("run", "services", "list", f"--region={self._region}")
        return {service.name: service for service in map(parse_service, told)}

    def revisions(self, service: str) -> list[str]:
        """The revisions that have started, newest first."""
        told = self._ask("run", "revisions", "list", f"--service={service}", f"--region={self._region}")
        told.sort(key=lambda revision: str(revision["metadata"]["creationTimestamp"]), reverse=True)
        return [revision["metadata"]["name"] for revision in told if _is_ready(revision)]

    def route(self, service: str, *how: str) -> None:
        """Change where a service's traffic goes."""
        self._run("run", "services", "update-traffic", service, f"--region={self._region}", *how)

    def execute(self, workflow: str, said: Mapping[str, str]) -> None:
        """Run a workflow to its end, which must be a good one."""
        where = (f"--location={self._region}", f"--data={json.dumps(said)}")
        execution = self._ask("workflows", "run", workflow, *where)
        if execution.get("state") != "SUCCEEDED":
            error = execution.get("error", {})
            why = error.get("payload") or error.get("context") or execution.get("state")
            raise ReleaseFailed(f"{workflow} with {said}: {why}")

    def _ask(self, *command: str) -> Any:
        answer = self._run(*command, "--format=json")
        try:
            return json.loads(answer)
        except ValueError as error:
            raise ReleaseFailed(f"gcloud {' '.join(command[:3])} answered no JSON") from error

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            ["gcloud", *command, *self._everywhere], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ReleaseFailed(f"gcloud {' '.join(command[:4])}: {_last_line(done.stderr)}")
        return done.stdout


def _is_ready(revision: Mapping[str, Any]) -> bool:
    conditions: Sequence[Mapping[str, str]] = revision.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "it failed and said nothing")
