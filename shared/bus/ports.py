"""What the project asks of a bus: at least once, in any order, again until it is acknowledged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Topic = Literal["snapshot", "fetch-balances"]
"""A topic has the name of the function that its messages are pushed to."""


@dataclass(frozen=True, slots=True)
class Message:
    """A delivered message; `attempt` counts its deliveries from 1, None where the bus does not say.

    `published_at` is when it was published first.
    """

    id: str
    data: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)
    attempt: int | None = None
    published_at: datetime | None = None


Handler = Callable[[Message], Awaitable[None]]
"""Returning acknowledges the message; whatever is raised has it delivered again, later."""


class Bus(Protocol):
    """Where messages go."""

    async def publish(self, topic: Topic, messages: Sequence[bytes]) -> None:
        """Every message is accepted for delivery when this returns. Raises BusUnavailable."""
        ...

    async def discard(self, message: Message, reason: str) -> None:
        """Put a message that nobody can act on among the dead letters. Raises BusUnavailable."""
        ...

    async def ready(self) -> None:
        """Raises BusUnavailable when it cannot be reached."""
        ...

    async def close(self) -> None:
        """Deliver or give back what is under way."""
        ...
