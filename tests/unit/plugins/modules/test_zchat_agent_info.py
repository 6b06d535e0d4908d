# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.modules.zchat_agent_info import RETURN, SPEC, run
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import Json, MockChat, Reply, agent, task
from ansible_collections.zchat.admin.tests.unit.support.revoking import AGENTS_PAGE, ids

ADA = agent(10, "ada@example.com", enabled=False, roles={"administrator": True, "owner": False})
BOB = agent(20, "bob@example.com", last_login="2026-11-22T08:00:00Z")
ODD = agent(30, None, enabled=None)


def info(client: MockChat, **options: Any) -> Json:
    return run(task(client, SPEC, options, check_mode=True))


def test_the_result_has_the_documented_keys():
    result = info(MockChat(agents=[BOB, ADA]))
    documented = yaml.safe_load(RETURN)
    assert result.keys() - {"changed", "warnings"} == documented.keys() - {"account", "status"}
    assert (result["changed"], result["unknown_agent_emails"], result["unknown_agent_ids"]) == (False, [], [])
    dropped = {"roles", "departments"}
    expected = {name: value for name, value in {**ADA, **ADA["roles"]}.items() if name not in dropped}
    assert result["agents"][0] == expected
    assert expected.keys() == documented["agents"]["contains"].keys()


@pytest.mark.parametrize(
    ("options", "expected", "unknown"),
    [
        ({}, [10, 20, 30], []),
        ({"agent_status": ["enabled"]}, [20], []),
        ({"agent_status": ["disabled"]}, [10], []),
        ({"agent_status": ["enabled"], "agent_ids": [10]}, [], []),
        ({"agent_status": []}, [], []),
        # Addresses and ids define one set of agents.
        ({"agent_emails": ["ADA@example.com", "x@example.com"], "agent_ids": [20, 7]}, [10, 20], ["x@example.com", 7]),
        ({"agent_emails": [], "agent_ids": []}, [], []),
    ],
)
def test_selected_agents(options: Json, expected: list[int], unknown: list[Any]):
    client = MockChat(agents=[ODD, ADA, BOB])
    result = info(client, **options)
    assert ids(result["agents"]) == expected
    assert [*result["unknown_agent_emails"], *result["unknown_agent_ids"]] == unknown
    assert len(result["warnings"]) == len(unknown)
    assert (client.requests == []) is (options.get("agent_emails") == [])


@pytest.mark.parametrize("options", [{"agent_emails": ["ada"]}, {"agent_ids": [0]}])
def test_invalid_values_fail_before_any_request(options: Json):
    client = MockChat(agents=[ADA])
    with pytest.raises(ChatError):
        info(client, **options)
    assert client.requests == []


def test_if_no_agent_is_found_the_list_shows_whether_this_is_the_chat_api():
    with pytest.raises(ChatError, match="There is no Chat API"):
        info(MockChat(script={AGENTS_PAGE: [Reply(404)]}), agent_ids=[7])
