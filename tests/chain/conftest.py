"""Fixtures of the wire's tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from shared.chain.http import open_http
from tests.chain.nodes import Net
from tests.chain.rpc_proxy import RpcProxy


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with open_http() as client:
        yield client


@pytest.fixture
async def node() -> AsyncIterator[RpcProxy]:
    """A node that answers each call by "0x1" until it is told otherwise."""
    async with RpcProxy() as proxy:
        yield proxy


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    """Whatever a test does with it, no task is left behind."""
    async with AsyncExitStack() as stack:
        yield Net(await stack.enter_async_context(open_http()), stack)
    assert asyncio.all_tasks() == {asyncio.current_task()}
