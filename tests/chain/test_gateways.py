"""Gateways over real sockets: the forms of a question, and everything that a hostile one may do."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shared.chain.ccip import Question
from shared.chain.gateways import GatewayLimits, Gateways
from shared.errors import GatewayRefused, RpcBadResponse, RpcError, RpcRateLimited, RpcTimeout, RpcUnavailable
from shared.tls import Tls
from tests.chain.lookups import answering, local_gateways
from tests.chain.rpc_proxy import Mode, RpcProxy, cut, cut_midway, hang, packed, raw, status, unannounced
from tests.chain.setting import WALLET
from tests.chain.tls_server import run_tls_server

HOST = "gateway.example"
SECRET = "S3CR3T"
SMALL = GatewayLimits(answer_bytes=1000)
HASTY = GatewayLimits(seconds=0.05)
SENDER = WALLET.lower()


async def fetch(gateways: Gateways, *urls: str, within: float = 10) -> bytes:
    try:
        return await gateways.fetch(Question(WALLET, urls, b"\x01\x02"), within=within)
    finally:
        await gateways.close()


@asynccontextmanager
async def gateway(*modes: Mode) -> AsyncIterator[tuple[RpcProxy, str]]:
    """One that treats requests by these modes in turn, the last for good, and the URL to ask it at."""
    async with RpcProxy() as server:
        server.behave(*modes[:-1], then=modes[-1])
        yield server, f"http://{HOST}:{server.port}/{SECRET}/{{sender}}/{{data}}.json"


async def failure_of(mode: Mode, limits: GatewayLimits | None = None) -> RpcError:
    async with gateway(mode) as (_server, url):
        with pytest.raises(RpcError) as raised:
            await fetch(local_gateways(limits), url)
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None
    return raised.value


async def test_a_question_with_a_place_in_the_url_is_a_get() -> None:
    async with gateway(answering(b"answer")) as (server, url):
        assert await fetch(local_gateways(), url) == b"answer"

    [asked] = server.requests
    assert asked.path == f"/{SECRET}/{SENDER}/0x0102.json"
    assert asked.body == b""
    assert asked.headers["host"] == f"{HOST}:{server.port}"


async def test_a_question_without_one_is_posted() -> None:
    async with gateway(answering(b"answer")) as (server, _url):
        assert await fetch(local_gateways(), f"http://{HOST}:{server.port}/ask?by={{sender}}") == b"answer"

    [asked] = server.requests
    assert asked.path == f"/ask?by={SENDER}"
    assert json.loads(asked.body) == {"data": "0x0102", "sender": SENDER}
    assert asked.headers["content-type"] == "application/json"


async def test_an_empty_answer_is_an_answer() -> None:
    async with gateway(answering(b"")) as (_server, url):
        assert await fetch(local_gateways(), url) == b""


async def test_a_packed_answer_is_unpacked() -> None:
    async with gateway(packed(b'{"data":"0x00"}')) as (_server, url):
        assert await fetch(local_gateways(), url) == b"\0"


@pytest.mark.parametrize(
    "mode",
    [
        status(500),
        status(503, b'{"message":"later"}'),
        status(302, location="http://gateway.example/elsewhere"),
        raw(b"<html>"),
        raw(b"[]"),
        raw(b"{}"),
        raw(b'{"data":7}'),
        raw(b'{"data":"answer"}'),
        raw(b'{"data":"0xf"}'),
        raw(b'{"data":"0x00"}', headers={"Content-Encoding": "gzip"}),
        cut,
        cut_midway,
    ],
)
async def test_after_a_gateway_that_fails_the_next_is_asked(mode: Mode) -> None:
    async with gateway(mode, answering(b"answer")) as (server, url):
        assert await fetch(local_gateways(), url, url) == b"answer"

    assert len(server.requests) == 2


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 499])
async def test_a_gateway_that_refuses_ends_the_matter(code: int) -> None:
    async with gateway(status(code), answering(b"answer")) as (server, url):
        with pytest.raises(GatewayRefused, match=rf"^gateway\.example: HTTP {code}$") as refused:
            await fetch(local_gateways(), url, url)

    assert refused.value.status == code
    assert len(server.requests) == 1


async def test_a_gateway_that_asks_for_patience_ends_the_matter() -> None:
    assert isinstance(await failure_of(status(429, retry_after="1")), RpcRateLimited)


async def test_no_redirect_is_followed() -> None:
    async with gateway(answering(b"answer")) as (elsewhere, url):
        failure = await failure_of(status(302, location=url))

    assert str(failure) == "gateway.example: HTTP 302"
    assert elsewhere.requests == []


@pytest.mark.parametrize("mode", [raw(b"garbage"), raw(b'{"data":null}'), raw(b'{"data":"0xg0"}')])
async def test_an_answer_that_is_none_is_a_bad_response(mode: Mode) -> None:
    assert isinstance(await failure_of(mode), RpcBadResponse)


LONG = json.dumps({"data": "0x" + "00" * 1000}).encode()


@pytest.mark.parametrize("mode", [raw(LONG), unannounced(LONG), packed(LONG)])
async def test_an_answer_has_a_largest_size(mode: Mode) -> None:
    assert "exceeds 1000 bytes" in str(await failure_of(mode, SMALL))


async def test_a_gateway_that_does_not_answer_is_given_up() -> None:
    assert isinstance(await failure_of(hang, HASTY), RpcTimeout)


async def test_a_gateway_that_does_not_answer_leaves_time_for_the_next() -> None:
    async with gateway(hang, answering(b"answer")) as (_server, url):
        assert await fetch(local_gateways(GatewayLimits(seconds=0.2)), url, url) == b"answer"


async def test_all_gateways_together_have_a_deadline() -> None:
    async with gateway(hang) as (server, url):
        with pytest.raises(RpcUnavailable, match="no answer"):
            await fetch(local_gateways(), url, url, url, within=0.05)

    assert len(server.requests) <= 1


async def test_nobody_listening_is_unavailable() -> None:
    async with gateway(answering(b"")) as (_server, url):
        pass
    with pytest.raises(RpcUnavailable, match=r"^gateway\.example: no connection$"):
        await fetch(local_gateways(), url)


async def test_one_nonsense_and_one_down_are_unavailable() -> None:
    async with gateway(raw(b"garbage"), status(500)) as (_server, url):
        with pytest.raises(RpcUnavailable, match=r"JSON.*; gateway\.example: HTTP 500"):
            await fetch(local_gateways(), url, url)


async def test_a_lookup_without_gateways_is_a_bad_response() -> None:
    with pytest.raises(RpcBadResponse, match="no gateway"):
        await fetch(local_gateways())


class Hosts:
    """A name server of which every answer is the next; it counts them."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self._answers[min(len(self.asked), len(self._answers)) - 1]


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["10.0.0.1"],
        ["::1"],
        ["::ffff:10.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["fd00::1"],
        ["1.1.1.1", "127.0.0.1"],
    ],
)
async def test_a_host_with_any_address_that_is_not_public_is_not_asked(addresses: list[str]) -> None:
    with pytest.raises(RpcBadResponse, match=r"^gateway\.example: is not on the public internet$"):
        await fetch(Gateways(resolve_host=Hosts(addresses)), f"https://{HOST}/{{data}}")


@pytest.mark.parametrize(
    "url", ["http://gateway.example/", "https://gateway.example:8443/", "https://a@gateway.example/"]
)
async def test_a_url_that_is_refused_is_not_even_looked_up(url: str) -> None:
    hosts = Hosts(["1.1.1.1"])
    with pytest.raises(RpcBadResponse):
        await fetch(Gateways(resolve_host=hosts), url)

    assert hosts.asked == []


async def test_the_address_that_was_looked_up_is_the_one_that_is_asked() -> None:
    """The name exists nowhere, so a second look-up would find nothing."""
    hosts = Hosts(["127.0.0.1"], ["203.0.113.1"])
    async with gateway(answering(b"answer")) as (_server, url):
        assert await fetch(Gateways(resolve_host=hosts, local=True), url) == b"answer"

    assert hosts.asked == [HOST]


async def test_where_one_address_does_not_answer_the_next_is_tried() -> None:
    async with gateway(answering(b"answer")) as (_server, url):
        hosts = Hosts(["127.0.0.1", "127.0.0.2"])
        assert await fetch(Gateways(resolve_host=hosts, local=True), url) == b"answer"
        hosts = Hosts(["127.0.0.2", "127.0.0.1"])
        assert await fetch(Gateways(resolve_host=hosts, local=True), url) == b"answer"


def no_such_host(host: str) -> Sequence[str]:
    raise OSError(f"{host} is unknown")


@pytest.mark.parametrize("resolve_host", [no_such_host, Hosts([])])
async def test_a_host_that_does_not_exist_is_unavailable(resolve_host: Hosts) -> None:
    with pytest.raises(RpcUnavailable, match=r"^gateway\.example: no such host$"):
        await fetch(Gateways(resolve_host=resolve_host), f"https://{HOST}/")


async def test_the_certificate_must_be_that_of_the_host(tmp_path: Path) -> None:
    async with run_tls_server(tmp_path, HOST, b'{"data":"0x07"}') as server:
        hosts = Hosts(["127.0.0.1"])
        trusting = Gateways(Tls(str(server.certificate)), resolve_host=hosts, local=True)

        assert await fetch(trusting, f"https://{HOST}:{server.port}/{{data}}") == b"\x07"
        assert f"Host: {HOST}:{server.port}\r\n" in server.heads[0]
        with pytest.raises(RpcUnavailable, match=r"^other\.example: no connection$"):
            await fetch(trusting, f"https://other.example:{server.port}/{{data}}")
        with pytest.raises(RpcUnavailable, match="no connection"):
            await fetch(Gateways(resolve_host=hosts, local=True), f"https://{HOST}:{server.port}/{{data}}")
    assert len(server.heads) == 1


async def test_no_proxy_is_asked_and_no_cookie_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = raw(b'{"data":"0x"}', headers={"Set-Cookie": "a=b"})
    async with RpcProxy() as proxy, gateway(cookie) as (server, url):
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        gateways = local_gateways()
        await fetch(gateways, url)
        await fetch(gateways, url)

    assert proxy.requests == []
    assert [asked.headers.get("cookie") for asked in server.requests] == [None, None]


async def test_questions_beyond_the_places_wait_for_one() -> None:
    async with gateway(answering(b"")) as (server, url):
        server.latency = 0.01
        gateways = local_gateways(GatewayLimits(at_once=2))
        question = Question(WALLET, (url,), b"")
        await asyncio.gather(*(gateways.fetch(question, within=10) for _ in range(6)))
        await gateways.close()

    assert server.most_at_once == 2


async def test_no_url_gets_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "httpcore")
    await failure_of(status(302, location=f"https://{HOST}/{SECRET}"))

    assert SECRET not in caplog.text
