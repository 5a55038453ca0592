"""Topics, subscriptions and schedules agree with the functions that are called by them."""

from __future__ import annotations

import base64

import pytest

from functions.local import load_apps
from shared.bus.pubsub import DEAD_LETTERS_ID, TOPIC_IDS
from shared.bus.redelivery import Redelivery
from tests.infra.terraform import Deployment

PATHS = {
    route.function: route.path
    for app in load_apps()
    for route in app.routes
    if route.path.startswith("/triggers/")
}


def url(function: str) -> str:
    return f"cloudfunctions2_function.chainfolio-{function.replace('_', '-')}.uri"


def test_the_topics_are_those_that_functions_publish_to(deployment: Deployment) -> None:
    names = {topic.values["name"] for topic in deployment.all("pubsub_topic")}

    assert names == {*TOPIC_IDS.values(), DEAD_LETTERS_ID}


@pytest.mark.parametrize(
    ("topic", "function"), [("snapshot", "snapshot"), ("fetch-balances", "fetch_balances")]
)
def test_messages_are_pushed_with_a_token_to_the_function_that_acts_on_them(
    deployment: Deployment, topic: str, function: str
) -> None:
    (found,) = (s for s in deployment.all("pubsub_subscription") if s.key == topic)
    (push,) = found.values["push_config"]

    assert found.values["topic"] == f"pubsub_topic.chainfolio-{topic}.id"
    assert push["push_endpoint"] == url(function) + PATHS[function]
    assert push["oidc_token"] == [
        {"audience": url(function), "service_account_email": "service_account.chainfolio-push.email"}
    ]


def test_a_message_is_given_up_after_as_many_attempts_as_by_the_local_bus(deployment: Deployment) -> None:
    pushed = [s.values for s in deployment.all("pubsub_subscription") if s.values["push_config"]]

    assert [s["dead_letter_policy"][0]["max_delivery_attempts"] for s in pushed] == [
        Redelivery().attempts
    ] * 2
    assert [s["retry_policy"] for s in pushed] == [
        [{"minimum_backoff": "10s", "maximum_backoff": "600s"}]
    ] * 2


def test_a_function_is_given_the_time_that_pub_sub_waits_for_it(deployment: Deployment) -> None:
    functions = deployment.by_function("cloudfunctions2_function")
    for topic, function in (("snapshot", "snapshot"), ("fetch-balances", "fetch_balances")):
        (subscription,) = (s for s in deployment.all("pubsub_subscription") if s.key == topic)
        service = functions[function].values["service_config"][0]

        assert subscription.values["ack_deadline_seconds"] == service["timeout_seconds"] == 600


def test_dead_letters_are_kept_until_somebody_looks(deployment: Deployment) -> None:
    (kept,) = (s.values for s in deployment.all("pubsub_subscription") if not s.values["push_config"])

    assert kept["topic"] == f"pubsub_topic.{DEAD_LETTERS_ID}.id"
    assert kept["expiration_policy"] == [{"ttl": ""}]
    for subscription in deployment.all("pubsub_subscription"):
        assert subscription.values["expiration_policy"] == [{"ttl": ""}]


def test_pub_sub_may_move_what_nobody_acknowledged(deployment: Deployment) -> None:
    (publishes,) = (
        m.values for m in deployment.all("pubsub_topic_iam_member") if "gcp-sa-pubsub" in m.values["member"]
    )
    takes = {m.values["subscription"] for m in deployment.all("pubsub_subscription_iam_member")}

    assert (publishes["topic"], publishes["role"]) == (DEAD_LETTERS_ID, "roles/pubsub.publisher")
    assert takes == set(TOPIC_IDS.values())
    assert deployment.one("service_account_iam_member")["role"] == "roles/iam.serviceAccountTokenCreator"


def test_the_schedule_calls_triggers_with_what_they_understand(deployment: Deployment) -> None:
    jobs = {job.key: job.values for job in deployment.all("cloud_scheduler_job")}
    called = {
        name: (target["uri"], base64.b64decode(target["body"]))
        for name, job in jobs.items()
        for target in job["http_target"]
    }

    assert called == {
        "snapshot": (url("snapshot") + PATHS["snapshot"], b"{}"),
        "sweep": (url("snapshot") + PATHS["snapshot"], b'{"sweep":true}'),
        "archive": (url("archive") + PATHS["archive"], b"{}"),
    }
    assert jobs["sweep"]["schedule"] == "*/5 * * * *"
    assert {job["time_zone"] for job in jobs.values()} == {"Etc/UTC"}
    for job in jobs.values():
        (target,) = job["http_target"]
        assert target["oidc_token"][0]["audience"] == target["uri"].partition("/triggers/")[0]
