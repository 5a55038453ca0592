"""Topics and push subscriptions in the Pub/Sub emulator, as Terraform makes them in production."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from shared.bus.ports import Topic
from shared.bus.pubsub import DEAD_LETTERS_ID, TOPIC_IDS
from shared.bus.redelivery import Redelivery

ATTEMPTS = 5
"""The fewest that a dead-letter policy takes."""


def make_topics(
    emulator: str,
    project: str,
    urls: Mapping[Topic, str],
    *,
    dead_letters: str | None = None,
    redelivery: Redelivery | None = None,
    ack_seconds: int = 60,
) -> None:
    """All topics; messages of those in `urls` are pushed there, and dead letters to `dead_letters`.

    The emulator pushes two messages of a subscription at a time. What is refused it pushes again after
    1 s each time, or with any `redelivery` after 1, 3, 3, … s; five times in all where nothing is said.
    """
    with httpx.Client(base_url=f"http://{emulator}/v1/projects/{project}", timeout=30) as client:
        for topic_id in (*TOPIC_IDS.values(), DEAD_LETTERS_ID):
            client.put(f"/topics/{topic_id}").raise_for_status()
        for topic, url in urls.items():
            policies = _policies(project, redelivery)
            _subscribe(client, project, TOPIC_IDS[topic], url, ack_seconds, policies)
        if dead_letters:
            _subscribe(client, project, DEAD_LETTERS_ID, dead_letters, ack_seconds, {})


def _policies(project: str, redelivery: Redelivery | None) -> Mapping[str, object]:
    dead_letters = {
        "deadLetterTopic": f"projects/{project}/topics/{DEAD_LETTERS_ID}",
        "maxDeliveryAttempts": redelivery.attempts if redelivery else ATTEMPTS,
    }
    if redelivery is None:
        return {"deadLetterPolicy": dead_letters}
    waits = {
        "minimumBackoff": f"{redelivery.least_seconds}s",
        "maximumBackoff": f"{redelivery.most_seconds}s",
    }
    return {"deadLetterPolicy": dead_letters, "retryPolicy": waits}


def _subscribe(
    client: httpx.Client,
    project: str,
    topic_id: str,
    url: str,
    ack_seconds: int,
    policies: Mapping[str, object],
) -> None:
    subscription = {
        "topic": f"projects/{project}/topics/{topic_id}",
        "pushConfig": {"pushEndpoint": url},
        "ackDeadlineSeconds": ack_seconds,
        **policies,
    }
    client.put(f"/subscriptions/{topic_id}", json=subscription).raise_for_status()
