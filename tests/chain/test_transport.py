"""Several endpoints over real sockets: who is asked, who is left alone, and what may be shown."""

import asyncio
import logging
import traceback

import pytest

from shared.chain.endpoint import Endpoint
from shared.chain.health import EndpointHealth
from shared.chain.transport import Transport
from shared.errors import (
    RpcError,
    RpcUnavailable,
)
from tests.chain.nodes import FAULTS, SECRET, Net, chain_id, policy
from tests.chain.rpc_proxy import Mode, hang, held, ok, status


async def test_a_quick_first_endpoint_is_the_only_one_asked(net: Net) -> None:
    transport = await net.open(ok, ok, policy=policy(hedge=1))

    assert await chain_id(transport) == "node 0"
    assert net.asked == [1, 0]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_when_the_first_fails_the_second_is_asked_once(net: Net, fault: Mode) -> None:
    transport = await net.open(fault, ok, policy=policy())

    assert await chain_id(transport) == "node 1"
    assert net.asked == [1, 1]


async def test_an_endpoint_that_failed_is_left_alone_and_probed_again_later(net: Net) -> None:
    transport = await net.open(status(500), ok, policy=policy())
    await chain_id(transport)
    await chain_id(transport)
    assert net.asked == [1, 2]

    net.clock.now += 1
    assert await chain_id(transport) == "node 1"
    assert net.asked == [2, 3]

    net.clock.now += 1
    await chain_id(transport)
    assert net.asked == [2, 4]

    net.clock.now += 1
    net.nodes[0].behave(then=ok)
    assert await chain_id(transport) == "node 0"
    assert await chain_id(transport) == "node 0"


async def test_a_single_probe_goes_out_after_a_rest(net: Net) -> None:
    transport = await net.open(status(500), ok, policy=policy())
    await chain_id(transport)
    net.clock.now += 1
    gate = asyncio.Event()
    net.nodes[0].behave(then=held(gate))

    probe = asyncio.create_task(chain_id(transport))
    await net.nodes[0].seen(2)
    others = [await chain_id(transport) for _ in range(3)]
    gate.set()

    assert others == ["node 1"] * 3
    assert await probe == "node 0"
    assert net.asked == [2, 4]


async def test_a_refusal_rests_an_endpoint_much_longer_than_a_failure(net: Net) -> None:
    transport = await net.open(status(401), ok, policy=policy())
    await chain_id(transport)
    net.clock.now += 500
    await chain_id(transport)

    assert net.asked == [1, 2]


async def test_when_all_rest_the_least_bad_is_tried_first(net: Net) -> None:
    transport = await net.open(status(401), status(500), policy=policy(attempts=1))
    with pytest.raises(RpcUnavailable):
        await chain_id(transport)
    net.nodes[1].behave(then=ok)

    assert await chain_id(transport) == "node 1"
    assert net.asked == [1, 2]


async def test_an_endpoint_much_slower_than_another_is_no_longer_preferred(net: Net) -> None:
    transport = await net.open(ok, ok, policy=policy())
    first, second = transport.endpoints
    seconds = {first: 1.0, second: 0.1}
    ran: list[Endpoint] = []

    async def task(endpoint: Endpoint) -> None:
        ran.append(endpoint)
        net.clock.now += seconds[endpoint]
        if len(ran) == 2:
            raise RpcUnavailable("once")

    for _ in range(3):
        await transport.run(task, within=5)
        net.clock.now += 10  # any rest is over

    assert ran == [first, first, second, second]


@pytest.mark.parametrize("fault", [*FAULTS.values(), hang], ids=[*FAULTS, "hang"])
async def test_no_error_or_log_line_shows_what_is_secret_in_a_url(
    net: Net, fault: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    transport = await net.open(fault, fault, policy=policy(attempts=2))

    with pytest.raises(RpcError) as caught:
        await chain_id(transport, within=0.2)

    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert SECRET not in repr(caught.value.__context__) + repr(caught.value.__cause__)
    assert SECRET not in repr(transport.health()) + repr(transport.endpoints)
    assert SECRET not in caplog.text


async def test_a_task_may_ask_much_at_once_of_an_endpoint_with_one_place(net: Net) -> None:
    opened = await net.open(ok, policy=policy())
    narrow = Endpoint(net.nodes[0].url, opened.endpoints[0]._http, concurrency=1)
    transport = Transport("ethereum", [narrow], policy())

    async def task(endpoint: Endpoint) -> int:
        asked = [endpoint.request("eth_chainId", [], within=5) for _ in range(20)]
        return len(await asyncio.gather(*asked))

    runs = await asyncio.gather(*[transport.run(task, within=5) for _ in range(3)])

    assert runs == [20, 20, 20]
    assert net.nodes[0].most_at_once == 1


async def test_health_is_told_by_label(net: Net) -> None:
    transport = await net.open(status(500), ok, policy=policy())
    await chain_id(transport)

    first, second = (f"127.0.0.1:{node.port}" for node in net.nodes)
    assert transport.health() == [
        EndpointHealth(first, resting=True, failures=1, latency=None),
        EndpointHealth(second, resting=False, failures=0, latency=0.0),
    ]
