"""One task on several endpoints: hedges, retries, deadlines, and the error that is left in the end."""

import asyncio

import pytest

from shared.chain.endpoint import Endpoint
from shared.chain.transport import Transport
from shared.errors import (
    RpcBadResponse,
    RpcError,
    RpcRateLimited,
    RpcRefused,
    RpcReverted,
    RpcTimeout,
    RpcTooLarge,
    RpcUnavailable,
    RpcUnsupported,
)
from shared.probing import probing
from tests.chain.nodes import NEVER, Net, chain_id, policy
from tests.chain.rpc_proxy import Mode, cut, hang, held, ok, packed, raw, rpc_error, status, wrong_id


async def test_a_slow_first_endpoint_is_hedged_and_the_first_success_wins(net: Net) -> None:
    transport = await net.open(hang, ok, ok, policy=policy(hedge=0.02))

    async with asyncio.timeout(5):
        assert await chain_id(transport, within=NEVER) == "node 1"
    assert net.asked == [1, 1, 0]
    assert [health.failures for health in transport.health()] == [1, 0, 0]


async def test_the_first_may_still_win_after_the_second_was_asked(net: Net) -> None:
    gate = asyncio.Event()
    transport = await net.open(held(gate), hang, policy=policy(hedge=0.02))
    answer = asyncio.create_task(chain_id(transport))
    await net.nodes[1].seen(1)
    gate.set()

    assert await answer == "node 0"
    assert net.asked == [1, 1]
    assert [health.failures for health in transport.health()] == [0, 0]


async def test_when_the_hedge_fails_a_third_is_asked_beside_the_slow_one(net: Net) -> None:
    transport = await net.open(hang, status(500), ok, policy=policy(hedge=0.02))

    assert await chain_id(transport) == "node 2"
    assert net.asked == [1, 1, 1]


async def test_no_more_than_two_endpoints_are_asked_at_a_time(net: Net) -> None:
    transport = await net.open(hang, hang, ok, policy=policy(hedge=0))
    answer = asyncio.create_task(chain_id(transport))
    await net.nodes[1].seen(1)
    await transport.endpoints[2].request("eth_chainId", [], within=5)  # time enough for a third to arrive too

    assert net.asked == [1, 1, 1]
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answer


async def test_an_only_endpoint_is_never_asked_twice_at_a_time(net: Net) -> None:
    gate = asyncio.Event()
    transport = await net.open(held(gate), policy=policy(hedge=0))
    answer = asyncio.create_task(chain_id(transport))
    await net.nodes[0].seen(1)
    gate.set()

    assert await answer == "node 0"
    assert net.asked == [1]


async def test_a_resting_endpoint_is_no_hedge(net: Net) -> None:
    transport = await net.open(ok, status(500), policy=policy(hedge=0, attempts=1))
    gate = asyncio.Event()
    net.nodes[0].behave(status(500), held(gate))
    with pytest.raises(RpcUnavailable):
        await chain_id(transport)

    answer = asyncio.create_task(chain_id(transport))
    await net.nodes[0].seen(2)
    gate.set()

    assert await answer == "node 0"
    assert net.asked == [2, 1]


async def test_a_hanging_endpoint_does_not_eat_the_time_of_the_others(net: Net) -> None:
    transport = await net.open(hang, hang, ok, policy=policy())

    assert await chain_id(transport, within=1.5) == "node 2"
    assert net.asked == [1, 1, 1]


async def test_a_failure_is_retried_on_the_only_endpoint(net: Net) -> None:
    transport = await net.open(ok, policy=policy())
    net.nodes[0].behave(status(500), cut, then=ok)

    assert await chain_id(transport) == "node 0"
    assert net.asked == [3]


async def test_retries_are_bounded(net: Net) -> None:
    transport = await net.open(status(500), status(502), policy=policy(attempts=3))

    with pytest.raises(RpcUnavailable):
        await chain_id(transport)
    assert net.asked == [3, 3]


async def test_the_wait_before_a_retry_is_drawn_up_to_a_growing_bound(net: Net) -> None:
    drawn: list[tuple[float, float]] = []

    def rng(low: float, high: float) -> float:
        drawn.append((low, high))
        return 0

    opened = await net.open(status(500), policy=policy())
    patient = policy(attempts=4, backoff=1)
    transport = Transport("ethereum", opened.endpoints, patient, rng=rng)
    with pytest.raises(RpcUnavailable):
        await chain_id(transport)

    assert drawn == [(0, 1), (0, 2), (0, 2), (0, 2)]


async def test_retry_after_is_waited_for_when_there_is_time(net: Net) -> None:
    transport = await net.open(ok, policy=policy())
    net.nodes[0].behave(status(429, retry_after="0.05"), then=ok)
    began = asyncio.get_running_loop().time()

    assert await chain_id(transport) == "node 0"
    assert asyncio.get_running_loop().time() - began >= 0.05


async def test_retry_after_beyond_the_deadline_ends_it_at_once(net: Net) -> None:
    transport = await net.open(status(429, retry_after="60"), policy=policy())

    with pytest.raises(RpcRateLimited) as caught:
        await chain_id(transport, within=30)

    assert caught.value.retry_after == 60
    assert net.asked == [1]


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        (rpc_error(3, "execution reverted", "0x12"), RpcReverted),
        (rpc_error(-32000, "out of gas"), RpcTooLarge),
        (raw(b"x" * (10 * 2**20 + 1)), RpcTooLarge),
        (packed(bytes(10 * 2**20 + 1)), RpcTooLarge),
    ],
    ids=["revert", "out of gas", "oversized", "gzip bomb"],
)
async def test_what_every_endpoint_would_answer_is_raised_at_once(
    net: Net, mode: Mode, kind: type[RpcError]
) -> None:
    transport = await net.open(mode, ok, policy=policy())

    with pytest.raises(kind):
        await chain_id(transport)

    assert net.asked == [1, 0]
    assert transport.health()[0].failures == 0


@pytest.mark.parametrize("mode", [rpc_error(-32601, "no"), status(401)], ids=["unsupported", "refused"])
async def test_what_will_not_pass_is_not_retried_on_the_same_endpoint(net: Net, mode: Mode) -> None:
    transport = await net.open(mode, policy=policy())

    with pytest.raises(RpcError):
        await chain_id(transport)

    assert net.asked == [1]


LIMITED = status(429, retry_after="60")
UNSUPPORTED = rpc_error(-32601, "no")


@pytest.mark.parametrize(
    ("modes", "kind"),
    [
        ([hang, hang], RpcTimeout),
        ([LIMITED, LIMITED], RpcRateLimited),
        ([raw(b"no"), wrong_id], RpcBadResponse),
        ([status(401), status(403)], RpcRefused),
        ([status(401), status(500)], RpcUnavailable),
        ([LIMITED, hang], RpcUnavailable),
        ([UNSUPPORTED, status(500)], RpcUnsupported),
        ([UNSUPPORTED, UNSUPPORTED], RpcUnsupported),
    ],
    ids=["timeouts", "limits", "garbage", "refusals", "down", "mixed", "one unsupported", "unsupported"],
)
async def test_the_last_error_is_of_the_kind_that_describes_all_and_names_each(
    net: Net, modes: list[Mode], kind: type[RpcError]
) -> None:
    transport = await net.open(*modes, policy=policy(attempts=1))

    with pytest.raises(kind) as caught:
        await chain_id(transport, within=1 if hang in modes else 5)

    assert caught.type is kind
    first, second = (endpoint.label for endpoint in transport.endpoints)
    assert str(caught.value).startswith(f"ethereum: {first}: ")
    assert f"; {second}: " in str(caught.value)


async def test_the_last_error_is_bounded_however_many_endpoints_there_are(net: Net) -> None:
    opened = await net.open(status(500), policy=policy())
    transport = Transport("ethereum", opened.endpoints * 50, policy(attempts=1))

    with pytest.raises(RpcUnavailable) as caught:
        await chain_id(transport)

    assert len(str(caught.value)) <= 400


async def test_a_chain_without_endpoints_is_unavailable() -> None:
    with pytest.raises(RpcUnavailable, match="ethereum: no endpoint"):
        await chain_id(Transport("ethereum", []))


async def test_with_no_time_left_nobody_is_asked(net: Net) -> None:
    transport = await net.open(ok, policy=policy())

    with pytest.raises(RpcTimeout, match="ethereum: no time left to ask"):
        await chain_id(transport, within=0)
    assert net.asked == [0]


@pytest.mark.parametrize("bug", [ValueError("a bug"), TimeoutError("a bug of its own")], ids=repr)
async def test_a_bug_in_a_task_is_raised_as_it_is(net: Net, bug: Exception) -> None:
    transport = await net.open(ok, ok, policy=policy())
    ran: list[str] = []

    async def task(endpoint: Endpoint) -> None:
        ran.append(endpoint.label)
        raise bug

    with pytest.raises(type(bug), match="a bug"):
        await transport.run(task, within=5)
    assert len(ran) == 1


async def test_a_cancelled_run_cancels_its_attempts(net: Net) -> None:
    transport = await net.open(hang, hang, policy=policy(hedge=0.01))
    before = asyncio.all_tasks()
    cancelled: list[str] = []

    async def task(endpoint: Endpoint) -> None:
        try:
            await endpoint.request("eth_chainId", [], within=NEVER)
        except asyncio.CancelledError:
            cancelled.append(endpoint.label)
            raise

    run = asyncio.create_task(transport.run(task, within=NEVER))
    await net.nodes[1].seen(1)
    run.cancel()
    await asyncio.wait([run], timeout=5)

    assert run.cancelled()

    assert sorted(cancelled) == sorted(endpoint.label for endpoint in transport.endpoints)
    assert {task for task in asyncio.all_tasks() - before if "_attempt" in repr(task)} == set()


async def test_a_chain_that_cannot_be_read_is_logged_with_its_code_which_alerts_count(
    net: Net, caplog: pytest.LogCaptureFixture
) -> None:
    transport = await net.open(status(500), status(500), policy=policy(attempts=1))

    with pytest.raises(RpcUnavailable):
        await chain_id(transport)

    (line,) = (line for line in caplog.records if line.name == "shared.chain.race")
    assert line.getMessage() == "chain could not be read"
    assert line.__dict__["fields"] == {"chain": transport.chain, "code": "rpc_unavailable"}


async def test_a_probe_that_fails_is_not_what_alerts_count(
    net: Net, caplog: pytest.LogCaptureFixture
) -> None:
    transport = await net.open(status(500), status(500), policy=policy(attempts=1))

    with probing(), pytest.raises(RpcUnavailable):
        await chain_id(transport)

    assert [line for line in caplog.records if line.name == "shared.chain.race"] == []
