"""Whatever goes wrong, no part of a URL but host and port comes to light."""

import logging
import traceback

import httpx
import pytest

from shared.chain.endpoint import Endpoint, label_of
from shared.errors import (
    RpcError,
    RpcUnavailable,
)
from tests.chain.bad_answers import FAILURES, LIMIT, NOT_AN_ANSWER
from tests.chain.nodes import SECRET
from tests.chain.rpc_proxy import (
    Mode,
    RpcProxy,
    hang,
    rpc_error,
    status,
)


def shown(error: BaseException, endpoint: Endpoint) -> str:
    """All that a log or a person could come to see of it."""
    chain: list[BaseException | None] = [error, error.__cause__, error.__context__]
    texts = [repr(link) + str(link) + repr(vars(link)) for link in chain if link is not None]
    return "".join([*texts, *traceback.format_exception(error), repr(endpoint), endpoint.label])


@pytest.mark.parametrize(
    "mode",
    [
        *(mode for mode, _ in FAILURES.values()),
        *NOT_AN_ANSWER.values(),
        hang,
        status(403, f'{{"error":{{"code":-32600,"message":"key {SECRET} is inactive"}}}}'.encode()),
        rpc_error(-32000, f"http://node/v3/{SECRET}: gremlins"),
        rpc_error(3, f"execution reverted: {SECRET}"),
        status(302, location=f"/v3/{SECRET}?k={SECRET}"),
        status(302, location=f"http://[{SECRET}"),
        status(429, retry_after=SECRET),
    ],
)
async def test_no_failure_shows_what_is_secret_in_the_url(
    node: RpcProxy, http: httpx.AsyncClient, mode: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"http://u{SECRET}:p{SECRET}@127.0.0.1:{node.port}/v3/{SECRET}?key={SECRET}#{SECRET}"
    endpoint = Endpoint(url, http, max_response_bytes=LIMIT)
    node.behave(mode)

    with pytest.raises(RpcError) as caught:
        await endpoint.request("eth_chainId", [], within=0.2)

    assert SECRET not in shown(caught.value, endpoint)
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        f"http://u:{SECRET}@127.0.0.1:1/{SECRET}?{SECRET}",
        f"http://{SECRET}.invalid\x7f/{SECRET}",
        f"http://host .example/{SECRET}",
        f"http://ho%zzst/{SECRET}\x00",
        f"http://a..b/{SECRET}",
        f"http://xn--0/{SECRET}",
        f"https://127.0.0.1:1/{SECRET}",
    ],
)
async def test_an_unusable_url_fails_without_being_shown(
    http: httpx.AsyncClient, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    endpoint = Endpoint(url, http)

    with pytest.raises(RpcUnavailable) as caught:
        await endpoint.request("eth_chainId", [], within=2)

    assert f"/{SECRET}" not in shown(caught.value, endpoint)
    assert f":{SECRET}" not in shown(caught.value, endpoint)
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("host", "shown_as"),
    [
        ("0123456789abcdef0123456789abcdef.eth.rpc.rivet.cloud", "….eth.rpc.rivet.cloud"),
        ("a1b2c3d4-e5f6-7a8b-9c0d-e1f2a3b4c5d6.node.example:8545", "….node.example:8545"),
        ("deadbeefdeadbeefdeadbeef.node.example", "….node.example"),
        ("aK9xQ2mZ7pL4vR8tW3yB.node.example", "….node.example"),
        ("polygon-bor-rpc.publicnode.com", "polygon-bor-rpc.publicnode.com"),
        ("ethereum-sepolia-rpc.publicnode.com", "ethereum-sepolia-rpc.publicnode.com"),
        ("arbitrum-one-sepolia-testnet-2.node.example", "arbitrum-one-sepolia-testnet-2.node.example"),
        ("eth1.node.example", "eth1.node.example"),
        ("localhost", "localhost"),
        ("127.0.0.1:8545", "127.0.0.1:8545"),
        ("[::1]:8545", "[::1]:8545"),
    ],
)
def test_a_key_in_the_host_is_not_in_the_label(host: str, shown_as: str) -> None:
    assert label_of(f"https://{host}/v1") == shown_as


async def test_a_success_leaves_nothing_secret_in_the_log(
    node: RpcProxy, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx")

    await Endpoint(f"{node.url}/{SECRET}?{SECRET}", http).request("eth_chainId", [], within=5)

    assert SECRET not in caplog.text
