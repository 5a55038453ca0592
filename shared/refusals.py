"""Why Google Cloud refuses what is asked of it: what is missing, in one sentence, and the page that helps.

Nothing of Google's answer is passed on: its kind, and a few words of it, say which sentence of ours it is.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:  # a type only: the library is loaded where it is used
    from google.api_core.exceptions import GoogleAPICallError

logger = logging.getLogger(__name__)

PAGE = "infra/terraform/README.md"
_CONSOLE = "https://console.cloud.google.com/apis/library"
# https://cloud.google.com/apis/design/errors: the reasons of google.rpc.ErrorInfo; the words are for answers
# that come without. They are looked for at the beginning of one kind of answer only: further on an answer may
# name a document, and in a document's name is what callers call their own.
_OFF = re.compile(r"[\w /]{1,60} API (has not been used in project|is not enabled)")
_UNPAID = re.compile(r"This API method requires billing to be enabled|The billing account for ")
_NO_TOKEN = re.compile(r"Getting metadata from plugin failed")
_NO_DATABASE = re.compile(r"The database \S+ does not exist")
_OTHER_MODE = re.compile(r"The Cloud \w+ API is not available .{0,40}Datastore Mode", re.IGNORECASE)
_NO_INDEX = re.compile(r"The query requires an? .{0,40}index")


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
        if nobody or (isinstance(error, exceptions.ServiceUnavailable) and _says(_NO_TOKEN, error)):
            return (
                f"nothing says who asks {name}: sign in with `gcloud auth application-default login`, or set "
                f"GOOGLE_APPLICATION_CREDENTIALS; in Google Cloud the function's account does ({PAGE})"
            )
        if is_switched_off(error):
            at = (
                f"; also at {_CONSOLE}/{api}?project={quote(self._project, safe='')}" if self._project else ""
            )
            return f"the API {api} is off in {where}: `make deploy` switches it on ({PAGE}){at}"
        if isinstance(error, exceptions.PermissionDenied):
            if error.reason == "BILLING_DISABLED" or _says(_UNPAID, error):
                return f"{where} has no billing account, which {name} needs ({PAGE}, Before the first time)"
            return f"the account that asks {name} lacks {role} in {where}: Terraform gives it ({PAGE})"
        return _of_databases(error, where)


def is_switched_off(error: Exception) -> bool:
    """Whether the service's API is not enabled in the project."""
    from google.api_core.exceptions import PermissionDenied

    if not isinstance(error, PermissionDenied):
        return False
    return error.reason == "SERVICE_DISABLED" or _says(_OFF, error)


def _of_databases(error: Exception, where: str) -> str | None:
    from google.api_core.exceptions import FailedPrecondition, NotFound

    if isinstance(error, NotFound) and _says(_NO_DATABASE, error):
        return f"{where} has no Firestore database (default): `make deploy` makes it ({PAGE}, The first time)"
    if not isinstance(error, FailedPrecondition):
        return None
    if _says(_OTHER_MODE, error):
        return f"the database (default) of {where} is in Datastore mode: Firestore's is needed ({PAGE})"
    if _says(_NO_INDEX, error):
        return f"the database of {where} lacks an index: `make deploy` makes all of them ({PAGE})"
    return None


def _says(words: re.Pattern[str], error: GoogleAPICallError) -> bool:
    """Whether the answer begins with these words."""
    return words.match(error.message) is not None
