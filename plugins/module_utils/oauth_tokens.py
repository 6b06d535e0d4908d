# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OAuth tokens of a Chat account: what one is, how they are listed and revoked, and the views that hide secrets.

Source: the vendor's reference page "OAuth Tokens" (``GET`` and ``DELETE {base}/oauth/tokens``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils import errors
from ansible_collections.zchat.admin.plugins.module_utils.client import ChatClient, encodable, plain_text
from ansible_collections.zchat.admin.plugins.module_utils.secrets import BEGINNING

_PATH = "oauth/tokens"
_PLAIN_VALUE = re.compile(r"[\w+/=~-]+(\.[\w+/=~-]+)*", re.ASCII)
_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)? ?(?:[Zz]|UTC|(?P<sign>[+-])(?P<hours>[01]\d|2[0-3]):?(?P<minutes>[0-5]\d))?"
)


@dataclass
class Token:
    """One OAuth token, each field as the API gives it, ``None`` where it gives none.

    Nothing changes one. Only because an account can have very many is it not frozen: that takes five times as long to make.
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
    """Separated by spaces, of ``read``, ``write`` and ``chat``."""
    token_type: str | None
    access_token: str | None
    refresh_token: str | None

    def __repr__(self) -> str:
        return f"Token(id={self.id}, agent_id={self.agent_id})"


_SECRETS = ("access_token", "refresh_token")
_DATES = ("create_date", "expire_date")
_TEXTS = Token.__slots__[2:]
"""What is text where it is anything; a date may be a number, too."""
_SHOWN = tuple(name for name in Token.__slots__ if name not in _SECRETS)


def list_tokens(client: ChatClient) -> list[Token]:
    """Every token that the API lists, by id. One GET: no pagination is documented.

    Raises :class:`ChatError` unless the answer is a Chat token list through and through, since what is revoked later
    rests on it. The tokens' secrets are made known to the client, which keeps them out of every message.
    """
    url = client.url(_PATH)
    answer = client.get(_PATH, errors.not_token_list)
    if not isinstance(answer, list):
        raise errors.not_token_list(url, _not_a_list(answer))
    tokens: dict[int, Token] = {}
    for item in answer:
        token = _token(url, item)
        known = tokens.setdefault(token.id, token)
        if known is not token and known != token:
            raise errors.not_token_list(url, f"it lists token {token.id} twice, with different contents.")
    listed = [tokens[number] for number in sorted(tokens)]
    client.secrets.add(_secrets(listed))
    return listed


def revoke_token(client: ChatClient, token: Token) -> bool:
    """Revoke ``token``, which must come from :func:`list_tokens`; whether it was this that ended it (see ``delete``)."""
    return client.delete(f"{_PATH}/{token.id:d}")


def view(token: Token, include_secrets: bool = False) -> dict[str, Any]:
    """The token as modules return it: the documented keys and no other."""
    shown = {name: getattr(token, name) for name in _SHOWN}
    if include_secrets:
        shown.update((name, getattr(token, name)) for name in _SECRETS)
    return shown


def line(token: Token) -> str:
    """The token in one readable line, for a diff."""
    until = f"expires {token.expire_date}" if token.expire_date else "no expire_date"
    parts = (
        f"token {token.id}",
        f"agent {token.agent_id}",
        f"client {token.client_identifier}",
        f"scopes {token.scopes}",
        f"created {token.create_date}",
        until,
    )
    return plain_text("; ".join(parts))


def listed(tokens: Sequence[Token]) -> dict[str, int]:
    """How much the API listed at all: without it, "none found" proves nothing."""
    return {"tokens": len(tokens), "agents": len({token.agent_id for token in tokens} - {None})}


def timestamp(date: str | float | None) -> float | None:
    """An API date as seconds since the epoch; ``None`` if it is missing or cannot be read (a number can not).

    Dates look like ``2014-09-09T07:49:20Z``; the ``Z`` is missing in some, and a date without a zone is UTC.
    """
    found = _DATE.fullmatch(date.strip()) if isinstance(date, str) else None
    if found is None:
        return None
    try:
        moment = datetime.strptime(f"{found.group(1)} {found.group(2)}", "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None
    seconds = moment.replace(tzinfo=timezone.utc).timestamp()
    if found.group("sign"):
        offset = timedelta(hours=int(found.group("hours")), minutes=int(found.group("minutes"))).total_seconds()
        seconds -= offset if found.group("sign") == "+" else -offset
    return seconds


def is_value(given: str, listed_value: str | None) -> bool:
    """Whether ``given``, a whole token value, is the one listed as ``listed_value``.

    The API may list values shortened, perhaps with dots or asterisks for the rest: 8 characters or more that ``given``
    begins with are enough then.
    """
    if not listed_value:
        return False
    beginning = listed_value.rstrip(".*\u2026")
    return given == listed_value or (len(beginning) >= BEGINNING and given.startswith(beginning))


def is_recognisable(token: Token) -> bool:
    """Whether the API listed enough of ``token``'s access token, from its beginning on, to tell it from another.

    What is hidden elsewhere than at the end, such as ``abcd****5678`` or ``[FILTERED]``, says nothing of its beginning.
    """
    beginning = (token.access_token or "").rstrip(".*\u2026")
    return len(beginning) >= BEGINNING and _PLAIN_VALUE.fullmatch(beginning) is not None


def shared_values(tokens: Iterable[Token]) -> set[str]:
    """Access tokens that several of the ``tokens`` are listed with: no values, but what hides them."""
    counts = Counter(token.access_token for token in tokens if token.access_token)
    return {value for value, count in counts.items() if count > 1}


def _secrets(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        for value in (token.access_token, token.refresh_token):
            if value:
                yield value


def _not_a_list(answer: Any) -> str:
    if isinstance(answer, dict) and "tokens" in answer:
        return f"it answered an object with 'tokens' in it. {errors.SUPPORT_API_HINT}"
    kind = "an object" if isinstance(answer, dict) else "a single value"
    return f"it answered {kind} where the Chat API answers a list."


def _token(url: str, item: Any) -> Token:
    """One item of the list, or :class:`ChatError` where it is not a Chat token."""
    if not isinstance(item, dict):
        raise errors.not_token_list(url, "it lists something that is not an object.")
    number = item.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise errors.not_token_list(url, "it lists a token without a whole number as its id.")
    if "agent_id" not in item or "client_identifier" not in item:
        missing = [name for name in ("agent_id", "client_identifier") if name not in item]
        hint = f" {errors.SUPPORT_API_HINT}" if "user_id" in item else ""
        raise errors.not_token_list(url, f"token {number} in it has no {' and no '.join(missing)}.{hint}")
    agent_id = item["agent_id"]
    if agent_id is not None and (not isinstance(agent_id, int) or isinstance(agent_id, bool)):
        raise errors.not_token_list(url, f"the agent_id of token {number} in it is not a whole number.")
    values = [item.get(name) for name in _TEXTS]
    for place, value in enumerate(values):
        # An account can have very many tokens, so what nearly all of these are comes first.
        if isinstance(value, str):
            values[place] = encodable(value)
        elif value is not None and not (_TEXTS[place] in _DATES and isinstance(value, (int, float))):
            raise errors.not_token_list(url, f"the {_TEXTS[place]} of token {number} in it is not text.")
    return Token(number, agent_id, *values)
