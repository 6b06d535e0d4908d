# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent and the token that a task authenticates as."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ansible_collections.zchat.admin.plugins.module_utils._api.agents import Agent, get_me
from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import Token, TokenList
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient


@dataclass(frozen=True)
class Listed:
    """What the API listed, before any selector applies."""

    tokens: int
    agents: int
    own_only: bool | None
    """Whether the API listed no token of another agent than the task's own; ``None`` if that is unknown."""

    def warnings(self) -> list[str]:
        """Return a warning if the API may not show the tokens of other agents."""
        if self.own_only is False:
            return []
        reason = (
            "The API listed no token of another agent than the one that this task authenticates as."
            if self.own_only
            else "It is unknown whether the API lists the tokens of all agents."
        )
        return [
            f"{reason} It may not show the tokens of other agents. Compare 'listed' with what the account should have."
        ]


class OwnToken:
    """Identifies the task's own agent and token. Requests ``agents/me`` once, and only if necessary."""

    def __init__(self, client: ChatClient) -> None:
        self._client = client
        self._value = client.connection.access_token
        self._me: Agent | ChatError | None = None
        self._agent_id: int | None = None
        """The own agent, if a list identified the own token."""
        self.id: int | None = None
        """The id of the own token, if a list identified it."""

    def agent(self) -> Agent:
        """Return the task's own agent. Raises :class:`ChatError` if ``agents/me`` cannot be read."""
        if self._me is None:
            try:
                self._me = get_me(self._client)
            except ChatError as error:
                self._me = error
        if isinstance(self._me, ChatError):
            raise self._me
        return self._me

    def agent_id(self) -> int | None:
        """Return the id of the task's own agent, ``None`` if neither a list of tokens nor ``agents/me`` shows it."""
        if self._agent_id is not None:
            return self._agent_id
        try:
            return self.agent().id
        except ChatError:
            # Callers treat None as "unknown", which is never the permissive case.
            return None

    def is_administrator(self) -> bool | None:
        """Return whether the task's own agent is an Administrator or the owner, ``None`` if ``agents/me`` cannot be read."""
        try:
            agent = self.agent()
        except ChatError:
            return None
        return bool(agent.administrator or agent.owner)

    def identify(self, token_list: TokenList) -> Token | None:
        """Return the own token if the list shows which one it is.

        One that only this run uses is never selected, so :attr:`id` is null then.
        """
        if token_list.run_token is not None:
            self._agent_id = token_list.run_token.agent_id
            return token_list.run_token
        matches = [token for token in token_list.items if self._value and token.has_value(self._value)]
        own = matches[0] if len(matches) == 1 else None
        if matches:
            self.id, self._agent_id = (own.id, own.agent_id) if own else (None, None)
        return own

    def candidates(self, selected: Collection[Token], token_list: TokenList) -> Sequence[Token]:
        """Return those of the ``selected`` tokens that can be the own token.

        If no listed token has its value (the API lists the end of values, hashes or masks), the own token can be any token
        of the own agent, or one without an agent; if the own agent is unknown too, any token.
        """
        if not self._value or not selected or token_list.run_token is not None:
            return ()
        if self.id is not None:
            return [token for token in selected if token.id == self.id]
        similar = {token.id for token in token_list.items if token.has_value(self._value)}
        if similar:
            return [token for token in selected if token.id in similar]
        agent_id = self.agent_id()
        return [token for token in selected if agent_id is None or token.agent_id in (agent_id, None)]

    def client_identifiers(self, token_list: TokenList) -> frozenset[str] | None:
        """Return the identifiers of the API clients that the own token can belong to, ``None`` if it can be any.

        A list without any token that can be the own one does not show its client.
        """
        if not self._value:
            return frozenset()
        candidates = self.candidates(token_list.items, token_list)
        if token_list.run_token is not None:
            candidates = [token_list.run_token]
        credentials = self._client.connection.client
        identifiers = frozenset(token.client_identifier for token in candidates if token.client_identifier)
        if credentials:
            return identifiers | {credentials.id}
        return identifiers if candidates and all(token.client_identifier for token in candidates) else None

    def listed(self, token_list: TokenList) -> Listed:
        """Return how much the API listed."""
        self.identify(token_list)
        agents = {token.agent_id for token in token_list.items} - {None}
        return Listed(len(token_list.items), len(agents), self.is_only(agents))

    def is_only(self, agents: Collection[int | None]) -> bool | None:
        """Return whether a list of items of these agents shows no other agent than the own one, ``None`` if that is unknown."""
        if len(agents) != 1:
            return not agents
        own_agent_id = self.agent_id()
        return None if own_agent_id is None else own_agent_id in agents
