# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The selection of a task: its selectors, and the lookups that they need."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import ClassVar, Generic

from ansible_collections.zchat.admin.plugins.module_utils._api.agents import (
    Agents,
    agent_states,
    code_points,
    find_agents,
    look_alike,
)
from ansible_collections.zchat.admin.plugins.module_utils._api.clients import (
    VENDOR_CLIENTS,
    ApiClient,
    ClientList,
    list_clients,
    shown,
    with_name,
)
from ansible_collections.zchat.admin.plugins.module_utils._api.resources import (
    API_CLIENT,
    TOKEN,
    AnyItem,
    Kind,
    Listing,
)
from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import Token, TokenList
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import OwnToken
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selectors import Lookups, Selected, Selectors
from ansible_collections.zchat.admin.plugins.module_utils._text import abridged, counted

_MIN_PART = 4
"""Characters of a part of an identifier that can be a mistake."""
_CLOSE = 0.7
"""The similarity of two identifiers from which on one can be a mistake for the other."""
_NO_NAME = "a client without a name"


class Selection(Generic[AnyItem]):
    """What tokens and API clients have in common: the agents and the API clients that selectors and ``exclude`` name."""

    KIND: ClassVar[Kind]

    def __init__(self, client: ChatClient, selectors: Selectors) -> None:
        self.selectors = selectors
        self.found = Agents()
        """The agents with ``agent_emails``, once :meth:`look_up` has returned."""
        self._client = client
        self._protected: Collection[int] = ()
        """The ids of the agents with an address in ``exclude``."""
        self._clients: ClientList | None = None
        """The API clients, once they were needed."""
        self._protected_identifiers: set[str] = set()
        """Identifiers of the API clients that had a name in ``exclude`` in any list: a later list removes no protection."""

    def look_up(self) -> None:
        """Look up the addresses. Raises :class:`ChatError` if that fails, or if an address in ``exclude`` is unknown."""
        self.found = find_agents(self._client, emails=self.selectors.agent_emails or ())
        excluded_emails = self.selectors.exclude.agent_emails
        protected = find_agents(self._client, emails=excluded_emails, read_list=bool(excluded_emails))
        _check_found(protected)
        self._protected = protected.ids

    def clients(self) -> Sequence[ApiClient]:
        """Return the API clients. Reads them once. Raises :class:`ChatError` if they cannot be read."""
        if self._clients is None:
            self._clients = list_clients(self._client)
        return self._clients.items

    @property
    def unknown_client_names(self) -> list[str]:
        """Those of ``client_names`` that no listed API client has."""
        return self._unknown_names(self.selectors.client_names)

    def _unknown_names(self, names: Collection[str] | None) -> list[str]:
        return [name for name in sorted(names or ()) if not with_name(self.clients(), name)]

    def _lookups(self, identifiers: frozenset[str]) -> Lookups:
        """Return the lookups. ``identifiers`` are those of ``client_names``."""
        self._protected_identifiers |= self._identifiers_of(self.selectors.exclude.client_names)
        return Lookups(
            self.found.ids,
            self._protected,
            identifiers=identifiers,
            protected_identifiers=self._protected_identifiers,
        )

    def _identifiers_of(self, names: Collection[str] | None) -> frozenset[str]:
        return frozenset(entry.client_identifier for name in names or () for entry in with_name(self.clients(), name))

    def check_exclude(self, first_list: Listing[AnyItem]) -> list[str]:
        """Return warnings about ``exclude``.

        Raises :class:`ChatError` if it contains an agent id that no listed item has and that does not exist, or an API client
        that does not exist.
        """
        exclude = self.selectors.exclude
        owners = {item.agent_id for item in first_list.items}
        _check_found(find_agents(self._client, ids=exclude.agent_ids - owners))
        unknown_names = self._unknown_names(exclude.client_names)
        if unknown_names:
            raise ChatError(
                f"No listed API client has the name {_quoted(unknown_names)} in 'exclude', so it would protect nothing. The API lists "
                f"{counted(len(self.clients()), 'API client')}."
                f"{self._hints_about_names(unknown_names)} Check for typos."
            )
        known = {item.client_identifier for item in first_list.items}
        unknown = exclude.unknown_identifiers(known)
        if unknown:
            unknown = exclude.unknown_identifiers(known | {entry.client_identifier for entry in self.clients()})
        unknown_vendor_clients = unknown & VENDOR_CLIENTS
        unknown -= VENDOR_CLIENTS
        nobody = "No API client has" if self.KIND is API_CLIENT else "Neither a token nor an API client has"
        if unknown:
            raise ChatError(
                f"{nobody} the client_identifier {_quoted(sorted(unknown))} in 'exclude', so it would protect nothing."
                f"{self.hints(unknown)} Check for typos."
            )
        warnings = self._shared_names(exclude.client_names, "protected")
        if unknown_vendor_clients:
            warnings.append(f"{nobody} the client_identifier {_quoted(sorted(unknown_vendor_clients))} in 'exclude'.")
        return warnings

    def _check_named(self, selected: Selected[AnyItem]) -> None:
        """Raise :class:`ChatError` if it is unknown whether a name in ``exclude`` protects one of the selected items."""
        unnamed = self._unnamed(selected)
        if unnamed:
            raise ChatError(
                f"The list of API clients does not show the name of client {_quoted(unnamed)}, so it is unknown whether "
                "'exclude.client_names' protects it. Use 'exclude.client_identifiers' instead."
            )

    def _unnamed(self, selected: Selected[AnyItem]) -> list[str]:
        """Return the clients of selected items of which the name is unknown, if a name in ``exclude`` needs it."""
        if not self.selectors.exclude.client_names:
            return []
        named = {*VENDOR_CLIENTS, *(entry.client_identifier for entry in self.clients() if entry.name is not None)}
        return sorted({item.client_identifier or "" for item in selected.items if item.client_identifier not in named})

    def warnings(self, first_list: Listing[AnyItem]) -> list[str]:
        """Return warnings about values that are unknown or that no listed item has."""
        warnings = [*self.found.warnings(), *self.selectors.unmatched(first_list, self.KIND)]
        unknown = self.unknown_client_names
        if unknown:
            warnings.append(
                f"No listed API client has the name {_quoted(unknown)}.{self._hints_about_names(unknown)} Check for typos. If the client was "
                "deleted, select its tokens by client identifier."
            )
        return [*warnings, *self._shared_names(self.selectors.client_names, "selected")]

    def _shared_names(self, names: Collection[str] | None, state: str) -> list[str]:
        shared = {name: with_name(self.clients(), name) for name in sorted(names or ())}
        return [
            f"Several API clients have the name {_quoted([name])}: {_quoted([entry.client_identifier for entry in entries])}. All of "
            f"them are {state}."
            for name, entries in shared.items()
            if len(entries) > 1
        ]

    def _hints_about_names(self, names: Collection[str]) -> str:
        """Return which of these names, which no API client has, are identifiers or only look like a name."""
        hints = [
            f" {_quoted([name])} is the identifier of {_quoted([entry.name or _NO_NAME])}: use 'client_identifiers'."
            if entry.client_identifier == name
            else f" Similar, but not the same: {_quoted([code_points(entry.name or '')])}."
            for name in names
            for entry in self.clients()
            if entry.client_identifier == name or _is_similar(name, entry.name or "")
        ]
        return "".join(hints)

    def hints(self, values: Collection[str], similar: bool = True) -> str:
        """Return which of these values, which are no client identifiers, are names of API clients, and which identifiers those have.

        ``similar``: also which API clients they can mean, because the identifier is similar, or the value is their id or their company.
        """
        try:
            clients = self.clients()
        except ChatError as error:
            return f" It is unknown whether the value is the name of an API client. {error.msg}"
        names = [
            f" {_quoted([value])} is the name of the API client with the identifier {_quoted([entry.client_identifier])}: use 'client_names'."
            for value in sorted(values)
            for entry in with_name(clients, value)
        ]
        identifiers = [
            f" Similar, but not the same: {_quoted([code_points(entry.client_identifier)])}."
            for value in sorted(values)
            for entry in clients
            if similar and (_is_close(value, entry.client_identifier) or value in (str(entry.id), entry.company))
        ]
        return "".join([*names, *identifiers])


class TokenSelection(Selection[Token]):
    """Selects tokens of the lists that one task reads."""

    KIND = TOKEN

    def __init__(self, client: ChatClient, selectors: Selectors, own: OwnToken) -> None:
        super().__init__(client, selectors)
        self._own = own
        self._now = time.time()
        self._identifiers: frozenset[str] | None = None
        """Those of ``client_names``. A later list of API clients selects nothing more."""

    def select(self, token_list: TokenList) -> Selected[Token]:
        """Return the selected tokens of a list. Reads the states of agents if a selector needs them: in each call again.

        Raises :class:`ChatError` if a selector cannot be decided, or if it is unknown whether ``exclude`` protects a token.
        """
        selected = self._select(token_list)
        if self._unnamed(selected):
            # The client can have been created since the API clients were read.
            self._clients = None
            selected = self._select(token_list)
            self._check_named(selected)
        return selected

    def _select(self, token_list: TokenList) -> Selected[Token]:
        if self._identifiers is None:
            self._identifiers = self._identifiers_of(self.selectors.client_names)
        lookups = self._lookups(self._identifiers)
        if self.selectors.agent_status is not None:
            candidates = self.selectors.token_candidates(token_list, lookups)
            ids = {token.agent_id for token in candidates if token.agent_id is not None and token.agent_id > 0}
            lookups = replace(lookups, states=agent_states(self._client, ids, self._own.agent().id) if ids else {})
        return self.selectors.select_tokens(token_list, lookups, self._now)

    def warnings(self, first_list: TokenList) -> list[str]:
        """Return warnings about values that are unknown or that no listed token has."""
        given = self.selectors.client_identifiers or frozenset()
        unlisted = given - {token.client_identifier for token in first_list.items}
        warnings = super().warnings(first_list)
        if unlisted:
            warnings.append(
                f"No token is listed for client {abridged(sorted(unlisted))}. Either none is left, or the identifier has a "
                f"typo.{self.hints(unlisted)}"
            )
        return warnings


class ClientSelection(Selection[ApiClient]):
    """Selects API clients of the lists that one task reads. A name counts as in the list that contains it."""

    KIND = API_CLIENT

    def select(self, client_list: ClientList) -> Selected[ApiClient]:
        """Return the selected API clients of a list. Raises :class:`ChatError` if it is unknown whether ``exclude`` protects one."""
        self._clients = client_list
        lookups = self._lookups(self._identifiers_of(self.selectors.client_names))
        selected = self.selectors.select(client_list, lookups)
        self._check_named(selected)
        return selected

    def unlisted(self, client_list: ClientList) -> frozenset[str]:
        """Return those of ``client_identifiers`` that no listed API client has."""
        listed = {entry.client_identifier for entry in client_list.items}
        return (self.selectors.client_identifiers or frozenset()) - listed


def _quoted(values: Sequence[str]) -> str:
    return shown([f"'{value}'" for value in values])


def _is_similar(name: str, other: str) -> bool:
    """Return whether two names differ only by case, or by characters that can look the same."""
    return name != other.strip() and (name.lower() == other.strip().lower() or look_alike(name, other))


def _is_close(identifier: str, other: str) -> bool:
    """Return whether an identifier can be another one that was copied wrongly: a part of it, or with some other characters."""
    one, two = identifier.strip().lower(), other.strip().lower()
    if min(len(one), len(two)) >= _MIN_PART and (one in two or two in one):
        return True
    return look_alike(identifier, other) or SequenceMatcher(None, one, two).ratio() >= _CLOSE


def _check_found(protected: Agents) -> None:
    """Raise :class:`ChatError` if an agent in ``exclude`` was not found."""
    if protected.unclear:
        raise ChatError(f"'exclude' contains an agent that was not found. {protected.unclear_text}")
    if protected.unknown_emails:
        raise ChatError(
            f"No agent in Chat has the address {protected.unknown_addresses} in 'exclude', so it would protect nothing. "
            f"{protected.advice}"
        )
    if protected.unknown_ids:
        raise ChatError(
            f"No agent in Chat has the id {abridged(protected.unknown_ids)} in 'exclude', so it would protect nothing. Check for typos."
        )
