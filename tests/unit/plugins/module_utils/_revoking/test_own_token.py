# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import Token, list_tokens
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import Listed, OwnToken
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import OWN, Json, MockChat, Reply, token

ME = "GET agents/me"


def entries(*agent_ids: int | None, **fields: Any) -> list[Json]:
    """Return a token of each of these agents. ``fields`` are those of token 1."""
    tokens = [token(number, agent_id=agent_id) for number, agent_id in enumerate(agent_ids, 1)]
    tokens[:1] = [{**entry, **fields} for entry in tokens[:1]]
    return tokens


def listed_of(client: MockChat) -> Listed:
    return OwnToken(client).listed(list_tokens(client).tokens)


# How much the API lists


@pytest.mark.parametrize(
    ("tokens", "agents", "own_only", "requests"),
    [
        ([], 0, True, 0),
        (entries(5, 6), 2, False, 0),
        (entries(5, 5, None), 1, True, 1),
        (entries(7, 7), 1, False, 1),
        (entries(5, 5, access_token=OWN), 1, True, 0),
        (entries(7, 8, access_token=OWN), 2, False, 0),
        (entries(None, 5, access_token=OWN), 1, True, 1),
        (entries(None, None), 0, True, 0),
    ],
)
def test_own_only_with_as_few_requests_as_possible(tokens: list[Json], agents: int, own_only: bool, requests: int):
    client = MockChat(tokens, own_agent=5)
    listed = listed_of(client)
    assert listed == Listed(len(tokens), agents, own_only)
    assert client.lines[1:] == [ME] * requests
    assert bool(listed.warnings()) is own_only


@pytest.mark.parametrize("reply", [Reply(403), Reply(None), Reply(200, [])])
def test_own_only_is_null_if_the_own_agent_cannot_be_read(reply: Reply):
    listed = listed_of(MockChat(entries(5, 5), script={ME: [reply]}))
    assert listed.own_only is None
    assert "It is unknown whether" in listed.warnings()[0]


def test_own_only_with_an_email_address_and_a_password():
    assert listed_of(MockChat(entries(5), own=None, own_agent=5)).own_only is True


# The own token


def find(client: MockChat, *selected: int) -> tuple[int | None, list[int]]:
    """Return the id of the own token, and the ids of those of the selected tokens that can be the own one."""
    listed, own = list_tokens(client), OwnToken(client)
    own.identify(listed.tokens)
    candidates = own.candidates([each for each in listed.tokens if each.id in selected], listed)
    return own.id, [each.id for each in candidates]


@pytest.mark.parametrize("shown", [OWN, "own-token-", "own-toke...", "own-token****", "own-token\u2026"])
def test_the_own_token_is_identified_by_its_beginning(shown: str):
    client = MockChat(entries(5, 5, None, access_token=shown), own_agent=5)
    assert find(client, 1, 2, 3) == (1, [1])
    assert find(client, 2, 3) == (1, [])
    assert ME not in client.lines


@pytest.mark.parametrize(
    "shown", [None, "", "own-tok", "...oken-value", "own-****alue", "********", "9f86d081884c7d65"]
)
def test_with_a_hidden_value_each_token_of_the_own_agent_can_be_the_own_one(shown: str | None):
    tokens = entries(5, 6, None, 5, access_token=shown)
    client = MockChat(tokens, own_agent=5)
    assert find(client, 1, 2, 3) == (None, [1, 3])
    assert client.lines.count(ME) == 1
    assert find(MockChat(tokens, own_agent=9), 1, 2) == (None, [])
    assert find(MockChat(tokens, script={ME: [Reply(503)]}), 1, 2) == (None, [1, 2])


def test_without_a_selected_token_the_own_agent_is_not_requested():
    client = MockChat(entries(5, 6))
    assert find(client) == (None, [])
    assert ME not in client.lines


def test_an_email_address_and_a_password_have_no_token():
    client = MockChat(entries(5), own=None, own_agent=5)
    assert find(client, 1) == (None, [])


def test_several_tokens_with_the_same_beginning():
    tokens = [token(1, access_token="own-token-v"), token(2, access_token="own-token-..."), token(3)]
    assert find(MockChat(tokens), 1, 3) == (None, [1])


def test_a_later_list_corrects_the_own_token():
    client = MockChat([token(1, access_token="own-token...")])
    own = OwnToken(client)
    first_list = list_tokens(client)
    own.identify(first_list.tokens)
    assert own.id == 1
    client.tokens[2] = token(2, access_token="own-token...")
    second_list = list_tokens(client)
    own.identify(second_list.tokens)
    assert own.id is None
    assert own.candidates(second_list.tokens, second_list) == second_list.tokens
    own.identify(first_list.tokens)
    no_tokens: list[Token] = []
    own.identify(no_tokens)
    assert own.id == 1, "a list without its value does not change it"


def test_the_own_agent_is_requested_once():
    client = MockChat(script={ME: [Reply(503)]})
    own = OwnToken(client)
    for _attempt in range(2):
        with pytest.raises(ChatError, match="HTTP 503"):
            own.agent()
        assert own.agent_id() is None
    assert client.lines == [ME]
