"""Why Google Cloud refuses what is asked of it: what is missing, in one sentence, and the page that helps.

Nothing of Google's answer is passed on: its kind, and a few words of it, say which sentence of ours it is.
"""

from __future__ import annotations

import logging
import re
from typing import NamedTuple
from urllib.parse import quote

logger = logging.getLogger(__name__)

PAGE = "infra/terraform/README.md"
_CONSOLE = "https://console.cloud.google.com/apis/library"
# https://cloud.google.com/apis/design/errors: the reasons of google.rpc.ErrorInfo; the words are for answers
# that come without.
_OFF = re.compile(r"API has not been used in project|API is not enabled|it is disabled")
_UNPAID = re.compile(r"billing (account|to be enabled)|BILLING_DISABLED", re.IGNORECASE)
_NO_TOKEN = re.compile(r"Getting metadata from plugin failed")
_NO_DATABASE = re.compile(r"^(\d{3} )?The database \S+ does not exist")
_OTHER_MODE = re.compile(r"Datastore Mode", re.IGNORECASE)
_NO_INDEX = re.compile(r"query requires an? .{0,40}index")


class Service(NamedTuple):
    """What is asked: its name, the API that has to be on, and the role that Terraform gives for it."""

    name: str
    api: str
    role: str


class Refusals:
    """Tells the operator what is missing: in the log once, however often it is asked."""

    def __init__(self, service: Service, project: str | None) -> None:
        self._service = service
        self._project = project
        self._told: set[str] = set()

    def explain(self, error: Exception) -> str | None:
        """What to do about an error of Google's libraries; None for one that is no refusal."""
        sentence = self._sentence(error)
        if sentence is not None and sentence not in self._told:
            self._told.add(sentence)
            logger.error("%s", sentence)
        return sentence

    def _sentence(self, error: Exception) -> str | None:
        from google.api_core import exceptions
        from google.auth.exceptions import GoogleAuthError

        if isinstance(error, exceptions.RetryError):
            error = error.cause or error
        name, api, role = self._service
        where = f"project {self._project}" if self._project else "the project"
        nobody = isinstance(error, GoogleAuthError | OSError | exceptions.Unauthenticated)
        if nobody or _NO_TOKEN.search(_said(error)):
            return (
                f"nothing says who asks {name}: sign in with `gcloud auth application-default login`, or set "
                f"GOOGLE_APPLICATION_CREDENTIALS; in Google Cloud the function's account does ({PAGE})"
            )
        if is_switched_off(error):
            at = (
                f"; also at {_CONSOLE}/{api}?project={quote(self._project, safe='')}" if self._project else ""
            )
            return f"the API {api} is off in {where}: `make deploy` switches it on ({PAGE}){at}"
        if _UNPAID.search(_said(error)):
            return f"{where} has no billing account, which {name} needs ({PAGE}, Before the first time)"
        if isinstance(error, exceptions.PermissionDenied):
            return f"the account that asks {name} lacks {role} in {where}: Terraform gives it ({PAGE})"
        return _of_databases(error, where)


def is_switched_off(error: Exception) -> bool:
    """Whether the service's API is not enabled in the project."""
    return getattr(error, "reason", None) == "SERVICE_DISABLED" or bool(_OFF.search(_said(error)))


def _of_databases(error: Exception, where: str) -> str | None:
    said = _said(error)
    if _NO_DATABASE.search(said):
        return f"{where} has no Firestore database (default): `make deploy` makes it ({PAGE}, The first time)"
    if _OTHER_MODE.search(said):
        return f"the database (default) of {where} is in Datastore mode: Firestore's is needed ({PAGE})"
    if _NO_INDEX.search(said):
        return f"the database of {where} lacks an index: `make deploy` makes all of them ({PAGE})"
    return None


def _said(error: Exception) -> str:
    """The answer's own words, and its reason."""
    return f"{getattr(error, 'message', None) or error} {getattr(error, 'reason', None) or ''}"
