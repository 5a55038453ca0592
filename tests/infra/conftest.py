"""The configuration as it is applied: once as small as it gets, and once for production."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra.terraform import PRODUCTION, SMALL, Deployment, Terraform, ToolMissing


def _terraform(folder: Path) -> Terraform:
    try:
        return Terraform(folder)
    except ToolMissing as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def small_terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    return _terraform(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def small(small_terraform: Terraform) -> Deployment:
    return small_terraform.apply(SMALL)


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return _terraform(tmp_path_factory.mktemp("production")).apply(PRODUCTION)


@pytest.fixture(params=["small", "production"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """What is to hold of both."""
    found: Deployment = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def terraform(tmp_path: Path) -> Terraform:
    """A copy to be changed."""
    return _terraform(tmp_path)
