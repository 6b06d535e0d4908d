# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError
from ansible_collections.zchat.admin.plugins.modules.zchat_agent_info import run
from ansible_collections.zchat.admin.tests.unit.support.fake_chat import FakeChat, agent

ADA = agent(10, "ada@example.com", enabled=False, roles={"administrator": True, "owner": False})
BOB = agent(20, "bob@example.com")


def test_nobody_asked_for_means_everybody():
    result = run({}, FakeChat([], agents=[BOB, ADA]), False)
    assert [each["id"] for each in result["agents"]] == [10, 20]
    assert result["agents"][0] == {
        "id": 10,
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Byron",
        "display_name": "Ada Byron",
        "enabled": False,
        "role_id": 3,
        "administrator": True,
        "owner": False,
        "create_date": "2014-09-01T08:00:00Z",
    }
    assert (result["changed"], result["unknown_emails"], result["unknown_agent_ids"]) == (False, [], [])
    assert result["warnings"] == []


@pytest.mark.parametrize("options", [{"emails": []}, {"agent_ids": []}, {"emails": [], "agent_ids": []}])
def test_an_empty_list_means_nobody(options: dict[str, Any]):
    client = FakeChat([], agents=[ADA])
    assert run(options, client, False)["agents"] == []
    assert client.agent_paths == []


def test_either_is_enough():
    result = run(
        {"emails": ["ADA@example.com", "x@example.com"], "agent_ids": [20, 7]}, FakeChat([], agents=[ADA, BOB]), True
    )
    assert [each["id"] for each in result["agents"]] == [10, 20]
    assert (result["unknown_emails"], result["unknown_agent_ids"]) == (["x@example.com"], [7])
    assert len(result["warnings"]) == 2


@pytest.mark.parametrize("options", [{"emails": None}, {"agent_ids": None}, {"emails": [" "]}, {"agent_ids": [0]}])
def test_bad_values_are_refused_before_any_request(options: dict[str, Any]):
    client = FakeChat([], agents=[ADA])
    with pytest.raises(ChatError):
        run(options, client, False)
    assert client.agent_paths == []


def test_where_nobody_is_found_the_api_is_looked_for():
    """A 404 for each of them may also mean that there is no such account."""

    class Nowhere(FakeChat):
        def get(self, path: str, unexpected: Any) -> Any:
            raise ChatError("There is no Chat API.", 404)

    with pytest.raises(ChatError, match="no Chat API"):
        run({"agent_ids": [7]}, Nowhere([]), False)
    client = FakeChat([], agents=[ADA])
    assert run({"agent_ids": [7]}, client, False)["unknown_agent_ids"] == [7]
    assert client.agent_paths == ["agents/7", "agents?since_id=1&limit=1"]
