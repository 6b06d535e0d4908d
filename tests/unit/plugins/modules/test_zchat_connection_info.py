# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.modules.zchat_connection_info import run
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import OWN, MockChat, Reply, agent, task, token
from ansible_collections.zchat.admin.tests.unit.support.revoking import LISTS, ME, shown_as

CLIENTS = "GET oauth/clients"
ADMINISTRATOR = agent(5, "ada@example.com", roles={"administrator": True, "owner": False})
AGENT = agent(5, "ada@example.com")
OTHERS = (token(2, agent_id=6),)
OWN_TOKEN = token(1, agent_id=5, access_token=OWN)
FORBIDDEN = [Reply(403, {"error": "Forbidden"})]
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


def check(me=None, own=None, others=OTHERS, **options):
    """Return the client, the result, and the names of its findings."""
    client = MockChat([own or OWN_TOKEN, *others], agents=[me or ADMINISTRATOR], **options)
    result = run(task(client, {}, {}))
    found = [name for finding in result["findings"] for name, part in PARTS.items() if part in finding]
    assert len(found) == len(result["findings"])
    return client, result, found


def in_days(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86_400))


SHORTENED, MASKED = shown_as(lambda value: value[:10]), shown_as(lambda value: "********")
WORST = {
    "me": AGENT,
    "own": {**OWN_TOKEN, "scopes": "read", "expire_date": in_days(1)},
    "others": (),
    "shown": SHORTENED,
    "script": {CLIENTS: FORBIDDEN},
}


def test_a_connection_that_is_ready():
    client, result, found = check()
    assert found == []
    assert (result["changed"], result["ready"], result["can_list"], result["can_revoke"]) == (False, True, True, True)
    assert (result["agent"]["id"], result["agent"]["administrator"], result["token"]["id"]) == (5, True, 1)
    assert (result["values_shortened"], result["listed"]) == (False, {"tokens": 2, "agents": 2, "own_only": False})
    assert sorted(client.lines) == [ME, CLIENTS, LISTS]
    assert OWN not in str(result)


@pytest.mark.parametrize(
    ("changed", "found", "ready"),
    [
        ({"script": {LISTS: FORBIDDEN}}, ["list"], False),
        ({"me": AGENT}, ["role"], False),
        ({"me": {**AGENT, "roles": {"administrator": False, "owner": True}}}, [], True),
        ({"own": {**OWN_TOKEN, "scopes": "read,chat"}}, ["write"], False),
        ({"own": {**OWN_TOKEN, "scopes": None}}, [], True),
        ({"others": ()}, ["own only"], True),
        ({"shown": SHORTENED}, ["shortened"], True),
        ({"me": {**AGENT, "roles": None}}, ["role unknown"], True),
        ({"script": {ME: FORBIDDEN}}, ["role unknown"], True),
        ({"own": {**OWN_TOKEN, "expire_date": in_days(13)}}, ["expires"], True),
        ({"own": {**OWN_TOKEN, "expire_date": in_days(15)}}, [], True),
        ({"own": {**OWN_TOKEN, "expire_date": "1970-01-01T00:00:00Z"}}, [], True),
        ({"script": {CLIENTS: [Reply(500)]}}, ["clients"], True),
        # The most serious finding comes first.
        ({"script": {LISTS: FORBIDDEN, ME: FORBIDDEN, CLIENTS: FORBIDDEN}}, ["list", "role unknown", "clients"], False),
        (WORST, ["role", "write", "own only", "shortened", "expires", "clients"], False),
        # If nothing is the Chat API, there is only one cause.
        ({"script": {line: [Reply(404)] for line in (LISTS, ME, CLIENTS)}}, ["list"], False),
        # The own agent is requested once.
        ({"own": token(1, agent_id=5), "others": (), "own_agent": 5}, ["own only"], True),
        ({"own": token(1, agent_id=5), "others": (), "script": {ME: FORBIDDEN}}, ["role unknown"], True),
    ],
)
def test_findings(changed, found, ready):
    client, result, names = check(**changed)
    assert (names, result["ready"], result["can_list"]) == (found, ready, "list" not in found)
    assert client.lines.count(ME) == 1
    assert (result["agent"] is None) is (ME in changed.get("script", {}))
    assert (result["listed"] is None) is ("list" in found)


@pytest.mark.parametrize("changed", [{"shown": MASKED}, {"own": token(1, agent_id=5), "own_agent": 5}])
def test_a_token_that_the_list_does_not_identify(changed):
    _client, result, found = check(**changed)
    assert (result["token"], result["can_revoke"], result["values_shortened"], found) == (None, None, None, [])
    assert result["ready"]


@pytest.mark.parametrize("line", [ME, LISTS, CLIENTS])
@pytest.mark.parametrize("status", [401, None])
def test_it_fails_only_without_a_connection_or_with_a_401(line, status):
    with pytest.raises(ChatError) as caught:
        check(script={line: [Reply(status)]})
    assert caught.value.status == status
