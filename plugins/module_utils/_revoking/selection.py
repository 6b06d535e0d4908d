# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The selection of a task: its selectors, and the lookups that they need."""

from __future__ import annotations

import time
from collections.abc import Collection

from ansible_collections.zchat.admin.plugins.module_utils._api.agents import Agents, agent_states, find_agents
from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import TokenList
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import OwnToken
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selectors import AgentLookups, Selected, Selectors
from ansible_collections.zchat.admin.plugins.module_utils._text import abridged


class Selection:
    """Selects tokens of the lists that one task reads."""

    def __init__(
        self, client: ChatClient, selectors: Selectors, own: OwnToken, found: Agents, protected: Collection[int]
    ) -> None:
        """``found`` are the agents with ``agent_emails``, ``protected`` the ids of those with an address in ``exclude``."""
        self._client = client
        self._own = own
        self._now = time.time()
        self.selectors = selectors
        self.found = found
        self._protected = protected

    @classmethod
    def look_up(cls, client: ChatClient, selectors: Selectors, own: OwnToken) -> Selection:
        """Look up the addresses. Raises :class:`ChatError` if that fails, or if an address in ``exclude`` is unknown."""
        found = find_agents(client, emails=selectors.agent_emails or ())
        excluded_emails = selectors.exclude.agent_emails
        protected = find_agents(client, emails=excluded_emails, read_list=bool(excluded_emails))
        _check_found(protected)
        return cls(client, selectors, own, found, protected.ids)

    def select(self, token_list: TokenList) -> Selected:
        """Return the selected tokens of a list. Reads the states of agents if a selector needs them: in each call again.

        Raises :class:`ChatError` if a selector cannot be decided.
        """
        agents = AgentLookups(self.found.ids, self._protected)
        if self.selectors.agent_status is not None:
            candidates = self.selectors.candidates(token_list, agents)
            ids = {token.agent_id for token in candidates if token.agent_id is not None and token.agent_id > 0}
            states = agent_states(self._client, ids, self._own.agent().id) if ids else {}
            agents = AgentLookups(self.found.ids, self._protected, states)
        return self.selectors.select(token_list, agents, self._now)

    def check_exclude(self, first_list: TokenList) -> None:
        """Raise :class:`ChatError` if ``exclude`` contains an agent id that no listed token has and that does not exist."""
        owners = {token.agent_id for token in first_list.tokens}
        _check_found(find_agents(self._client, ids=self.selectors.exclude.agent_ids - owners))

    def warnings(self, first_list: TokenList, probe: bool) -> list[str]:
        """Return warnings about values that are unknown or that no listed token has. ``probe``: values are tested later."""
        unmatched_values = [] if probe else self.selectors.unmatched_values(first_list)
        return [*self.found.warnings(), *self.selectors.unmatched(first_list), *unmatched_values]


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
