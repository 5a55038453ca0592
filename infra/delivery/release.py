"""`python3 -m infra.delivery.release`: new revisions get traffic once they have answered, or never.

Cloud Build calls it around `terraform apply`: `hold` before, `shift` after; `rollback` is for people, too.
Needs gcloud and the standard library only.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..terraform.bundle import BUNDLES, function_names
from .gcloud import Gcloud, ReleaseFailed, Service

TERRAFORM = BUNDLES.parent
# Terraform reads it by itself; it says which functions may not have their new revision served at once.
HELD = TERRAFORM / "held.auto.tfvars.json"
NOTES = TERRAFORM / ".release.json"
SMOKE = "chainfolio-smoke"
_TAG = "candidate"
_STEPS = (10, 50)
_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Release:
    """What is released where, and how fast."""

    cloud: Gcloud
    names: Sequence[str]
    """Services, by the names that they are deployed under."""
    notes: Path
    pause: Callable[[], None]

    def before(self) -> dict[str, str]:
        """The revision that each service had when it was held."""
        if not self.notes.exists():
            return {}
        noted: dict[str, str] = json.loads(self.notes.read_text())
        return noted

    def services(self) -> list[Service]:
        """Those of the release that exist."""
        found = self.cloud.services()
        return [found[name] for name in self.names if name in found]


def deployed_name(function: str) -> str:
    """What a function is called where names have no underscores."""
    return f"chainfolio-{function.replace('_', '-')}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what the arguments say; 1 when the release failed or could not be taken back whole."""
    options = _parser().parse_args(arguments)
    functions = [name for name in options.functions for name in name.split()] or function_names()
    if unknown := sorted(set(functions) - set(function_names())):
        print(f"no function is called {', '.join(unknown)}", file=sys.stderr)
        return 2
    release = Release(
        Gcloud(options.project, options.region),
        [deployed_name(name) for name in sorted(functions)],
        options.notes,
        lambda: time.sleep(options.pause),
    )
    try:
        if options.command == "hold":
            return hold(release, functions, options.held)
        return {"shift": shift, "rollback": roll_back}[options.command](release)
    except ReleaseFailed as error:
        print(error, file=sys.stderr)
        return 1


def hold(release: Release, functions: Iterable[str], held: Path) -> int:
    """Nail the traffic to the revisions that have it, note them, and tell Terraform what it may not move.

    That is every function that serves, whatever may change: a bundle, a setting and a secret's version all
    make a new revision.
    """
    services = {service.name: service for service in release.services()}
    release.notes.write_text(json.dumps({s.name: s.serving for s in services.values() if s.serving}))
    serving = []
    for function in sorted(functions):
        service = services.get(deployed_name(function))
        if service is None or service.serving is None:
            continue
        serving.append(function)
        if service.follows_latest:
            release.cloud.route(service.name, f"--to-revisions={service.serving}=100")
    held.write_text(json.dumps({"held": serving}))
    print(f"held: {', '.join(serving) or 'nothing, as nothing serves yet'}")
    return 0


def shift(release: Release) -> int:
    """Move the traffic to what is new, step by step, while that answers; all of it back when it doesn't."""
    before = release.before()
    try:
        _require_all(release)
        fresh = [service for service in release.services() if service.latest != before.get(service.name)]
        _say_what_is_new(release.names, fresh)
        if fresh:
            _move(release, fresh, before)
    except ReleaseFailed as error:
        print(f"{error}\nthe release is taken back", file=sys.stderr)
        roll_back(release)
        return 1
    _finish(release)
    return 0


def roll_back(release: Release) -> int:
    """Give the traffic back to the noted revisions, or else to those before; 1 when that failed somewhere."""
    before, failed = release.before(), False
    for service in release.services():
        try:
            revision = before.get(service.name) or (None if before else _previous(release.cloud, service))
            _return_to(release.cloud, service, revision)
        except ReleaseFailed as error:
            failed = True
            print(f"{service.name} could not be taken back: {error}", file=sys.stderr)
    return int(failed)


def _return_to(cloud: Gcloud, service: Service, revision: str | None) -> None:
    if revision is None:
        print(f"{service.name}: there is no revision to go back to")
        return
    follow = revision == service.latest
    if _TAG not in service.tags and service.split == {revision: 100} and service.follows_latest == follow:
        return
    where = "--to-latest" if follow else f"--to-revisions={revision}=100"
    cloud.route(service.name, where, *_untag(service))
    print(f"{service.name}: back to {revision}")


def _previous(cloud: Gcloud, service: Service) -> str | None:
    """The newest revision that is older than the one that serves."""
    revisions = cloud.revisions(service.name)
    if service.serving not in revisions:
        return None
    older = revisions[revisions.index(service.serving) + 1 :]
    return older[0] if older else None


def _require_all(release: Release) -> None:
    services = {service.name: service for service in release.services()}
    for name in release.names:
        if name not in services:
            raise ReleaseFailed(f"{name} was not deployed")
        if not services[name].ready:
            raise ReleaseFailed(f"{name}: its new revision {services[name].latest} does not start")


def _say_what_is_new(names: Iterable[str], fresh: Iterable[Service]) -> None:
    latest = {service.name: service.latest for service in fresh}
    for name in names:
        print(f"{name}: {latest.get(name, 'unchanged')}")


def _move(release: Release, fresh: Sequence[Service], before: Mapping[str, str]) -> None:
    """Ask the new revisions at addresses of their own: without traffic, and with more and more of it."""
    for service in fresh:
        release.cloud.route(service.name, f"--update-tags={_TAG}={service.latest}")
    _smoke(release.cloud, fresh)
    for percent in _STEPS:
        _give(release.cloud, fresh, percent, before)
        release.pause()
        _smoke(release.cloud, fresh)


def _smoke(cloud: Gcloud, fresh: Sequence[Service]) -> None:
    """Raises ReleaseFailed for the first new revision that does not answer as it should."""
    found = cloud.services()
    for service in fresh:
        url = found[service.name].tags.get(_TAG)
        if url is None:
            raise ReleaseFailed(f"{service.name}: {service.latest} has no address of its own")
        cloud.execute(SMOKE, {"url": url, "audience": service.url})


def _give(cloud: Gcloud, fresh: Iterable[Service], percent: int, before: Mapping[str, str]) -> None:
    """Give new revisions a part of the traffic; those that have it all already keep it."""
    for service in fresh:
        old = before.get(service.name)
        if old is not None and service.split.get(service.latest) != 100:
            cloud.route(service.name, f"--to-revisions={service.latest}={percent},{old}={100 - percent}")


def _finish(release: Release) -> None:
    """Let every service follow its latest revision, as it is between releases."""
    for service in release.services():
        if not service.follows_latest or _TAG in service.tags:
            release.cloud.route(service.name, "--to-latest", *_untag(service))
    release.notes.unlink(missing_ok=True)
    print("released")


def _untag(service: Service) -> tuple[str, ...]:
    return (f"--remove-tags={_TAG}",) if _TAG in service.tags else ()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("release", description=__doc__)
    parser.add_argument("command", choices=["hold", "shift", "rollback"])
    parser.add_argument("functions", nargs="*", help="default: all")
    parser.add_argument("--project", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--notes", type=Path, default=NOTES, help="where `hold` notes what served")
    parser.add_argument("--held", type=Path, default=HELD, help="what `hold` tells Terraform")
    parser.add_argument("--pause", type=float, default=_PAUSE_SECONDS, help="seconds between two steps")
    return parser


if __name__ == "__main__":
    sys.exit(main())
