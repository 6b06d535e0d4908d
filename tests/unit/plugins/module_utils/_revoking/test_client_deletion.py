# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deletion of API clients, then of their tokens. Client 11 with its tokens 1 and 2 is selected unless the options select others."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    NOT_FOUND,
    OWN,
    UNAUTHORIZED,
    Json,
    Reply,
    also,
    api_client,
    nothing,
    only,
    token,
    without,
)
from ansible_collections.zchat.admin.tests.unit.support.revoking import (
    CLIENT_LISTS,
    CLIENT_TOKENS,
    CLIENTS,
    DEPARTING,
    HTML,
    LISTS,
    LOST,
    MISSING,
    OTHER,
    OWN_AGENT,
    REFUSED,
    account,
    delete_clients,
    shown_as,
    story,
    table,
    transcript,
)

START = "clients 11 12 13 14 > list 1 2 3 8 9"
CRM = CLIENTS[0]
EACH_OWN = tuple({**entry, "agent_id": OWN_AGENT} for entry in CLIENTS)
"""The same API clients, all of them created by the own agent."""


@table(
    "dies, tokens, responses",
    {
        "the tokens work until they are revoked": (False, "revoked 1 2", (204, 204)),
        "the tokens die with their client": (True, "gone 1 2", (404, 404)),
    },
)
def test_a_dry_run_a_run_another_run_and_a_check(dies: bool, tokens: str, responses: tuple[int, int]):
    client = account(revokes_with_client=dies)
    dry_run = delete_clients(client, check_mode=True)
    assert (story(dry_run), transcript(client)) == ("deleted 11, revoked 1 2: not verified", START)
    assert dry_run["msg"] == "1 API client would be deleted, and 2 tokens would be revoked."
    client.requests.clear()
    result = delete_clients(client)
    assert story(result) == f"deleted 11, {tokens}: verified"
    assert transcript(client) == (
        f"{START} > DELETE client 11: 204 > DELETE 1: {responses[0]} > DELETE 2: {responses[1]} > list 3 8 9 > clients 12 13 14"
    )
    same = {"msg": dry_run["msg"], "verified": False, **({"revoked": result["gone"], "gone": []} if dies else {})}
    assert {**result, **same} == dry_run
    assert (len(client.logged), result["diff"]["after"]) == (1 if dies else 3, "")

    client.requests.clear()
    again = delete_clients(client)
    assert (story(again), transcript(client)) == ("nothing: not verified", "clients 12 13 14 > list 3 8 9")
    assert "can be found only by its identifier" in again["warnings"][-1]
    by_identifier = delete_clients(client, client_identifiers=["crm"])
    assert (story(by_identifier), by_identifier["already_gone"]) == ("nothing: verified", ["crm"])
    assert delete_clients(client, check_mode=True) == again
    assert delete_clients(client, check_mode=True, client_identifiers=["crm"]) == by_identifier


def test_both_lists_are_read_again_after_a_client_without_tokens_was_deleted():
    client = account()
    assert story(delete_clients(client, ids=[14])) == "deleted 14: verified"
    assert transcript(client) == f"{START} > DELETE client 14: 204 > list 1 2 3 8 9 > clients 11 12 13"


@pytest.mark.parametrize("reply", [Reply(204), Reply(404, NOT_FOUND)])
def test_every_client_of_an_account_can_be_deleted(reply: Reply):
    """The list is empty then, and no other client must be in it."""
    client = account(clients=[CRM], client_deletes={11: reply})
    result = delete_clients(client)
    assert story(result) == f"{'deleted 11, ' if reply.status == 204 else ''}revoked 1 2: verified"
    assert transcript(client).count("clients") == 2


def test_a_token_that_the_client_got_until_it_was_deleted_is_revoked():
    client = account(lists=[without(1, 2)])
    assert story(delete_clients(client)) == "deleted 11, revoked 1 2: verified"
    client = account(token(4, client_identifier="archive"), *CLIENT_TOKENS, lists=[without(4)])
    assert story(delete_clients(client, ids=[14], max_revocations=0)) == "deleted 14, not_revoked 4: failed"


# The guards


JOURNAL = {"journal": "missing/journal.jsonl"}
GATEWAY = Reply(503, HTML)


def masked(value: str) -> str:
    return f"***{value[-3:]}"


@table(
    "state, options, reason",
    {
        "the own client": (
            {},
            {"client_names": ["Automation", "CRM sync"]},
            "client automation ('Automation') is, or can be",
        ),
        "the own client is not listed": (
            *({"clients": CLIENTS[:2]}, {"client_identifiers": ["automation", "crm"]}),
            "client automation is, or can be",
        ),
        "a client of the own agent, if the own token is not identified": (
            *({"more": [token(7, client_identifier="crm", agent_id=OWN_AGENT)], "shown": shown_as(masked)}, {}),
            "client crm ('CRM sync') is, or can be",
        ),
        "its tokens begin alike": (
            *({"more": [token(7, client_identifier="crm", access_token="own-token-b")]}, {}),
            "client crm ('CRM sync') is, or can be",
        ),
        "each client, if the own agent is unknown, too": (
            *({"shown": shown_as(masked), "me": [GATEWAY]}, {}),
            "client crm ('CRM sync') is, or can be",
        ),
        "each client, if the own token has none": (
            *({"own_client": None}, {"client_names": ["Archive"]}),
            "client archive ('Archive') is, or can be",
        ),
        "each client, if the own token is not listed": (
            {"lists": [without(9)]},
            {},
            "client crm ('CRM sync') is, or can be",
        ),
        "a client of the vendor": (
            *({"clients": [*CLIENTS, api_client(15, "Chat", "zendesk")]}, {"client_names": ["Chat"]}),
            "client zendesk ('Chat') belongs to the vendor",
        ),
        "a client of the vendor is not listed": (
            *({}, {"client_identifiers": ["crm", "zendesk"]}),
            "client zendesk belongs to the vendor",
        ),
        **{
            f"an identifier that is not listed, and has tokens, with {name}": (
                *(
                    {"more": [token(4, client_identifier="zendesk2")], "shown": dict},
                    {"client_identifiers": ["crm", "zendesk2"], name: [value]},
                ),
                "1 token of client zendesk2 would be left.",
            )
            for name, value in {"ids": 11, "agent_ids": OTHER, "agent_emails": "other@example.com"}.items()
        },
        "max_deletions": ({}, {"max_deletions": 0}, "1 API client would be deleted, and 'max_deletions' is 0"),
        "max_revocations": ({}, {"max_revocations": 1}, "2 tokens would be revoked, and 'max_revocations' is 1"),
        "the journal": ({}, JOURNAL, "The journal missing/journal.jsonl cannot be written"),
        "the journal, and the client has no token": (
            {},
            {"ids": [14], **JOURNAL},
            "The journal missing/journal.jsonl cannot be written",
        ),
        "a name as an identifier": (
            *({}, {"client_identifiers": ["CRM sync", "reports"]}),
            "'CRM sync' is the name of the API client with the identifier 'crm': use 'client_names'",
        ),
        **{
            f"an identifier that is not listed, and exclude by {name}": (
                *({}, {"client_identifiers": ["crm", "zendesk2"], "exclude": {name: [value]}}),
                "client zendesk2 is not listed, so its id, its name and its creator are unknown",
            )
            for name, value in {
                "ids": 12,
                "agent_ids": DEPARTING,
                "agent_emails": "leaver@example.com",
                "client_names": "Reports",
            }.items()
        },
    },
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_each_guard_comes_before_the_first_delete_of_either_kind(
    state: Json, options: Json, reason: str, check_mode: bool
):
    state = dict(state)
    *others, own = CLIENT_TOKENS
    own = {**own, "client_identifier": state.pop("own_client", own["client_identifier"])}
    if "more" in state and "shown" not in state:
        state["shown"] = shown_as(lambda value: f"{value[:10]}...")
    client = account(*others, own, *state.pop("more", ()), **state)
    result = delete_clients(client, check_mode, **options)
    assert (client.deleted, client.deleted_clients, result["changed"]) == ([], [], False)
    assert result["msg"].startswith("Nothing was deleted or revoked: ")
    assert reason in result["msg"]
    assert {entry["msg"] for entry in result["not_deleted"] + result["not_revoked"]} <= {
        "Not attempted: see the message of the task."
    }
    assert story(result).endswith(": failed")
    assert result["diff"]["before"] == result["diff"]["after"]


def test_without_a_token_of_the_task_no_client_is_the_own_one():
    client = account(own=None)
    assert story(delete_clients(client, client_names=["Automation"])) == "deleted 13, revoked 9: verified"


def test_a_later_token_that_can_be_the_own_one_is_not_revoked():
    """The message names no option that only ``zchat_oauth_token`` has."""
    later = token(7, client_identifier="crm", agent_id=OWN_AGENT)
    result = delete_clients(account(*CLIENT_TOKENS, later, lists=[without(7)], shown=shown_as(masked)))
    assert story(result) == "deleted 11, revoked 1 2, not_revoked 7: failed"
    assert "Token 7 is, or can be, the one that this task authenticates with" in result["msg"]
    assert "own_token" not in result["msg"]


def test_limits_that_are_just_sufficient():
    options = {"max_deletions": 2, "max_revocations": 3, "client_names": ["CRM sync", "Reports"]}
    assert story(delete_clients(account(), **options)) == "deleted 11 12, revoked 1 2 3: verified"


@pytest.mark.parametrize("options", [{"max_deletions": -1}, {"max_revocations": -1}, {"concurrency": 0}, {"ids": [0]}])
def test_invalid_options_fail_before_any_request(options: Json):
    client = account()
    with pytest.raises(ChatError, match=f"'{next(iter(options))}' must"):
        delete_clients(client, **options)
    assert client.requests == []


# What is selected


@table(
    "options, expected",
    {
        "ids": ({"ids": [11, 12]}, "deleted 11 12, revoked 1 2 3: verified"),
        "agents": ({"agent_ids": [OTHER]}, "deleted 11 14, revoked 1 2: verified"),
        "addresses": ({"agent_emails": ["LEAVER@example.com"]}, "deleted 12, revoked 3: verified"),
        "one set of clients": (
            *({"client_names": [" CRM sync"], "client_identifiers": ["reports"]},),
            "deleted 11 12, revoked 1 2 3: verified",
        ),
        "all must match": ({"agent_ids": [DEPARTING], "client_names": ["CRM sync"]}, "nothing: verified"),
        "an empty list": ({"client_names": []}, "nothing: verified"),
        **{
            f"exclude {name}": (
                {"client_names": ["CRM sync", "Reports"], "exclude": {name: [value]}},
                "deleted 12, revoked 3: verified",
            )
            for name, value in {
                "ids": 11,
                "agent_ids": OTHER,
                "agent_emails": "other@example.com",
                "client_identifiers": "crm",
                "client_names": "CRM sync",
            }.items()
        },
        "exclude an identifier that is given": (
            *({"client_identifiers": ["crm", "reports"], "exclude": {"client_identifiers": ["crm"]}},),
            "deleted 12, revoked 3: verified",
        ),
    },
)
def test_selected_clients_and_their_tokens(options: Json, expected: str):
    result = delete_clients(account(), **options)
    assert (story(result), result["warnings"]) == (expected, [])


RETIRED = token(4, client_identifier="retired")
"""A token of a client that is not listed."""


@table(
    "options, expected, already_gone, warning",
    {
        "an identifier": (
            *({"client_identifiers": ["crm", "retired"]}, "deleted 11, revoked 1 2 4: verified", ["retired"]),
            "with the identifier retired. 1 listed token has it.",
        ),
        "an identifier and an unknown name": (
            *({"client_identifiers": ["retired"], "client_names": ["x"]}, "revoked 4: not verified", ["retired"]),
            "no listed API client has the name 'x'",
        ),
        "an identifier without tokens": (
            *({"client_identifiers": ["crm", "old"]}, "deleted 11, revoked 1 2: verified", ["old"]),
            "with the identifier old. 0 listed tokens have it.",
        ),
        "an identifier without tokens, with ids": (
            *({"ids": [11], "client_identifiers": ["crm", "old"]}, "deleted 11, revoked 1 2: verified", ["old"]),
            "with the identifier old. 0 listed tokens have it.",
        ),
        **{
            f"a client that was copied wrongly: {value}": (
                *({"client_identifiers": [value]}, "nothing: not verified", [value]),
                f"Similar, but not the same: '{meant}'.",
            )
            for value, meant in {
                "rep0rts": "reports",
                "report": "reports",
                "12": "reports",
                "auto mation": "automation",
            }.items()
        },
        "an identifier that contains a short one": (
            *({"client_identifiers": ["mixed-old"]}, "nothing: verified", ["mixed-old"]),
            "with the identifier mixed-old. 0 listed tokens have it.",
        ),
        "an identifier in another case": (
            *({"client_identifiers": ["CRM"]}, "nothing: not verified", ["CRM"]),
            "Similar, but not the same: 'crm'.",
        ),
        "an id": (
            *({"ids": [11, 99]}, "deleted 11, revoked 1 2: not verified", [99]),
            "no listed API client has the id 99",
        ),
        "a name": (
            *({"client_names": ["CRM sync", "CRM-sync"]}, "deleted 11, revoked 1 2: not verified", []),
            "No listed API client has the name 'CRM-sync'.",
        ),
        "the other way round": (
            *({"client_names": ["crm"]}, "nothing: not verified", []),
            "'crm' is the identifier of 'CRM sync': use 'client_identifiers'",
        ),
        "the name of several": (
            *({"client_names": ["Twin"]}, "deleted 15 16: verified", []),
            "Several API clients have the name 'Twin': 't1', 't2'. All of them are selected.",
        ),
        "an address": (
            *({"agent_emails": ["x@example.com"]}, "nothing: not verified", []),
            "No agent in Chat has the address x@example.com",
        ),
    },
)
def test_values_that_no_listed_client_has(options: Json, expected: str, already_gone: list[Any], warning: str):
    twins = api_client(15, "Twin", "t1"), api_client(16, "Twin", "t2")
    client = account(*CLIENT_TOKENS, RETIRED, clients=[*CLIENTS, *twins, api_client(17, "X", "x", agent_id=777)])
    dry_run = delete_clients(client, check_mode=True, **options)
    result = delete_clients(client, **options)
    assert (story(result), result["already_gone"]) == (expected, already_gone)
    assert (dry_run["already_gone"], dry_run["changed"]) == (already_gone, result["changed"])
    assert dry_run["verified"] is (result["verified"] and not result["changed"])
    assert warning in " ".join(result["warnings"])
    assert result["unknown_client_names"] == sorted(set(options.get("client_names", ())) & {"x", "CRM-sync", "crm"})


@table(
    "own, me, clients, own_only",
    {
        "the own clients only": (OWN, [], EACH_OWN, True),
        "no client": (OWN, [], (), True),
        "unknown": (None, [GATEWAY] * 9, EACH_OWN, None),
        "clients of others": (OWN, [], CLIENTS, False),
    },
)
def test_a_list_of_own_clients_only_is_no_proof_that_a_client_is_gone(own: Any, me: Any, clients: Any, own_only: Any):
    def run(**options: Any) -> Json:
        state = {"own": own, "me": list(me), "clients": [entry for entry in clients if entry["id"] != 14]}
        return delete_clients(account(*CLIENT_TOKENS, RETIRED, **state), **options)

    result = run(client_identifiers=["retired"])
    assert (result["listed"]["own_only"], bool(result["warnings"][1:])) == (own_only, own_only is not False)
    # The tokens are revoked all the same.
    assert story(result) == f"revoked 4: {'verified' if own_only is False else 'failed'}"
    assert ("client retired may still exist" in result["msg"].lower()) is (own_only is not False)
    # A dry run fails, too, and does not claim that it did anything.
    dry_run = run(client_identifiers=["retired"], check_mode=True)
    assert (bool(dry_run.get("failed")), dry_run["verified"]) == (own_only is not False, False)
    assert dry_run["msg"].startswith("0 API clients would be deleted, and 1 token would be revoked.")
    if clients:
        assert story(run(client_identifiers=["crm"])) == "deleted 11, revoked 1 2: verified"
        by_agent = run(agent_emails=["leaver@example.com"])
        assert by_agent["verified"] is (own_only is False)
        assert by_agent.get("failed") is None


# The responses to the DELETE of a client


REJECTED = Reply(401, UNAUTHORIZED, applied=False)


@table(
    "reply, executed, contradiction, seconds",
    {
        # Reply: the outcome if the next list lacks the client; the reason if it contains the client, after how many seconds.
        "204": (Reply(204), "deleted", "The API accepted the DELETE, but after 5 seconds", 5),
        "200": (Reply(200), "deleted", "The API accepted the DELETE, but after 5 seconds", 5),
        "null": (Reply(200, b"null"), "deleted", "The API accepted the DELETE, but after 5 seconds", 5),
        "no response, then 204": (Reply(204, repeated=True), "deleted", "The API accepted the DELETE", 5),
        "no response, then 404": (Reply(404, NOT_FOUND, repeated=True), "deleted", "The API did not respond", 5),
        "404": (Reply(404, NOT_FOUND), "gone", "The API returned HTTP 404 for the DELETE", 5),
        "404 without a body": (Reply(404), "gone", "The API returned HTTP 404 for the DELETE", 5),
        "410": (Reply(410), "gone", "The API returned HTTP 410 for the DELETE", 5),
        "404 of a gateway": (Reply(404, HTML), "gone", "does not have the form of the Chat API", 0),
        "404 with a message": (Reply(404, {"message": "x"}), "gone", "does not have the form of the Chat API", 0),
        "no response": (LOST, "deleted", "No response", 5),
        "503": (Reply(503), "deleted", "HTTP 503", 5),
        "502 of a gateway": (Reply(502, HTML), "deleted", "HTTP 502", 5),
        "202": (Reply(202), "deleted", "does not show that the API has deleted the API client", 5),
        "200 with the client": (Reply(200, CRM), "deleted", "does not show that the API has deleted", 5),
        "200 with HTML": (Reply(200, HTML), "deleted", "does not show that the API has deleted", 5),
        "422": (REFUSED, "gone", "HTTP 422", 0),
        "403": (Reply(403, {"error": "Not this one"}), "gone", "Not this one", 0),
        "405": (Reply(405, {"error": "Method not allowed"}), "gone", "HTTP 405", 0),
        "302": (Reply(302, headers={"Location": "/elsewhere"}), "gone", "redirects to /elsewhere", 0),
    },
)
@pytest.mark.parametrize("dies", [False, True])
def test_the_outcome_of_the_delete_of_a_client(
    dies: bool, reply: Reply, executed: str, contradiction: str, seconds: float
):
    """Whatever the response is, the list decides, and the tokens are revoked."""
    state = {"revokes_with_client": dies}
    result = delete_clients(account(client_deletes={11: replace(reply, applied=True)}, **state))
    tokens = "gone 1 2" if dies else "revoked 1 2"
    assert story(result) == f"{'deleted 11, ' if executed == 'deleted' else ''}{tokens}: verified"
    assert result["already_gone"] == ([11] if executed == "gone" else [])

    client = account(client_deletes={11: replace(reply, applied=False)}, **state)
    result = delete_clients(client)
    assert (story(result), 1 in client.tokens) == ("not_deleted 11, revoked 1 2: failed", False)
    (entry,) = result["not_deleted"]
    assert (entry["status"], contradiction in entry["msg"]) == (reply.status, True)
    assert "unknown" not in entry["msg"]
    assert sum(client.pauses) == seconds
    assert result["diff"]["after"].startswith("client 11;")


@table(
    "reply, more, expected, requests",
    {
        "401": (REJECTED, {}, "not_deleted 11 12, not_revoked 1 2 3: failed", ""),
        "401 of a gateway": (
            *(Reply(401, HTML, applied=False), {}, "not_deleted 11 12, revoked 1 2 3: failed"),
            " > DELETE 1: 204 > DELETE 2: 204 > DELETE 3: 204 > list 8 9 > clients 11 12 13 14",
        ),
        "scopes": (
            *(MISSING, {"deletes": {1: MISSING}}, "not_deleted 11 12, not_revoked 1 2 3: failed"),
            " > clients 11 12 13 14 > DELETE 1: 403 > list 1 2 3 8 9 > clients 11 12 13 14",
        ),
        "scopes, only for clients": (
            *(MISSING, {}, "not_deleted 11 12, revoked 1 2 3: failed"),
            " > clients 11 12 13 14 > DELETE 1: 204 > DELETE 2: 204 > DELETE 3: 204 > list 8 9 > clients 11 12 13 14",
        ),
    },
)
def test_a_response_that_all_requests_would_get_stops_the_deletion(
    reply: Reply, more: Json, expected: str, requests: str
):
    """After a 401 of the API, no list is read and no token is revoked, because the credentials do not work."""
    client = account(client_deletes={11: reply}, **more)
    result = delete_clients(client, client_names=["CRM sync", "Reports"])
    start = f"{START} > DELETE client 11: {reply.status}"
    assert (story(result), transcript(client)) == (expected, f"{start}{requests}")
    assert (result["status"], result["not_deleted"][1]["status"]) == (reply.status, None)
    assert "cannot be found by its name" not in result["msg"]


def test_a_401_leaves_the_tokens_of_a_client_unproven_that_was_deleted_before():
    client = account(clients=[*CLIENTS, api_client(10, "First", "first")], client_deletes={11: REJECTED})
    result = delete_clients(client, client_names=["First", "CRM sync"])
    assert story(result) == "deleted 10, not_deleted 11, not_revoked 1 2: failed"
    assert "only 'client_identifiers' set to first, without other selectors" in result["msg"]


def test_a_401_for_a_token_leaves_the_others_and_names_their_client():
    client = account(deletes={1: REJECTED})
    result = delete_clients(client, client_names=["CRM sync", "Reports"])
    assert story(result) == "deleted 11 12, not_revoked 1 2 3: failed"
    assert "only 'client_identifiers' set to crm, reports, without other selectors" in result["msg"]
    again = delete_clients(client, client_identifiers=["crm", "reports"])
    assert story(again) == "revoked 1 2 3: verified"


# The lists


ONE_CLIENT = {key: value for key, value in CRM.items() if key != "id"}


@table(
    "reply, reason",
    {
        "503": (Reply(503), "HTTP 503"),
        "500": (Reply(500, {"error": "x"}), "HTTP 500"),
        "no response": (Reply(None), "No response"),
        "404": (Reply(404, NOT_FOUND), "HTTP 404"),
        "403": (Reply(403, {"error": "Forbidden"}), "HTTP 403"),
        "401": (Reply(401, UNAUTHORIZED), "HTTP 401"),
        "HTML": (Reply(200, HTML), "oauth/clients did not return JSON: it is a web page"),
        "an object": (Reply(200, {"clients": [CRM]}), "did not return a list of API clients"),
        "an item without an id": (Reply(200, [ONE_CLIENT]), "without an integer 'id'"),
        "a token": (Reply(200, [token(1)]), "no 'client_identifier' or no 'name'"),
        "one identifier twice": (Reply(200, [CRM, {**CRM, "id": 15}]), "have the same client_identifier"),
        "one id twice": (Reply(200, [CRM, {**CRM, "name": "Other"}]), "twice, with different contents"),
        "a page": (Reply(200, [CRM], {"Link": '<?page=2>; rel="next"'}), "is incomplete"),
        "a part": (Reply(200, [CRM], {"X-Total-Count": "4"}), "is incomplete"),
    },
)
def test_without_two_valid_lists_nothing_is_deleted(reply: Reply, reason: str):
    client = account(client_lists=[reply])
    with pytest.raises(ChatError, match=reason):
        delete_clients(client)
    of_tokens = account(lists=[reply if "HTML" in str(reply) or reply.status != 200 else Reply(200, {"tokens": []})])
    with pytest.raises(ChatError):
        delete_clients(of_tokens)
    for each in (client, of_tokens):
        assert (each.deleted_clients, each.deleted) == ([], [])


AGAIN = also(CRM)
"""A list that contains client 11, although it is deleted."""
DOWN = Reply(503, applied=False)


def foreign(entries: list[Json]) -> list[Json]:
    """Return API clients of another account, which has some of the ids."""
    return [api_client(n, "Other", f"x{n}", create_date="2021-01-01T00:00:00") for n in (12, 13)]


def renamed(entries: list[Json]) -> list[Json]:
    """Return the same API clients with other names. One gets the name of the selected client."""
    return [{**entry, "name": "CRM sync" if entry["id"] == 12 else "x"} for entry in entries]


def same_identifier(entries: list[Json]) -> list[Json]:
    return [*entries, {**CLIENTS[1], "id": 99}]


REVOKED = "revoked 1 2"


@table(
    "replies, lists, expected, reason, seconds",
    {
        "listed for 1.5 s": ([], [AGAIN, AGAIN], f"deleted 11, {REVOKED}: verified", "", 1.5),
        "listed forever": ([], [AGAIN] * 9, f"not_deleted 11, {REVOKED}: failed", "still lists the API client", 5),
        "empty for 3 s": ([], [nothing] * 3, f"deleted 11, {REVOKED}: verified", "", 3),
        "empty": ([], [nothing] * 9, f"deleted 11, {REVOKED}: failed", "lacks every API client that this run", 5),
        "of another account": ([], [foreign] * 9, f"deleted 11, {REVOKED}: failed", "lacks every API client", 5),
        "stale, then empty": ([], [AGAIN, *[nothing] * 9], f"not_deleted 11, {REVOKED}: failed", "still lists", 5),
        "partial": ([], [only(13)] * 9, f"deleted 11, {REVOKED}: verified", "", 0),
        "renamed": ([], [renamed], f"deleted 11, {REVOKED}: not verified", "", 0),
        "HTML": ([], [Reply(200, HTML)], f"deleted 11, {REVOKED}: failed", "could not be verified", 0),
        "500": ([], [Reply(500)], f"deleted 11, {REVOKED}: failed", "could not be verified", 0),
        "403": ([], [Reply(403, {"error": "x"})], f"deleted 11, {REVOKED}: failed", "could not be verified", 0),
        "an object": ([], [Reply(200, {"clients": []})], f"deleted 11, {REVOKED}: failed", "could not be", 0),
        "one identifier twice": ([], [same_identifier], f"deleted 11, {REVOKED}: failed", "same client_ident", 0),
        # The DELETE is not confirmed.
        "503, HTML": ([DOWN], [Reply(200, HTML)], f"not_deleted 11, {REVOKED}: failed", "unknown whether", 0),
        "503, empty": ([DOWN], [nothing] * 9, f"not_deleted 11, {REVOKED}: failed", "unknown whether the API", 5),
        "503, foreign": ([DOWN], [foreign] * 9, f"not_deleted 11, {REVOKED}: failed", "unknown whether", 5),
        "503, partial, 204": ([DOWN], [only(12, 13)], f"deleted 11, {REVOKED}: verified", "", 0),
        "503, partial, 503": ([DOWN] * 2, [only(12, 13)] * 9, f"not_deleted 11, {REVOKED}: failed", "unknown", 0),
        "503, partial, 503, listed": ([DOWN] * 2, [only(13)], f"not_deleted 11, {REVOKED}: failed", "HTTP 503", 5),
        "executed, partial, 404": ([LOST], [only(12, 13)], f"deleted 11, {REVOKED}: verified", "", 0),
        "422, own clients only": ([REFUSED] * 2, [only(13)] * 9, f"not_deleted 11, {REVOKED}: failed", "422", 0),
        "gone, partial, 404": ([replace(REFUSED, applied=True)], [only(13)], f"{REVOKED}: verified", "", 0),
        "503, partial, 401": ([DOWN, REJECTED], [only(13)], "not_deleted 11, not_revoked 1 2: failed", "401", 0),
    },
)
def test_what_a_later_list_of_clients_proves(
    replies: list[Reply], lists: list[Any], expected: str, reason: str, seconds: float
):
    client = account(client_deletes={11: replies}, client_lists=[None, *lists])
    result = delete_clients(client)
    assert (story(result), sum(client.pauses)) == (expected, seconds)
    assert reason in result["msg"]
    if replies and "not_deleted" in expected and "unknown" in reason:
        assert "It is unknown whether the API client was deleted." in result["not_deleted"][0]["msg"]


@table(
    "lists, with_tokens, without_tokens, reason",
    {
        "HTML": ([Reply(200, HTML)], ", revoked 1 2", "", "could not be verified"),
        "500": ([Reply(500)], ", revoked 1 2", "", "could not be verified"),
        "empty": ([nothing] * 9, ", revoked 1 2", "", "lacks token 9"),
        "stale": ([also(*CLIENT_TOKENS)] * 9, *[", not_revoked 1 2"] * 2, "still lists the token"),
    },
)
def test_what_a_later_list_of_tokens_proves(lists: list[Any], with_tokens: str, without_tokens: str, reason: str):
    """The client is gone, so the message names its identifier for the next run."""
    for tokens, expected in ((CLIENT_TOKENS, with_tokens), (CLIENT_TOKENS[2:], without_tokens)):
        result = delete_clients(account(*tokens, lists=[None, *lists]))
        assert story(result) == f"deleted 11{expected}: failed"
        assert reason in result["msg"]
        assert "only 'client_identifiers' set to crm, without other selectors" in result["msg"]


def test_a_client_that_matches_only_in_the_last_list_is_not_deleted():
    later = api_client(15, "CRM sync", "crm2")
    client = account(client_lists=[None, also(later)])
    result = delete_clients(client)
    assert (story(result), client.deleted_clients) == ("deleted 11, revoked 1 2: not verified", [11])
    assert any(
        "API client 15 did not match the selectors before the run, and did after it" in w for w in result["warnings"]
    )
    assert result["msg"] == "1 API client deleted, 2 tokens revoked, not verified."


def test_a_protected_client_that_is_renamed_during_the_run_is_still_protected():
    twin = api_client(15, "CRM sync", "crm2")
    options = {"client_names": ["CRM sync"], "exclude": {"client_identifiers": ["crm2"]}}
    client = account(clients=[*CLIENTS, twin], client_lists=[None, also({**twin, "name": "x"})])
    assert (story(delete_clients(client, **options)), client.deleted_clients) == (
        "deleted 11, revoked 1 2: verified",
        [11],
    )


# Interruption, and what else can end a run


@table(
    "line, number, expected",
    {
        "the DELETE of a client": (
            "DELETE oauth/clients/11",
            1,
            "deleted 11, not_deleted 12, not_revoked 1 2 3: failed",
        ),
        "between the clients and the tokens": (
            *("DELETE oauth/clients/12", 1),
            "deleted 11 12, not_revoked 1 2 3: failed",
        ),
        "the DELETE of a token": ("DELETE oauth/tokens/1", 1, "deleted 11 12, revoked 1, not_revoked 2 3: failed"),
        "the last list of tokens": (LISTS, 2, "deleted 11 12, revoked 1 2 3: failed"),
        "the last list": (CLIENT_LISTS, 2, "deleted 11 12, revoked 1 2 3: verified"),
    },
)
def test_after_an_interruption_no_further_delete_is_sent(line: str, number: int, expected: str):
    client, names = account(), ["CRM sync", "Reports"]
    client.before = lambda sent: setattr(
        client.waits, "interrupted", client.waits.interrupted or (sent, client.lines.count(line)) == (line, number - 1)
    )
    result = delete_clients(client, client_names=names)
    assert story(result) == expected
    if result["not_revoked"]:
        identifiers = sorted(entry["client_identifier"] for entry in result["deleted"])
        assert f"only 'client_identifiers' set to {', '.join(identifiers)}, without" in result["msg"]
        # The next run.
        client.before = lambda sent: None
        client.waits.interrupted = False
        again = delete_clients(client, client_identifiers=["crm", "reports"])
        assert again["verified"] is True
        assert {*client.tokens} == {8, 9}
        assert {entry["id"] for entry in client.clients} == {13, 14}


def test_an_interruption_after_the_deletion_of_a_client_without_tokens_names_its_identifier():
    client = account()
    client.before = lambda line: line.startswith("DELETE") and setattr(client.waits, "interrupted", True)
    result = delete_clients(client, ids=[14])
    assert story(result) == "deleted 14: failed"
    assert "only 'client_identifiers' set to archive, without other selectors" in result["msg"]


@table(
    "line, expected",
    {
        "the DELETE of a client": ("DELETE oauth/clients/11", "not_deleted 11, revoked 1 2: failed"),
        "the second list of clients": (CLIENT_LISTS, "deleted 11, revoked 1 2: failed"),
        "the DELETE of a token": ("DELETE oauth/tokens/1", "deleted 11, revoked 2, not_revoked 1: failed"),
        "the second list of tokens": (LISTS, "deleted 11, revoked 1 2: failed"),
    },
)
def test_an_unexpected_exception_loses_no_outcome(line: str, expected: str):
    client = account()

    def fail(sent: str) -> None:
        if sent == line and len(client.requests) > 1:
            raise RuntimeError(OWN)

    client.before = fail
    result = delete_clients(client)
    assert story(result) == expected
    assert "Unexpected RuntimeError in test_client_deletion.py, line" in str(result)
    assert OWN not in str(result)
    assert result["msg"].startswith("Nothing was deleted or revoked") is not result["changed"]


def test_an_unexpected_exception_in_the_last_list_does_not_deny_what_was_revoked():
    """No client is selected, only the tokens of one that is not listed."""
    client = account(*CLIENT_TOKENS, RETIRED)

    def fail(sent: str) -> None:
        if sent == CLIENT_LISTS and client.deleted:
            raise RuntimeError(OWN)

    client.before = fail
    result = delete_clients(client, client_identifiers=["retired"])
    assert (story(result), client.deleted) == ("revoked 4: failed", [4])
    assert result["msg"].startswith("Revoked 1 of 1 token. ")


# The journal


def events(path: Path) -> list[str]:
    """Return the events of a journal, such as ``delete client 11, 0 of 1``."""
    lines = map(json.loads, path.read_text().splitlines())
    return [
        f"{line['event']} {key} {line[key]}, {line['n']} of {line['of']}"
        for line in lines
        for key in ("client", "token")
        if key in line
    ]


def test_a_line_about_a_client_has_client_instead_of_token(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    client = account(deletes={2: REFUSED})
    result = delete_clients(client, check_mode=True, journal=str(path))
    assert (story(result), path.exists()) == ("deleted 11, revoked 1 2: not verified", False)
    result = delete_clients(client, journal=str(path))
    assert story(result) == "deleted 11, revoked 1, not_revoked 2: failed"
    assert events(path) == [
        *("delete client 11, 0 of 1", "revoked client 11, 1 of 1", "delete token 1, 0 of 2", "revoked token 1, 1 of 2"),
        *("delete token 2, 1 of 2", "failed token 2, 1 of 2"),
    ]
    line = json.loads(path.read_text().splitlines()[0])
    assert line.pop("time")
    assert line == {
        "account": "https://acme.zendesk.com/api/v2/chat",
        "client": 11,
        "agent_id": OTHER,
        "client_identifier": "crm",
        "event": "delete",
        "n": 0,
        "of": 1,
    }
    assert client.logged == [
        f"deleted API client 11, created by agent {OTHER}, at https://acme.zendesk.com/api/v2/chat (client crm, 1 of 1)",
        f"revoked OAuth token 1 of agent {DEPARTING} at https://acme.zendesk.com/api/v2/chat (client crm, 1 of 2)",
    ]


def test_a_list_that_contradicts_a_deletion_has_a_line(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    client = account(client_lists=[None, *[AGAIN] * 9])
    delete_clients(client, journal=str(path))
    lines = [text.partition(",")[0] for text in events(path)]
    assert [line for line in lines if "client" in line] == ["delete client 11", "revoked client 11", "failed client 11"]


@pytest.mark.parametrize(
    ("full_at", "expected"),
    [
        (0, "not_deleted 11, not_revoked 1 2: failed"),
        (1, "deleted 11, not_revoked 1 2: failed"),
        (2, "deleted 11, not_revoked 1 2: failed"),
        (3, "deleted 11, revoked 1, not_revoked 2: failed"),
    ],
)
def test_a_full_disk_stops_the_run_and_loses_nothing(
    full_at: int, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    client, write, writes = account(), os.write, count()

    def write_until_full(file: int, data: bytes) -> int:
        if next(writes) >= full_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_until_full)
        result = delete_clients(client, journal=str(tmp_path / "journal.jsonl"))
    assert story(result) == expected
    assert len(client.deleted_clients) + len(client.deleted) == (full_at + 1) // 2
    assert "no space left" in result["msg"]
    assert ("only 'client_identifiers' set to crm, without other" in result["msg"]) is bool(result["deleted"])


@pytest.mark.parametrize("identifiers", [["crm"], ["retired"]])
def test_a_journal_that_cannot_be_opened_prevents_also_a_run_that_only_revokes_tokens(identifiers: list[str]):
    client = account(*CLIENT_TOKENS, RETIRED)
    result = delete_clients(client, client_identifiers=identifiers, **JOURNAL)
    assert (client.deleted_clients, client.deleted, result["failed"]) == ([], [], True)
    assert "The journal missing/journal.jsonl cannot be written" in result["msg"]


def test_no_control_character_of_the_api_is_in_a_message():
    odd = "cr\n\u202em"
    clients = [*CLIENTS[1:], api_client(15, "Twin", odd, agent_id=OTHER), api_client(16, "Twin", "x")]
    tokens = [*CLIENT_TOKENS, token(4, client_identifier=odd)]
    for options, state in (
        ({"client_names": ["Twin"], "max_deletions": 0}, {}),
        ({"client_names": ["Twin"]}, {"deletes": {4: REFUSED}}),
        ({"client_names": ["Twin"]}, {"own": tokens[-1]["access_token"]}),
        ({"client_identifiers": ["Twin"]}, {}),
    ):
        result = delete_clients(account(*tokens, clients=clients, **state), **options)
        assert result["failed"]
        assert {*result["msg"], *"".join(result["warnings"])}.isdisjoint("\n\u202e")


def test_a_secret_is_shown_nowhere():
    named = api_client(15, "access00000008", "x")
    result = delete_clients(account(clients=[*CLIENTS, named]))
    assert "a8f3" not in str(result)
    assert "access0" not in str(result)
