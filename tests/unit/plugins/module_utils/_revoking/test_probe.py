# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values in ``token_values`` are tested after the revocation."""

from __future__ import annotations

from typing import Any

from ansible_collections.zchat.admin.tests.unit.support.mock_chat import UNAUTHORIZED, Json, Reply, agent, token
from ansible_collections.zchat.admin.tests.unit.support.revoking import (
    HTML,
    MISSING,
    TOKENS,
    chat,
    info,
    revoke,
    story,
    table,
    transcript,
)

LEAKED = "leaked-value"
PROBE = f"GET agents/me with {LEAKED}"
WORKS, REJECTED = Reply(200, agent(5, "other@example.com")), Reply(401, UNAUTHORIZED)
LISTED = (*TOKENS, token(4, access_token=LEAKED))


@table(
    "replies, dead, texts, seconds",
    {
        "rejected": ([REJECTED], True, ["no listed token", "a refresh token, or valid in another account"], 0),
        "rejected after a while": ([WORKS, REJECTED], True, ["belongs to no listed token"], 0.5),
        "works": ([WORKS] * 9, False, ["1 of the 'token_values' still works: agent 5, not in the list"], 5),
        "works without the scope": ([MISSING] * 9, False, ["still works", "lacks a scope"], 5),
        "403": ([Reply(403, {"error": "Forbidden"})], None, ["It is unknown whether"], 0),
        **{
            f"401 of a gateway, {name}": ([Reply(401, body)], None, ["It is unknown whether", "a firewall, a proxy"], 0)
            for name, body in {"HTML": HTML, "empty": b"", "JSON": {"message": "Unauthorized"}}.items()
        },
        "403 with a web page": ([Reply(403, b"required scopes: write")], None, ["It is unknown whether"], 0),
        "no response": ([Reply(None)], None, ["It is unknown whether"], 0),
    },
)
def test_the_response_decides_whether_a_value_is_dead(
    replies: Any, dead: bool | None, texts: list[str], seconds: float
):
    """If it works, the task fails. The info module only warns."""
    for run in (revoke, info):
        client = chat(script={PROBE: replies})
        result = run(client, token_values=[LEAKED], probe_values=True)
        assert (result["values_dead"], sum(client.pauses)) == (dead, seconds)
        assert ("failed" in result) is (dead is False and run is revoke)
        shown = " ".join([result["msg"] if "failed" in result else "", *result["warnings"]])
        assert all(text in shown for text in texts)
        assert (LEAKED not in str(result), len(result["warnings"]) <= 1) == (True, True)


@table(
    "replies, dead",
    {
        "one is unknown": ([[REJECTED], [Reply(500)]], None),
        "one works": ([[REJECTED], [Reply(500)], [WORKS] * 9], False),
    },
)
def test_one_value_that_works_decides_and_one_unknown_value_leaves_it_open(replies: Any, dead: bool | None):
    script = {f"GET agents/me with value-{number}": each for number, each in enumerate(replies)}
    values = [line.rpartition(" ")[2] for line in script]
    assert revoke(chat(script=script), token_values=values)["values_dead"] is dead


@table(
    "replies, expected, dead",
    {"dead": ([], "revoked 4: verified", True), "works": ([WORKS] * 9, "revoked 4: failed", False)},
)
def test_a_revoked_value(replies: Any, expected: str, dead: bool):
    client = chat(*LISTED, script={PROBE: replies})
    result = revoke(client, token_values=[LEAKED])
    assert (story(result), result["values_dead"], result["warnings"]) == (expected, dead, [])
    assert transcript(client).startswith(f"list 1 2 3 4 8 9 > DELETE 4: 204 > list 1 2 3 8 9 > {PROBE}: ")
    assert ("agent 5, token 4" in result["msg"]) is not dead


@table(
    "leaked, options",
    {
        "check mode": (LISTED[-1], {"check_mode": True}),
        "not requested": (LISTED[-1], {"probe_values": False}),
        "a guard": (LISTED[-1], {"max_revocations": 0}),
        "a kept token": (LISTED[-1], {"exclude": {"ids": [4]}}),
        "a refresh token": (token(4, refresh_token=LEAKED), {}),
    },
)
def test_a_value_that_is_not_tested(leaked: Json, options: Json):
    client = chat(*TOKENS, leaked)
    assert revoke(client, token_values=[LEAKED], **options)["values_dead"] is None
    assert PROBE not in client.lines


def test_the_info_module_tests_values_only_if_requested_and_also_in_check_mode():
    client = chat(*LISTED)
    assert info(client, token_values=[LEAKED])["values_dead"] is None
    assert info(client, check_mode=True, token_values=[LEAKED], probe_values=True)["values_dead"] is False
    assert transcript(client).count(PROBE) == 5
