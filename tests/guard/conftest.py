"""One deployed function and one local server, both of which tell users apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.guard.served import Served, allow_many_files, deployed, local, run_issuer, settings

SERVERS = {"deployed": "deployed_wallets", "local": "local_server"}


@pytest.fixture(scope="package")
def keys() -> Iterator[str]:
    """The URL of the issuer's keys."""
    with run_issuer() as url:
        yield url


@pytest.fixture(scope="package")
def deployed_wallets(keys: str) -> Iterator[Served]:
    """The function `wallets`, as the platform runs it."""
    allow_many_files()
    with deployed("wallets", settings(keys)) as server:
        yield server


@pytest.fixture(scope="package")
def local_server(keys: str) -> Iterator[Served]:
    """Every function on one port."""
    allow_many_files()
    with local(settings(keys)) as server:
        yield server


@pytest.fixture(scope="package", params=SERVERS)
def served(request: pytest.FixtureRequest) -> Served:
    """Each kind of server that serves /api/v1/wallets. Both live on, whichever is asked."""
    server: Served = request.getfixturevalue(SERVERS[request.param])
    return server


@pytest.fixture(params=SERVERS)
def flooded(request: pytest.FixtureRequest, keys: str) -> Iterator[Served]:
    """The same, where a flood does not use up what others may ask.

    Deployed, a flooder is told from others by the address that the front end saw. The local server knows
    but one address, so the flood has a server of its own.
    """
    if request.param == "deployed":
        yield request.getfixturevalue(SERVERS[request.param])
    else:
        with local(settings(keys)) as server:
            yield server
