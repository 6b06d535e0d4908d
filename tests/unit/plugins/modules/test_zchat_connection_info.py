# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import time

import pytest
import yaml

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.modules.zchat_connection_info import RETURN, SPEC, run
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import OWN, MockChat, Reply, agent, task, token
from ansible_collections.zchat.admin.tests.unit.support.revoking import LISTS, ME, shown_as

CLIENTS = "GET oauth/clients"
MISSING = "GET agents/0"
ADMINISTRATOR = agent(5, "ada@example.com", roles={"administrator": True, "owner": False})
AGENT = agent(5, "ada@example.com")
OTHERS = (token(2, agent_id=6),)
OWN_TOKEN = token(1, agent_id=5, access_token=OWN)
FORBIDDEN = [Reply(403, {"error": "Forbidden"})]
PARTS = {
    "cannot_list": "The tokens cannot be listed.",
    "not_administrator": "not an Administrator",
    "no_write": "lacks the scope 'write'",
    "own_only": "only tokens of this agent",
    "values_shortened": "only the beginning of token values",
    "role_unknown": "The role of the agent could not be read.",
    "expires_soon": "expires within ",
    "clients_unknown": "The names of API clients cannot be read.",
    "own_token_unknown": "its expiry and its scopes are unknown",
    "missing_unknown": "'agent_status: missing' cannot select tokens",
}
"""What the text of each finding must contain, the most serious first."""


def check(me=None, own=None, others=OTHERS, expires_within=None, **options):
    """Return the client, the result, and the codes of its findings."""
    client = MockChat([own or OWN_TOKEN, *others], agents=[me or ADMINISTRATOR], **options)
    result = run(task(client, SPEC, {"expires_within": expires_within} if expires_within else {}))
    for finding in result["findings"]:
        assert finding.keys() == {"code", "text"}
        assert PARTS[finding["code"]] in finding["text"]
    return client, result, [finding["code"] for finding in result["findings"]]


def in_days(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86_400))


SHORTENED, MASKED = shown_as(lambda value: value[:10]), shown_as(lambda value: "********")
WORST = {
    "me": AGENT,
    "own": {**OWN_TOKEN, "scopes": "read", "expire_date": in_days(1)},
    "others": (),
    "shown": SHORTENED,
    "script": {CLIENTS: FORBIDDEN, MISSING: [Reply(404, b"<html>")]},
}
WORST_CODES = [
    "not_administrator", "no_write", "own_only", "values_shortened", "expires_soon", "clients_unknown", "missing_unknown"
]  # fmt: skip


def test_a_connection_that_is_ready():
    client, result, found = check()
    assert found == []
    assert (result["changed"], result["ready"], result["can_list"], result["can_revoke"]) == (False, True, True, True)
    assert (result["agent"]["id"], result["agent"]["administrator"], result["token"]["id"]) == (5, True, 1)
    assert (result["values_shortened"], result["listed"]) == (False, {"tokens": 2, "agents": 2, "own_only": False})
    assert sorted(client.lines) == [MISSING, ME, CLIENTS, LISTS]
    assert OWN not in str(result)


@pytest.mark.parametrize(
    ("changed", "found", "ready"),
    [
        ({"script": {LISTS: FORBIDDEN}}, ["cannot_list"], False),
        ({"me": AGENT}, ["not_administrator"], False),
        ({"me": {**AGENT, "roles": {"administrator": False, "owner": True}}}, [], True),
        ({"own": {**OWN_TOKEN, "scopes": "read,chat"}}, ["no_write"], False),
        ({"own": {**OWN_TOKEN, "scopes": None}}, [], True),
        ({"others": ()}, ["own_only"], True),
        ({"shown": SHORTENED}, ["values_shortened"], True),
        ({"me": {**AGENT, "roles": None}}, ["role_unknown"], True),
        ({"script": {ME: FORBIDDEN}}, ["role_unknown"], True),
        ({"own": {**OWN_TOKEN, "expire_date": in_days(13)}}, ["expires_soon"], True),
        ({"own": {**OWN_TOKEN, "expire_date": in_days(15)}}, [], True),
        ({"own": {**OWN_TOKEN, "expire_date": "1970-01-01T00:00:00Z"}}, [], True),
        ({"script": {CLIENTS: [Reply(500)]}}, ["clients_unknown"], True),
        # The most serious finding comes first.
        (
            {"script": {LISTS: FORBIDDEN, ME: FORBIDDEN, CLIENTS: FORBIDDEN}},
            ["cannot_list", "role_unknown", "clients_unknown"],
            False,
        ),
        (WORST, WORST_CODES, False),
        (
            {**WORST, "own": {**OWN_TOKEN, "scopes": "read"}, "shown": MASKED, "own_agent": 5},
            ["not_administrator", "own_only", "clients_unknown", "own_token_unknown", "missing_unknown"],
            False,
        ),
        # If nothing is the Chat API, there is only one cause.
        ({"script": {line: [Reply(404)] for line in (LISTS, ME, CLIENTS)}}, ["cannot_list"], False),
        # The own agent is requested once.
        ({"own": token(1, agent_id=5), "others": (), "own_agent": 5}, ["own_only", "own_token_unknown"], True),
        (
            {"own": token(1, agent_id=5), "others": (), "script": {ME: FORBIDDEN}},
            ["role_unknown", "own_token_unknown"],
            True,
        ),
    ],
)
def test_findings(changed, found, ready):
    client, result, names = check(**changed)
    assert (names, result["ready"], result["can_list"]) == (found, ready, "cannot_list" not in found)
    assert (client.lines.count(ME), client.lines.count(MISSING)) == (1, int(result["can_list"]))
    assert (result["agent"] is None) is (ME in changed.get("script", {}))
    assert (result["listed"] is None) is ("cannot_list" in found)


def test_each_code_is_documented():
    (finding,) = (entry["contains"] for name, entry in yaml.safe_load(RETURN).items() if name == "findings")
    documented = re.findall(r"^C\((\w+)\) - ", "\n".join(finding["code"]["description"]), re.MULTILINE)
    assert sorted(documented) == sorted(PARTS)


@pytest.mark.parametrize(
    ("days", "within", "found", "ready"),
    [
        (13, "12d", [], True),
        (13, "14d", ["expires_soon"], False),
        (13, "1h", [], True),
        (20, "3w", ["expires_soon"], False),
        # Expired by this clock.
        (-1, "1h", ["expires_soon"], False),
        (None, "14d", [], True),
    ],
)
def test_the_token_must_last_for_expires_within(days, within, found, ready):
    expiry = in_days(days) if days else None
    _client, result, codes = check(own={**OWN_TOKEN, "expire_date": expiry}, expires_within=within)
    assert (codes, result["ready"]) == (found, ready)
    assert all(f"within {within} ('expires_within'), on {expiry}." in finding["text"] for finding in result["findings"])


def test_an_expiry_that_makes_the_connection_not_ready_comes_before_the_hints():
    codes = [code for code in WORST_CODES if code != "expires_soon"]
    assert check(**WORST, expires_within="2d")[2] == [*codes[:2], "expires_soon", *codes[2:]]


@pytest.mark.parametrize("value", ["14", "0d", "soon", ""])
def test_an_invalid_expires_within_is_rejected_before_any_request(value):
    client = MockChat([OWN_TOKEN])
    with pytest.raises(ChatError, match="'expires_within' must be"):
        run(task(client, SPEC, {"expires_within": value}))
    assert client.requests == []


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (Reply(404, {"error": "Not found"}), []),
        (Reply(404), ["missing_unknown"]),
        (Reply(404, {"message": "no route"}), ["missing_unknown"]),
        (Reply(200, {"id": 0}), ["missing_unknown"]),
        (Reply(400, {"error": "Bad request"}), ["missing_unknown"]),
        (Reply(500), ["missing_unknown"]),
    ],
)
def test_only_a_404_in_the_form_of_the_api_can_show_that_an_agent_is_missing(reply, found):
    client, result, codes = check(script={MISSING: [reply]})
    assert (codes, result["ready"], client.lines.count(MISSING)) == (found, True, 1)


@pytest.mark.parametrize("changed", [{"shown": MASKED}, {"own": token(1, agent_id=5), "own_agent": 5}])
def test_a_token_that_the_list_does_not_identify(changed):
    """Its expiry is unknown, also with ``expires_within``."""
    for within in (None, "14d"):
        _client, result, found = check(**changed, expires_within=within)
        assert (result["token"], result["can_revoke"], result["values_shortened"]) == (None, None, None)
        assert (found, result["ready"]) == (["own_token_unknown"], True)


def test_an_email_address_and_a_password_have_no_token():
    client = MockChat([token(1, agent_id=6)], agents=[ADMINISTRATOR], own=None, own_agent=5)
    result = run(task(client, SPEC, {"expires_within": "14d"}))
    assert (result["token"], result["ready"], result["findings"]) == (None, True, [])


@pytest.mark.parametrize("line", [ME, LISTS, CLIENTS, MISSING])
@pytest.mark.parametrize("status", [401, None])
def test_it_fails_only_without_a_connection_or_with_a_401(line, status):
    with pytest.raises(ChatError) as caught:
        check(script={line: [Reply(status)]})
    assert caught.value.status == status
