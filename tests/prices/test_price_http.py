"""GETs of the price sources: bounded in size and time, retried in one place, silent about keys."""

from __future__ import annotations

import gzip
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from shared.prices.http import JsonHttp, Patience, body_of
from shared.prices.source import SourceFailed
from tests.devnet.price_server import Fault, PriceServer
from tests.prices.samples import KEY, NOW

ROUTE = "coingecko/price"
PATH = "/coingecko/simple/price"
GZIP = {"Content-Encoding": "gzip"}
BOMB = gzip.compress(gzip.compress(bytes(2**24), 9), 9)


class Waits:
    """Notes how long it was asked to sleep."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
async def test_a_passing_fault_is_retried(server: PriceServer, http: JsonHttp, status: int) -> None:
    server.faults[ROUTE] = Fault(status, times=2)

    reply = await http.get(server.url + PATH, params={"ids": "ethereum"})

    assert (reply.status, server.counts[ROUTE]) == (200, 3)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410])
async def test_a_lasting_fault_is_not_retried(server: PriceServer, http: JsonHttp, status: int) -> None:
    server.faults[ROUTE] = Fault(status, headers={"Location": "/"})

    assert (await http.get(server.url + PATH)).status == status
    assert len(server.requests) == 1


async def test_retries_end(server: PriceServer, http: JsonHttp) -> None:
    server.faults[ROUTE] = Fault(500)

    assert (await http.get(server.url + PATH)).status == 500
    assert server.counts[ROUTE] == 3


async def test_a_short_retry_after_is_waited_for(server: PriceServer) -> None:
    waits = Waits()
    http = JsonHttp(sleep=waits)
    server.faults[ROUTE] = Fault(429, headers={"Retry-After": "1"}, times=1)

    assert (await http.get(server.url + PATH)).status == 200
    assert waits.seconds == [1.0]
    await http.close()


@pytest.mark.parametrize(
    "header", ["60", format_datetime(NOW + timedelta(minutes=1), usegmt=True)], ids=["seconds", "date"]
)
async def test_a_long_retry_after_is_reported_and_not_waited_for(server: PriceServer, header: str) -> None:
    waits = Waits()
    http = JsonHttp(sleep=waits, now=lambda: NOW)
    server.faults[ROUTE] = Fault(429, headers={"Retry-After": header})

    reply = await http.get(server.url + PATH)

    assert (reply.status, reply.retry_after, waits.seconds) == (429, 60.0, [])
    await http.close()


async def test_too_many_requests_without_a_time_are_not_repeated(server: PriceServer, http: JsonHttp) -> None:
    server.faults[ROUTE] = Fault(429)

    assert (await http.get(server.url + PATH)).status == 429
    assert len(server.requests) == 1


async def test_waits_grow_and_are_spread(server: PriceServer) -> None:
    waits = Waits()
    http = JsonHttp(Patience(first_wait=1), sleep=waits)
    server.faults[ROUTE] = Fault(cut=True)

    with pytest.raises(SourceFailed, match="the connection failed"):
        await http.get(server.url + PATH)

    first, second = waits.seconds
    assert 0.5 <= first <= 1.5
    assert 1 <= second <= 3
    await http.close()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault(body=b"<html>"), "not JSON"),
        (Fault(body=b"[" * 50_000), "not JSON"),
        (Fault(body='{"a": 1}'.encode("utf-16")), "not JSON"),
        (Fault(body=("[" * 40_000).encode("utf-16-be")), "not JSON"),
        (Fault(body=b" " * 100_001), "too large"),
        (Fault(body=gzip.compress(bytes(2**24)), headers=GZIP), "too large"),
        (Fault(body=BOMB, headers={"Content-Encoding": "gzip, gzip"}), "not packed as was asked"),
        (Fault(body=b"{}", headers=GZIP), "not packed as was asked"),
        (Fault(cut=True), "the connection failed"),
        (Fault(hang=True), "no answer within 2 s"),
    ],
    ids=[
        *("html", "nested", "utf-16", "nested utf-16", "oversized"),
        *("bomb", "bomb in a bomb", "broken gzip", "cut", "hang"),
    ],
)
async def test_what_is_no_answer_is_a_failure(
    server: PriceServer, http: JsonHttp, fault: Fault, message: str
) -> None:
    server.faults[ROUTE] = fault

    with pytest.raises(SourceFailed, match=message):
        await http.get(server.url + PATH)


async def test_a_packed_answer_is_unpacked(server: PriceServer, http: JsonHttp) -> None:
    server.faults[ROUTE] = Fault(body=gzip.compress(b'{"a": 1}'), headers=GZIP)

    assert (await http.get(server.url + PATH)).body == {"a": 1}
    assert server.requests[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("year", [0, 1, 9999, 10**5, 10**10, 10**40])
@pytest.mark.parametrize("zone", ["GMT", "+2359", "-2359", "-9999", "+99999999999999999999"])
async def test_an_absurd_date_does_no_harm(server: PriceServer, http: JsonHttp, year: int, zone: str) -> None:
    date = f"Mon, 01 Jan {year:04d} 00:00:00 {zone}"
    server.faults[ROUTE] = Fault(404, headers={"Date": date, "Retry-After": date})

    reply = await http.get(server.url + PATH)

    assert reply.at <= NOW
    assert reply.at.tzinfo is UTC


async def test_an_error_page_that_is_not_json_keeps_its_status(server: PriceServer, http: JsonHttp) -> None:
    server.faults[ROUTE] = Fault(404, b"<html>")

    reply = await http.get(server.url + PATH)

    assert (reply.status, reply.body) == (404, None)


async def test_an_answer_is_dated_by_the_server_but_never_in_the_future(
    server: PriceServer, http: JsonHttp
) -> None:
    earlier = NOW - timedelta(minutes=3)
    server.faults[ROUTE] = Fault(headers={"Date": format_datetime(earlier, usegmt=True)}, times=1)
    assert (await http.get(server.url + PATH)).at == earlier

    server.faults[ROUTE] = Fault(headers={"Date": "Fri, 01 Jan 2100 00:00:00 GMT"}, times=1)
    assert (await http.get(server.url + PATH)).at == NOW

    server.faults[ROUTE] = Fault(headers={"Date": "yesterday"}, times=1)
    assert (await http.get(server.url + PATH)).at == NOW


@pytest.mark.parametrize(
    ("status", "headers", "rest"),
    [(500, {}, None), (401, {}, 3600), (403, {}, 3600), (429, {}, 60), (429, {"Retry-After": "7"}, 7)],
)
async def test_how_long_to_rest_follows_from_the_status(
    server: PriceServer, http: JsonHttp, status: int, headers: dict[str, str], rest: float | None
) -> None:
    server.faults[ROUTE] = Fault(status, headers=headers)

    with pytest.raises(SourceFailed, match=f"HTTP {status}") as raised:
        body_of(await http.get(server.url + PATH))

    assert raised.value.rest == rest


async def test_no_error_and_no_log_shows_a_url_or_a_key(
    server: PriceServer, http: JsonHttp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"{server.url}/{KEY}{PATH}"
    headers = {"X-CMC_PRO_API_KEY": KEY}
    await http.get(url, params={"key": KEY}, headers=headers)
    await server.close()

    with pytest.raises(SourceFailed) as raised:
        await http.get(url, params={"key": KEY}, headers=headers)

    chain = [raised.value, raised.value.__cause__, raised.value.__context__]
    assert KEY not in "".join(map(repr, chain)) + caplog.text


async def test_a_closed_client_opens_again_when_asked(server: PriceServer) -> None:
    http = JsonHttp(now=lambda: datetime.now(UTC))
    await http.get(server.url + PATH)
    await http.close()

    assert (await http.get(server.url + PATH)).status == 200
    await http.close()


async def test_when_only_the_public_may_be_asked_no_name_leads_inside(server: PriceServer) -> None:
    http = JsonHttp(Patience(attempts=1), public_only=True)

    with pytest.raises(SourceFailed, match="the connection failed"):
        await http.get(server.url.replace("127.0.0.1", "localhost") + PATH)
    await http.close()

    assert not server.requests
