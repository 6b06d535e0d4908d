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
        """Return the id of the task's own agent, ``None`` if ``agents/me`` cannot be read."""
        try:
            return self.agent().id
        except ChatError:
            # Callers treat None as "unknown", which is never the permissive case.
            return None

    def identify(self, tokens: Collection[Token]) -> Token | None:
        """Return the own token if ``tokens`` shows which one it is."""
        matches = [token for token in tokens if self._value and token.has_value(self._value)]
        own = matches[0] if len(matches) == 1 else None
        if matches:
            self.id = own.id if own else None
        return own

    def candidates(self, selected: Collection[Token], token_list: TokenList) -> Sequence[Token]:
        """Return those of the ``selected`` tokens that can be the own token.

        If no listed token has its value (the API lists the end of values, hashes or masks), the own token can be any token
        of the own agent, or one without an agent; if the own agent is unknown too, any token.
        """
        if not self._value or not selected:
            return ()
        if self.id is not None:
            return [token for token in selected if token.id == self.id]
        similar = {token.id for token in token_list.tokens if token.has_value(self._value)}
        if similar:
            return [token for token in selected if token.id in similar]
        agent_id = self.agent_id()
        return [token for token in selected if agent_id is None or token.agent_id in (agent_id, None)]

    def listed(self, tokens: Collection[Token]) -> Listed:
        """Return how much the API listed."""
        own = self.identify(tokens)
        agents = {token.agent_id for token in tokens} - {None}
        own_only: bool | None = len(agents) == 0
        if len(agents) == 1:
            own_agent_id = own.agent_id if own and own.agent_id else self.agent_id()
            own_only = None if own_agent_id is None else agents == {own_agent_id}
        return Listed(len(tokens), len(agents), own_only)
