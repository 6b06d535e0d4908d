# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of the module. Its selectors are those of zchat_oauth_client, see test_client_deletion.py."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.modules.zchat_oauth_client_info import RETURN
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import Json, Reply, api_client
from ansible_collections.zchat.admin.tests.unit.support.revoking import (
    CLIENT_LISTS,
    CLIENTS,
    DEPARTING,
    HTML,
    OTHER,
    OWN_AGENT,
    account,
    client_info,
    ids,
    table,
    transcript,
)


def test_without_selectors_every_client_is_returned_with_the_documented_keys():
    client = account(clients=[*CLIENTS, {"id": 15, "client_identifier": "x", "name": None}])
    result = client_info(client)
    documented = yaml.safe_load(RETURN)
    assert {name for name, details in documented.items() if details["returned"] == "success"} <= result.keys()
    assert result.keys() - documented.keys() == {"changed", "warnings"}
    assert (ids(result["clients"]), result["changed"], result["warnings"]) == ([11, 12, 13, 14, 15], False, [])
    fields = documented["clients"]["contains"].keys()
    assert {frozenset(entry) for entry in result["clients"]} == {frozenset(fields)}
    assert {*result["clients"][4].values()} == {15, "x", None}
    assert (result["listed"], "a8f3" in str(result)) == ({"clients": 5, "agents": 3, "own_only": False}, False)
    assert documented["listed"]["contains"].keys() == result["listed"].keys()
    assert transcript(client) == "clients 11 12 13 14 15"
    assert result == client_info(client, check_mode=True)


@table(
    "options, selected, warnings",
    {
        "an agent": ({"agent_ids": [OTHER]}, [11, 14], []),
        "agents are one set": ({"agent_ids": [OWN_AGENT], "agent_emails": ["leaver@example.com"]}, [12, 13], []),
        "clients are one set": ({"client_names": ["Reports "], "client_identifiers": ["crm"]}, [11, 12], []),
        "all must match": ({"client_names": ["Reports", "CRM sync"], "agent_ids": [DEPARTING]}, [12], []),
        "empty": ({"ids": []}, [], []),
        "excluded": ({"exclude": {"client_names": ["Reports"], "agent_ids": [OTHER]}}, [13], []),
        "an agent without clients": ({"agent_ids": [8]}, [], ["No API client is listed for agent 8"]),
        "an unknown address": ({"agent_emails": ["x@example.com"]}, [], ["has the address x@example.com"]),
        "an unknown name": ({"client_names": ["crm"]}, [], ["'crm' is the identifier of 'CRM sync'"]),
        "an unknown identifier": (
            *({"client_identifiers": ["crm", "nope"]}, [11]),
            ["No API client is listed with the identifier nope. Check for typos."],
        ),
        "a name as an identifier": (
            *({"client_identifiers": ["CRM sync"]}, []),
            ["'CRM sync' is the name of the API client with the identifier 'crm': use 'client_names'"],
        ),
        "an unknown id to protect": (
            {"exclude": {"ids": [99, 11]}},
            [12, 13, 14],
            ["No listed API client has the id 99"],
        ),
    },
)
def test_selected_clients_and_their_warnings(options: Json, selected: list[int], warnings: list[str]):
    result = client_info(account(), **options)
    assert (ids(result["clients"]), len(result["warnings"])) == (selected, len(warnings))
    assert all(part in text for part, text in zip(warnings, result["warnings"]))
    assert result["unknown_agent_emails"] == [email for email in options.get("agent_emails", ()) if "x@" in email]
    assert result["unknown_client_names"] == [name for name in options.get("client_names", ()) if name == "crm"]


@table(
    "clients, me, own_only, requests",
    {
        "the own ones": ([CLIENTS[2]], [], True, "clients 13 > GET agents/me: 200"),
        "those of another agent": ([CLIENTS[1]], [], False, "clients 12 > GET agents/me: 200"),
        "unknown": ([CLIENTS[2]], [Reply(503)], None, "clients 13 > GET agents/me: 503"),
        "none": ([], [], True, "clients"),
        "one without a creator": ([api_client(15, "x", "x", agent_id=None)], [], True, "clients 15"),
    },
)
def test_own_only_with_as_few_requests_as_possible(clients: Any, me: Any, own_only: bool | None, requests: str):
    client = account(clients=clients, me=me)
    result = client_info(client)
    assert (result["listed"]["own_only"], transcript(client)) == (own_only, requests)
    assert len(result["warnings"]) == (0 if own_only is False else 1)


def test_invalid_values_fail_before_any_request_and_a_list_that_cannot_be_read_is_an_error():
    client = account(script={CLIENT_LISTS: [Reply(503), Reply(200, HTML)]})
    with pytest.raises(ChatError, match="'ids' must contain"):
        client_info(client, ids=[0])
    assert client.requests == []
    for reason in ("HTTP 503", "is a web page"):
        with pytest.raises(ChatError, match=reason):
            client_info(client)


@pytest.mark.parametrize(
    "exclude", [{"client_names": ["Nope"]}, {"client_identifiers": ["CRM sync"]}, {"agent_emails": ["x@example.com"]}]
)
def test_a_protect_list_that_protects_nothing_is_an_error(exclude: Json):
    with pytest.raises(ChatError, match="would protect nothing"):
        client_info(account(), exclude=exclude)
