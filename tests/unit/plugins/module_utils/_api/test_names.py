# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._api.agents import Agents, find_agents
from ansible_collections.zchat.admin.plugins.module_utils._api.names import Names, look_up_names
from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import list_tokens
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import MockChat, Reply, agent, token

AGENTS = [agent(5, "ada@example.com"), agent(6, "bob@example.com", display_name=None), agent(7, "eve@example.com")]
CLIENTS = [
    {"client_identifier": "zendesk", "name": "Dashboard", "company": "Zendesk"},
    {"client_identifier": "unused", "name": "Old", "company": None},
    {"client_identifier": "zopim", "name": None, "company": None},
]
TOKENS = [
    token(1, agent_id=5),
    token(2, agent_id=None, client_identifier="zopim"),
    token(3, agent_id=404, client_identifier=None),
]


def names_of(client: MockChat, agent_ids: tuple[int, ...] = (), found: Agents | None = None) -> Names:
    tokens = list_tokens(client).tokens
    client.requests.clear()
    return look_up_names(client, tokens, agent_ids, found or Agents())


def test_agents_and_clients_of_the_tokens():
    client = MockChat(TOKENS, agents=AGENTS, clients=CLIENTS)
    found = find_agents(client, emails=["eve@example.com"])
    names = names_of(client, agent_ids=(6, 8), found=found)
    result = names.result()
    assert [entry["id"] for entry in result["agents"]] == [5, 6, 7]
    assert result["unknown_agent_ids"] == [8, 404]
    assert [entry["client_identifier"] for entry in result["clients"]] == ["zendesk", "zopim"]
    assert names.warnings == []
    assert "GET agents/7" not in client.lines, "it is known already"


def test_names_in_the_diff():
    names = names_of(MockChat(TOKENS, agents=AGENTS, clients=CLIENTS), agent_ids=(6,))
    assert names.agent(5) == "5 (Ada Byron)"
    assert names.agent(6) == "6 (bob@example.com)"
    assert (names.agent(404), names.agent(None)) == ("404", "None")
    assert names.client("zendesk") == "zendesk (Dashboard)"
    assert (names.client("zopim"), names.client(None)) == ("zopim", "None")
    assert (Names().agent(5), Names().client("zendesk")) == ("5", "zendesk")


def test_a_name_that_contains_the_value_of_a_token_is_masked():
    tokens = [token(1, agent_id=5, access_token="a-secret-value"), token(2, agent_id=5, refresh_token="r-secret-value")]
    agents = [agent(5, "ada@example.com", display_name="Ada a-secret-value", last_name="r-secret-value")]
    clients = [{"client_identifier": "zendesk", "name": "r-secret-value", "company": None}]
    names = names_of(MockChat(tokens, agents=agents, clients=clients))
    assert "secret-value" not in f"{names.result()} {names.agent(5)} {names.client('zendesk')}"
    assert names.result()["agents"][0]["email"] == "ada@example.com"


def test_without_tokens_no_clients_are_requested():
    client = MockChat(agents=AGENTS)
    assert names_of(client, agent_ids=(5,)).result()["clients"] == []
    assert client.lines == ["GET agents/5"]


@pytest.mark.parametrize("reply", [Reply(403), Reply(None), Reply(200, b"<html>")])
def test_errors_are_one_warning(reply: Reply):
    script = {"GET oauth/clients": [reply], "GET agents/5": [reply]}
    names = names_of(MockChat(TOKENS, agents=AGENTS, clients=CLIENTS, script=script))
    assert names.result() == {"agents": None, "unknown_agent_ids": None, "clients": None}
    (warning,) = names.warnings
    assert "agents could not be read" in warning
    assert "clients could not be read" in warning
    assert names.agent(5) == "5"

    names = names_of(MockChat(TOKENS, agents=AGENTS, clients=CLIENTS, script={"GET oauth/clients": [reply]}))
    assert len(names.warnings) == 1
    assert names.result()["agents"] is not None
