# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names behind ids: agents and API clients, for results that people read. Best effort: errors are warnings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._api.agents import Agent, Agents, agent_result, find_agents
from ansible_collections.zchat.admin.plugins.module_utils._api.clients import (
    ApiClient,
    get_clients,
    parse_clients,
    parse_names,
)
from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import Token
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, failure_of
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient


@dataclass(frozen=True)
class Names:
    """Agents and clients of a result; ``None`` if they were not looked up, or could not be read."""

    agents: Agents | None = None
    clients: list[dict[str, Any]] | None = None
    every_client: Sequence[ApiClient] | None = None
    """All API clients of the account, also those without a token."""
    warnings: Sequence[str] = ()

    def result(self) -> dict[str, Any]:
        """Return the part of a result that the option ``names`` adds."""
        return {
            "agents": None if self.agents is None else [agent_result(agent) for agent in self.agents.agents],
            "unknown_agent_ids": None if self.agents is None else list(self.agents.unknown_ids),
            "clients": self.clients,
        }

    def agent(self, number: int | None) -> str:
        """Return an agent's id and name."""
        agent = self._agents_by_id.get(number)
        name = (agent.display_name or agent.email) if agent else None
        return f"{number} ({name})" if name else str(number)

    def client(self, identifier: str | None) -> str:
        """Return a client's name and identifier."""
        client = self._clients_by_identifier.get(identifier)
        return f"{identifier} ({client['name']})" if client and client["name"] else str(identifier)

    @cached_property
    def _agents_by_id(self) -> Mapping[int | None, Agent]:
        return {agent.id: agent for agent in self.agents.agents} if self.agents else {}

    @cached_property
    def _clients_by_identifier(self) -> Mapping[str | None, dict[str, Any]]:
        return {entry["client_identifier"]: entry for entry in self.clients or ()}


def look_up_names(
    client: ChatClient,
    tokens: Iterable[Token],
    agent_ids: Collection[int],
    found: Agents,
    *,
    every_client: bool = False,
    creators: bool = False,
) -> Names:
    """Look up the agents of these tokens and with these ids, and the clients of the tokens.

    ``found`` are agents that are known already; they are part of the result. ``every_client``: also return the clients without
    tokens. ``creators``: also look up their creators.
    """
    tokens = list(tokens)
    identifiers = {token.client_identifier for token in tokens}
    agents: Agents | None
    clients: list[dict[str, Any]] | None
    everything: Sequence[ApiClient] | None = None
    unclear: list[str] = []
    failures = []
    try:
        document = get_clients(client) if tokens or every_client else None
        names = [] if document is None else parse_names(document)
        clients = [entry for entry in names if entry["client_identifier"] in identifiers]
    except Exception as error:  # noqa: BLE001 - whatever it is, the result of the revocation must not be lost
        clients = document = None
        failures.append(f"The API clients could not be read. {failure_of(error).msg}")
    if document is not None and every_client:
        try:
            everything = parse_clients(document).items
        except ChatError as error:
            failures.append(f"The creators of the API clients are unknown. {error.msg}")
    wanted = {*agent_ids, *(token.agent_id for token in tokens if token.agent_id is not None)}
    if creators:
        wanted.update(entry.agent_id for entry in everything or () if entry.agent_id is not None)
    try:
        others = find_agents(client, ids=wanted - found.ids)
        everyone = sorted([*found.agents, *others.agents], key=lambda agent: agent.id)
        agents = Agents(everyone, found.unknown_emails, others.unknown_ids)
        unclear = [others.unclear_text] if others.unclear else []
    except Exception as error:  # noqa: BLE001 - whatever it is, the result of the revocation must not be lost
        agents = None
        failures.insert(0, f"The agents could not be read. {failure_of(error).msg}")
    # One warning, because both failures usually have the same cause.
    return Names(agents, clients, everything, [*unclear, *([" ".join(failures)] if failures else [])])
