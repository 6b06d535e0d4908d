# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``names``, as the info module returns it."""

from __future__ import annotations

from ansible_collections.zchat.admin.plugins.module_utils._api.names import Names
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import MockChat, Reply, agent, token
from ansible_collections.zchat.admin.tests.unit.support.revoking import HTML, ids, info, revoke

AGENTS = [agent(5, "ada@example.com"), agent(6, "bob@example.com", display_name=None), agent(7, "eve@example.com")]
CLIENTS = [
    {"client_identifier": "zendesk", "name": "Dashboard", "company": "Zendesk"},
    {"client_identifier": "unused", "name": "Old", "company": None},
    {"client_identifier": "zopim", "name": None, "company": None},
]
TOKENS = [
    token(1, agent_id=5),
    token(2, agent_id=6, client_identifier="zopim"),
    token(3, agent_id=404, client_identifier=None),
    token(4, agent_id=None),
]


def chat(**options):
    return MockChat(**{"tokens": TOKENS, "agents": AGENTS, "clients": CLIENTS, "own_agent": 5, **options})


def test_agents_and_clients_of_the_tokens_and_agents_that_were_given():
    client = chat(tokens=[*TOKENS, token(5, agent_id=7)])
    agents = {"agent_ids": [5, 6, 8, 404], "agent_emails": ["eve@example.com"]}
    result = info(client, **agents, client_identifiers=["zendesk"], names=True)
    assert (ids(result["agents"]), result["unknown_agent_ids"]) == ([5, 6, 7], [8, 404])
    assert result["clients"] == CLIENTS[:1]
    assert "GET agents/7" not in client.lines, "it is known already"


def test_without_tokens_agents_that_were_given_are_returned_and_no_clients_requested():
    client = chat(tokens=[])
    result = revoke(client, agent_emails=["ada@example.com"], agent_ids=[6], names=True)
    assert (ids(result["agents"]), result["clients"]) == ([5, 6], [])
    assert "GET oauth/clients" not in client.lines


def test_names_in_the_diff():
    lines = revoke(chat(), check_mode=True, all=True, own_token="revoke", names=True)["diff"]["before"].splitlines()
    assert [line.split("; ")[1:3] for line in lines] == [
        ["agent 5 (Ada Byron)", "client zendesk (Dashboard)"],
        ["agent 6 (bob@example.com)", "client zopim"],
        ["agent 404", "client None"],
        ["agent None", "client zendesk (Dashboard)"],
    ]
    assert (Names().agent(5), Names().client("zendesk")) == ("5", "zendesk")


def test_an_agent_whose_lookup_returns_the_404_of_a_gateway_is_neither_found_nor_unknown():
    result = info(chat(script={"GET agents/404": [Reply(404, HTML)]}), names=True)
    assert (ids(result["agents"]), result["unknown_agent_ids"]) == ([5, 6], [])
    (warning,) = [text for text in result["warnings"] if "agent 404" in text]
    assert "unknown whether agent 404 exists" in warning


def test_errors_are_one_warning():
    both = {"GET oauth/clients": [Reply(403)], "GET agents/5": [Reply(None)]}
    result = info(chat(script=both), names=True)
    assert (result["agents"], result["unknown_agent_ids"], result["clients"]) == (None, None, None)
    (warning,) = [text for text in result["warnings"] if "could not be read" in text]
    assert ("agents could not be read" in warning, "clients could not be read" in warning) == (True, True)
    result = info(chat(script={"GET oauth/clients": [Reply(200, HTML)]}), names=True)
    assert (ids(result["agents"]), result["clients"]) == ([5, 6], None)
