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

ADA = agent(10, "ada@example.com", enabled=False, roles={"administrator": True, "owner": False})
BOB = agent(20, "bob@example.com", last_login="2026-11-22T08:00:00Z")
DOCUMENTED = yaml.safe_load(RETURN)


def info(client: MockChat, **options: Any) -> Json:
    return run(task(client, SPEC, options, check_mode=True))


def ids(result: Json) -> list[int]:
    return [entry["id"] for entry in result["agents"]]


def test_without_options_all_agents_are_returned():
    result = info(MockChat(agents=[BOB, ADA]))
    assert ids(result) == [10, 20]
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
        "last_login": None,
    }
    assert (result["changed"], result["unknown_agent_emails"], result["unknown_agent_ids"]) == (False, [], [])
    assert result["warnings"] == []


def test_the_result_has_the_documented_keys():
    result = info(MockChat(agents=[ADA, BOB]))
    assert result.keys() - {"changed", "warnings"} == DOCUMENTED.keys() - {"account", "status"}
    assert result["agents"][1].keys() == DOCUMENTED["agents"]["contains"].keys()
    assert result["agents"][1]["last_login"] == "2026-11-22T08:00:00Z"


def test_addresses_and_ids_define_one_set_of_agents():
    result = info(MockChat(agents=[ADA, BOB]), agent_emails=["ADA@example.com", "x@example.com"], agent_ids=[20, 7, 10])
    assert ids(result) == [10, 20]
    assert (result["unknown_agent_emails"], result["unknown_agent_ids"]) == (["x@example.com"], [7])
    assert len(result["warnings"]) == 2


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"agent_status": ["enabled"]}, [20]),
        ({"agent_status": ["disabled"]}, [10]),
        ({"agent_status": ["enabled", "disabled"]}, [10, 20]),
        ({"agent_status": ["enabled"], "agent_ids": [10]}, []),
        ({"agent_status": []}, []),
    ],
)
def test_states(options: Json, expected: list[int]):
    assert ids(info(MockChat(agents=[ADA, BOB, agent(30, None, enabled=None)]), **options)) == expected


@pytest.mark.parametrize("options", [{"agent_emails": []}, {"agent_ids": []}, {"agent_emails": [], "agent_ids": []}])
def test_an_empty_list_returns_no_agent(options: Json):
    client = MockChat(agents=[ADA])
    assert info(client, **options)["agents"] == []
    assert client.requests == []


@pytest.mark.parametrize("options", [{"agent_emails": ["ada"]}, {"agent_emails": [" "]}, {"agent_ids": [0]}])
def test_invalid_values_fail_before_any_request(options: Json):
    client = MockChat(agents=[ADA])
    with pytest.raises(ChatError):
        info(client, **options)
    assert client.requests == []


def test_if_no_agent_is_found_the_list_shows_whether_this_is_the_chat_api():
    script = {"GET agents?since_id=1&limit=100": [Reply(404)]}
    with pytest.raises(ChatError, match="There is no Chat API"):
        info(MockChat(script=script), agent_ids=[7])
