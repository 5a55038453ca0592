"""The connection to Pub/Sub: what a request may take, and what its errors mean.

Imported when a first message is sent, because Google's libraries take long to load.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import google.auth
import grpc.aio  # type: ignore[import-untyped]  # has no types
from google.api_core import exceptions
from google.api_core.retry import if_exception_type
from google.api_core.retry_async import AsyncRetry
from google.api_core.timeout import ConstantTimeout
from google.auth.exceptions import GoogleAuthError
from google.pubsub_v1.services.publisher import PublisherAsyncClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcAsyncIOTransport
from google.pubsub_v1.types import PubsubMessage

from ..errors import BusUnavailable
from ..refusals import PAGE, Refusals, is_switched_off
from ..spans import span

_SCOPE = "https://www.googleapis.com/auth/pubsub"
_PASSING = if_exception_type(
    exceptions.Aborted,
    exceptions.Cancelled,
    exceptions.DeadlineExceeded,
    exceptions.InternalServerError,
    exceptions.ResourceExhausted,
    exceptions.ServiceUnavailable,
    exceptions.Unknown,
)


class Cloud:
    """A client in a project; a request is repeated for `patience_seconds`, half of which one try may take."""

    def __init__(
        self, client: PublisherAsyncClient, project: str, refusals: Refusals, patience_seconds: float
    ) -> None:
        self._client = client
        self._project = project
        self._refusals = refusals
        self._retry = AsyncRetry(_PASSING, initial=0.1, maximum=2.0, multiplier=2.0, timeout=patience_seconds)
        # A plain number would be shared by all tries: one that hangs would leave nothing to the others.
        self._timeout = ConstantTimeout(patience_seconds / 2)  # type: ignore[no-untyped-call]  # has no types

    async def publish(self, topic_id: str, messages: Sequence[bytes], attributes: Mapping[str, str]) -> None:
        """Have Pub/Sub take the messages, as one request. Raises BusUnavailable."""
        batch = [PubsubMessage(data=data, attributes=attributes) for data in messages]
        about = span(f"publish {topic_id}", "client", messages=len(messages))
        with about, _translated(topic_id, self._refusals):
            await self._client.publish(
                topic=self._path(topic_id), messages=batch, retry=self._retry, timeout=self._timeout
            )

    async def find(self, topic_id: str) -> None:
        """Raises BusUnavailable unless Pub/Sub answers and has the topic."""
        with _translated(topic_id, self._refusals):
            try:
                await self._client.get_topic(
                    topic=self._path(topic_id), retry=self._retry, timeout=self._timeout
                )
            except exceptions.PermissionDenied as error:
                if is_switched_off(error):
                    raise
                return  # who may publish need not be allowed to look, and it did answer

    async def close(self) -> None:
        """Close the connection."""
        await self._client.transport.close()  # type: ignore[no-untyped-call]  # has no types

    def _path(self, topic_id: str) -> str:
        return f"projects/{self._project}/topics/{topic_id}"


async def connect(
    project: str | None, emulator_host: str | None, refusals: Refusals, patience_seconds: float
) -> Cloud:
    """A connection to the project (None: the one that the credentials are of). Raises BusUnavailable."""
    if emulator_host:
        transport = PublisherGrpcAsyncIOTransport(channel=grpc.aio.insecure_channel(emulator_host))
        client = PublisherAsyncClient(transport=transport)
    else:
        with _translated("any topic", refusals):
            # In a thread, because it asks the metadata server where there is one.
            credentials, found = await asyncio.to_thread(google.auth.default, scopes=[_SCOPE])
            client = PublisherAsyncClient(credentials=credentials)
        project = project or found
    if not project:
        raise BusUnavailable("the project of Pub/Sub is not known: set GOOGLE_CLOUD_PROJECT")
    return Cloud(client, project, refusals, patience_seconds)


@contextmanager
def _translated(topic_id: str, refusals: Refusals) -> Iterator[None]:
    """What Pub/Sub raises becomes BusUnavailable."""
    try:
        yield
    except exceptions.NotFound as error:
        remedy = f"Pub/Sub has no topic {topic_id} in this project: `make deploy` makes it ({PAGE})"
        raise BusUnavailable(f"Pub/Sub has no topic {topic_id} in this project", remedy) from error
    except exceptions.PermissionDenied as error:
        said = f"this service may not publish to {topic_id}"
        raise BusUnavailable(said, refusals.explain(error)) from error
    except (exceptions.GoogleAPICallError, exceptions.RetryError, GoogleAuthError) as error:
        said = f"Pub/Sub cannot be used ({type(error).__name__})"
        raise BusUnavailable(said, refusals.explain(error)) from error
