"""The names that a server without tokens answers to."""

from __future__ import annotations

import pytest

from shared.web.app import Conduct
from tests.web.serving import ask, make_app, quiet

ALONE = Conduct(log=quiet(), loopback_only=True)


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:65535", "demo.localhost:80"],
)
async def test_this_machine_is_answered_by_its_own_names(host: str) -> None:
    assert (await ask(make_app(conduct=ALONE), headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example"),
        *(
            "evillocalhost",
            "localhost:8080@evil.example",
            "127.0.0.1:",
            "[::1]evil",
            "10.0.0.1",
            "localhost\n",
        ),
    ],
)
async def test_another_name_is_refused_whatever_it_asks_for(host: str, method: str) -> None:
    answer = await ask(make_app(conduct=ALONE), method, headers={"Host": host})

    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Misdirected Request"


async def test_elsewhere_every_name_is_answered() -> None:
    assert (await ask(make_app(), headers={"Host": "evil.example"})).status_code == 200
