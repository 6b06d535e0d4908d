# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent and the token that a task authenticates as: token 9 of these tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._revoking.outcomes import GUARDED
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    OWN,
    Json,
    MockChat,
    Reply,
    agent,
    token,
    without,
)
from ansible_collections.zchat.admin.tests.unit.support.revoking import (
    ALL,
    HTML,
    LISTS,
    LOST,
    LOST_BEFORE,
    ME,
    OTHER,
    OWN_AGENT,
    REFUSED,
    TOKENS,
    chat,
    info,
    revoke,
    shown_as,
    story,
    table,
    transcript,
)

# How much the API lists


@table(
    "agent_ids, first_is_own, own_only, requests",
    {
        "nothing": ([], False, True, 0),
        "no agent": ([None, None], False, True, 0),
        "two agents": ([5, 6], False, False, 0),
        "one agent, own token": ([5, 5], True, True, 0),
        "one agent, own token without an agent": ([None, 5], True, True, 1),
        "the own agent": ([5, 5, None], False, True, 1),
        "another agent": ([7, 7], False, False, 1),
    },
)
def test_own_only_with_as_few_requests_as_possible(agent_ids: Any, first_is_own: bool, own_only: bool, requests: int):
    tokens = [token(number, agent_id=agent_id) for number, agent_id in enumerate(agent_ids, 1)]
    for entry in tokens[: int(first_is_own)]:
        entry["access_token"] = OWN
    client = MockChat(tokens, own_agent=5)
    result = info(client)
    agents = len({*agent_ids} - {None})
    assert result["listed"] == {"tokens": len(tokens), "agents": agents, "own_only": own_only}
    assert client.lines == [LISTS, *[ME] * requests]
    assert bool(result["warnings"]) is own_only


def test_own_only_is_null_if_the_own_agent_cannot_be_read():
    result = info(chat(token(1), me=[Reply(503)]))
    assert result["listed"]["own_only"] is None
    assert "It is unknown whether" in result["warnings"][0]


@pytest.mark.parametrize(
    ("scopes", "number", "count"), [("read,chat", 1, 1), ("read,write", 1, 0), ("read", 99, 0), (None, 1, 0)]
)
def test_an_own_token_that_cannot_revoke_is_a_warning(scopes: str | None, number: int, count: int):
    result = revoke(chat(*TOKENS[:4], {**TOKENS[4], "scopes": scopes}), check_mode=True, ids=[number])
    assert len(result["warnings"]) == count
    assert all(f"lacks the scope 'write' (it has: {scopes})" in text for text in result["warnings"])


# The guard


def test_refuse():
    client = chat()
    result = revoke(client, **ALL)
    assert (story(result), transcript(client)) == ("not_revoked 1 2 3 8 9: failed", "list 1 2 3 8 9")
    assert result["msg"].startswith("Nothing was revoked: the selection contains token 9, which this task")
    assert {(entry["status"], entry["msg"]) for entry in result["not_revoked"]} == {(None, GUARDED.msg)}
    assert (result["own_token_id"], result["diff"]["after"]) == (9, result["diff"]["before"])


def test_keep():
    client = chat()
    result, again = (revoke(client, **ALL, own_token="keep") for _run in range(2))
    assert (story(result), story(again)) == ("revoked 1 2 3 8, kept 9: verified", "kept 9: verified")
    assert result["kept"][0]["reason"] == "own token"


HIDDEN = shown_as(lambda value: None)
MORE = token(10, agent_id=None), token(11, agent_id=OWN_AGENT)
"""Each of them can be the own token if the list does not show its value."""


@pytest.mark.parametrize("own_token", ["refuse", "keep"])
@pytest.mark.parametrize("listed", [OWN, "own-toke...", "own-tok", "...oken-value", None])
def test_an_own_token_is_protected_however_it_is_listed(listed: str | None, own_token: str):
    is_identified = listed in (OWN, "own-toke...")
    own_result = {"refuse": "not_revoked 8 9: failed", "keep": "revoked 8, kept 9: verified"}[own_token]

    def shown(entry: Json) -> Json:
        return {**entry, "access_token": listed} if entry["id"] == 9 else entry

    for number in (9, 10, 11):
        client = chat(*TOKENS, *MORE, shown=shown)
        result = revoke(client, ids=[8, number], own_token=own_token)
        if is_identified:
            assert story(result) == (own_result if number == 9 else f"revoked 8 {number}: verified")
        else:
            assert story(result) == f"not_revoked 8 {number}: failed"
            assert f"token {number} can be the one that this task authenticates with" in result["msg"]
        assert client.lines.count(ME) == (0 if is_identified else 1)
    result = revoke(chat(*TOKENS, *MORE, shown=shown), ids=[8])
    assert (story(result), result["own_token_id"]) == ("revoked 8: verified", 9 if is_identified else None)


def test_without_the_value_and_the_agent_each_token_can_be_the_own_token():
    client = chat(shown=HIDDEN, me=[Reply(503)] * 9)
    assert (story(revoke(client, ids=[8])), client.lines.count(ME)) == ("not_revoked 8: failed", 1)
    client = chat(own=None, own_agent=OWN_AGENT)
    assert story(revoke(client, **ALL)) == "revoked 1 2 3 8 9: verified", "an email address and a password are no token"


@table(
    "lists, expected",
    {
        "in one list": ([], "not_revoked 1 2 3 4 8 9: failed"),
        "in a later list": ([without(4)], "revoked 1 2 3 8, kept 9, not_revoked 4: failed"),
    },
)
def test_tokens_whose_values_begin_alike_are_not_kept(lists: Any, expected: str):
    similar = token(4, access_token="own-token-other")
    result = revoke(chat(*TOKENS, similar, shown=shown_as(lambda v: v[:9]), lists=lists), **ALL, own_token="keep")
    assert story(result) == expected
    assert "can be the one that this task authenticates with" in result["msg"]


# The own token is to be revoked


def revoke_own(client: MockChat, **options: Any) -> Json:
    return revoke(client, **{"ids": [9], "own_token": "revoke", **options})


@table(
    "ids, options, requests",
    {
        "last": ([1, 9], {}, "DELETE 1: 204 > list 2 3 8 9 > DELETE 9: 204 > GET agents/me: 401"),
        "alone": ([9], {}, "DELETE 9: 204 > GET agents/me: 401"),
        "unverified": ([1, 9], {"verify": False}, "DELETE 1: 204 > DELETE 9: 204"),
        "after the names": (
            *([9], {"names": True}),
            "clients > GET agents/777: 200 > DELETE 9: 204 > GET agents/me: 401",
        ),
    },
)
def test_the_own_token_is_revoked_last_and_then_used(ids: list[int], options: Json, requests: str):
    client = chat()
    result = revoke_own(client, ids=ids, **options)
    numbers = " ".join(map(str, ids))
    assert story(result) == f"revoked {numbers}: {'not verified' if 'verify' in options else 'verified'}"
    assert transcript(client) == f"list 1 2 3 8 9 > {requests}"


def test_the_own_token_is_not_attempted_if_others_failed():
    client = chat(deletes={2: REFUSED})
    result = revoke(client, **ALL, own_token="revoke")
    assert (story(result), client.deleted) == ("revoked 1 3 8, not_revoked 2 9: failed", [1, 2, 3, 8])
    assert "Not attempted" in result["not_revoked"][1]["msg"]


WORKS = "after 5 seconds the token still works"


@table(
    "reply, rejected, works, no_answer",
    {
        # Reply to the DELETE: outcome if the API then rejects the token; reason if the token works; if neither is shown.
        "204": (Reply(204), "revoked 9", f"accepted the DELETE, but {WORKS}", "revoked 9: not verified"),
        "404": (Reply(404), "gone 9", f"returned HTTP 404 for the DELETE, but {WORKS}", "gone 9: not verified"),
        "no response": (LOST, "revoked 9", "No response", "unknown"),
        "no response, then 401": (Reply(401, repeated=True), "revoked 9", "HTTP 401", "unknown"),
        "401": (Reply(401), None, "HTTP 401", "not_revoked 9: failed"),
        "422": (REFUSED, None, "HTTP 422", "not_revoked 9: failed"),
    },
)
def test_the_use_of_the_own_token_decides(reply: Reply, rejected: str | None, works: str, no_answer: str):
    for verify in (True, False):
        client = chat(deletes={9: replace(reply, applied=True)})
        result = revoke_own(client, verify=verify)
        is_verified = "verified" if verify else "not verified"
        assert story(result) == (f"{rejected}: {is_verified}" if rejected else "not_revoked 9: failed")
        assert len(client.logged) == len(result["revoked"])

    client = chat(deletes={9: replace(reply, applied=False)})
    result = revoke_own(client)
    assert story(result) == "not_revoked 9: failed"
    assert works in result["msg"]
    assert "unknown" not in result["msg"]
    assert sum(client.pauses) == (5 if rejected else 0)

    for no_proof in (Reply(503), Reply(401, HTML)):
        result = revoke_own(chat(deletes={9: reply}, me=[no_proof]))
        assert story(result) == ("not_revoked 9: failed" if no_answer == "unknown" else no_answer)
        assert ("unknown whether" in result["msg"]) is (no_answer == "unknown")
        assert any("not verified" in text for text in result["warnings"]) is bool(rejected)


@pytest.mark.parametrize("is_interrupted", [True, False])
def test_an_own_token_that_works_for_some_time(is_interrupted: bool):
    client = chat(me=[Reply(200, agent(OWN_AGENT, None))] * 2)
    client.before = lambda line: setattr(client.waits, "interrupted", is_interrupted and line == ME)
    result = revoke_own(client)
    assert story(result) == f"revoked 9: {'not verified' if is_interrupted else 'verified'}"
    assert client.pauses == ([0.5] if is_interrupted else [0.5, 1.0])
    assert "after 5 seconds" not in str(result)


# Tokens that can be the own token, because the list hides the values

CANDIDATES = (token(1, agent_id=OWN_AGENT), TOKENS[3], TOKENS[4], MORE[0])
START = "list 1 8 9 10 > GET agents/me: 200"


@table(
    "deletes, lists, ids, expected, requests",
    {
        "last, one at a time": (
            *({}, [], [1, 8, 9], "revoked 1 8 9: verified"),
            "DELETE 8: 204 > list 1 9 10 > DELETE 1: 204 > GET agents/me: 200 > list 9 10 > DELETE 9: 204 > GET agents/me: 401",
        ),
        "others remain": ({}, [], [9, 10], "revoked 9, not_revoked 10: failed", "DELETE 9: 204 > GET agents/me: 401"),
        "gone": (
            {8: REFUSED},
            [None, without(9)],
            [8, 9],
            "not_revoked 8 9: failed",
            "DELETE 8: 422 > list 1 8 10",
        ),
    },
)
def test_tokens_that_can_be_the_own_token(deletes: Any, lists: Any, ids: list[int], expected: str, requests: str):
    client = chat(*CANDIDATES, shown=HIDDEN, deletes=deletes, lists=lists)
    assert story(revoke_own(client, ids=ids)) == expected
    assert transcript(client) == f"{START} > {requests}"


def test_tokens_created_while_such_tokens_are_revoked():
    client = chat(*CANDIDATES, shown=HIDDEN)
    client.before = lambda line: line.startswith("DELETE") and client.tokens.update({12: token(12, agent_id=OTHER)})
    assert story(revoke_own(client, ids=[1, 12])) == "revoked 1 12: verified"
    assert transcript(client).endswith("list 8 9 10 12 > DELETE 12: 204 > list 8 9 10")


def test_an_unknown_outcome_of_such_a_token_remains_unknown():
    """If the API then rejects the own token, another run may have revoked another one."""
    result = revoke_own(chat(*CANDIDATES, shown=HIDDEN, me=[None, Reply(401)], deletes={1: LOST_BEFORE}), ids=[1])
    assert story(result) == "not_revoked 1: failed"
    client = chat(*CANDIDATES, shown=HIDDEN, deletes={1: LOST})
    result = revoke_own(client, ids=[1, 9], verify=False)
    assert (story(result), client.deleted, len(client.lists)) == ("not_revoked 1 9: failed", [1], 1)
    assert "unknown whether" in result["msg"]
