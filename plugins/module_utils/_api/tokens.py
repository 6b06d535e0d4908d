# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OAuth tokens of a Chat account: list and revoke.

Source: the vendor's reference page "OAuth Tokens" (``GET`` and ``DELETE {base}/oauth/tokens``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._api.resources import (
    TOKEN,
    Deletion,
    Listing,
    delete_item,
    listing,
    not_listed,
)
from ansible_collections.zchat.admin.plugins.module_utils._dates import valid_creation
from ansible_collections.zchat.admin.plugins.module_utils._errors import SUPPORT_API_HINT, ChatError, Endpoint
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import MIN_PREFIX
from ansible_collections.zchat.admin.plugins.module_utils._text import encodable, plain_text, printable

_PATH = "oauth/tokens"
_MAX_AGE = 300
"""Seconds by which the creation date of a run's token can be before the date of the response that issued it."""


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


TokenList = Listing[Token]
"""One response of the token list."""


def list_tokens(client: ChatClient) -> TokenList:
    """Return every token that the API lists, with one GET: no pagination is documented.

    The token that only this run uses is not one of them. Raises :class:`ChatError` unless the whole response is a complete list of Chat
    tokens, see :func:`listing`.
    """
    endpoint = client.connection.endpoint(_PATH)
    # Each object becomes a token as soon as it is parsed: the objects of a long list would take much more memory.
    document = client.get(_PATH, object_hook=_token_parser(endpoint))
    if not isinstance(document.data, list):
        raise _not_a_list(endpoint, document.data)
    token_list = listing(document, TOKEN, lambda item: item if isinstance(item, Token) else _token(endpoint, item, {}))
    client.secrets.add_listed(
        value for token in token_list.items for value in (token.access_token, token.refresh_token)
    )
    return _without_run_token(client, token_list)


def _without_run_token(client: ChatClient, token_list: TokenList) -> TokenList:
    """Return the list without the token that only this run uses, if it shows which one that is."""
    value, credentials = client.connection.access_token, client.connection.client
    if value is None or credentials is None:
        return token_list
    matches = [token for token in token_list.items if token.has_value(value)]
    if len(matches) != 1 or not _can_be_run_token(matches[0], client, credentials.id):
        return token_list
    (run_token,) = matches
    client.run_token_id = run_token.id
    return Listing([token for token in token_list.items if token is not run_token], token_list.date, run_token)


def _can_be_run_token(token: Token, client: ChatClient, client_id: str) -> bool:
    """Return whether a token with the value, or the beginning of the value, of the run's token is this token.

    It is revoked without a further question. Values of other tokens can begin alike, and the API may issue a token that exists already,
    which other programs use.
    """
    issued, created = client.connection.issued, valid_creation(token.create_date)
    if client.run_token_id not in (None, token.id):
        return False
    if issued is not None and created is not None and created < issued - _MAX_AGE:
        return False
    is_exact = token.access_token == client.connection.access_token
    return is_exact or (token.client_identifier == client_id and issued is not None and created is not None)


def revoke_token(client: ChatClient, token: Token) -> Deletion:
    """Revoke ``token``, which must come from :func:`list_tokens`. Raises :class:`ChatError` as :func:`delete_item`."""
    return revoke_token_id(client, token.id)


def revoke_token_id(client: ChatClient, number: int) -> Deletion:
    """Revoke a token that :func:`list_tokens` has just listed. Raises :class:`ChatError` as :func:`delete_item`."""
    return delete_item(client, f"{_PATH}/{number:d}", TOKEN)


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
    return not_listed(endpoint, TOKEN, reason)


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
