"""The shared client, and the headers it is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.endpoint import Endpoint
from shared.chain.http import open_http, parse_retry_after
from shared.errors import RpcUnavailable
from tests.chain.rpc_proxy import RpcProxy

NOW = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7),
        ("0", 0),
        ("0.5", 0.5),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0),
        ("-1", None),
        ("1e9", None),
        ("9" * 400, None),
        ("soon", None),
        ("Wed, 21 Oct 2026 07:28:30", None),
        ("", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize("date", [None, "", "today"])
def test_a_date_says_nothing_without_the_time_of_the_answer(date: str | None) -> None:
    assert parse_retry_after(NOW, date) is None


_WORDS = ["Mon,", "01", "Jan", "9" * 20, "00:00:00", "GMT", "+9999", "-0000", "0", "24:61:61", ",", ":", "-"]
_DATES = st.lists(st.sampled_from(_WORDS) | st.text(max_size=3), max_size=8).map(" ".join)


@given(st.none() | _DATES | st.text(), st.none() | _DATES | st.just(NOW))
def test_no_header_breaks_the_parser(value: str | None, date: str | None) -> None:
    seconds = parse_retry_after(value, date)

    assert seconds is None or seconds >= 0


async def test_a_proxy_from_the_environment_is_for_other_machines_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with RpcProxy() as proxy, RpcProxy() as own:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with open_http() as http:
            await Endpoint("http://node.example/v1", http).request("eth_chainId", [], within=5)
            await Endpoint(own.url, http).request("eth_chainId", [], within=5)

    assert [asked.path for asked in proxy.requests] == ["http://node.example/v1"]
    assert [asked.path for asked in own.requests] == ["/"]


async def test_no_redirect_is_followed() -> None:
    async with open_http() as http:
        assert http.follow_redirects is False


async def test_when_only_the_public_may_be_asked_no_name_leads_inside(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with RpcProxy() as node:
        inside = node.url.replace("127.0.0.1", "localhost")
        async with open_http(public_only=True) as http:
            with pytest.raises(RpcUnavailable, match=r"^localhost"):
                await Endpoint(inside, http).request("eth_chainId", [], within=5)
        async with open_http() as http:
            assert await Endpoint(inside, http).request("eth_chainId", [], within=5) == "0x1"

    assert len(node.requests) == 1
    assert "ALLOW_PRIVATE_URLS" in caplog.text
