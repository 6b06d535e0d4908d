# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.modules.zchat_connection_info import run
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import OWN, MockChat, Reply, agent, task, token

ME = agent(5, "ada@example.com", roles={"administrator": True, "owner": False})
OTHERS = (token(2, agent_id=6),)
OWN_TOKEN = token(1, agent_id=5, access_token=OWN)
FORBIDDEN = Reply(403, {"error": "Forbidden"})
PARTS = {
    "list": "The tokens cannot be listed.",
    "role": "not an Administrator",
    "write": "lacks the scope 'write'",
    "own only": "only tokens of this agent",
    "shortened": "only the beginning of token values",
    "role unknown": "The role of the agent could not be read.",
    "expires": "expires within 14 days",
    "clients": "The names of API clients cannot be read.",
}
"""What each finding must contain, the most serious first."""


def chat(me=None, own=None, others=OTHERS, **options):
    return MockChat([own or OWN_TOKEN, *others], agents=[me or ME], **options)


def in_days(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86_400))


def check(client):
    result = run(task(client, {}, {}))
    found = [name for finding in result["findings"] for name, part in PARTS.items() if part in finding]
    assert len(found) == len(result["findings"])
    return result, found


def test_a_connection_that_is_ready():
    client = chat()
    result, found = check(client)
    assert found == []
    assert (result["changed"], result["ready"], result["can_list"], result["can_revoke"]) == (False, True, True, True)
    assert (result["agent"]["id"], result["agent"]["administrator"]) == (5, True)
    assert result["token"]["id"] == 1
    assert OWN not in str(result)
    assert (result["values_shortened"], result["listed"]) == (False, {"tokens": 2, "agents": 2, "own_only": False})
    assert sorted(client.lines) == ["GET agents/me", "GET oauth/clients", "GET oauth/tokens"]


@pytest.mark.parametrize(
    ("changed", "found", "ready"),
    [
        ({"script": {"GET oauth/tokens": [FORBIDDEN]}}, ["list"], False),
        ({"script": {"GET oauth/tokens": [Reply(200, {"tokens": []})]}}, ["list"], False),
        ({"me": agent(5, "ada@example.com")}, ["role"], False),
        ({"me": agent(5, "ada@example.com", roles={"administrator": False, "owner": True})}, [], True),
        ({"own": {**OWN_TOKEN, "scopes": "read,chat"}}, ["write"], False),
        ({"own": {**OWN_TOKEN, "scopes": None}}, [], True),
        ({"others": ()}, ["own only"], True),
        ({"shown": lambda entry: {**entry, "access_token": entry["access_token"][:10]}}, ["shortened"], True),
        ({"me": agent(5, "ada@example.com", roles=None)}, ["role unknown"], True),
        ({"script": {"GET agents/me": [FORBIDDEN]}}, ["role unknown"], True),
        ({"own": {**OWN_TOKEN, "expire_date": in_days(13)}}, ["expires"], True),
        ({"own": {**OWN_TOKEN, "expire_date": in_days(15)}}, [], True),
        ({"own": {**OWN_TOKEN, "expire_date": "1970-01-01T00:00:00Z"}}, [], True),
        ({"script": {"GET oauth/clients": [Reply(500)]}}, ["clients"], True),
    ],
)
def test_each_finding(changed, found, ready):
    result, names = check(chat(**changed))
    assert names == found
    assert result["ready"] is ready
    assert result["can_list"] is ("list" not in found)


@pytest.mark.parametrize(("status", "number"), [(404, 1), (403, 3)])
def test_a_url_without_the_chat_api_is_one_finding(status, number):
    lines = ("GET agents/me", "GET oauth/tokens", "GET oauth/clients")
    client = MockChat(script={line: [Reply(status)] for line in lines})
    result = run(task(client, {}, {}))
    assert (len(result["findings"]), result["ready"]) == (number, False)
    assert "The tokens cannot be listed" in result["findings"][0]


def test_the_most_serious_finding_comes_first():
    listed = chat(
        me=agent(5, "ada@example.com", roles={"administrator": False}),
        own={**OWN_TOKEN, "scopes": "read", "expire_date": in_days(1)},
        others=(),
        shown=lambda entry: {**entry, "access_token": entry["access_token"][:10]},
        script={"GET oauth/clients": [FORBIDDEN]},
    )
    result, found = check(listed)
    assert found == ["role", "write", "own only", "shortened", "expires", "clients"]
    assert not result["ready"]
    forbidden = {f"GET {path}": [FORBIDDEN] for path in ("oauth/tokens", "agents/me", "oauth/clients")}
    result, found = check(chat(script=forbidden))
    assert found == ["list", "role unknown", "clients"]
    assert (result["agent"], result["token"], result["listed"], result["can_revoke"]) == (None, None, None, None)


def test_a_token_that_the_list_does_not_identify():
    hashed = chat(shown=lambda entry: {**entry, "access_token": "********"})
    for client in (hashed, chat(own=token(1, agent_id=5), own_agent=5)):
        result, found = check(client)
        assert (result["token"], result["can_revoke"], result["values_shortened"], found) == (None, None, None, [])
        assert result["ready"]


def test_the_own_agent_is_requested_once():
    client = chat(own=token(1, agent_id=5), others=(), own_agent=5)
    assert check(client)[1] == ["own only"]
    assert client.lines.count("GET agents/me") == 1
    client = chat(own=token(1, agent_id=5), others=(), script={"GET agents/me": [FORBIDDEN]})
    result, found = check(client)
    assert (result["listed"]["own_only"], found) == (None, ["role unknown"])
    assert client.lines.count("GET agents/me") == 1


@pytest.mark.parametrize("path", ["agents/me", "oauth/tokens", "oauth/clients"])
@pytest.mark.parametrize("status", [401, None])
def test_it_fails_only_without_a_connection_or_with_a_401(path, status):
    with pytest.raises(ChatError) as caught:
        run(task(chat(script={f"GET {path}": [Reply(status)]}), {}, {}))
    assert caught.value.status == status
