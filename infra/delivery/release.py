"""`python3 -m infra.delivery.release`: new revisions get traffic once they have answered, or never.

Cloud Build calls it around `terraform apply`: `hold` before, `shift` after; `rollback` is for people, too.
Needs gcloud and the standard library only.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..terraform.bundle import BUNDLES, function_names
from .gcloud import Gcloud, ReleaseFailed, Service
from .plan import Plan, read_plan

TERRAFORM = BUNDLES.parent
# What Terraform would do if nothing were held: `terraform show -json` of its plan.
PLAN = TERRAFORM / "release.tfplan.json"
# Terraform reads it by itself; it says which functions may not have their new revision served at once.
HELD = TERRAFORM / "held.auto.tfvars.json"
NOTES = TERRAFORM / ".release.json"
SMOKE = "chainfolio-smoke"
_CANDIDATE = "candidate"
# On the revision that a release nailed the traffic to. Where a person did, it is missing.
_HELD = "held"
_STEPS = (10, 50)
_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Noted:
    """A service as it was when the release began."""

    serving: str
    latest: str
    free: bool
    """Whether no person chose the revision that serves, so that a newer one may replace it."""


@dataclass(frozen=True, slots=True)
class Release:
    """What is released where, and how fast."""

    cloud: Gcloud
    names: Sequence[str]
    """Services, by the names that they are deployed under."""
    notes: Path
    held: Path
    pause: Callable[[], None]

    def before(self) -> dict[str, Noted]:
        """The services that served when the release began."""
        if not self.notes.exists():
            return {}
        return {name: Noted(**noted) for name, noted in json.loads(self.notes.read_text()).items()}

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
        options.held,
        lambda: time.sleep(options.pause),
    )
    try:
        if options.command == "hold":
            plan = read_plan(options.plan)
            _require_region(plan, options.region)
            return hold(release, plan.updated.intersection(functions))
        return {"shift": shift, "rollback": roll_back}[options.command](release)
    except ReleaseFailed as error:
        print(error, file=sys.stderr)
        return 1


def hold(release: Release, updated: Iterable[str]) -> int:
    """Nail the traffic of functions that Terraform would update to what serves; tell Terraform to leave it.

    Whatever the reason, a bundle, a setting or a secret's version: an update makes a new revision. The others
    are noted only: told to leave their traffic alone, Terraform would update them, too.
    """
    services = {service.name: service for service in release.services()}
    noted = {s.name: Noted(s.serving, s.latest, _is_free(s)) for s in services.values() if s.serving}
    release.notes.write_text(json.dumps({name: asdict(one) for name, one in noted.items()}))
    held = [function for function in sorted(updated) if deployed_name(function) in noted]
    for name in map(deployed_name, held):
        if services[name].follows_latest:
            serving = noted[name].serving
            release.cloud.route(name, f"--to-revisions={serving}=100", f"--update-tags={_HELD}={serving}")
    release.held.write_text(json.dumps({"held": held}))
    print(f"held: {', '.join(held) or 'nothing, as nothing that serves is updated'}")
    return 0


def shift(release: Release) -> int:
    """Move the traffic to what is new, step by step, while that answers; all of it back when it doesn't."""
    before = release.before()
    try:
        _require_all(release)
        fresh = [service for service in release.services() if _is_fresh(service, before.get(service.name))]
        _say_what_is_new(release.names, fresh)
        if fresh:
            _move(release, fresh, before)
    except ReleaseFailed as error:
        print(f"{error}\nthe release is taken back", file=sys.stderr)
        roll_back(release)
        return 1
    _finish(release, {service.name for service in fresh}, before)
    return 0


def roll_back(release: Release) -> int:
    """Give the traffic back to what was noted, or to the revisions before; 1 when that failed somewhere."""
    before, failed = release.before(), False
    for service in release.services():
        try:
            if not before:
                _return_to(release.cloud, service, _previous(release.cloud, service))
            elif noted := before.get(service.name):
                _take_back(release.cloud, service, noted)
            else:
                print(f"{service.name}: there is no revision to go back to")
        except ReleaseFailed as error:
            failed = True
            print(f"{service.name} could not be taken back: {error}", file=sys.stderr)
    return int(failed)


def _is_free(service: Service) -> bool:
    return service.follows_latest or service.tagged.get(_HELD) == service.serving


def _is_fresh(service: Service, noted: Noted | None) -> bool:
    """Whether its latest revision is this release's, or one that an earlier release took back."""
    if noted is None or service.latest != noted.latest:
        return True
    return noted.free and service.latest != noted.serving


def _take_back(cloud: Gcloud, service: Service, noted: Noted) -> None:
    """Give its traffic back; a mark says that a newer revision waits for the next release."""
    newer = noted.serving != service.latest
    ours = noted.free or service.latest != noted.latest
    _return_to(cloud, service, noted.serving, follow=noted.free and not newer, held=newer and ours)


def _return_to(
    cloud: Gcloud, service: Service, revision: str | None, *, follow: bool = False, held: bool = False
) -> None:
    if revision is None:
        print(f"{service.name}: there is no revision to go back to")
        return
    tags = _tags(service, revision if held else None)
    if not tags and service.split == {revision: 100} and service.follows_latest == follow:
        return
    cloud.route(service.name, "--to-latest" if follow else f"--to-revisions={revision}=100", *tags)
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


def _require_region(plan: Plan, region: str) -> None:
    if plan.region != region:
        raise ReleaseFailed(f"the release is for {region}, but the plan for {plan.region}")


def _move(release: Release, fresh: Sequence[Service], before: Mapping[str, Noted]) -> None:
    """Ask the new revisions at addresses of their own: without traffic, and with more and more of it."""
    for service in fresh:
        release.cloud.route(service.name, f"--update-tags={_CANDIDATE}={service.latest}")
    _smoke(release.cloud, fresh)
    for percent in _STEPS:
        _give(release.cloud, fresh, percent, before)
        release.pause()
        _smoke(release.cloud, fresh)


def _smoke(cloud: Gcloud, fresh: Sequence[Service]) -> None:
    """Raises ReleaseFailed for the first new revision that does not answer as it should."""
    found = cloud.services()
    for service in fresh:
        url = found[service.name].tags.get(_CANDIDATE)
        if url is None:
            raise ReleaseFailed(f"{service.name}: {service.latest} has no address of its own")
        cloud.execute(SMOKE, {"url": url, "audience": service.url})


def _give(cloud: Gcloud, fresh: Iterable[Service], percent: int, before: Mapping[str, Noted]) -> None:
    """Give new revisions a part of the traffic; those that have it all already keep it."""
    for service in fresh:
        old = before.get(service.name)
        if old is not None and service.split.get(service.latest) != 100:
            to = f"--to-revisions={service.latest}={percent},{old.serving}={100 - percent}"
            cloud.route(service.name, to)


def _finish(release: Release, fresh: Collection[str], before: Mapping[str, Noted]) -> None:
    """Let services follow their latest revision, but those that a person sent back and that are the same."""
    for service in release.services():
        if service.name not in fresh and not before[service.name].free:
            print(f"{service.name}: stays at {service.serving}, where somebody sent it")
        elif not service.follows_latest or _tags(service, None):
            release.cloud.route(service.name, "--to-latest", *_tags(service, None))
    for file in (release.notes, release.held):
        file.unlink(missing_ok=True)
    print("released")


def _tags(service: Service, held: str | None) -> tuple[str, ...]:
    """How to leave a service with no tags of ours but one on the revision that is held, if any."""
    unwanted = [
        tag for tag in (_CANDIDATE, _HELD) if tag in service.tagged and (tag == _CANDIDATE or not held)
    ]
    changes = [f"--remove-tags={','.join(unwanted)}"] if unwanted else []
    if held and service.tagged.get(_HELD) != held:
        changes.append(f"--update-tags={_HELD}={held}")
    return tuple(changes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("release", description=__doc__)
    parser.add_argument("command", choices=["hold", "shift", "rollback"])
    parser.add_argument("functions", nargs="*", help="default: all")
    parser.add_argument("--project", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--notes", type=Path, default=NOTES, help="where `hold` notes what served")
    parser.add_argument("--plan", type=Path, default=PLAN, help="Terraform's plan as JSON, for `hold`")
    parser.add_argument("--held", type=Path, default=HELD, help="what `hold` tells Terraform")
    parser.add_argument("--pause", type=float, default=_PAUSE_SECONDS, help="seconds between two steps")
    return parser


if __name__ == "__main__":
    sys.exit(main())
