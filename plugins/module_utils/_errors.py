# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Failures, and the messages for HTTP responses. A message states what happened, at which URL, and what to do."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ansible_collections.zchat.admin.plugins.module_utils._text import enumerated, sentence

SUPPORT_API_HINT = (
    "This is the Zendesk Support API, which has its own tokens. The Chat API is at "
    "https://<subdomain>.zendesk.com/api/v2/chat."
)

_REQUIRED_SCOPES = re.compile(r"required scopes?:?\s*((?:(?:read|write|chat)\b[\s,]*)+)", re.IGNORECASE)


@dataclass(frozen=True)
class Failure:
    """Why a task failed, or why a token was not revoked."""

    msg: str
    status: int | None = None
    """The HTTP status that caused it, if a response did."""
    may_be_executed: bool = False
    """Whether the API may have executed the request: it returned no response, a 5xx, or an unexpected content. Then only a
    later list can show the outcome."""
    affects_all: bool = False
    """Whether each further request of the same kind would fail in the same way."""
    is_from_api: bool = True
    """Whether the response has the form of the API's errors. The web page of a gateway or a proxy does not."""

    @property
    def rejects_credentials(self) -> bool:
        """Whether it shows that the credentials do not work."""
        return self.status == 401 and self.is_from_api


class ChatError(Exception):
    """The task, or the revocation of one token, cannot continue. Carries a :class:`Failure`."""

    def __init__(
        self,
        msg: str,
        status: int | None = None,
        *,
        may_be_executed: bool = False,
        affects_all: bool = False,
        is_from_api: bool = True,
    ) -> None:
        super().__init__(msg)
        self.failure = Failure(msg, status, may_be_executed, affects_all, is_from_api)

    def of_executed_request(self) -> ChatError:
        """Return the same error for a request of which the API may have executed an earlier attempt."""
        error = ChatError(self.msg)
        error.failure = replace(self.failure, may_be_executed=True)
        return error

    @property
    def msg(self) -> str:
        """The message for the user."""
        return self.failure.msg

    @property
    def status(self) -> int | None:
        """The HTTP status that caused the error, if a response did."""
        return self.failure.status


def failure_of(error: Exception) -> Failure:
    """Return the failure that an exception stands for.

    One that is not a :class:`ChatError` is a mistake in this collection. Its text can contain secrets, its place cannot.
    """
    if isinstance(error, ChatError):
        return error.failure
    place = traceback.extract_tb(error.__traceback__)[-1]
    return Failure(
        f"Unexpected {type(error).__name__} in {os.path.basename(place.filename)}, line {place.lineno}. This is a mistake in "
        "the collection. Report it to its maintainers.",
        may_be_executed=True,
    )


class CredentialKind(Enum):
    """What a task authenticates with."""

    TOKEN = "access token in"
    PASSWORD = "email address and password in"
    CLIENT = "access token that the API issued to this run for"
    """The token comes from a client id and a client secret."""


@dataclass(frozen=True)
class Credential:
    """The kind of credential that a task uses, and where it comes from."""

    kind: CredentialKind
    source: str
    """The option or environment variable, such as ``'access_token'`` or ``ZCHAT_EMAIL and ZCHAT_PASSWORD``."""

    def __str__(self) -> str:
        return f"{self.kind.value} {self.source}"


@dataclass(frozen=True)
class Endpoint:
    """A URL of the API, and what sets its base."""

    url: str
    source: str
    """The option or environment variable, such as ``'subdomain'`` or ``ZCHAT_API_URL``."""

    def __str__(self) -> str:
        return self.url


def unexpected_status(
    status: int,
    endpoint: Endpoint,
    *,
    credential: Credential,
    text: str,
    location: str | None,
    may_be_executed: bool = False,
    is_from_api: bool = True,
    is_from_gateway: bool = False,
) -> ChatError:
    """Return the error for an HTTP status that ends a request.

    ``text`` is the error text of the response, masked and shortened; ``location`` the target of a redirect, without its
    query. ``is_from_gateway``: the response has the form of the gateway's errors. The other arguments are as in :class:`Failure`.
    """
    reason = f" The API returned: {sentence(text)}" if text else ""
    scopes = [f"'{scope}'" for scope in missing_scopes(text)] if status == 403 and is_from_api else []
    if status in (401, 403, 407) and not is_from_api:
        administrator = (
            " Another one is that an Administrator is required." if status == 403 and is_from_gateway else ""
        )
        msg = (
            f"Access to {endpoint} was refused (HTTP {status}). The response does not have the form of the Chat API: a firewall, a "
            f"proxy or an IP restriction is the likely cause.{administrator}{reason.replace('The API', 'The server', 1)}"
        )
    elif 300 <= status < 400 and status != 304 and location:
        msg = f"{endpoint} redirects to {location} (HTTP {status}). The collection follows no redirects. Check {endpoint.source}."
    elif status == 401:
        msg = f"The API at {endpoint} rejected the {credential} (HTTP 401). {_advice_for_401(credential)}"
    elif scopes:
        advice = "Give its API client" if credential.kind is CredentialKind.CLIENT else "Use a token that has"
        msg = (
            f"The {credential} {'lack' if credential.kind is CredentialKind.PASSWORD else 'lacks'} the scope{'s' if len(scopes) > 1 else ''} "
            f"{enumerated(scopes)}, required at {endpoint} (HTTP 403). {advice} {enumerated(scopes)}."
        )
    elif status == 403:
        msg = f"The API refused access to {endpoint} with the {credential} (HTTP 403). An Administrator is required.{reason}"
    elif status == 404:
        reason = reason.replace("The API returned", "The server returned", 1)
        msg = f"There is no Chat API at {endpoint} (HTTP 404). Check {endpoint.source}.{reason}"
    else:
        msg = f"The API returned HTTP {status} at {endpoint}.{reason or ' It gave no reason.'}"
    affects_all = status == 401 or bool(scopes)
    return ChatError(msg, status, may_be_executed=may_be_executed, affects_all=affects_all, is_from_api=is_from_api)


def _advice_for_401(credential: Credential) -> str:
    if credential.kind is CredentialKind.CLIENT:
        return "It may be revoked, or its API client deleted. Run the task again."
    if credential.kind is CredentialKind.TOKEN:
        return (
            "The token may have a typo, be expired or revoked, or belong to another account. "
            "It must come from a Chat API client, not from Admin Center."
        )
    return (
        "Check both. Only stand-alone Chat accounts accept them; for an account that was created in Zendesk Support, use an "
        "access token."
    )


def missing_scopes(text: str) -> Sequence[str]:
    """Return the scopes that the error text of a 403 names as missing, such as ``["write"]``."""
    found = _REQUIRED_SCOPES.search(text)
    return re.findall(r"[a-z]+", found.group(1).lower()) if found else []


def unexpected_content(endpoint: Endpoint, expected: str, reason: str) -> ChatError:
    """Return the error for a 200 whose content is not the ``expected`` one. ``reason`` is a sentence."""
    return ChatError(f"{endpoint} did not return {expected}: {reason} Check {endpoint.source}.", 200)
