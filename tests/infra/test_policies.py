"""No policy of checkov is broken without a reason, and no reason is kept that is not needed."""

from __future__ import annotations

import re

import pytest

from tests.infra.policies import Verdict, judge
from tests.infra.terraform import Terraform, ToolMissing

# What is planted in a copy: the same program has to find it.
_OPEN_BUCKET = """
resource "google_storage_bucket" "planted" {
  name                        = "planted"
  location                    = "EU"
  uniform_bucket_level_access = false
}
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Verdict, str]:
    """The verdict on the configuration with one mistake, and the configuration's own text."""
    try:
        terraform = Terraform(tmp_path_factory.mktemp("policies"))
        text = "".join(path.read_text() for path in terraform.folder.rglob("*.tf"))
        (terraform.folder / "planted.tf").write_text(_OPEN_BUCKET)
        return judge(terraform.folder), text
    except ToolMissing as error:
        pytest.fail(str(error), pytrace=False)


def test_no_policy_is_broken_but_by_what_was_planted(judged: tuple[Verdict, str]) -> None:
    verdict, _ = judged

    assert {finding.resource for finding in verdict.broken} == {"google_storage_bucket.planted"}
    assert {"CKV_GCP_29", "CKV_GCP_114"} <= {finding.policy for finding in verdict.broken}
    assert verdict.passed > 100


def test_every_waiver_has_a_reason_and_is_needed(judged: tuple[Verdict, str]) -> None:
    verdict, text = judged
    stated = re.findall(r"#checkov:skip=(\w+):(.*)", text)

    assert all(len(reason.split()) >= 5 for _, reason in stated)
    assert {(finding.policy, finding.reason) for finding in verdict.waived} == set(stated)
