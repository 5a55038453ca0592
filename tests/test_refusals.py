"""What Google Cloud refuses is explained to the operator in words of ours, once in the log."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from google.api_core import exceptions
from google.auth import exceptions as auth_exceptions
from google.rpc.error_details_pb2 import ErrorInfo  # type: ignore[import-untyped]  # has no types

from shared.refusals import PAGE, Refusals, Service

google: Any = exceptions  # has no types
google_auth: Any = auth_exceptions
FIRESTORE = Service("Firestore", "firestore.googleapis.com", "roles/datastore.user")
EVIL = "https://evil.example/?project=other"
OFF = (
    "Cloud Firestore API has not been used in project p before or it is disabled. "
    f"Enable it by visiting {EVIL} then retry."
)
WORDS = (
    "BILLING_DISABLED",
    "SERVICE_DISABLED",
    "billing account",
    "This API method requires billing to be enabled",
    OFF,
    "Cloud Firestore API is not enabled",
    "it is disabled",
    "Getting metadata from plugin failed",
    "The database (default) does not exist",
    "The Cloud Firestore API is not available in Datastore Mode",
    "The query requires an index",
)
"""What refusals say, and so what a caller may write into an id."""
ANSWERS = (
    google.AlreadyExists,
    google.Aborted,
    google.FailedPrecondition,
    google.NotFound,
    google.InvalidArgument,
    google.ServiceUnavailable,
)
CONSOLE = "https://console.cloud.google.com/apis/library/firestore.googleapis.com?project=p"


def for_reason(reason: str) -> Exception:
    info = ErrorInfo(reason=reason, domain="googleapis.com")
    refused: Exception = google.PermissionDenied(f"no ({EVIL})", error_info=info)
    return refused


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (google.PermissionDenied(OFF), ("API firestore.googleapis.com is off in project p", CONSOLE)),
        (for_reason("BILLING_DISABLED"), ("billing account",)),
        (for_reason("SERVICE_DISABLED"), ("API firestore.googleapis.com is off in project p", CONSOLE)),
        (
            google.NotFound(f"The database (default) does not exist for project p Please visit {EVIL}"),
            ("project p has no Firestore database (default)", "make deploy"),
        ),
        (
            google.FailedPrecondition(f"The Cloud Firestore API is not available in Datastore Mode {EVIL}"),
            ("Datastore mode", "project p"),
        ),
        (
            google.FailedPrecondition(f"The query requires an index. You can create it here: {EVIL}"),
            ("lacks an index", "make deploy"),
        ),
        (google.PermissionDenied(f"Missing permissions. {EVIL}"), ("roles/datastore.user", "project p")),
        (
            google.PermissionDenied(f"This API method requires billing to be enabled. {EVIL}"),
            ("billing account",),
        ),
        (google_auth.DefaultCredentialsError(EVIL), ("GOOGLE_APPLICATION_CREDENTIALS", "gcloud auth")),
        (google.Unauthenticated(EVIL), ("GOOGLE_APPLICATION_CREDENTIALS", "gcloud auth")),
        (
            google.RetryError(
                "late", google.ServiceUnavailable(f"Getting metadata from plugin failed with error: {EVIL}")
            ),
            ("GOOGLE_APPLICATION_CREDENTIALS",),
        ),
    ],
)
def test_a_refusal_names_what_is_missing_and_the_page_and_repeats_nothing(
    error: Exception, named: tuple[str, ...]
) -> None:
    sentence = Refusals(FIRESTORE, "p").explain(error)

    assert sentence is not None
    assert [words for words in (*named, PAGE) if words not in sentence] == []
    assert "evil" not in sentence
    assert "\n" not in sentence


def test_a_link_is_made_of_the_project_that_is_known() -> None:
    error = google.PermissionDenied(OFF)

    assert f"project={'a%26b%2Fc'}" in (Refusals(FIRESTORE, "a&b/c").explain(error) or "")
    assert "https" not in (Refusals(FIRESTORE, None).explain(error) or "https")


@pytest.mark.parametrize(
    "error",
    [
        google.Aborted("too much contention"),
        google.ServiceUnavailable("try again"),
        google.RetryError("late", google.ServiceUnavailable("try again")),
        google.NotFound("No document to update: projects/p/databases/(default)/documents/users/a"),
        google.FailedPrecondition("the stored version does not match the required base version"),
        *(kind(f"no document projects/p/documents/{words}") for kind in ANSWERS for words in WORDS),
        *(kind(words) for kind in (google.AlreadyExists, google.Aborted) for words in WORDS),
    ],
)
def test_what_passes_or_is_a_plain_answer_is_no_refusal(error: Exception) -> None:
    assert Refusals(FIRESTORE, "p").explain(error) is None


def test_the_log_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals(FIRESTORE, "p")
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            refusals.explain(google.PermissionDenied(OFF))
            refusals.explain(google.PermissionDenied("Missing or insufficient permissions."))

    assert [refusals.explain(google.PermissionDenied(OFF))] == [caplog.records[0].getMessage()]
    assert len(caplog.records) == 2
