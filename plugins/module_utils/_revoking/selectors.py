# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The selectors of a task, and the tokens or API clients that match them. Pure: no network, no clock."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

from ansible_collections.zchat.admin.plugins.module_utils._api.agents import emails_of
from ansible_collections.zchat.admin.plugins.module_utils._api.resources import AnyItem, Kind, Listing
from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import Token, TokenList
from ansible_collections.zchat.admin.plugins.module_utils._dates import valid_creation, valid_expiry
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._options import positive_integers, seconds, strings
from ansible_collections.zchat.admin.plugins.module_utils._text import abridged

_EXCLUDE: dict[str, dict[str, Any]] = {
    "ids": {"type": "list", "elements": "int", "aliases": ["id", "oauth_token_id"]},
    "agent_ids": {"type": "list", "elements": "int", "aliases": ["agent_id"]},
    "agent_emails": {"type": "list", "elements": "str", "aliases": ["agent_email"]},
    "client_identifiers": {"type": "list", "elements": "str", "aliases": ["client_identifier"]},
    "client_names": {"type": "list", "elements": "str", "aliases": ["client_name"]},
}
_EXCLUDE_CLIENTS: dict[str, dict[str, Any]] = {
    **_EXCLUDE,
    "ids": {"type": "list", "elements": "int", "aliases": ["id"]},
}
SELECTORS: dict[str, dict[str, Any]] = {
    "all": {"type": "bool"},
    **_EXCLUDE,
    "agent_status": {"type": "list", "elements": "str", "choices": ["enabled", "disabled", "missing"]},
    "scopes": {"type": "list", "elements": "str", "choices": ["read", "write", "chat"], "aliases": ["scope"]},
    "token_values": {"type": "list", "elements": "str", "no_log": True, "aliases": ["token_value"]},
    "expired": {"type": "bool"},
    "expires_within": {"type": "str"},
    "age": {"type": "str"},
    "exclude": {"type": "dict", "options": _EXCLUDE},
}
"""The selectors of tokens and the protect list as a part of an argument spec."""
CLIENT_SELECTORS: dict[str, dict[str, Any]] = {
    **_EXCLUDE_CLIENTS,
    "exclude": {"type": "dict", "options": _EXCLUDE_CLIENTS},
}
"""Those of API clients."""

_MAX_CLOCK_DIFFERENCE = 300


@dataclass(frozen=True)
class Lookups:
    """What a task looked up about agents and API clients, as far as its selectors need it."""

    by_email: Collection[int] = frozenset()
    """Ids of the agents that have one of ``agent_emails``."""
    protected: Collection[int] = frozenset()
    """Ids of the agents that have one of the addresses in ``exclude``."""
    states: Mapping[int, str] = field(default_factory=dict)
    """For ``agent_status``: ``enabled``, ``disabled``, ``missing`` or ``unknown`` of each agent."""
    identifiers: frozenset[str] = frozenset()
    """Identifiers of the API clients that have one of ``client_names``."""
    protected_identifiers: Collection[str] = frozenset()
    """Identifiers of the API clients that have one of the names in ``exclude``."""


@dataclass(frozen=True)
class Selected(Generic[AnyItem]):
    """The tokens or API clients that match the selectors, by id, and warnings about the selectors."""

    items: Sequence[AnyItem]
    excluded: Sequence[AnyItem] = ()
    """Those that match the selectors and the protect list."""
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Exclude:
    """The protect list."""

    ids: frozenset[int] = frozenset()
    agent_ids: frozenset[int] = frozenset()
    agent_emails: frozenset[str] = frozenset()
    client_identifiers: frozenset[str] = frozenset()
    """As given and without white space: either one can be the exact identifier, and this only protects."""
    client_names: frozenset[str] = frozenset()

    @classmethod
    def from_options(cls, options: Mapping[str, Any] | None) -> Exclude:
        """Return the protect list of a task. Raises :class:`ChatError` for one that protects nothing: it is a mistake."""
        if options is None:
            return cls()
        lists = {f"exclude.{name}": values for name, values in options.items()}
        empty = [name for name, values in lists.items() if not any(str(value).strip() for value in values)]
        if empty or not lists:
            name = empty[0] if empty else "exclude"
            raise ChatError(
                f"'{name}' is empty, so it would protect nothing. Check whether its variable is set, or omit it with default(omit)."
            )
        return cls(
            ids=positive_integers(lists, "exclude.ids") or frozenset(),
            agent_ids=positive_integers(lists, "exclude.agent_ids") or frozenset(),
            agent_emails=emails_of(lists, "exclude.agent_emails") or frozenset(),
            client_identifiers=(strings(lists, "exclude.client_identifiers") or frozenset()).union(
                lists.get("exclude.client_identifiers", ())
            ),
            client_names=strings(lists, "exclude.client_names") or frozenset(),
        )

    def protects(self, item: AnyItem, lookups: Lookups) -> bool:
        """Return whether a token or an API client is on the protect list."""
        return (
            item.id in self.ids
            or item.agent_id in self.agent_ids
            or item.agent_id in lookups.protected
            or item.client_identifier in self.client_identifiers
            or item.client_identifier in lookups.protected_identifiers
        )

    def unknown_identifiers(self, known: Collection[str | None]) -> set[str]:
        """Return those of ``client_identifiers`` that are not ``known``."""
        return {value.strip() for value in self.client_identifiers} - {
            value.strip() for value in self.client_identifiers if value in known
        }


@dataclass(frozen=True)
class Selectors:
    """What a task selects. ``None``: the selector is not set. An empty set selects nothing."""

    ids: frozenset[int] | None = None
    agent_ids: frozenset[int] | None = None
    agent_emails: frozenset[str] | None = None
    agent_status: frozenset[str] | None = None
    client_identifiers: frozenset[str] | None = None
    client_names: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    token_values: frozenset[str] | None = field(default=None, repr=False)
    expired: bool | None = None
    expires_within: int | None = None
    """In seconds."""
    age: int | None = None
    """In seconds."""
    exclude: Exclude = Exclude()

    @classmethod
    def from_options(
        cls, options: Mapping[str, Any], required: bool, spec: Mapping[str, Any] | None = None
    ) -> Selectors:
        """Return the selectors of a task. ``spec`` has the selectors of its module: those of tokens by default.

        Raises :class:`ChatError` for an invalid value, and if none is set although one is ``required``: it would select
        every token.
        """
        spec = SELECTORS if spec is None else spec
        selecting = [name for name in spec if name in options and name != "exclude" and options[name] is not False]
        selecting += ["expired"] if options.get("expired") is False else []
        if "all" in selecting and len(selecting) > 1:
            raise ChatError(f"'all' and '{selecting[1]}' are both set. 'all' can be combined only with 'exclude'.")
        if required and not selecting:
            choices = ", ".join(name for name in spec if name != "exclude")
            everything = " To select every token, set all=true." if "all" in spec else ""
            raise ChatError(f"No selector is set. Set at least one of {choices}.{everything}")
        return cls(
            ids=positive_integers(options, "ids"),
            agent_ids=positive_integers(options, "agent_ids"),
            agent_emails=emails_of(options, "agent_emails"),
            agent_status=strings(options, "agent_status"),
            client_identifiers=strings(options, "client_identifiers"),
            client_names=strings(options, "client_names"),
            scopes=strings(options, "scopes"),
            token_values=_token_values(options),
            expired=options.get("expired"),
            expires_within=seconds(options, "expires_within"),
            age=seconds(options, "age"),
            exclude=Exclude.from_options(options.get("exclude")),
        )

    def candidates(self, listing: Listing[AnyItem], lookups: Lookups) -> list[AnyItem]:
        """Return the items that match every selector that needs neither a clock nor the states of agents."""
        agent_ids = None
        if self.agent_ids is not None or self.agent_emails is not None:
            agent_ids = (self.agent_ids or frozenset()).union(lookups.by_email)
        identifiers = None
        if self.client_identifiers is not None or self.client_names is not None:
            identifiers = (self.client_identifiers or frozenset()) | lookups.identifiers
        return [
            item
            for item in listing.items
            if (self.ids is None or item.id in self.ids)
            and (agent_ids is None or item.agent_id in agent_ids)
            and (identifiers is None or item.client_identifier in identifiers)
        ]

    def select(self, listing: Listing[AnyItem], lookups: Lookups) -> Selected[AnyItem]:
        """Return the items that match every selector that tokens and API clients have."""
        return self._without_excluded(self.candidates(listing, lookups), lookups, [])

    def token_candidates(self, token_list: TokenList, lookups: Lookups) -> list[Token]:
        """Return the tokens that match every selector that needs neither a clock nor the states of agents."""
        return [
            token
            for token in self.candidates(token_list, lookups)
            if (self.scopes is None or not self.scopes.isdisjoint(token.scope_set()))
            and (self.token_values is None or any(_has(token, value) for value in self.token_values))
        ]

    def select_tokens(self, token_list: TokenList, lookups: Lookups, now: float) -> Selected[Token]:
        """Return the tokens that match every selector. ``now`` is the local time in seconds since the epoch."""
        warnings: list[str] = []
        tokens = self.token_candidates(token_list, lookups)
        tokens = self._select_by_status(tokens, lookups.states, warnings)
        tokens = self._select_by_time(tokens, now, token_list.date, warnings)
        return self._without_excluded(tokens, lookups, warnings)

    def _without_excluded(
        self, items: Sequence[AnyItem], lookups: Lookups, warnings: Sequence[str]
    ) -> Selected[AnyItem]:
        excluded = [item for item in items if self.exclude.protects(item, lookups)]
        excluded_ids = {item.id for item in excluded}
        return Selected([item for item in items if item.id not in excluded_ids], excluded, warnings)

    def unmatched(self, listing: Listing[AnyItem], kind: Kind) -> list[str]:
        """Return warnings about ids that no listed item has. ``ids`` have a result of their own."""
        warnings = []
        agents = sorted((self.agent_ids or frozenset()) - {item.agent_id for item in listing.items})
        if agents:
            warnings.append(
                f"No {kind.noun} is listed for agent {abridged(agents)}. Either none is left, or the id has a typo."
            )
        unlisted = self.exclude.ids - {item.id for item in listing.items}
        if unlisted:
            warnings.append(
                f"No listed {kind.noun} has the id {abridged(sorted(unlisted))} in 'exclude'. Check for typos."
            )
        return warnings

    def with_given_values(self, tokens: Iterable[Token]) -> list[Token]:
        """Return the tokens that have one of ``token_values``."""
        return [token for token in tokens if any(_has(token, value) for value in self.token_values or ())]

    def unmatched_values(self, token_list: TokenList) -> list[str]:
        """Return a warning if some of ``token_values`` belong to no listed token."""
        tokens, values = token_list.items, self.token_values or frozenset()
        unknown = sum(not any(_has(token, value) for token in tokens) for value in values)
        if not unknown:
            return []
        warning = (
            f"{unknown} of {len(values)} 'token_values' belong to no listed token ({len(tokens)} were compared). Either the "
            "token is revoked, or the value is incomplete."
        )
        return [warning]

    def ambiguous_values(self, tokens: Collection[Token]) -> str | None:
        """Return a message if several of all listed ``tokens`` can have the same one of the ``token_values``.

        This happens if the API lists shortened values and several begin alike. No other selector can decide which one it is.
        """
        found: set[int] = set()
        for value in self.token_values or ():
            matches = [token for token in tokens if _has(token, value)]
            if len(matches) > 1 and any(value not in (token.access_token, token.refresh_token) for token in matches):
                found.update(token.id for token in matches)
        if not found:
            return None
        return (
            f"it is ambiguous which of the tokens {abridged(sorted(found))} has the value in 'token_values', because the API "
            "lists shortened values and these begin alike. Select the token by 'ids', without 'token_values'."
        )

    def _select_by_status(self, tokens: list[Token], states: Mapping[int, str], warnings: list[str]) -> list[Token]:
        if self.agent_status is None:
            return tokens
        ownerless = [token.id for token in tokens if token.agent_id not in states]
        if ownerless and "missing" in self.agent_status:
            warnings.append(
                f"Token {abridged(ownerless)} has no agent_id, so 'agent_status' does not select {_them(ownerless)}."
            )
        unknown = sorted(number for number, state in states.items() if state == "unknown")
        if unknown:
            warnings.append(
                f"The state of agent {abridged(unknown)} is unknown, so 'agent_status' does not select tokens of this agent. The API "
                "returned no 'enabled' value, or a 404 that does not have the form of the Chat API."
            )
        return [token for token in tokens if states.get(token.agent_id or 0) in self.agent_status]

    def _select_by_time(
        self, tokens: list[Token], now: float, server_time: float | None, warnings: list[str]
    ) -> list[Token]:
        """Select by dates. A token matches only if it matches by the local clock and by the API's.

        Raises :class:`ChatError` if the time of the API is unknown.
        """
        if self.age is None and self.expired is None and self.expires_within is None:
            return tokens
        if server_time is None:
            raise ChatError(
                "The list of tokens has no valid 'Date' header, so 'age', 'expired' and 'expires_within' cannot be checked by the "
                "API's clock. A wrong clock of this host would select valid tokens. Check whether a proxy removes the header."
            )
        clocks = (now, server_time)
        if abs(clocks[0] - clocks[1]) > _MAX_CLOCK_DIFFERENCE:
            warnings.append(
                f"The clock of this host and that of the API differ by about {abs(clocks[0] - clocks[1]) / 60:.0f} minutes. Selectors by time "
                "select only tokens that match by both."
            )
        if self.age is not None:
            created = {token.id: valid_creation(token.create_date) for token in tokens}
            undated = [number for number, moment in created.items() if moment is None]
            if undated:
                warnings.append(
                    f"The create_date of token {abridged(undated)} is missing or cannot be parsed, so 'age' does not select "
                    f"{_them(undated)}."
                )
            latest = min(clocks) - self.age
            tokens = [token for token in tokens if (moment := created[token.id]) is not None and moment <= latest]
        if self.expired is not None or self.expires_within is not None:
            expiry = {token.id: expires(token) for token in tokens if token.expire_date is not None}
            undated = [number for number, moment in expiry.items() if moment is None]
            if undated:
                warnings.append(
                    f"The expire_date of token {abridged(undated)} cannot be parsed, or is before its create_date, so "
                    f"selectors by expiry do not select {_them(undated)}."
                )
            tokens = [token for token in tokens if self._matches_expiry(token, expiry, clocks)]
        return tokens

    def _matches_expiry(self, token: Token, expiry: Mapping[int, float | None], clocks: Sequence[float]) -> bool:
        if token.id not in expiry:
            # Without an expire_date, a token never expires.
            return not self.expired and self.expires_within is None
        moment = expiry[token.id]
        if moment is None:
            return False
        return (self.expired is None or all((moment < clock) == self.expired for clock in clocks)) and (
            self.expires_within is None or all(clock <= moment <= clock + self.expires_within for clock in clocks)
        )


def expires(token: Token) -> float | None:
    """Return when a token expires, in seconds since the epoch, ``None`` if it has no valid date (see :func:`valid_expiry`)."""
    return valid_expiry(token.expire_date, token.create_date)


def _has(token: Token, value: str) -> bool:
    return token.has_value(value) or token.has_refresh_value(value)


def _them(ids: Sequence[int]) -> str:
    return "it" if len(ids) == 1 else "them"


def _token_values(options: Mapping[str, Any]) -> frozenset[str] | None:
    values = strings(options, "token_values")
    if any(re.search(r"[^!-~]", value) for value in values or ()):
        raise ChatError(
            "'token_values' contains a value with a space, a control character or a non-ASCII character, which no token has. "
            "It is not shown. Set the token alone, without the word 'Bearer'."
        )
    return values
