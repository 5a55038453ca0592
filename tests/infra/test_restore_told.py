"""How the runbook goes back to an archive: to a named one, whose list of erasures is written first."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.infra.terraform import CONFIGURATION, ROOT

RUNBOOK = (CONFIGURATION / "RUNBOOK.md").read_text()
COMMANDS = re.findall(r"make (archive|restore)( (?:\\\n|[^`\n])+)", RUNBOOK)


def test_every_command_names_its_archive() -> None:
    assert {target for target, _ in COMMANDS} == {"archive", "restore"}
    assert all(re.search(r'OPTIONS="[^"]*--archive \d{4}-\d\d-\d\d', options) for _, options in COMMANDS)


@pytest.mark.parametrize(("target", "place"), [("archive", "TO"), ("restore", "FROM")])
def test_make_passes_the_options_on(target: str, place: str) -> None:
    given = f"{place}=file:kept", "OPTIONS=--archive 2026-11-20"
    command = ["make", "--no-print-directory", "--just-print", target, *given]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert said.splitlines()[-1].endswith(" file:kept --archive 2026-11-20")


def test_the_marks_are_told_and_a_copy_is_made_before_the_database_is_deleted() -> None:
    steps = (
        "databases clone",
        "make archive TO=",
        "--no-delete-protection",
        'delete --project PROJECT --database="(default)"',
    )
    places = [RUNBOOK.index(step) for step in steps]

    assert places == sorted(places)


def test_what_is_deleted_is_what_terraform_makes_anew() -> None:
    made = (CONFIGURATION / "firestore.tf").read_text()

    assert 'name        = "(default)"' in made
    assert 'import\ngoogle_firestore_database.main "(default)"' in RUNBOOK
    assert 'resource "google_firestore_database" "main"' in made
