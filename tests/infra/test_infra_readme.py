"""What is written for those who deploy agrees with what they deploy."""

from __future__ import annotations

import re

from tests.infra.terraform import CONFIGURATION, ROOT, Deployment

README = (CONFIGURATION / "README.md").read_text()
RUNBOOK = (CONFIGURATION / "RUNBOOK.md").read_text()


def stated_variables() -> list[tuple[str, str, str]]:
    """Name, default and description of every variable, in order, as the table has them."""
    text = (CONFIGURATION / "variables.tf").read_text()
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    return [(name, default_of(block), description_of(block)) for name, block in blocks]


def default_of(block: str) -> str:
    default = re.search(r"^  default\s+= (\{\n.*?^  \}|.*?$)", block, re.MULTILINE | re.DOTALL)
    if default is None:
        return "required"
    names = re.findall(r"^    (\w+)\s+= 0", default[1], re.MULTILINE)
    return ", ".join(f"`{name}`" for name in names) or f"`{default[1]}`"


def description_of(block: str) -> str:
    found = re.search(r'^  description = "(.*)"$', block, re.MULTILINE)
    assert found is not None
    return found[1].replace('\\"', '"')


def test_the_table_of_variables_is_complete_and_says_what_terraform_says() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", README, re.MULTILINE)

    assert rows == stated_variables()


def test_every_alert_has_its_paragraph_in_the_runbook(deployment: Deployment) -> None:
    alerts = [str(alert.key) for alert in deployment.all("monitoring_alert_policy")]
    paragraphs = re.findall(r"^## ([a-z_]+)$", RUNBOOK, re.MULTILINE)

    assert sorted(paragraphs) == sorted(alerts)


def test_every_command_of_make_that_it_shows_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"\bmake ([a-z]+)", README)) <= targets


def test_every_file_that_it_links_to_exists() -> None:
    links = {link.partition("#")[0] for link in re.findall(r"\]\(((?!https?:)[^)]+)\)", README)}

    assert links
    assert all((CONFIGURATION / link).exists() for link in links)


def test_every_output_that_it_shows_exists() -> None:
    outputs = set(re.findall(r'^output "(\w+)"', (CONFIGURATION / "outputs.tf").read_text(), re.MULTILINE))

    assert set(re.findall(r"terraform output (?:-raw )?(\w+)", README)) <= outputs
    assert set(re.findall(r"infra/terraform output (?:-raw )?(\w+)", README)) <= outputs


def test_what_the_runbook_tells_to_change_exists() -> None:
    """Words in code marks beside a file's name are attributes of functions there, or settings."""
    functions = (CONFIGURATION / "functions.tf").read_text()
    told = set(re.findall(r"(?:set|[Rr]aise) `(\w+)`", RUNBOOK))
    settings = set(re.findall(r"`([A-Z][A-Z0-9_]{3,})`", RUNBOOK))
    declared = "".join(
        (CONFIGURATION / f"{name}.tf").read_text() for name in ("settings", "secrets", "archive")
    )

    assert told
    assert all(re.search(rf"^      {name} +=", functions, re.MULTILINE) for name in told)
    assert {name for name in settings if name not in declared} <= {"PROJECT", "REGION"}


def test_jobs_are_called_where_they_are() -> None:
    """Cloud Scheduler's commands have no default place."""
    calls = re.findall(r"gcloud scheduler jobs (?:run|pause) [^`]*", README + RUNBOOK)

    assert calls
    assert all("--location REGION" in call for call in calls)


def test_a_leaked_secret_is_replaced_by_naming_the_new_version() -> None:
    leaked = RUNBOOK.partition("## When something was leaked")[2].partition("\n## ")[0]
    kinds = [" ".join(kind.split()) for kind in leaked.split("\n- ")[1:3]]

    assert all("put its number into `secrets`, `make deploy`" in kind for kind in kinds)


def test_whatever_terraform_does_from_a_fresh_clone_has_its_bundles() -> None:
    """It reads their digests for `destroy` and `import`, too."""
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    first = [
        next(block for block in blocks if f"infra/terraform {command}" in block)
        for command in ("import", "destroy")
    ]

    assert all(block.startswith("$ make bundles") for block in first)


def test_the_account_of_the_builds_may_do_what_production_needs() -> None:
    builds = README.partition("## From every commit")[2].partition("\n## ")[0]

    assert "billing accounts add-iam-policy-binding" in builds
    assert re.findall(r"--role (\S+)", builds) == ["roles/owner", "roles/billing.costsManager"]


def test_it_says_how_a_roll_back_ends() -> None:
    for page in (README, RUNBOOK):
        assert "--to-latest" in page
