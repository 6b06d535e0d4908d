# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the tokens listed and the task's selectors to the tokens that are meant. Pure: no network, no clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ansible.module_utils.errors import AnsibleFallbackNotFound

from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError, named
from ansible_collections.zchat.admin.plugins.module_utils.oauth_tokens import Token, is_value, timestamp

SELECTORS: dict[str, dict[str, Any]] = {
    "ids": {"type": "list", "elements": "int", "aliases": ["id", "oauth_token_id"]},
    "agent_ids": {"type": "list", "elements": "int", "aliases": ["agent_id"]},
    "agent_emails": {"type": "list", "elements": "str", "aliases": ["agent_email"]},
    "client_identifiers": {"type": "list", "elements": "str", "aliases": ["client_identifier"]},
    "scopes": {"type": "list", "elements": "str", "choices": ["read", "write", "chat"], "aliases": ["scope"]},
    "token_values": {"type": "list", "elements": "str", "no_log": True, "aliases": ["token_value"]},
    "expired": {"type": "bool"},
    "age": {"type": "str"},
}
"""The options that say which tokens are meant, as in an argument spec."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True)
class Selectors:
    """What the task asks for, each ``None`` where it does not ask. Made by :func:`selectors_from`."""

    ids: frozenset[int] | None = None
    agent_ids: frozenset[int] | None = None
    agent_emails: frozenset[str] | None = None
    agents_with_emails: frozenset[int] = frozenset()
    """The ids of the agents who have ``agent_emails``, once they have been looked up; till then these select nothing."""
    client_identifiers: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    token_values: frozenset[str] | None = field(default=None, repr=False)
    expired: bool | None = None
    age: int | None = None
    """In seconds."""


@dataclass(frozen=True)
class Selection:
    """The tokens meant, by id, and what the user should be warned about."""

    tokens: Sequence[Token]
    warnings: Sequence[str] = ()


def noting_left_out(left_out: set[str], options: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The ``options`` as part of an argument spec; each that a task leaves out comes to stand in ``left_out``.

    Ansible makes no difference between an option that is null and one that is left out. Here it would be fatal: a variable
    without a value would widen the selection, or mean another account. But a fallback is asked for only what is left out.
    """

    def note(option: str) -> NoReturn:
        left_out.add(option)
        raise AnsibleFallbackNotFound

    return {option: {**spec, "fallback": (note, [option])} for option, spec in options.items()}


def given(params: Mapping[str, Any], options: Iterable[str]) -> dict[str, Any]:
    """Those of the ``options`` that a task gives. Raises :class:`ChatError` for one that is null."""
    values = {option: params[option] for option in options if option in params}
    for option, value in values.items():
        if value is None:
            raise ChatError(
                f"'{option}' is null, which could mean all or nothing. Give it a value, an empty list, which selects "
                "nothing, or leave it out, as with default(omit)."
            )
    return values


def selectors_from(params: Mapping[str, Any], required: bool) -> Selectors:
    """The selectors that a task's ``params`` give; one that was left out must be missing from them.

    Raises :class:`ChatError` for a value that cannot select as written, null among them, and, where a selector is
    ``required``, for none at all: then every token would be meant.
    """
    asked = given(params, SELECTORS)
    if required and not asked:
        raise ChatError(
            "No selector is given, so every token of the account would be meant. "
            f"Give at least one of {', '.join(SELECTORS)}."
        )
    return Selectors(
        ids=numbers(asked, "ids"),
        agent_ids=numbers(asked, "agent_ids"),
        agent_emails=addresses(asked, "agent_emails"),
        client_identifiers=texts(asked, "client_identifiers"),
        scopes=texts(asked, "scopes"),
        token_values=_token_values(asked),
        expired=asked.get("expired"),
        age=_age(asked.get("age")),
    )


def select(tokens: Sequence[Token], selectors: Selectors, now: float) -> Selection:
    """The ``tokens`` that match every selector given, ``now`` being seconds since the epoch.

    A date that is missing or unreadable counts neither as past nor as old, and is warned about, if only for tokens
    that the other selectors mean.
    """
    meant = [token for token in tokens if _matches(token, selectors)]
    warnings: list[str] = []
    if selectors.age is not None:
        created = [timestamp(token.create_date) for token in meant]
        undated = [token.id for token, moment in zip(meant, created) if moment is None]
        if undated:
            warnings.append(
                f"The create_date of these tokens is missing or unreadable, so 'age' leaves them out: {named(undated)}."
            )
        meant = [token for token, moment in zip(meant, created) if moment is not None and now - moment >= selectors.age]
    if selectors.expired is not None:
        ends = [timestamp(token.expire_date) for token in meant]
        # Without an expire_date a token never expires: as an answer to "not expired" that is plain, and no warning's due.
        undated = [
            token.id
            for token, end in zip(meant, ends)
            if end is None and (selectors.expired or token.expire_date is not None)
        ]
        if undated:
            warnings.append(
                f"The expire_date of these tokens is missing or unreadable, so they count as not expired: {named(undated)}."
            )
        meant = [token for token, end in zip(meant, ends) if (end is not None and end < now) == selectors.expired]
    return Selection(meant, warnings)


def unmatched(tokens: Sequence[Token], selectors: Selectors) -> list[str]:
    """Warnings about what is asked for and none of the ``tokens`` has: it may be mistyped.

    ``ids`` are left out: those that are not listed have a place of their own in the result.
    """
    warnings = []
    agents = sorted((selectors.agent_ids or frozenset()) - {token.agent_id for token in tokens})
    if agents:
        warnings.append(
            f"No token is listed for agent {named(agents)}. Either none is left, or that is not the id of an agent in Chat."
        )
    clients = sorted((selectors.client_identifiers or frozenset()) - {token.client_identifier for token in tokens})
    if clients:
        warnings.append(f"No token is listed for client {', '.join(clients)}. Either none is left, or it is mistyped.")
    values = selectors.token_values or frozenset()
    unknown = sum(not any(_has_value(token, given) for token in tokens) for given in values)
    if unknown:
        warnings.append(
            f"{unknown} of {len(values)} 'token_values' belong to no token that is listed ({len(tokens)} were compared). "
            "Either such a token has been revoked, or the value is not the whole one."
        )
    return warnings


def look_alikes(tokens: Sequence[Token], selectors: Selectors) -> str | None:
    """What to say where nobody can tell which of the ``tokens`` has one of the ``token_values``; ``None`` where it is plain.

    That is so where the API lists values shortened and several of them begin alike.
    """
    found: set[int] = set()
    for value in selectors.token_values or ():
        having = [token for token in tokens if _has_value(token, value)]
        if any(value not in (token.access_token, token.refresh_token) for token in having) and len(having) > 1:
            found.update(token.id for token in having)
    if not found:
        return None
    return (
        f"It cannot be told which of the tokens {named(sorted(found))} has the value given in 'token_values', since the API "
        "lists only beginnings of values, and these are alike. Find out by other means, and select by 'ids'."
    )


def _matches(token: Token, selectors: Selectors) -> bool:
    """Whether ``token`` matches the selectors that need no clock. An empty one matches nothing."""
    return (
        (selectors.ids is None or token.id in selectors.ids)
        and (selectors.agent_ids is None or token.agent_id in selectors.agent_ids)
        and (selectors.agent_emails is None or token.agent_id in selectors.agents_with_emails)
        and (selectors.client_identifiers is None or token.client_identifier in selectors.client_identifiers)
        and (selectors.scopes is None or not selectors.scopes.isdisjoint((token.scopes or "").split()))
        and (selectors.token_values is None or any(_has_value(token, given) for given in selectors.token_values))
    )


def _has_value(token: Token, given: str) -> bool:
    return is_value(given, token.access_token) or is_value(given, token.refresh_token)


def numbers(params: Mapping[str, Any], option: str) -> frozenset[int] | None:
    """The ids that an option gives, ``None`` if it is not given. Raises :class:`ChatError` for one below 1."""
    if option not in params:
        return None
    for number in params[option]:
        if isinstance(number, bool) or number < 1:
            raise ChatError(f"'{option}' must hold whole numbers greater than 0, and holds {number}.")
    return frozenset(params[option])


def texts(params: Mapping[str, Any], option: str) -> frozenset[str] | None:
    """The texts that an option gives, ``None`` if it is not given. Raises :class:`ChatError` for an empty one."""
    if option not in params:
        return None
    values = frozenset(text.strip() for text in params[option])
    if "" in values:
        raise ChatError(
            f"'{option}' holds an empty value, which is a mistake. Is the variable set that it comes from? "
            "What is to select nothing must be an empty list."
        )
    return values


def addresses(params: Mapping[str, Any], option: str) -> frozenset[str] | None:
    """As :func:`texts`, for e-mail addresses. Raises :class:`ChatError` also where several are written as one."""
    values = texts(params, option)
    for value in sorted(values or ()):
        if re.search(r"[\s,;]", value):
            raise ChatError(
                f"'{option}' holds {value[:100]!a}, which is not one address. Give a list with each address by itself, "
                "without a name beside it."
            )
    return values


def _token_values(params: Mapping[str, Any]) -> frozenset[str] | None:
    values = texts(params, "token_values")
    if any(re.search(r"[^!-~]", value) for value in values or ()):
        raise ChatError(
            "'token_values' holds a value with a space, a control or a non-ASCII character in it, which no token has. "
            "It is not shown here. Give the token alone, without the word 'Bearer' before it."
        )
    return values


def _age(given: str | None) -> int | None:
    if given is None:
        return None
    found = re.fullmatch(r"\s*([0-9]{1,9})([smhdw])\s*", given)
    if found is None or int(found.group(1)) == 0:
        raise ChatError(
            f"'age' must be a whole number greater than 0 with a unit (s, m, h, d or w), such as 90d, and is {given[:20]!a}."
        )
    return int(found.group(1)) * _UNITS[found.group(2)]
