# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, each as the sentence or two that a user reads.

The texts name what happened, at which URL, and what to do. They never hold the text of an exception; what a server said
comes in as ``words``, already made plain, scrubbed of secrets and shortened by the client.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

SUPPORT_API_HINT = (
    "This is the Zendesk Support API, which has tokens of its own. The Chat API is at "
    "https://<subdomain>.zendesk.com/api/v2/chat: set 'subdomain', or that address as 'api_url'."
)

_CHECK_ADDRESS = "Check 'subdomain' or 'api_url'."

_REQUIRED_SCOPES = re.compile(r"required scopes?:?\s*((?:(?:read|write|chat)\b[\s,]*)+)", re.IGNORECASE)


_ADVICE = {
    "access": (
        "It may be mistyped, expired or revoked, or belong to another account. "
        "It must come from a Chat API client, not from Admin Center."
    ),
    "e-mail": (
        "Check both. Only stand-alone Chat accounts take them; "
        "where the account was made in Zendesk Support, use 'access_token'."
    ),
}
"""What to do about a 401, by the first word of the kind of credential."""

_SCOPE_ADVICE = {
    "access": ("lacks", "Make a token with {}."),
    "e-mail": ("lack", "Use those of an Administrator, or an 'access_token' with {}."),
}
"""The verb, and what to do about a 403 for want of scopes, likewise."""


class ChatError(Exception):
    """The task cannot go on, or one token could not be revoked.

    ``msg`` is what the user reads; ``status`` the HTTP status that caused it, or ``None``.
    """

    def __init__(self, msg: str, status: int | None = None) -> None:
        super().__init__(msg)
        self.msg = msg
        self.status = status

    def result(self) -> dict[str, Any]:
        """What a failed task returns of it: ``msg``, and ``status`` where an answer caused it."""
        if self.status is None:
            return {"msg": self.msg}
        return {"msg": self.msg, "status": self.status}


def refused(status: int, url: str, *, credential: str, words: str, location: str | None) -> ChatError:
    """An HTTP answer that is neither the one hoped for nor worth another try.

    ``credential`` names the kind of credential that was sent and where it came from; ``location`` is where a 3xx answer
    points, without its query.
    """
    said = f" The API says: {sentence(words)}" if words else ""
    kind = credential.split(maxsplit=1)[0]
    scopes = missing_scopes(words)
    if 300 <= status < 400 and status != 304 and location:
        text = (
            f"{url} redirects to {location} (HTTP {status}), and redirects are never followed. "
            "Correct 'subdomain' or 'api_url'."
        )
    elif status == 401:
        text = f"The API at {url} rejected the {credential} (HTTP 401). {_ADVICE[kind]}"
    elif status == 403 and scopes:
        verb, advice = _SCOPE_ADVICE[kind]
        those, such = ("scope", "that scope") if len(scopes) == 1 else ("scopes", "those scopes")
        text = (
            f"The {credential} {verb} the {those} {enumerated(scopes)}, which {url} needs (HTTP 403). "
            f"{advice.format(such)}"
        )
    elif status == 403:
        text = f"The API refuses {url} (HTTP 403). It wants the credentials of an Administrator.{said}"
    elif status == 404:
        text = f"There is no Chat API at {url} (HTTP 404). {_CHECK_ADDRESS}{said}"
    else:
        text = f"The API answered {url} with HTTP {status}.{said or ' It gave no reason.'}"
    return ChatError(text, status)


def sentence(words: str) -> str:
    """``words`` with a full stop, where they have no such end."""
    return words if words.endswith((".", "!", "?")) else f"{words}."


def enumerated(words: Sequence[str]) -> str:
    """``words`` as a sentence lists them: with an "and" before the last."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def missing_scopes(words: str) -> Sequence[str]:
    """The scopes that a 403 answer names as missing, such as ``["write"]``."""
    found = _REQUIRED_SCOPES.search(words)
    return re.findall(r"[a-z]+", found.group(1).lower()) if found else []


def tried(error: ChatError, tries: int) -> ChatError:
    """``error`` with the number of tries that were made, where there was more than one."""
    if tries == 1:
        return error
    return ChatError(f"{error.msg} That was try {tries} of {tries}. Run the task again later.", error.status)


def rate_limited(url: str, seconds: float, waited: float, allowed: int) -> ChatError:
    """A wait on HTTP 429 that would pass ``rate_limit_timeout``; all times in seconds."""
    already = f", after {waited:.0f} s already waited" if waited >= 0.5 else ""
    return ChatError(
        f"The API limits how often {url} may be asked (HTTP 429) and wants another {seconds:.0f} s of patience{already}, "
        f"which passes 'rate_limit_timeout' ({allowed} s). Raise it, or run again later.",
        429,
    )


def not_token_list(url: str, reason: str) -> ChatError:
    """A 200 answer that is not a Chat token list. Nothing can be revoked on such ground."""
    text = f"{url} did not answer with a list of Chat OAuth tokens: {reason} Nothing was revoked on it."
    return ChatError(text if SUPPORT_API_HINT in reason else f"{text} {_CHECK_ADDRESS}", 200)


def not_agents(url: str, reason: str) -> ChatError:
    """A 200 answer that does not hold the agents, or the agent, that it was asked for."""
    return ChatError(f"{url} did not answer with agents of Chat: {reason} {_CHECK_ADDRESS}", 200)


def interrupted(uncertain: bool) -> ChatError:
    """A request that was not sent since the run was asked to end, or Ansible no longer listens.

    ``uncertain`` says whether an earlier try of it may have been carried out.
    """
    if uncertain:
        return ChatError(
            "The run was interrupted before it was known what came of this. Run the task again to find out."
        )
    return ChatError("Not sent, since the run was interrupted. Run the task again to finish it.")


def is_null(option: str) -> ChatError:
    """An option that is given without a value, where taking it for left out would be dangerous."""
    return ChatError(
        f"'{option}' is null: what it comes from has no value. Give it one, or leave it out, as with default(omit)."
    )


def no_answer(url: str, reason: str) -> ChatError:
    """No HTTP answer came, for the ``reason`` given as a sentence."""
    return ChatError(f"No answer from {url}: {reason}")


def counted(tokens: int) -> str:
    """A number of tokens for a sentence."""
    return "1 token" if tokens == 1 else f"{tokens} tokens"


def named(ids: Sequence[int]) -> str:
    """Token ids for a sentence, the first ten of them by name."""
    more = f" and {len(ids) - 10} more" if len(ids) > 10 else ""
    return ", ".join(str(number) for number in ids[:10]) + more
