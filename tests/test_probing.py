"""A probe is known as one wherever it leads to, and nothing else is."""

import asyncio

import pytest

from shared.probing import is_probe, probing


async def test_tasks_that_a_probe_begins_are_part_of_it() -> None:
    async def look() -> bool:
        return is_probe()

    with probing():
        task = asyncio.create_task(look())
    other = asyncio.create_task(look())

    assert (await task, await other) == (True, False)


def test_a_probe_ends_when_it_fails() -> None:
    with pytest.raises(ZeroDivisionError), probing():
        1 / 0  # noqa: B018  it fails

    assert not is_probe()
