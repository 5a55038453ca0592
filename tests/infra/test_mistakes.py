"""Terraform is run over what is wrong, too: a check that finds nothing in the right says nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.infra.terraform import ROOT, SMALL, Terraform, ToolMissing


class Mistake(NamedTuple):
    """What is planted in place of what, and what Terraform has to say of it."""

    file: str
    right: str
    wrong: str
    says: str


MISTAKES: Mapping[str, Mistake] = {
    "an argument that there is not": Mistake(
        "firestore.tf",
        "deletion_policy ",
        "deletion_polcy ",
        'An argument named "deletion_polcy" is not expected here',
    ),
    "an argument of the wrong kind": Mistake(
        "pubsub.tf", "ack_deadline_seconds = 600", 'ack_deadline_seconds = "soon"', "a number is required"
    ),
    "an argument that is missing": Mistake(
        "build.tf", 'format        = "DOCKER"\n', "", 'The argument "format" is required'
    ),
    "a resource that there is not": Mistake(
        "archive.tf",
        'resource "google_storage_bucket_iam_member" "archive"',
        'resource "google_storage_bucket_iam_membr" "archive"',
        'does not support resource type "google_storage_bucket_iam_membr"',
    ),
    "a block that is missing": Mistake(
        "budget.tf",
        "  amount {\n    specified_amount",
        "  amounts {\n    specified_amount",
        'Blocks of type "amounts"',
    ),
    "a block too many": Mistake(
        "alerts.tf",
        "  alert_strategy {\n",
        '  alert_strategy {\n    auto_close = "1s"\n  }\n  alert_strategy {\n',
        'No more than 1 "alert_strategy" blocks are allowed',
    ),
    "an attribute that there is not": Mistake(
        "outputs.tf",
        "google_storage_bucket.archive.url",
        "google_storage_bucket.archive.address",
        'no argument, nested block, or exported attribute named "address"',
    ),
    "a resource that nobody declared": Mistake(
        "secrets.tf",
        "project   = local.project",
        "project   = google_project_service.unused.project",
        "undeclared resource",
    ),
    "a variable that nobody declared": Mistake(
        "gateway.tf",
        "hosts        = [var.domain]",
        "hosts        = [var.domains]",
        "undeclared input variable",
    ),
    "an argument that can only be read": Mistake(
        "modules/function/account.tf",
        "  account_id   = local.id",
        '  email        = "somebody"\n  account_id   = local.id',
        'attribute "email"',
    ),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """A copy that mistakes are planted in, one after the other."""
    try:
        terraform = Terraform(tmp_path_factory.mktemp("mistakes"))
    except ToolMissing as error:
        pytest.fail(str(error), pytrace=False)
    terraform.run("get")
    return terraform


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(mistake: Mistake, copy: Terraform) -> None:
    path = copy.folder / mistake.file
    right = path.read_text()
    assert mistake.right in right
    path.write_text(right.replace(mistake.right, mistake.wrong, 1))
    try:
        found = json.loads(copy.run("validate", "-json", fine=(1,)))["diagnostics"]
    finally:
        path.write_text(right)

    errors = [one for one in found if one["severity"] == "error"]
    assert {one["range"]["filename"] for one in errors} == {mistake.file}
    assert any(mistake.says in " ".join(f"{one['summary']}: {one['detail']}".split()) for one in errors)


def test_the_configuration_itself_is_without_mistakes(terraform: Terraform) -> None:
    terraform.run("get")

    assert json.loads(terraform.run("validate", "-json"))["error_count"] == 0


def test_the_configuration_is_written_as_terraform_formats_it(terraform: Terraform) -> None:
    assert terraform.run("fmt", "-check", "-recursive", "-list=true") == ""


def test_terraforms_own_tests_pass(terraform: Terraform) -> None:
    terraform.run("get", "-test-directory=tests")
    said = terraform.run("test", "-no-color")

    assert "0 failed" in said


def test_a_bundle_that_was_not_made_is_named_with_the_command_that_makes_it(terraform: Terraform) -> None:
    (terraform.folder / ".bundles" / "trades.zip").unlink()
    terraform.choose(SMALL)
    terraform.run("get")

    said = terraform.run("plan", "-input=false", "-no-color", fine=(1,))

    assert "There is no ./.bundles/trades.zip: run `python3 infra/terraform/bundle.py` first" in " ".join(
        said.replace("│", " ").split()
    )


def test_the_pages_that_messages_name_are_there() -> None:
    folder = ROOT / "infra" / "terraform"
    readme = (folder / "README.md").read_text()
    headings = {line.lstrip("# ") for line in readme.splitlines() if line.startswith("#")}

    assert _sections(folder) <= headings


def _sections(folder: Path) -> set[str]:
    """What messages of wrong variables refer to."""
    told = (
        line
        for path in folder.rglob("*.tf")
        for line in path.read_text().splitlines()
        if "see README.md" in line
    )
    return {line.partition("see README.md, ")[2].replace('\\"', "").strip().rstrip('".') for line in told}
