# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the result states the outcomes."""

from __future__ import annotations

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
        "one is gone": ({"deletes": {3: Reply(410)}}, {}, "2 tokens revoked, and no selected token is left."),
        "check mode": ({}, {"check_mode": True}, "3 tokens would be revoked."),
        "unverified": ({}, {"ids": [1], "verify": False}, "1 token revoked, not verified."),
        "kept": ({}, {**ALL, "own_token": "keep"}, "4 tokens revoked, and no selected token is left. 1 token kept."),
        "a guard": ({}, {"max_revocations": 2}, "Nothing was revoked: 3 tokens would be revoked, and 'max_rev"),
        "a later guard": ({"lists": [first(1)]}, {"max_revocations": 1}, "Revoked 1 of 3 tokens. 3 tokens would be"),
        "gone": ({"deletes": {1: Reply(404, NOT_FOUND), 2: REFUSED}}, {}, "Revoked 1 of 2 tokens. Token 2: "),
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


def test_the_diff_has_a_line_for_each_selected_token_and_the_lines_that_remain():
    client = chat(deletes={2: Reply(404), 3: REFUSED})
    diff = revoke(client, **ALL, own_token="keep", exclude={"ids": [8]})["diff"]
    for lines, numbers in ((diff["before"], "12389"), (diff["after"], "389")):
        assert [line[:8] for line in lines.splitlines()] == [f"token {number};" for number in numbers]
        assert lines.endswith("\n")
