"""The bucket that Terraform makes on AWS, as moto's server plays it, takes archives and keeps them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]  # has no types
import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # has no types

from shared.archive.opening import open_objects
from shared.core.archive_location import parse_location
from shared.errors import ArchiveUnavailable
from tests.archive.aws_provider import find_mirror

MODULE = Path(__file__).parents[2] / "infra" / "terraform" / "modules" / "archive_s3"
NAME = "2026-11-21/manifest.json"
MAIN = """
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  s3_use_path_style           = true

  endpoints {
    s3  = "%(url)s"
    iam = "%(url)s"
    sts = "%(url)s"
  }
}

module "archive" {
  source    = "./archive_s3"
  bucket    = "%(bucket)s"
  lock_days = 30
}

output "location" {
  value = module.archive.location
}

output "policy_arn" {
  value = module.archive.policy_arn
}
"""


class Terraform:
    """The command over the module, with a provider that talks to moto's server."""

    def __init__(self, folder: Path, url: str, bucket: str) -> None:
        self._folder = folder
        (folder / "no.tfrc").write_text("")
        self._environ = {
            **os.environ,
            "TF_CLI_CONFIG_FILE": str(folder / "no.tfrc"),
            "CHECKPOINT_DISABLE": "1",
        }
        shutil.copytree(MODULE, folder / "archive_s3")
        (folder / "main.tf").write_text(MAIN % {"url": url, "bucket": bucket})

    def run(self, *arguments: str) -> str:
        """What the command printed. Raises AssertionError with all of it if it failed."""
        done = subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self._folder,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def statements(text: str | dict[str, Any]) -> dict[str, Any]:
    policy = json.loads(text) if isinstance(text, str) else text
    return {statement["Sid"]: statement for statement in policy["Statement"]}


async def test_the_bucket_takes_archives_and_keeps_them(aws: str, tmp_path: Path) -> None:
    terraform = Terraform(tmp_path, aws, "chainfolio-archives")
    terraform.run("init", f"-plugin-dir={find_mirror()}")
    terraform.run("apply", "-auto-approve")
    outputs = {name: each["value"] for name, each in json.loads(terraform.run("output", "-json")).items()}
    assert "No changes" in terraform.run("plan")

    assert outputs["location"] == "s3://chainfolio-archives/chainfolio"
    objects = open_objects(parse_location(outputs["location"]), s3_endpoint_url=aws, s3_region="eu-west-1")
    s3 = boto3.client("s3", endpoint_url=aws, region_name="eu-west-1")
    with pytest.raises(ArchiveUnavailable, match=r"cannot be used \(403\)"):
        await objects.add_object(NAME, b"without TLS")
    assert statements(s3.get_bucket_policy(Bucket="chainfolio-archives")["Policy"])["OnlyTls"]
    s3.delete_bucket_policy(Bucket="chainfolio-archives")
    assert await objects.add_object(NAME, b"first")
    assert not await objects.add_object(NAME, b"second")
    assert await objects.read_object(NAME) == b"first"
    await objects.close()

    (version,) = s3.list_object_versions(Bucket="chainfolio-archives")["Versions"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket="chainfolio-archives", Key=version["Key"], VersionId=version["VersionId"])
    s3.close()

    iam = boto3.client("iam", endpoint_url=aws, region_name="eu-west-1")
    arn = outputs["policy_arn"]
    kept = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
    allowed = statements(kept)
    assert {each["Action"] for each in allowed.values()} == {"s3:PutObject", "s3:GetObject", "s3:ListBucket"}
    assert allowed["AddNew"]["Resource"] == "arn:aws:s3:::chainfolio-archives/chainfolio/*"
    iam.close()
