# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.modules.zchat_oauth_token_info import RETURN, SPEC, run
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import OWN, Json, MockChat, Reply, agent, task, token

DOCUMENTED = yaml.safe_load(RETURN)


def info(client: MockChat, check_mode: bool = False, **options: Any) -> Json:
    return run(task(client, SPEC, options, check_mode))


def ids(result: Json) -> list[int]:
    return [entry["id"] for entry in result["tokens"]]


def test_without_selectors_every_token_is_returned():
    client = MockChat([token(2), token(1, agent_id=5, access_token=OWN)])
    result = info(client)
    assert (ids(result), result["own_token_id"], result["changed"]) == ([1, 2], 1, False)
    assert result["listed"] == {"tokens": 2, "agents": 2, "own_only": False}
    assert result["warnings"] == []
    assert client.lines == ["GET oauth/tokens"]
    assert result == info(client, check_mode=True)


def test_the_result_has_the_documented_keys():
    client = MockChat([token(1), token(2, agent_id=5)], agents=[agent(5, "ada@example.com")])
    result = info(client, names=True)
    assert result.keys() - DOCUMENTED.keys() == {"changed", "warnings"}
    assert {name for name, details in DOCUMENTED.items() if details["returned"] == "success"} <= result.keys()
    secrets = {"access_token", "refresh_token"}
    contents = DOCUMENTED["tokens"]["contains"].keys()
    assert result["tokens"][0].keys() == contents - secrets
    assert "access0" not in str(result)
    assert info(client, include_secrets=True)["tokens"][0].keys() == contents


def test_include_secrets():
    (entry,) = info(MockChat([token(1, refresh_token=None)]), include_secrets=True)["tokens"]
    assert (entry["access_token"], entry["refresh_token"]) == ("access00000001", None)


def test_selectors_and_their_warnings():
    client = MockChat(
        [token(1), token(2, create_date="soon"), token(3, agent_id=5)], agents=[agent(5, "ada@example.com")]
    )
    result = info(client, age="1d", agent_emails=["ada@example.com", "x@example.com"], agent_ids=[10000026, 9])
    assert (ids(result), result["listed"]["tokens"]) == ([1, 3], 3)
    assert result["unknown_agent_emails"] == ["x@example.com"]
    for part in ("address x@example.com", "agent 9", "create_date of token 2"):
        assert len([text for text in result["warnings"] if part in text]) == 1
    assert len(result["warnings"]) == 3


def test_exclude_removes_tokens():
    client = MockChat([token(1), token(2), token(3, agent_id=5)])
    assert ids(info(client, exclude={"ids": [1], "agent_ids": [5]})) == [2]


def test_a_list_of_own_tokens_only_causes_a_warning():
    result = info(MockChat([token(1)], own_agent=10000026))
    assert result["listed"]["own_only"] is True
    assert len(result["warnings"]) == 1
    result = info(MockChat([token(1)], script={"GET agents/me": [Reply(403)]}))
    assert result["listed"]["own_only"] is None
    assert len(result["warnings"]) == 1


def test_an_ambiguous_value_is_a_warning():
    client = MockChat([token(1, access_token="leaked-to"), token(2, access_token="leaked-to"), token(3, agent_id=5)])
    result = info(client, token_values=["leaked-token-in-full"])
    assert ids(result) == [1, 2]
    assert [text for text in result["warnings"] if text.startswith("It is ambiguous which of the tokens 1, 2")]


def test_names():
    client = MockChat(
        [token(1, agent_id=5), token(2, agent_id=6)],
        agents=[agent(5, "ada@example.com"), agent(7, "eve@example.com")],
        clients=[{"client_identifier": "zendesk", "name": "Dashboard"}],
    )
    result = info(client, names=True, agent_ids=[5, 6, 7])
    assert [entry["id"] for entry in result["agents"]] == [5, 7]
    assert result["unknown_agent_ids"] == [6]
    assert result["clients"] == [{"client_identifier": "zendesk", "name": "Dashboard", "company": None}]


def test_names_that_cannot_be_read_are_one_warning():
    script = {"GET oauth/clients": [Reply(403)], "GET agents/5": [Reply(403)]}
    result = info(MockChat([token(1, agent_id=5), token(2)], script=script), names=True)
    assert (ids(result), result["agents"], result["clients"]) == ([1, 2], None, None)
    assert len(result["warnings"]) == 1


def test_invalid_values_fail_before_any_request():
    client = MockChat([token(1)])
    with pytest.raises(ChatError, match="'age' must be"):
        info(client, age="90")
    assert client.requests == []


def test_a_list_that_cannot_be_read_is_an_error():
    with pytest.raises(ChatError, match="HTTP 503"):
        info(MockChat(script={"GET oauth/tokens": [Reply(503)]}))
