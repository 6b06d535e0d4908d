# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OAuth tokens of a Chat account: list and revoke.

Source: the vendor's reference page "OAuth Tokens" (``GET`` and ``DELETE {base}/oauth/tokens``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._dates import http_date
from ansible_collections.zchat.admin.plugins.module_utils._errors import (
    SUPPORT_API_HINT,
    ChatError,
    Endpoint,
    unexpected_content,
)
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import MIN_PREFIX
from ansible_collections.zchat.admin.plugins.module_utils._text import encodable, plain_text, printable

_PATH = "oauth/tokens"


@dataclass
class Token:
    """One OAuth token, each field as the API returns it, ``None`` if it returns none.

    A token is never changed. It is not frozen because creating a frozen one takes five times as long, and an account can
    have very many.
    """

    __slots__ = (
        "id",
        "agent_id",
        "client_identifier",
        "create_date",
        "expire_date",
        "scopes",
        "token_type",
        "access_token",
        "refresh_token",
    )

    id: int
    agent_id: int | None
    client_identifier: str | None
    create_date: str | float | None
    expire_date: str | float | None
    scopes: str | None
    """``read``, ``write`` and ``chat``, separated by spaces or commas."""
    token_type: str | None
    access_token: str | None
    refresh_token: str | None

    def __repr__(self) -> str:
        return f"Token(id={self.id}, agent_id={self.agent_id})"

    def has_value(self, value: str) -> bool:
        """Return whether the access token is ``value``, as far as the API shows it.

        The API may shorten the values, with dots or asterisks at the end: a beginning of 8 characters or more then matches.
        """
        return _is_value(value, self.access_token)

    def has_refresh_value(self, value: str) -> bool:
        """Return whether the refresh token is ``value``, as :meth:`has_value`."""
        return _is_value(value, self.refresh_token)

    def scope_set(self) -> frozenset[str]:
        """Return the scopes."""
        return frozenset((self.scopes or "").replace(",", " ").split())


_SECRET_FIELDS = ("access_token", "refresh_token")
_DATE_FIELDS = ("create_date", "expire_date")
_STRING_FIELDS = Token.__slots__[2:]
"""Strings or null; a date can also be a number."""
_SHOWN_FIELDS = tuple(name for name in Token.__slots__ if name not in _SECRET_FIELDS)


@dataclass(frozen=True)
class TokenList:
    """One response of the token list."""

    tokens: Sequence[Token]
    """By id, each once."""
    date: float | None
    """The time of the API's clock (``Date`` header) in seconds since the epoch, ``None`` without it."""


def list_tokens(client: ChatClient) -> TokenList:
    """Return every token that the API lists, with one GET: no pagination is documented.

    Raises :class:`ChatError` unless the whole response is a list of Chat tokens, and if it has signs that it is only a part
    of the list, because later revocations depend on it.
    """
    endpoint = client.connection.endpoint(_PATH)
    # Each object becomes a token as soon as it is parsed: the objects of a long list would take much more memory.
    document = client.get(_PATH, object_hook=_token_parser(endpoint))
    if not isinstance(document.data, list):
        raise _not_a_list(endpoint, document.data)
    tokens: dict[int, Token] = {}
    for item in document.data:
        token = item if isinstance(item, Token) else _token(endpoint, item, {})
        if tokens.setdefault(token.id, token) != token:
            raise _invalid(endpoint, f"it contains token {token.id} twice, with different contents.")
    client.secrets.add_listed(value for token in tokens.values() for value in (token.access_token, token.refresh_token))
    more = document.announces_more(len(tokens))
    if more:
        raise ChatError(
            f"The list at {endpoint} is incomplete: {more}. The vendor documents no pages for it, so the other tokens cannot be "
            "read. Report this to the maintainers of the collection.",
            200,
        )
    return TokenList([tokens[number] for number in sorted(tokens)], http_date(document.headers.get("Date")))


@dataclass(frozen=True)
class Deletion:
    """A DELETE after which the API should no longer list the token."""

    status: int
    """204 or 200, 404 or 410."""
    may_be_executed: bool
    """Whether the API may have executed an earlier attempt of the same DELETE."""

    @property
    def revoked(self) -> bool:
        """Whether this DELETE revoked the token. If not, it was already gone."""
        return self.status < 300 or self.may_be_executed


def revoke_token(client: ChatClient, token: Token) -> Deletion:
    """Revoke ``token``, which must come from :func:`list_tokens`.

    Raises :class:`ChatError` if the token was not revoked, or if the response does not show it.
    """
    endpoint = client.connection.endpoint(f"{_PATH}/{token.id:d}")
    response = client.delete(f"{_PATH}/{token.id:d}")
    body = response.body.strip() if response.complete else None
    if response.status < 300:
        if response.status not in (200, 204) or body not in (b"", b"null"):
            raise ChatError(
                f"The response to the DELETE at {endpoint} (HTTP {response.status}) does not show that the API has revoked "
                "the token.",
                response.status,
                may_be_executed=True,
            )
    elif body != b"" and not response.is_from_api:
        raise ChatError(
            f"The response to the DELETE at {endpoint} (HTTP {response.status}) does not have the form of the Chat "
            "API, so it may come from a gateway and does not show that the token is gone.",
            response.status,
            may_be_executed=response.may_be_executed,
        )
    return Deletion(response.status, response.may_be_executed)


def token_result(token: Token, include_secrets: bool = False) -> dict[str, Any]:
    """Return the token as modules return it: the documented keys and no other."""
    result = {name: printable(getattr(token, name)) for name in _SHOWN_FIELDS}
    if include_secrets:
        result.update((name, getattr(token, name)) for name in _SECRET_FIELDS)
    return result


def diff_line(token: Token, agent: str, client: str) -> str:
    """Return the token as one line of a diff. ``agent`` and ``client`` are their names or ids."""
    expires = f"expires {token.expire_date}" if token.expire_date else "no expire_date"
    parts = (
        f"token {token.id}",
        f"agent {agent}",
        f"client {client}",
        f"scopes {token.scopes}",
        f"created {token.create_date}",
        expires,
    )
    return plain_text("; ".join(parts))


def _is_number(value: Any) -> bool:
    """Return whether a value is a number that JSON can contain. An integer can be too large to be converted to a float."""
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _is_value(value: str, listed: str | None) -> bool:
    if not listed:
        return False
    beginning = listed.rstrip(".*\u2026")
    return value == listed or (len(beginning) >= MIN_PREFIX and value.startswith(beginning))


def _invalid(endpoint: Endpoint, reason: str) -> ChatError:
    return unexpected_content(endpoint, "a list of Chat OAuth tokens", reason)


def _not_a_list(endpoint: Endpoint, data: Any) -> ChatError:
    kind = "an object" if isinstance(data, (dict, Token)) else "a single value"
    hint = f" {SUPPORT_API_HINT}" if isinstance(data, dict) and "tokens" in data else ""
    return _invalid(endpoint, f"it returned {kind}; the Chat API returns a list.{hint}")


def _token_parser(endpoint: Endpoint) -> Callable[[dict[str, Any]], Any]:
    """Return a function for :func:`json.loads` that makes a token of each object that has the keys of one."""
    shared: dict[str, str] = {}

    def parse(item: dict[str, Any]) -> Any:
        return _token(endpoint, item, shared) if item.keys() >= {"id", "agent_id", "client_identifier"} else item

    return parse


def _token(endpoint: Endpoint, item: Any, shared: dict[str, str]) -> Token:
    """Return one item of the list. Raises :class:`ChatError` if it is not a Chat token.

    ``shared`` collects the strings that are not secret, so that each is in memory once.
    """
    if not isinstance(item, dict):
        raise _invalid(endpoint, "it contains an item that is not an object.")
    number = item.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise _invalid(endpoint, "it contains an object without an integer 'id'.")
    missing = [name for name in ("agent_id", "client_identifier") if name not in item]
    if missing:
        hint = f" {SUPPORT_API_HINT}" if "user_id" in item else ""
        raise _invalid(endpoint, f"token {number} has no {' and no '.join(missing)}.{hint}")
    agent_id = item["agent_id"]
    if agent_id is not None and (not isinstance(agent_id, int) or isinstance(agent_id, bool)):
        raise _invalid(endpoint, f"the agent_id of token {number} is not an integer.")
    values: list[Any] = []
    for name in _STRING_FIELDS:
        value = item.get(name)
        # First what most values are, because a list can be very long.
        if isinstance(value, str):
            value = encodable(value)
            if name not in _SECRET_FIELDS:
                value = shared.setdefault(value, value)
        elif value is not None and not (name in _DATE_FIELDS and _is_number(value)):
            raise _invalid(endpoint, f"the {name} of token {number} is not a string.")
        values.append(value)
    return Token(number, agent_id, *values)
