# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import list_tokens
from ansible_collections.zchat.admin.plugins.module_utils._revoking.probe import VERIFY_WAITS, probe_values
from ansible_collections.zchat.admin.plugins.modules import zchat_oauth_token, zchat_oauth_token_info
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    MISSING_SCOPE,
    OWN,
    MockChat,
    Reply,
    task,
    token,
)

LEAKED = "leaked-value"
PROBE = f"GET agents/me with {LEAKED}"
WITH_OWN = [token(1, access_token=OWN), token(2, agent_id=5)]


def probe(client, values=(LEAKED,), kept=()):
    return probe_values(client, values, list_tokens(client).tokens, kept)


def revoke(client, check_mode=False, **options):
    spec = zchat_oauth_token.SPEC
    return zchat_oauth_token.run(
        task(client, spec, {"state": "absent", "token_values": [LEAKED], **options}, check_mode)
    )


@pytest.mark.parametrize(
    ("replies", "dead", "texts"),
    [
        (
            [Reply(401)],
            True,
            ["belongs to no listed token", "may be incomplete, a refresh token, or valid in another account"],
        ),
        ([Reply(500)], None, ["It is unknown whether"]),
        ([Reply(401, b"<html>")], None, ["It is unknown whether", "may come from a gateway"]),
        ([Reply(None)], None, ["It is unknown whether"]),
        ([Reply(403, {"error": "Forbidden"})], None, ["It is unknown whether"]),
        ([Reply(200, b"<html>")], None, ["It is unknown whether"]),
    ],
)
def test_the_response_decides_whether_a_value_is_dead(replies, dead, texts):
    result = probe(MockChat(WITH_OWN, script={PROBE: replies}))
    assert (result.values_dead, result.failure) == (dead, None)
    assert all(any(text in warning for warning in result.warnings) for text in texts)
    assert not any(LEAKED in warning for warning in result.warnings)


@pytest.mark.parametrize("reply", [Reply(200, {"id": 5}), Reply(403, MISSING_SCOPE)])
def test_a_value_that_works_is_tested_for_five_seconds_and_fails(reply):
    client = MockChat(WITH_OWN, script={PROBE: [reply] * 9})
    result = probe(client)
    assert result.values_dead is False
    assert "1 of the 'token_values' still works: " in result.failure.msg
    assert ("agent 5" if reply.status == 200 else "lacks a scope") in result.failure.msg
    assert "not in the list of tokens" in result.failure.msg
    assert tuple(client.pauses) == VERIFY_WAITS


def test_a_value_that_stops_working_within_five_seconds_is_dead():
    client = MockChat(WITH_OWN, script={PROBE: [Reply(200, {"id": 5}), Reply(401)]})
    assert probe(client).values_dead is True
    assert client.pauses == [VERIFY_WAITS[0]]


def test_one_value_that_works_decides_and_one_unknown_value_leaves_it_open():
    replies = {PROBE: [Reply(401)], "GET agents/me with other-value": [Reply(500)]}
    assert probe(MockChat(WITH_OWN, script=replies), [LEAKED, "other-value"]).values_dead is None
    works = {**replies, "GET agents/me with a-third-value": [Reply(200, {"id": 5})] * 9}
    assert probe(MockChat(WITH_OWN, script=works), [LEAKED, "other-value", "a-third-value"]).values_dead is False


def test_refresh_tokens_and_kept_tokens_are_not_tested():
    client = MockChat([*WITH_OWN, token(3, refresh_token=LEAKED), token(4, access_token="kept-value")])
    kept = [each for each in list_tokens(client).tokens if each.id == 4]
    assert probe(client, [LEAKED, "kept-value"], kept).values_dead is None
    assert not [line for line in client.lines if "agents/me" in line]


def test_a_revoked_value_is_dead():
    client = MockChat([*WITH_OWN, token(3, access_token=LEAKED)])
    result = revoke(client)
    assert (result["changed"], result["verified"], result["values_dead"]) == (True, True, True)
    assert client.lines.index(PROBE) > client.lines.index("DELETE oauth/tokens/3")
    assert not [text for text in result["warnings"] if "token_values" in text]


def test_a_revoked_value_that_still_works_fails_the_task_and_names_the_token():
    client = MockChat([*WITH_OWN, token(3, access_token=LEAKED)], script={PROBE: [Reply(200, {"id": 5})] * 9})
    result = revoke(client)
    assert (result["failed"], result["changed"], result["verified"], result["values_dead"]) == (
        True,
        True,
        False,
        False,
    )
    assert "agent 5, token 3" in result["msg"]


def test_a_value_that_the_list_does_not_contain_is_tested():
    client = MockChat(WITH_OWN, script={PROBE: [Reply(200, {"id": 5})] * 9})
    result = revoke(client)
    assert (result["failed"], result["changed"], result["values_dead"]) == (True, False, False)


@pytest.mark.parametrize(
    ("check_mode", "options"), [(True, {}), (False, {"probe_values": False}), (False, {"max_revocations": 0})]
)
def test_no_value_is_tested(check_mode, options):
    client = MockChat([*WITH_OWN, token(3, access_token=LEAKED)])
    assert revoke(client, check_mode, **options)["values_dead"] is None
    assert PROBE not in client.lines


def test_the_info_module_tests_values_only_if_asked_and_never_fails():
    client = MockChat(WITH_OWN, script={PROBE: [Reply(200, {"id": 5})] * 9})
    spec = zchat_oauth_token_info.SPEC
    options = {"token_values": [LEAKED]}
    assert zchat_oauth_token_info.run(task(client, spec, options))["values_dead"] is None
    assert PROBE not in client.lines
    result = zchat_oauth_token_info.run(task(client, spec, {**options, "probe_values": True}, check_mode=True))
    assert result["values_dead"] is False
    assert "failed" not in result
    assert [text for text in result["warnings"] if "agent 5" in text]
