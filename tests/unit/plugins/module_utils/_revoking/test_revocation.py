# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run sends, and what it concludes from the responses. Tokens 1 to 3 are selected unless the options select others."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace
from itertools import count, repeat
from typing import Any, Callable

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._api import tokens as _tokens
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    NOT_FOUND,
    OWN,
    UNAUTHORIZED,
    Json,
    MockChat,
    Reply,
    also,
    first,
    nothing,
    only,
    token,
    without,
)
from ansible_collections.zchat.admin.tests.unit.support.revoking import (
    ALL,
    DEPARTING,
    HTML,
    LISTS,
    LOST,
    LOST_BEFORE,
    MISSING,
    OTHER,
    OWN_AGENT,
    REFUSED,
    TOKENS,
    chat,
    ids,
    revoke,
    shown_as,
    story,
    table,
    transcript,
)


def test_a_dry_run_a_run_and_another_run():
    client = chat()
    dry_run = revoke(client, check_mode=True)
    assert (story(dry_run), transcript(client)) == ("revoked 1 2 3: not verified", "list 1 2 3 8 9")
    client.requests.clear()
    result = revoke(client)
    assert story(result) == "revoked 1 2 3: verified"
    assert transcript(client) == "list 1 2 3 8 9 > DELETE 1: 204 > DELETE 2: 204 > DELETE 3: 204 > list 8 9"
    assert {**result, "msg": dry_run["msg"], "verified": False} == dry_run
    client.requests.clear()
    again = revoke(client)
    assert (story(again), transcript(client)) == ("nothing: verified", "list 8 9"), "the first list is the proof"
    assert revoke(client, check_mode=True) == again
    assert len(client.logged) == 3


@table(
    "options, expected, values",
    {
        "an id that is not listed": ({"ids": [1, 7, 99]}, "revoked 1: verified", {"already_absent": [7, 99]}),
        "an expired token": ({"expired": True}, "nothing: verified", {}),
        "an address": ({"agent_emails": ["OTHER@example.com"], "names": True}, "revoked 8: verified", {}),
        "an address of an agent without tokens": ({"agent_emails": ["idle@example.com"]}, "nothing: verified", {}),
        "an unknown address": ({"agent_emails": ["x@b.c"]}, "nothing: verified", {"unknown_agent_emails": ["x@b.c"]}),
    },
)
def test_selected_tokens_and_normal_results_without_warnings(options: Json, expected: str, values: Json):
    client = chat()
    client.agents.append({**client.agents[0], "id": 6, "email": "idle@example.com"})
    result = revoke(client, **options)
    assert story(result) == expected
    assert {name: result[name] for name in values} == values
    assert bool(result["warnings"]) is ("unknown_agent_emails" in values)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(503), "HTTP 503"),
        (Reply(301, headers={"Location": "https://elsewhere.example.com/?token=x"}), "redirects to"),
        (Reply(200, [token(1)], {"Link": '<?page=2>; rel="next"'}), "is incomplete"),
    ],
)
def test_without_a_valid_first_list_nothing_is_revoked(reply: Reply, reason: str):
    client = chat(lists=[reply])
    with pytest.raises(ChatError, match=reason) as caught:
        revoke(client)
    assert (caught.value.status, client.deleted) == (reply.status, [])


@pytest.mark.parametrize(
    "options", [{"max_revocations": -1}, {"concurrency": 0}, {"concurrency": 33}, {"agent_ids": [0]}]
)
def test_invalid_options_fail_before_any_request(options: Json):
    client = chat()
    with pytest.raises(ChatError, match=f"'{next(iter(options))}' must"):
        revoke(client, **options)
    assert client.requests == []


def test_a_warning_is_given_once_for_all_lists():
    client = chat(*TOKENS, token(4, create_date=None))
    assert len(revoke(client, age="1d", ids=[1, 4])["warnings"]) == 1
    assert len(client.lists) == 2


def send_together(client: MockChat, monkeypatch: pytest.MonkeyPatch, count: int, last: str = "") -> set[int]:
    """Respond only to this many concurrent DELETE requests, to ``last`` a little later. Return the threads that send them."""
    barrier = threading.Barrier(count, timeout=60)
    threads: set[int] = set()

    def reply(method: str, path: str, *arguments: Any) -> Reply:
        if method == "DELETE":
            threads.add(threading.get_ident())
            barrier.wait()
            # The run shows no event between two outcomes. In the other order, which a busy machine can cause, the result is the same.
            time.sleep(0.1 if path == last else 0)
        return type(client).reply(client, method, path, *arguments)

    monkeypatch.setattr(client, "reply", reply)
    return threads


def test_as_many_concurrent_requests_as_allowed(monkeypatch: pytest.MonkeyPatch):
    client = chat(*map(token, range(1, 9)))
    threads = send_together(client, monkeypatch, 4)
    assert (story(revoke(client, concurrency=4)), len(threads)) == ("revoked 1 2 3 4 5 6 7 8: verified", 4)


# The guards (see also test_own_token.py)


KEEP = {**ALL, "own_token": "keep"}


@table(
    "options, expected",
    {
        "as many": ({**KEEP, "exclude": {"ids": [8]}, "max_revocations": 3}, "revoked 1 2 3, kept 8 9: verified"),
        "too many": ({**KEEP, "max_revocations": 3}, "kept 9, not_revoked 1 2 3 8: failed"),
        "the own token": ({"ids": [9], "own_token": "revoke", "max_revocations": 0}, "not_revoked 9: failed"),
        "nothing to revoke": ({"ids": [7], "max_revocations": 0}, "nothing: verified"),
    },
)
def test_max_revocations_counts_what_would_be_revoked(options: Json, expected: str):
    client = chat()
    assert story(revoke(client, **options)) == expected
    assert bool(client.deleted) is expected.startswith("revoked")


@table(
    "lists, options, expected",
    {
        "both are listed": ([], {}, "not_revoked 1 2: failed"),
        # No other selector can decide which of them has the value.
        "one is selected by its id": ([], {"ids": [2]}, "not_revoked 2: failed"),
        "one is protected": ([], {"exclude": {"ids": [1]}}, "kept 1, not_revoked 2: failed"),
        "another agent": ([], {"agent_ids": [OTHER]}, "nothing: failed"),
        "one is listed later": ([first(1)], {}, "revoked 1, not_revoked 2: failed"),
        "one is listed only later": ([first(1)], {"ids": [1]}, "revoked 1: failed"),
    },
)
def test_a_value_that_several_tokens_can_have_is_refused(lists: Any, options: Json, expected: str):
    tokens = token(1, access_token="leaked-token-a"), token(2, access_token="leaked-token-b"), *TOKENS[2:]
    client = chat(*tokens, shown=shown_as(lambda value: f"{value[:10]}..."), lists=lists)
    result = revoke(client, token_values=["leaked-token-a"], probe_values=False, **options)
    assert story(result) == expected
    assert "ambiguous which of the tokens 1, 2" in result["msg"]


# The response to a DELETE


@table(
    "reply, executed, reason, unverified",
    {
        # Reply: the outcome if the next list lacks the token; the reason if it contains the token; without a list.
        "204": (Reply(204), "revoked", "The API accepted the DELETE", "revoked"),
        "200": (Reply(200), "revoked", "The API accepted the DELETE", "revoked"),
        "white space": (Reply(200, b" \n"), "revoked", "The API accepted the DELETE", "revoked"),
        "null": (Reply(200, b"null"), "revoked", "The API accepted the DELETE", "revoked"),
        "no response, then 204": (Reply(204, repeated=True), "revoked", "The API accepted the DELETE", "revoked"),
        "404": (Reply(404, NOT_FOUND), "gone", "The API returned HTTP 404 for the DELETE", "gone"),
        "410": (Reply(410), "gone", "The API returned HTTP 410 for the DELETE", "gone"),
        **{
            f"{status} of a gateway, {name}": (
                Reply(status, body),
                "gone",
                f"(HTTP {status}) does not have",
                "not_revoked",
            )
            for status in (404, 410)
            for name, body in {
                "HTML": HTML,
                "message": {"message": "x"},
                "object": {"error": {}},
                "null": b"null",
            }.items()
        },
        "no response, then 404": (
            Reply(404, NOT_FOUND, repeated=True),
            "revoked",
            "The API did not respond",
            "revoked",
        ),
        "then 404 of a gateway": (Reply(404, HTML, repeated=True), "revoked", "(HTTP 404) does not have", "unknown"),
        "no response": (LOST, "revoked", "No response", "unknown"),
        "502": (Reply(502, HTML), "revoked", "HTTP 502", "unknown"),
        **{
            f"200 with {name}": (Reply(200, body), "revoked", "(HTTP 200) does not show that", "unknown")
            for name, body in {"HTML": HTML, "a list": [], "0": 0, "white space that is cut off": b" " * 70_000}.items()
        },
        **{
            str(status): (Reply(status), "revoked", f"(HTTP {status}) does not show that", "unknown")
            for status in (201, 202, 203, 206)
        },
        "422": (REFUSED, "gone", "HTTP 422", "not_revoked"),
        "403": (Reply(403, {"error": "Not this one"}), "gone", "Not this one", "not_revoked"),
        "302": (Reply(302, headers={"Location": "/elsewhere"}), "gone", "redirects to /elsewhere", "not_revoked"),
    },
)
def test_the_outcome_of_a_delete(reply: Reply, executed: str, reason: str, unverified: str):
    # The API executed the DELETE, or another client did: the list decides.
    client = chat(deletes={1: replace(reply, applied=True)})
    result = revoke(client, ids=[1, 2])
    expected = {"revoked": "revoked 1 2: verified", "gone": "revoked 2, gone 1: verified"}[executed]
    assert (story(result), len(client.logged), result["diff"]["after"]) == (expected, len(result["revoked"]), "")

    # The token is still there. The list is read for 5 seconds if the response claimed the opposite.
    client = chat(deletes={1: replace(reply, applied=False)})
    result = revoke(client, ids=[1, 2])
    assert story(result) == "revoked 2, not_revoked 1: failed"
    (entry,) = result["not_revoked"]
    is_contradicted = reason.startswith("The API")
    assert (entry["status"], result.get("status")) == (reply.status, None if is_contradicted else reply.status)
    assert reason in entry["msg"]
    assert "unknown" not in entry["msg"]
    assert ("after 5 seconds it still lists the token" in entry["msg"]) is is_contradicted
    assert sum(client.pauses) == (0 if unverified == "not_revoked" else 5)
    assert result["diff"]["after"].startswith("token 1;")

    # Without verification.
    result = revoke(chat(deletes={1: reply}), ids=[1], verify=False)
    is_failed = unverified in ("unknown", "not_revoked")
    assert story(result) == ("not_revoked 1: failed" if is_failed else f"{unverified} 1: not verified")
    assert ("unknown whether the token was revoked" in result["msg"]) is (unverified == "unknown")


REJECTED = Reply(401, UNAUTHORIZED, applied=False)
REVOKE_ALL = {**ALL, "own_token": "revoke"}


@table(
    "reply, lists, options, expected, requests",
    {
        "401": (REJECTED, [], {}, "revoked 1, not_revoked 2 3: failed", ""),
        "scopes": (MISSING, [], {}, "revoked 1, not_revoked 2 3: failed", " > list 2 3 8 9"),
        "revoked by others": (MISSING, [None, only(8, 9)], {}, "revoked 1, gone 2 3: verified", " > list 8 9"),
        "a partial list": (MISSING, [None, only(9)], {}, "revoked 1, not_revoked 2 3: failed", " > list 9"),
        "401 of a gateway": (Reply(401, HTML, applied=False), [], {}, "revoked 1, not_revoked 2 3: failed", ""),
        "own token": (MISSING, [], REVOKE_ALL, "revoked 1, not_revoked 2 3 8 9: failed", " > list 2 3 8 9"),
    },
)
def test_a_response_that_all_requests_would_get_stops_the_run(reply, lists, options, expected, requests):
    """After a 401, no list is read, because the credentials do not work."""
    client = chat(lists=lists, deletes={2: reply})
    result = revoke(client, **options)
    start = f"list 1 2 3 8 9 > DELETE 1: 204 > DELETE 2: {reply.status}"
    assert (story(result), transcript(client)) == (expected, f"{start}{requests}")
    if result["not_revoked"]:
        assert [entry["status"] for entry in result["not_revoked"][:2]] == [reply.status, None]
        assert f"HTTP {reply.status}" in result["not_revoked"][1]["msg"]
        assert result["status"] == reply.status


@pytest.mark.parametrize("last", ["oauth/tokens/1", "oauth/tokens/2"])
def test_of_concurrent_responses_a_401_decides(last: str, monkeypatch: pytest.MonkeyPatch):
    client = chat(deletes={1: REJECTED, 2: MISSING})
    send_together(client, monkeypatch, 2, last)
    assert story(revoke(client, concurrency=2)) == "not_revoked 1 2 3: failed"
    assert (sorted(client.deleted), len(client.lists)) == ([1, 2], 1)


def test_a_rate_limit_that_takes_too_long_is_a_failure():
    result = revoke(chat(deletes={2: Reply(429, headers={"Retry-After": "999"}, applied=False)}))
    assert (story(result), result["status"]) == ("revoked 1, not_revoked 2 3: failed", 429)
    assert "'rate_limit_timeout'" in result["not_revoked"][0]["msg"]


# Rounds


@table(
    "lists, options, expected",
    {
        "unverified": (repeat(first(1)), {"verify": False}, "revoked 1: not verified"),
        "the total is limited": (repeat(first(1)), {"max_revocations": 2}, "revoked 1 2, not_revoked 3: failed"),
        "the own token is listed later: refuse": ([first(1)], ALL, "revoked 1, not_revoked 2 3 8 9: failed"),
        "keep": ([first(1)], KEEP, "revoked 1 2 3 8, kept 9: verified"),
        "revoke": ([first(1)], REVOKE_ALL, "revoked 1 2 3 8 9: verified"),
    },
)
def test_tokens_that_are_listed_only_later_are_revoked_in_further_rounds(lists: Any, options: Json, expected: str):
    assert story(revoke(chat(lists=lists), **options)) == expected


def test_the_requests_of_rounds():
    client = chat(lists=repeat(first(1)))
    result = revoke(client, ids=[1, 2, 7])
    assert transcript(client) == "list 1 > GET agents/me: 200 > DELETE 1: 204 > list 2 > DELETE 2: 204 > list 3"
    assert (result["already_absent"], result["listed"]["tokens"]) == ([7], 1)


def test_the_number_of_rounds_is_limited():
    client = chat(*map(token, range(1, 22)), lists=repeat(first(1)))
    result = revoke(client)
    assert (client.deleted, ids(result["not_revoked"])) == (list(range(1, 21)), [21])
    assert "after 20 rounds" in result["msg"]


# The list as proof

AGAIN = also(token(1), token(2))
"""A list that contains tokens 1 and 2, although they are revoked."""
DOWN, GATEWAY = Reply(503, applied=False), Reply(404, HTML, applied=False)
GONE = Reply(422, {"error": "Refused"})
"""Another client revokes the token."""


def foreign(entries: list[Json]) -> list[Json]:
    """Return tokens of another account, which has some of the ids."""
    return [token(number, create_date="2020-01-01T00:00:00Z", access_token=f"foreign{number}") for number in (8, 9)]


@table(
    "own, lists, reason, seconds",
    {
        # A token can remain listed for some time.
        "listed for 1.5 s": (OWN, [None, AGAIN, AGAIN], "", 1.5),
        # If a list contained the own token, each later list must contain it.
        "empty for 3 s": (OWN, [None, *[nothing] * 3], "", 3),
        "without the own token": (OWN, [None, *[without(9)] * 9], "lacks token 9", 5),
        "never with the own token": (OWN, repeat(without(9)), "", 0),
        "only the own token": (OWN, [None, *[only(9)] * 9], "", 0),
        # It must contain a token that this run did not touch.
        "no own token, empty": (None, [None, *[nothing] * 9], "did not touch. Another run at the same time", 5),
        "no own token, one other token": (None, [None, *[only(8)] * 9], "", 0),
        # It must be readable.
        "503": (OWN, [None, Reply(503)], "list could not be read again", 0),
    },
)
def test_which_list_is_a_proof(own: str | None, lists: Any, reason: str, seconds: float):
    client = chat(own=own, lists=lists)
    result = revoke(client)
    assert story(result) == f"revoked 1 2 3: {'failed' if reason else 'verified'}"
    assert sum(client.pauses) == seconds
    assert reason in result["msg"]
    assert ("Run the task again" in result["msg"]) is (seconds == 5)


@pytest.mark.parametrize(("year", "expected"), [(2015, "verified"), (1970, "failed")])
def test_an_expired_token_need_not_be_listed(year: int, expected: str):
    """The year 1970 means that the token never expires."""
    tokens = token(1), token(8, agent_id=OTHER, expire_date=f"{year}-01-01T00:00:00Z")
    assert story(revoke(chat(*tokens, lists=[None, *[nothing] * 9]))) == f"revoked 1: {expected}"


@table(
    "lists, deletes, expected, reason",
    {
        "no proof": ([None, *[nothing] * 9], {1: LOST_BEFORE, 2: REFUSED}, "not_revoked 1 2: failed", "is unknown"),
        "only ids of another account": (
            [None, *[foreign] * 9],
            {1: LOST_BEFORE},
            "revoked 2, not_revoked 1: failed",
            "",
        ),
        "then none": ([None, AGAIN, *[nothing] * 9], {2: LOST}, "not_revoked 1 2: failed", "still lists"),
        "later than the first": ([without(9), AGAIN, *[nothing] * 9], {}, "not_revoked 1 2: failed", "lacks token 9"),
        # Several rounds.
        "listed, then absent": ([only(1), *[AGAIN] * 5], {}, "revoked 1 2: verified", ""),
        "unknown, then absent": ([only(1), AGAIN], {1: LOST}, "revoked 1 2: verified", ""),
        "absent, then listed": (
            *([only(1, 8), without(1)], {1: LOST_BEFORE}),
            *("revoked 2, not_revoked 1: failed", "earlier"),
        ),
    },
)
def test_the_last_list_that_is_a_proof_decides(lists: Any, deletes: Any, expected: str, reason: str):
    result = revoke(chat(lists=lists, deletes=deletes), ids=[1, 2])
    assert story(result) == expected
    assert reason in result["msg"]


@table(
    "deletes, lists, expected, requests",
    {
        # Each DELETE: 503, and the API does not execute it. Then a list lacks token 8, which this run did not touch.
        "503, then listed": ([DOWN, DOWN], [only(9)], "not_revoked 1: failed", "503 > list 9 > 503 > list 1 2 3 8 9"),
        "503, then 204": ([DOWN], [only(9)], "revoked 1: verified", "503 > list 9 > 204 > list 2 3 8 9"),
        "404 of a gateway": ([GATEWAY], [only(9)], "revoked 1: verified", "404 > list 9 > 204 > list 2 3 8 9"),
        "it was executed": ([LOST], [only(9)], "revoked 1: verified", "None > list 9 > 404 > list 2 3 8 9"),
        "gone": ([GONE], [only(9)], "gone 1: verified", "422 > list 9 > 404 > list 2 3 8 9"),
        "twice": ([DOWN, DOWN], [only(9)] * 2, "not_revoked 1: failed", "503 > list 9 > 503 > list 9"),
        "a complete list": ([DOWN], [None], "not_revoked 1: failed", "503 > list 1 2 3 8 9"),
        "a list that contains it": ([DOWN], [only(1, 9)], "not_revoked 1: failed", "503 > list 1 9"),
    },
)
def test_a_list_that_lacks_other_tokens_is_no_proof_without_a_confirmed_delete(deletes, lists, expected, requests):
    client = chat(lists=[None, *lists], script={"DELETE oauth/tokens/1": deletes})
    result = revoke(client, ids=[1])
    assert story(result) == expected
    # While a list contains the token, it is read again for 5 seconds.
    lines = re.sub(
        r"( > list [\d ]+)(?: > list [\d ]*\b1\b[\d ]*)+$", r"\1", transcript(client).replace("DELETE 1: ", "")
    )
    assert lines == f"list 1 2 3 8 9 > {requests}"
    assert ("unknown whether" in result["msg"]) is (len(lists) == 2)


def test_without_any_other_token_a_list_is_no_proof_without_a_confirmed_delete():
    client = chat(token(1), own=None, lists=[None, nothing], script={"DELETE oauth/tokens/1": [DOWN, DOWN]})
    assert story(revoke(client, ids=[1])) == "not_revoked 1: failed"


@pytest.mark.parametrize("reply", [DOWN, GATEWAY, REFUSED])
def test_a_list_with_only_own_tokens_is_no_proof_without_a_confirmed_delete(reply: Reply):
    """An agent that is no Administrator any more may see only its own tokens."""
    own = token(7, agent_id=OWN_AGENT), token(9, agent_id=OWN_AGENT, access_token=OWN)
    client = chat(token(1), *own, lists=[None, *[only(7, 9)] * 9], script={"DELETE oauth/tokens/1": [reply] * 2})
    assert (story(revoke(client, ids=[1])), client.deleted) == ("not_revoked 1: failed", [1, 1])


@pytest.mark.parametrize("server", ["Tue, 09 Sep 2014 07:49:20 GMT", None])
def test_a_token_must_be_listed_unless_it_is_expired_by_both_clocks(server: str | None):
    tokens = token(1), token(8, agent_id=OTHER, expire_date="2015-01-01T00:00:00Z"), TOKENS[4]
    headers = {"Date": server} if server else {"Date": ""}
    client = chat(*tokens, headers=headers, lists=[None, only(9)], script={"DELETE oauth/tokens/1": [DOWN, DOWN]})
    assert story(revoke(client, ids=[1])) == "not_revoked 1: failed"


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_list_of_another_account_is_no_proof_of_its_own_completeness(times: int):
    """All tokens of the account are selected, so no list must contain any other token. Also a second such list shows nothing."""
    foreign = token(6, agent_id=OTHER, create_date="2020-01-01T00:00:00Z", access_token="foreign-value")
    lists = [None, *[lambda _entries: [foreign]] * times]
    client = chat(token(1), own=None, lists=lists, script={"DELETE oauth/tokens/1": [DOWN] * 2})
    result = revoke(client, ids=[1])
    assert (ids(result["not_revoked"]), 1 in client.tokens) == ([1], True)


@pytest.mark.parametrize("reply", [LOST, Reply(202), Reply(503)])
def test_a_list_that_lags_does_not_decide_an_unknown_outcome(reply: Reply):
    """A revoked token can remain listed for some time, also if the response was lost."""
    client = chat(lists=[None, also(token(1)), also(token(1))], deletes={1: reply})
    assert (story(revoke(client, ids=[1])), sum(client.pauses)) == ("revoked 1: verified", 1.5)


def test_a_second_delete_that_is_not_sent_leaves_the_outcome_unknown():
    client = chat(lists=[None, only(9)], script={"DELETE oauth/tokens/1": [LOST]})
    client.before = lambda line: setattr(client.waits, "interrupted", len(client.lists) == 1 and line == LISTS)
    result = revoke(client, ids=[1])
    assert (story(result), client.deleted) == ("not_revoked 1: failed", [1])
    assert "unknown whether the token was revoked" in result["msg"]


def test_a_token_that_matches_only_later_is_not_revoked_and_nothing_is_verified():
    client = chat(lists=[None, lambda entries: [{**entry, "agent_id": DEPARTING} for entry in entries]])
    result = revoke(client)
    assert (story(result), client.deleted) == ("revoked 1 2 3: not verified", [1, 2, 3])
    assert any("Tokens 8, 9 did not match the selectors before" in text for text in result["warnings"])


def test_a_token_that_only_one_of_the_later_lists_contained_must_be_listed():
    lists, deletes = [only(1), None, *[nothing] * 9], {1: Reply(204, applied=False)}
    result = revoke(chat(token(1), token(2), lists=lists, deletes=deletes))
    assert (story(result), "did not touch" in result["msg"]) == ("not_revoked 1: failed", True)


def test_values_that_are_empty_or_huge_prevent_no_revocation():
    odd = token(4, access_token="", refresh_token="", scopes="", expire_date=10**400, create_date=-(10**400))
    assert story(revoke(chat(*TOKENS, odd))) == "revoked 1 2 3 4: verified"
    assert story(revoke(chat(lists=[None, also(odd)]), ids=[1])) == "revoked 1: verified"


# Interruption, and what else can end a run


def test_after_an_interruption_no_further_delete_is_sent():
    client = chat()
    client.before = lambda line: line == "DELETE oauth/tokens/2" and setattr(client.waits, "interrupted", True)
    result = revoke(client)
    assert (story(result), client.deleted) == ("revoked 1 2, not_revoked 3: failed", [1, 2])
    assert len(client.lists) == 1
    assert "The revocations are not verified, because the run was interrupted." in result["msg"]
    assert result["not_revoked"][0]["msg"].startswith("Not sent, because the run was interrupted.")


def test_an_interrupted_wait_is_no_outcome():
    client = chat(lists=[None, *[also(token(1))] * 9], deletes={3: LOST_BEFORE})
    client.before = lambda line: setattr(client.waits, "interrupted", len(client.lists) == 1 and line == LISTS)
    result = revoke(client, ids=[1, 3])
    assert story(result) == "revoked 1, not_revoked 3: failed"
    assert "The revocations are not verified, because the run was interrupted." in result["msg"]
    assert "unknown whether the token was revoked" in result["not_revoked"][0]["msg"]
    assert "after 5 seconds" not in str(result)


@table(
    "line, expected",
    {
        "a DELETE": ("DELETE oauth/tokens/2", "revoked 1 3, not_revoked 2: failed"),
        "the second list": (LISTS, "revoked 1 2 3: failed"),
        "names": ("GET oauth/clients", "revoked 1 2 3: verified"),
    },
)
def test_an_unexpected_exception_loses_no_outcome(line: str, expected: str):
    client = chat()

    def fail(sent: str) -> None:
        if sent == line and client.requests:
            raise RuntimeError(OWN)

    client.before = fail
    result = revoke(client, names=True)
    assert story(result) == expected
    assert "Unexpected RuntimeError in test_revocation.py, line" in str(result)
    assert OWN not in str(result)
    assert len(client.lists) == {LISTS: 1, "GET oauth/clients": 2}.get(line, 6), "the run continues"


def refuse_threads(monkeypatch: pytest.MonkeyPatch, is_refused: Callable[[], bool]) -> None:
    """Let threads start as long as ``is_refused`` does not return true."""
    start = threading.Thread.start

    def start_or_fail(thread: threading.Thread) -> None:
        if is_refused():
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_or_fail)


def test_threads_that_cannot_start_lose_no_outcome(monkeypatch: pytest.MonkeyPatch):
    client, calls, refused = chat(*map(token, range(1, 30))), count(), threading.Event()
    refuse_threads(monkeypatch, lambda: next(calls) > 0 and not refused.set())
    # The only worker is busy until another one is needed.
    client.before = lambda line: client.deleted or not line.startswith("DELETE") or refused.wait(60)
    result = revoke(client, concurrency=8)
    assert sorted(client.deleted) == ids(result["revoked"]) != []
    assert len(result["revoked"]) + len(result["not_revoked"]) == 29
    assert "cannot start another thread" in result["msg"]


def test_threads_that_cannot_start_for_the_names_lose_no_outcome(monkeypatch: pytest.MonkeyPatch):
    client = chat(agents=())
    refuse_threads(monkeypatch, lambda: bool(client.deleted))
    result = revoke(client, ids=[1], names=True)
    assert (story(result), result["agents"]) == ("revoked 1: verified", None)
    assert "cannot start another thread" in result["warnings"][0]


def test_no_earlier_list_is_in_memory_when_a_list_is_read(monkeypatch: pytest.MonkeyPatch):
    in_memory: set[int] = set()

    class Counted(_tokens.Token):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            in_memory.add(id(self))

        def __del__(self) -> None:
            in_memory.discard(id(self))

    monkeypatch.setattr(_tokens, "Token", Counted)
    # Token 1 remains listed for some time.
    client = chat(*map(token, range(1, 101)), lists=[None, also(token(1)), also(token(1)), first(50)])
    counts: list[int] = []
    client.before = lambda line: counts.append(len(in_memory)) if line == LISTS else None
    assert revoke(client, ids=[1, 2, 3])["verified"] is True
    assert counts == [0, 3, 3, 3], "only the tokens to revoke are kept"
