"""The bucket that Terraform makes on AWS, as moto's server plays it, takes archives and keeps them."""

from __future__ import annotations

import json
import os
import re
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

TERRAFORM = Path(__file__).parents[2] / "infra" / "terraform"
MODULE = TERRAFORM / "modules" / "archive_s3"
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
  %(more)s
}

output "location" {
  value = module.archive.location
}

output "policy_arn" {
  value = module.archive.policy_arn
}
"""
KEPT_FOR_EVER = "keep_days = null"
IMPORT = """
import {
  to = module.archive.aws_s3_bucket_lifecycle_configuration.archive[0]
  id = "%s"
}
"""
FORGOTTEN = {
    "ID": "forget",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "Expiration": {"Days": 400},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
}


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
        self._bucket = {"url": url, "bucket": bucket}

    def choose(self, more: str = "", behind: str = "") -> None:
        """Further arguments of the module, and what comes behind it."""
        (self._folder / "main.tf").write_text(MAIN % {**self._bucket, "more": more} + behind)

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


def pattern_of_places() -> str:
    """What the deployment takes for its variable `archive`."""
    found = re.search(r'regex\("(\^s3://[^"]+\$)"', (TERRAFORM / "variables.tf").read_text())
    assert found is not None
    return found[1]


async def test_the_bucket_takes_archives_and_keeps_them(aws: str, tmp_path: Path) -> None:
    terraform = Terraform(tmp_path, aws, "chainfolio-archives")
    terraform.choose(KEPT_FOR_EVER)
    terraform.run("init", f"-plugin-dir={find_mirror()}")
    terraform.run("apply", "-auto-approve")
    outputs = {name: each["value"] for name, each in json.loads(terraform.run("output", "-json")).items()}

    assert outputs["location"] == "s3://chainfolio-archives/chainfolio"
    assert re.fullmatch(pattern_of_places(), outputs["location"])
    objects = open_objects(parse_location(outputs["location"]), s3_endpoint_url=aws, s3_region="eu-west-1")
    s3 = boto3.client("s3", endpoint_url=aws, region_name="eu-west-1")
    # Rules that it sets itself the provider watches for a minute. These are what the module wants.
    rules = {"Rules": [FORGOTTEN]}
    s3.put_bucket_lifecycle_configuration(Bucket="chainfolio-archives", LifecycleConfiguration=rules)
    terraform.choose(behind=IMPORT % "chainfolio-archives")
    assert "Plan: 1 to import, 0 to add, 0 to change, 0 to destroy." in terraform.run("plan")

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
