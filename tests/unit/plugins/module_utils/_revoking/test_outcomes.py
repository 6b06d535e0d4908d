# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the result states the outcomes."""

from __future__ import annotations

import pytest

from ansible_collections.zchat.admin.tests.unit.support.mock_chat import NOT_FOUND, Json, Reply, first, token
from ansible_collections.zchat.admin.tests.unit.support.revoking import (
    ALL,
    REFUSED,
    chat,
    revoke,
    table,
)


@table(
    "account, options, message",
    {
        "nothing": ({}, {"ids": [7]}, "No token to revoke."),
        "nothing, in check mode": ({}, {"ids": [7], "check_mode": True}, "No token to revoke."),
        "one": ({}, {"ids": [1]}, "1 token revoked, and no selected token is left."),
        "one is gone": ({"deletes": {3: Reply(410)}}, {}, "2 tokens revoked, and no selected token is left."),
        "check mode": ({}, {"check_mode": True}, "3 tokens would be revoked."),
        "unverified": ({}, {"ids": [1], "verify": False}, "1 token revoked, not verified."),
        "kept": ({}, {**ALL, "own_token": "keep"}, "4 tokens revoked, and no selected token is left. 1 token kept."),
        "only kept": ({}, {"ids": [9], "own_token": "keep"}, "No token to revoke. 1 token kept."),
        "a guard": ({}, {"max_revocations": 2}, "Nothing was revoked: 3 tokens would be revoked, and 'max_rev"),
        "a guard, later": (
            {"lists": [first(1)]},
            {"max_revocations": 1},
            "Revoked 1 of 3 tokens. 3 tokens would be rev",
        ),
        "a failure": ({"deletes": {2: REFUSED}}, {}, "Revoked 2 of 3 tokens. Token 2: "),
        "gone tokens do not count": (
            {"deletes": {1: Reply(404, NOT_FOUND), 2: REFUSED}},
            {},
            "Revoked 1 of 2 tokens. ",
        ),
        "the list": ({"lists": [None, Reply(503)]}, {}, "Revoked 3 of 3 tokens. The revocations could not be verified"),
    },
)
def test_the_message_states_how_many_tokens_were_revoked_and_why_not_all(account: Json, options: Json, message: str):
    text = revoke(chat(**account), **options)["msg"]
    assert text.startswith(message)
    assert text == message or not message.endswith(".")
    assert "see the message of the task" not in text


def test_each_reason_is_stated_once_and_only_some_of_them():
    def reply(number: int) -> Reply:
        return Reply(422, {"error": f"Reason {number % 5}"}, applied=False)

    client = chat(*map(token, range(1, 21)), deletes={number: reply(number) for number in range(1, 21)})
    result = revoke(client)
    assert result["msg"].startswith("Revoked 0 of 20 tokens. Tokens 1, 6, 11, 16: ")
    assert [f"Reason {number}" in result["msg"] for number in (1, 2, 3, 4, 0)] == [True, True, True, False, False]
    assert result["msg"].endswith("The result lists 2 more reasons.")
    assert "/oauth/tokens/<id>" in result["msg"], "the URLs differ only in the id"
    assert "/oauth/tokens/2" in result["not_revoked"][1]["msg"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_diff_has_a_line_for_each_selected_token_and_the_lines_that_remain(check_mode: bool):
    clients = [{"client_identifier": "zendesk", "name": "Dashboard"}]
    client = chat(clients=clients, deletes={2: Reply(404), 3: REFUSED})
    diff = revoke(client, check_mode, **ALL, own_token="keep", exclude={"ids": [8]}, names=True)["diff"]
    assert [line[:8] for line in diff["before"].splitlines()] == [f"token {number};" for number in (1, 2, 3, 8, 9)]
    left = (8, 9) if check_mode else (3, 8, 9)
    assert [line[:8] for line in diff["after"].splitlines()] == [f"token {number};" for number in left]
    assert "agent 5 (Ada Byron); client zendesk (Dashboard);" in diff["after"]
    assert diff["after"].endswith("\n")
