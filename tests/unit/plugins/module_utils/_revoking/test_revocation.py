# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import gc
import json
import os
import threading
from collections.abc import Mapping, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, List

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import Token
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._revoking.revocation import (
    MAX_ROUNDS,
    VERIFY_WAITS,
)
from ansible_collections.zchat.admin.plugins.modules.zchat_oauth_token import SPEC, run
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    MISSING_SCOPE,
    NOT_FOUND,
    OWN,
    Json,
    MockChat,
    Reply,
    Request,
    agent,
    also,
    first,
    nothing,
    only,
    task,
    token,
    without,
)

LISTS = "GET oauth/tokens"
ME = "GET agents/me"
HTML = b"<html><h1>Blocked by the gateway</h1></html>"
REFUSED = Reply(422, {"error": "Refused"}, applied=False)
LOST, LOST_BEFORE = Reply(None), Reply(None, applied=False)
"""No response: after the API executed the DELETE, or before."""
ALL = {"scopes": ["read", "write", "chat"]}
"""Selects all tokens of these tests."""


def revoke(client: MockChat, check_mode: bool = False, **options: Any) -> Json:
    return run(task(client, SPEC, {"state": "absent", **options}, check_mode))


def ids(entries: Sequence[Json]) -> list[int]:
    return [entry["id"] for entry in entries]


def outcomes(result: Json) -> Json:
    """Return the ids in each list of the result that is not empty."""
    lists = {name: ids(result[name]) for name in ("revoked", "kept", "gone", "not_revoked")}
    return {name: numbers for name, numbers in lists.items() if numbers}


def script_for_deletes(**replies: Any) -> Json:
    """Return a script from arguments such as ``_1=REFUSED``."""
    return {
        f"DELETE oauth/tokens/{name[1:]}": [reply] if isinstance(reply, Reply) else reply
        for name, reply in replies.items()
    }


def warnings_about(result: Json, text: str) -> list[str]:
    return [warning for warning in result["warnings"] if text in warning]


# From selection to result


def test_requests_and_result_of_a_dry_run_a_run_and_another_run():
    client = MockChat([token(1), token(2, agent_id=5, access_token=OWN), token(3)])
    dry_run = revoke(client, check_mode=True, agent_ids=[10000026])
    assert client.lines == [LISTS]
    assert (dry_run["changed"], dry_run["verified"], outcomes(dry_run)) == (True, False, {"revoked": [1, 3]})
    assert client.logged == []

    client.requests.clear()
    run = revoke(client, agent_ids=[10000026], concurrency=1)
    assert client.lines == [LISTS, "DELETE oauth/tokens/1", "DELETE oauth/tokens/3", LISTS]
    assert {**run, "msg": "", "verified": False} == {**dry_run, "msg": ""}
    assert run["verified"] is True
    assert "failed" not in run

    client.requests.clear()
    again = revoke(client, agent_ids=[10000026])
    assert client.lines == [LISTS], "the first list is the proof"
    assert (again["changed"], again["verified"], outcomes(again)) == (False, True, {})
    assert revoke(client, check_mode=True, agent_ids=[10000026]) == again
    assert client.logged == [
        "revoked OAuth token 1 of agent 10000026 at https://acme.zendesk.com/api/v2/chat (client zendesk, 1 of 2)",
        "revoked OAuth token 3 of agent 10000026 at https://acme.zendesk.com/api/v2/chat (client zendesk, 2 of 2)",
    ]


def test_normal_results_cause_no_warning():
    tokens = [token(1), token(2, agent_id=5), token(3, agent_id=5, access_token=OWN)]
    agents = [agent(5, "ada@example.com"), agent(6, "bob@example.com"), agent(10000026, "eve@example.com")]
    for options in (
        {"agent_emails": ["bob@example.com"]},
        {"expired": True},
        {"ids": [7]},
        {"age": "9999w"},
        {"agent_emails": ["eve@example.com"], "names": True},
    ):
        assert revoke(MockChat(tokens, agents=agents), **options)["warnings"] == []


def test_an_id_that_is_not_listed_gets_no_delete():
    client = MockChat([token(1)])
    result = revoke(client, ids=[1, 7, 9])
    assert client.deleted == [1]
    assert (outcomes(result), result["already_absent"], result["verified"]) == ({"revoked": [1]}, [7, 9], True)


def test_a_listed_id_that_another_selector_excludes_is_in_no_list():
    result = revoke(MockChat([token(1, agent_id=5)]), ids=[1, 2], agent_ids=[6])
    assert (outcomes(result), result["already_absent"]) == ({}, [2])


def test_ids_and_addresses_define_one_set_of_agents():
    tokens = [token(1, agent_id=5), token(2, agent_id=6), token(3, agent_id=7)]
    agents = [agent(5, "ada@example.com"), agent(6, "bob@example.com")]
    result = revoke(MockChat(tokens, agents=agents), agent_ids=[6], agent_emails=["ada@example.com"])
    assert outcomes(result) == {"revoked": [1, 2]}
    result = revoke(MockChat(tokens, agents=agents), agent_ids=[], agent_emails=["ada@example.com"])
    assert outcomes(result) == {"revoked": [1]}


def test_an_unknown_address_is_no_failure():
    client = MockChat([token(1, agent_id=5)], agents=[agent(5, "ada@example.com")])
    result = revoke(client, agent_emails=["ada@example.com", "x@example.com"])
    assert (outcomes(result), result["unknown_agent_emails"]) == ({"revoked": [1]}, ["x@example.com"])
    assert warnings_about(result, "x@example.com")


def test_a_failure_before_the_first_list_is_an_exception():
    client = MockChat([token(1)], script={LISTS: [Reply(503)]})
    with pytest.raises(ChatError, match="HTTP 503"):
        revoke(client, ids=[1])
    client = MockChat([token(1)], script={LISTS: [Reply(200, {"tokens": []})]})
    with pytest.raises(ChatError, match="Support API"):
        revoke(client, ids=[1])
    assert client.deleted == []


@pytest.mark.parametrize(
    "options", [{"max_revocations": -1}, {"concurrency": 0}, {"concurrency": 33}, {"agent_ids": [0]}]
)
def test_invalid_options_fail_before_any_request(options: Json):
    client = MockChat([token(1)])
    with pytest.raises(ChatError, match=f"'{next(iter(options))}' must"):
        revoke(client, **{"ids": [1], **options})
    assert client.requests == []


def test_own_token_without_write_causes_a_warning():
    client = MockChat([token(1), token(2, access_token=OWN, scopes="read,chat"), token(3, agent_id=5)])
    assert "lacks the scope 'write' (it has: read,chat)" in revoke(client, True, ids=[1])["warnings"][0]
    assert revoke(client, ids=[99])["warnings"] == []
    client = MockChat([token(1), token(2, access_token=OWN, scopes="read,write"), token(3, agent_id=5)])
    assert revoke(client, ids=[1])["warnings"] == []


def test_a_warning_is_given_once_for_all_lists():
    result = revoke(MockChat([token(1), token(2, create_date=None)]), age="1d")
    assert len(result["warnings"]) == 1


@pytest.mark.parametrize("path", ["GET agents/10000026", "GET oauth/clients"])
@pytest.mark.parametrize("reply", [Reply(403), Reply(200, b"<html>"), Reply(None)])
def test_names_that_cannot_be_read_do_not_fail_the_task(path: str, reply: Reply):
    result = revoke(MockChat([token(1), token(2, agent_id=5)], script={path: [reply]}), ids=[1], names=True)
    assert (outcomes(result), result["verified"], "failed" in result) == ({"revoked": [1]}, True, False)
    assert len(warnings_about(result, "could not be read")) == 1


def test_names_are_looked_up_after_the_revocation_and_shown_in_the_diff():
    client = MockChat(
        [token(1, agent_id=5), token(2)],
        agents=[agent(5, "ada@example.com", display_name="Ada B.")],
        clients=[{"client_identifier": "zendesk", "name": "Dashboard"}],
    )
    result = revoke(client, ids=[1], names=True)
    assert client.lines.index("GET agents/5") > client.lines.index("DELETE oauth/tokens/1")
    assert "agent 5 (Ada B.); client zendesk (Dashboard)" in result["diff"]["before"]


# The outcome of a DELETE


def test_a_token_that_is_already_gone():
    client = MockChat([token(1), token(2)], script=script_for_deletes(_2=Reply(404, NOT_FOUND)))
    result = revoke(client, ids=[1, 2])
    assert (outcomes(result), result["verified"], result["diff"]["after"]) == ({"revoked": [1], "gone": [2]}, True, "")
    client = MockChat([token(1)], script=script_for_deletes(_1=Reply(410)))
    result = revoke(client, ids=[1])
    assert (result["changed"], result["verified"], outcomes(result)) == (False, True, {"gone": [1]})


def test_a_404_after_an_attempt_without_response_is_a_revocation():
    client = MockChat([token(1)], script=script_for_deletes(_1=Reply(404, NOT_FOUND, repeated=True)))
    assert outcomes(revoke(client, ids=[1])) == {"revoked": [1]}


def test_a_token_that_fails_does_not_stop_the_others():
    client = MockChat([token(1), token(2), token(3)], script=script_for_deletes(_2=REFUSED))
    result = revoke(client, ids=[1, 2, 3])
    assert outcomes(result) == {"revoked": [1, 3], "not_revoked": [2]}
    assert (result["failed"], result["status"], result["verified"], result["changed"]) == (True, 422, False, True)
    assert "Revoked 2 of 3 tokens. Token 2: " in result["msg"]
    assert result["diff"]["after"].startswith("token 2;")


@pytest.mark.parametrize("verify", [True, False])
def test_a_401_stops_the_rest_and_the_list_is_not_read_again(verify: bool):
    client = MockChat(
        [token(number) for number in range(1, 8)], script=script_for_deletes(_3=Reply(401, applied=False))
    )
    result = revoke(client, **ALL, concurrency=1, verify=verify)
    assert client.deleted == [1, 2, 3]
    assert outcomes(result) == {"revoked": [1, 2], "not_revoked": [3, 4, 5, 6, 7]}
    assert [entry["status"] for entry in result["not_revoked"]] == [401, None, None, None, None]
    assert (len(client.lists), result["status"], result["verified"]) == (1, 401, False)


def test_a_403_that_names_scopes_stops_the_rest():
    client = MockChat(
        [token(number) for number in range(1, 5)],
        script=script_for_deletes(_2=Reply(403, MISSING_SCOPE, applied=False)),
    )
    result = revoke(client, **ALL, concurrency=1)
    assert client.deleted == [1, 2]
    assert outcomes(result) == {"revoked": [1], "not_revoked": [2, 3, 4]}
    assert len(client.lists) == 2, "the credentials still work, so the list is read again"
    assert "scope" in result["not_revoked"][1]["msg"]


def test_a_403_without_scopes_does_not_stop_the_others():
    client = MockChat([token(1), token(2)], script=script_for_deletes(_1=Reply(403, {"error": "No"}, applied=False)))
    assert outcomes(revoke(client, ids=[1, 2], concurrency=1)) == {"revoked": [2], "not_revoked": [1]}


@pytest.mark.parametrize("reply", [Reply(200, HTML), Reply(200, {"id": 1}), LOST, Reply(502, HTML)])
def test_an_unknown_outcome_is_decided_by_the_list(reply: Reply):
    client = MockChat([token(1), token(2)], script=script_for_deletes(_1=reply))
    result = revoke(client, ids=[1])
    assert (outcomes(result), result["changed"], result["verified"]) == ({"revoked": [1]}, True, True)
    assert len(client.logged) == 1

    client = MockChat(
        [token(1), token(2)], script=script_for_deletes(_1=Reply(reply.status, reply.body, applied=False))
    )
    result = revoke(client, ids=[1])
    assert (outcomes(result), result["changed"], client.logged) == ({"not_revoked": [1]}, False, [])
    assert "unknown" not in result["msg"]


@pytest.mark.parametrize("reply", [Reply(200, HTML), LOST, Reply(502, HTML)])
def test_without_verify_the_outcome_remains_unknown(reply: Reply):
    result = revoke(MockChat([token(1)], script=script_for_deletes(_1=reply)), ids=[1], verify=False)
    assert outcomes(result) == {"not_revoked": [1]}
    assert "unknown whether the token was revoked" in result["not_revoked"][0]["msg"]


@pytest.mark.parametrize("reply", [REFUSED, Reply(401), Reply(403, MISSING_SCOPE)])
def test_a_failed_or_unattempted_token_that_is_no_longer_listed_is_gone(reply: Reply):
    script = {"DELETE oauth/tokens/1": [Reply(reply.status, reply.body, applied=False)], LISTS: [None, only(3)]}
    result = revoke(MockChat([token(1), token(2), token(3)], script=script), ids=[1, 2], concurrency=1)
    if reply.status == 401:
        assert outcomes(result) == {"not_revoked": [1, 2]}
    else:
        assert outcomes(result) == ({"revoked": [2], "gone": [1]} if reply is REFUSED else {"gone": [1, 2]})
        assert "failed" not in result


def test_without_verify_a_404_counts_only_if_the_api_sent_it():
    page = script_for_deletes(_1=Reply(404, HTML, applied=False))
    result = revoke(MockChat([token(1)], script=page), ids=[1], verify=False)
    assert (outcomes(result), result["not_revoked"][0]["status"]) == ({"not_revoked": [1]}, 404)
    page = script_for_deletes(_1=Reply(404, HTML, applied=True))
    assert outcomes(revoke(MockChat([token(1)], script=page), ids=[1])) == {"gone": [1]}


@pytest.mark.parametrize("started", [0, 1])
def test_threads_that_cannot_start_lose_no_result(started: int, monkeypatch: pytest.MonkeyPatch):
    client = MockChat([token(number) for number in range(1, 30)])
    start = threading.Thread.start
    threads: list[threading.Thread] = []
    refused = threading.Event()

    def limited_start(thread: threading.Thread) -> None:
        if len(threads) == started:
            refused.set()
            raise RuntimeError("can't start new thread")
        threads.append(thread)
        start(thread)

    # The only worker is busy until another one is needed.
    client.before = lambda line: None if client.deleted or not line.startswith("DELETE") else assert_set(refused)
    monkeypatch.setattr(threading.Thread, "start", limited_start)
    result = revoke(client, **ALL)
    assert sorted(client.deleted) == ids(result["revoked"])
    assert len(client.deleted) >= started
    assert len(result["revoked"]) + len(result["not_revoked"]) == 29
    assert "cannot start another thread" in result["msg"]


def assert_set(happened: threading.Event) -> None:
    assert happened.wait(60)


def test_threads_that_cannot_start_for_the_names_lose_no_result(monkeypatch: pytest.MonkeyPatch):
    client = MockChat([token(1), token(2, agent_id=5)])
    start = threading.Thread.start

    def limited_start(thread: threading.Thread) -> None:
        if client.deleted:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited_start)
    result = revoke(client, ids=[1], names=True)
    assert (outcomes(result), result["agents"]) == ({"revoked": [1]}, None)
    assert warnings_about(result, "cannot start another thread")


def test_an_interruption_is_a_failure_of_the_remaining_tokens(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    client = MockChat([token(number) for number in range(1, 11)])
    client.before = lambda line: setattr(client.waits, "interrupted", line == "DELETE oauth/tokens/3")
    result = revoke(client, **ALL, concurrency=1, journal=str(path))
    assert outcomes(result) == {"revoked": [1, 2, 3], "not_revoked": [4, 5, 6, 7, 8, 9, 10]}
    assert (result["verified"], result["changed"]) == (False, True)
    assert {entry["msg"] for entry in result["not_revoked"]} == {
        "Not sent, because the run was interrupted. Run the task again to finish it."
    }
    assert {line.split()[1] for line in journal_of(path)} == {"1,", "2,", "3,"}, "what is not sent has no line"


def test_an_interrupted_wait_is_no_outcome():
    script = {**stale(9, token(1)), **script_for_deletes(_3=LOST_BEFORE)}
    client = MockChat([token(1), token(2), token(3)], script=script)

    def interrupt(line: str) -> None:
        client.waits.interrupted = len(client.lists) == 1 and line == LISTS

    client.before = interrupt
    result = revoke(client, ids=[1, 3])
    assert (outcomes(result), result["verified"]) == ({"revoked": [1], "not_revoked": [3]}, False)
    assert "The revocations are not verified, because the run was interrupted." in result["msg"]
    assert "unknown whether the token was revoked" in result["not_revoked"][0]["msg"]
    assert "after 5 seconds" not in json.dumps(result)


def test_an_interrupted_wait_does_not_show_that_the_own_token_works():
    me = Reply(200, agent(5, "ada@example.com"))
    client = MockChat([token(1, access_token=OWN), token(2, agent_id=5)], script={ME: [me] * 5})
    client.before = lambda line: setattr(client.waits, "interrupted", line == ME)
    result = revoke(client, ids=[1], own_token="revoke")
    assert (outcomes(result), result["verified"]) == ({"revoked": [1]}, False)
    assert "after 5 seconds" not in json.dumps(result)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("DELETE oauth/tokens/2", {"revoked": [1, 3], "not_revoked": [2]}),
        ("the second list", {"revoked": [1, 2, 3]}),
        ("GET agents/10000026", {"revoked": [1, 2, 3]}),
    ],
)
def test_an_unexpected_exception_loses_no_outcome(line: str, expected: Json):
    client = MockChat([token(number) for number in range(1, 5)])

    def fail(sent: str) -> None:
        if sent == line or (line == "the second list" and sent == LISTS and client.lists):
            raise RuntimeError(OWN)

    client.before = fail
    result = revoke(client, ids=[1, 2, 3], concurrency=1, names=True)
    assert outcomes(result) == expected
    assert "Unexpected RuntimeError in test_revocation.py, line" in json.dumps(result)
    assert OWN not in json.dumps(result)
    assert ("failed" in result, result["verified"]) == ((True, False) if "agents" not in line else (False, True))


def test_a_journal_that_cannot_be_closed_loses_no_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    client = MockChat([token(1), token(2)])
    with monkeypatch.context() as patch:
        patch.setattr("os.close", refuse)
        result = revoke(client, ids=[1], journal=str(tmp_path / "journal.jsonl"))
    assert outcomes(result) == {"revoked": [1]}
    assert (result["failed"], result["changed"]) == (True, True)
    assert "cannot be written: input/output error" in result["msg"]


def test_a_system_log_that_fails_loses_no_outcome(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    client = MockChat([token(number) for number in range(1, 5)])
    client.logged = Refusing()
    result = revoke(client, ids=[1, 2, 3], concurrency=1, journal=str(path))
    assert outcomes(result) == {"revoked": [1], "not_revoked": [2, 3]}
    assert journal_of(path) == ["delete 1, 0 of 3", "revoked 1, 1 of 3"]
    assert "unknown" not in result["not_revoked"][0]["msg"]


class Refusing(List[str]):
    """A system log that cannot be written."""

    def append(self, _line: str) -> None:
        raise ValueError("no log")


def test_names_are_looked_up_before_the_own_token_is_revoked():
    owner = agent(5, "ada@example.com")
    client = MockChat([token(1, agent_id=5, access_token=OWN), token(2, agent_id=6)], agents=[owner])
    result = revoke(client, ids=[1], own_token="revoke", names=True)
    assert client.lines.index("GET agents/5") < client.lines.index("DELETE oauth/tokens/1")
    assert (outcomes(result), result["agents"][0]["email"]) == ({"revoked": [1]}, "ada@example.com")


def test_a_list_with_empty_values_and_huge_numbers_prevents_no_revocation():
    odd = token(3, access_token="", refresh_token="", scopes="", expire_date=10**400, create_date=-(10**400))
    result = revoke(MockChat([token(1), token(2), odd]), ids=[1, 3])
    assert (outcomes(result), result["verified"]) == ({"revoked": [1, 3]}, True)
    result = revoke(MockChat([token(1), token(2)], script={LISTS: [None, also(odd)]}), ids=[1])
    assert (outcomes(result), result["verified"]) == ({"revoked": [1]}, True)


# The guards


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_own_token_is_refused(check_mode: bool):
    client = MockChat([token(1), token(2, access_token=OWN)])
    result = revoke(client, check_mode, **ALL)
    assert (client.deleted, outcomes(result)) == ([], {"not_revoked": [1, 2]})
    assert (result["failed"], result["changed"], result["verified"]) == (True, False, False)
    assert "token 2, which this task authenticates with" in result["msg"]
    assert "the message of the task" in result["not_revoked"][0]["msg"]
    assert "the message of the task" not in result["msg"], "the message of the guard itself is sufficient"
    assert revoke(client, ids=[1])["changed"] is True


def test_the_own_token_is_kept():
    client = MockChat([token(1), token(2, access_token=OWN)])
    dry_run = revoke(client, True, **ALL, own_token="keep")
    result = revoke(client, **ALL, own_token="keep")
    assert client.deleted == [1]
    assert outcomes(dry_run) == outcomes(result) == {"revoked": [1], "kept": [2]}
    assert result["kept"][0]["reason"] == "own token"
    assert (result["verified"], result["own_token_id"]) == (True, 2)
    assert dry_run["diff"] == result["diff"]
    assert result["diff"]["after"].startswith("token 2;")
    again = revoke(client, **ALL, own_token="keep")
    assert (again["changed"], again["verified"], outcomes(again)) == (False, True, {"kept": [2]})


HIDDEN = ["{}********{}", "************{1}", "{}...{}", "{}\u2026{}", "[FILTERED]", "9f86d081884c7d65", None]
"""How an API can list the values ``own-token-value`` and ``abcdefghijklmnop`` without showing them."""


def hidden(shape: str | None) -> Any:
    def shown(entry: Json) -> Json:
        value = entry["access_token"]
        return {**entry, "access_token": shape and shape.format(value[:4], value[-4:])}

    return shown


@pytest.mark.parametrize("shape", HIDDEN)
@pytest.mark.parametrize("own_token", ["refuse", "keep"])
def test_an_own_token_whose_value_is_hidden_is_protected(shape: str | None, own_token: str):
    tokens = [token(1), token(2, access_token=OWN), token(3, agent_id=None), token(4, agent_id=5)]
    for number in (1, 2, 3):
        client = MockChat(tokens, shown=hidden(shape))
        result = revoke(client, ids=[number, 4], own_token=own_token)
        assert (client.deleted, outcomes(result)) == ([], {"not_revoked": sorted([number, 4])})
        assert f"token {number} can be the one that this task authenticates with" in result["msg"]
    client = MockChat(tokens, shown=hidden(shape))
    result = revoke(client, ids=[4], own_token=own_token)
    assert (outcomes(result), result["own_token_id"], result["verified"]) == ({"revoked": [4]}, None, True)


@pytest.mark.parametrize("own_token", ["refuse", "keep"])
def test_a_hidden_own_token_and_an_unreadable_own_agent_protect_every_token(own_token: str):
    client = MockChat([token(1), token(2, agent_id=5)], script={ME: [Reply(503)]})
    result = revoke(client, ids=[1], own_token=own_token)
    assert (client.deleted, outcomes(result)) == ([], {"not_revoked": [1]})
    client = MockChat([token(1), token(2, agent_id=5)], script={ME: [Reply(503)]}, own=None)
    assert outcomes(revoke(client, ids=[1])) == {"revoked": [1]}, "an email address and a password are no token"


def test_tokens_with_the_same_shortened_value_are_not_kept():
    tokens = [token(1, access_token="own-token-other"), token(2, access_token=OWN), token(3)]
    client = MockChat(tokens, shown=lambda entry: {**entry, "access_token": entry["access_token"][:9] + "..."})
    result = revoke(client, **ALL, own_token="keep")
    assert (client.deleted, outcomes(result)) == ([], {"not_revoked": [1, 2, 3]})
    assert "tokens 1, 2 can be the one" in result["msg"]


def test_an_ambiguous_value_is_refused():
    tokens = [token(1, access_token="leaked-token-a"), token(2, agent_id=5, access_token="leaked-token-b"), token(3)]
    options: Json = {"token_values": ["leaked-token-a"], "probe_values": False}

    def shortened(entry: Json) -> Json:
        return {**entry, "access_token": f"{entry['access_token'][:10]}..."}

    for check_mode in (True, False):
        client = MockChat(tokens, shown=shortened)
        result = revoke(client, check_mode, **options)
        assert (client.deleted, outcomes(result)) == ([], {"not_revoked": [1, 2]})
        assert "ambiguous which of the tokens 1, 2" in result["msg"]
    assert outcomes(revoke(MockChat(tokens, shown=shortened), **options, agent_ids=[5])) == {"revoked": [2]}
    client = MockChat(tokens, shown=shortened, script={LISTS: [first(1)]})
    result = revoke(client, **options)
    assert outcomes(result) == {"revoked": [1], "not_revoked": [2]}, "the second token is listed only later"
    assert "Revoked 1 of 2 tokens. It is ambiguous" in result["msg"]


@pytest.mark.parametrize(("most", "deleted"), [(0, []), (1, []), (2, [1, 2]), (3, [1, 2])])
def test_max_revocations(most: int, deleted: list[int]):
    client = MockChat([token(1), token(2), token(3, agent_id=5)])
    dry_run = revoke(client, True, agent_ids=[10000026], max_revocations=most)
    result = revoke(client, agent_ids=[10000026], max_revocations=most)
    assert sorted(client.deleted) == deleted
    if not deleted:
        assert dry_run == result
        assert result["failed"] is True
        assert "2 tokens would be revoked" in result["msg"]
        assert f"'max_revocations' is {most}" in result["msg"]


def test_max_revocations_does_not_count_kept_tokens_or_no_token():
    assert revoke(MockChat([token(1)]), ids=[7], max_revocations=0)["verified"] is True
    client = MockChat([token(1), token(2, access_token=OWN)])
    assert outcomes(revoke(client, **ALL, own_token="keep", max_revocations=0)) == {"kept": [2], "not_revoked": [1]}
    assert revoke(client, **ALL, own_token="keep", max_revocations=1)["verified"] is True
    client = MockChat([token(1), token(2, access_token=OWN)])
    assert revoke(client, **ALL, own_token="revoke", max_revocations=1)["failed"] is True


# Rounds


def test_a_list_that_is_cut_is_processed_in_rounds():
    client = MockChat([token(number) for number in range(1, 11)], script={LISTS: repeat(first(4))})
    result = revoke(client, **ALL)
    assert (outcomes(result), result["verified"]) == ({"revoked": list(range(1, 11))}, True)
    assert (result["listed"]["tokens"], len(client.lists)) == (4, 4)


def test_tokens_created_meanwhile_are_revoked_too():
    client = MockChat([token(1)])

    def create(line: str) -> None:
        if line == "DELETE oauth/tokens/1":
            client.tokens[9] = token(9)

    client.before = create
    result = revoke(client, **ALL)
    assert (client.deleted, result["verified"], outcomes(result)) == ([1, 9], True, {"revoked": [1, 9]})


def test_an_id_that_is_listed_only_later_is_not_absent():
    client = MockChat([token(number) for number in range(1, 4)], script={LISTS: repeat(first(2))})
    result = revoke(client, ids=[1, 2, 3, 9])
    assert (outcomes(result), result["already_absent"]) == ({"revoked": [1, 2, 3]}, [9])


def test_max_revocations_applies_to_the_total_of_all_rounds():
    client = MockChat([token(number) for number in range(1, 11)], script={LISTS: repeat(first(4))})
    result = revoke(client, **ALL, max_revocations=6)
    assert outcomes(result) == {"revoked": [1, 2, 3, 4], "not_revoked": [5, 6, 7, 8]}
    assert "8 tokens would be revoked" in result["msg"]


@pytest.mark.parametrize("own_token", ["refuse", "keep", "revoke"])
def test_an_own_token_that_is_listed_only_later(own_token: str):
    tokens = [token(1, agent_id=5), token(2, access_token=OWN), token(3)]
    client = MockChat(tokens, script={LISTS: [first(1)]})
    result = revoke(client, **ALL, own_token=own_token)
    if own_token == "refuse":
        assert outcomes(result) == {"revoked": [1], "not_revoked": [2, 3]}
    elif own_token == "keep":
        assert outcomes(result) == {"revoked": [1, 3], "kept": [2]}
    else:
        assert (client.deleted, outcomes(result)) == ([1, 3, 2], {"revoked": [1, 2, 3]})


def test_rounds_are_limited():
    client = MockChat([token(number) for number in range(1, 40)], script={LISTS: repeat(first(1))})
    result = revoke(client, **ALL)
    assert client.deleted == list(range(1, MAX_ROUNDS + 1))
    assert outcomes(result) == {"revoked": client.deleted, "not_revoked": [MAX_ROUNDS + 1]}
    assert f"after {MAX_ROUNDS} rounds" in result["msg"]
    client = MockChat([token(number) for number in range(1, MAX_ROUNDS + 1)], script={LISTS: repeat(first(1))})
    result = revoke(client, **ALL)
    assert ("failed" in result, result["verified"]) == (False, True), "the list after the last round proves it"


# Verification


def test_without_verify_the_list_is_read_once():
    client = MockChat([token(1), token(2)], script={LISTS: repeat(first(1))})
    result = revoke(client, **ALL, verify=False)
    assert (client.deleted, len(client.lists)) == ([1], 1)
    assert (result["changed"], result["verified"], "failed" in result) == (True, False, False)
    assert revoke(MockChat(), **ALL, verify=False)["verified"] is True


def stale(count: int, *tokens: Json) -> Json:
    """Return a script in which the first list is true, and the next ``count`` lists show these tokens although revoked."""
    return {LISTS: [None, *([also(*tokens)] * count)]}


def test_a_token_that_is_still_listed_for_some_time():
    client = MockChat([token(1), token(2)], script=stale(2, token(1)))
    result = revoke(client, ids=[1])
    assert (outcomes(result), result["verified"], client.pauses) == ({"revoked": [1]}, True, [0.5, 1.0])


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(204), "accepted the DELETE"),
        (Reply(404, NOT_FOUND), "returned HTTP 404 for the DELETE"),
        (Reply(410, repeated=True), "returned a 5xx, then returned HTTP 410"),
    ],
)
def test_a_token_that_remains_listed_is_a_failure(reply: Reply, words: str):
    client = MockChat([token(1), token(2)], script={**stale(9, token(1)), **script_for_deletes(_1=reply)})
    result = revoke(client, ids=[1, 2])
    assert sum(client.pauses) == sum(VERIFY_WAITS) == 5.0
    assert outcomes(result) == {"revoked": [2], "not_revoked": [1]}
    assert words in result["not_revoked"][0]["msg"]
    assert "still lists the token" in result["msg"]
    assert (result["not_revoked"][0]["status"], result["verified"]) == (reply.status, False)


def test_a_token_that_disappears_in_a_later_round_counts_as_revoked():
    script = {LISTS: [only(1), *([also(token(1))] * 5)], "DELETE oauth/tokens/1": [Reply(204)]}
    result = revoke(MockChat([token(1), token(2)], script=script), **ALL)
    assert (outcomes(result), result["verified"]) == ({"revoked": [1, 2]}, True)
    script = {LISTS: [only(1), also(token(1))], "DELETE oauth/tokens/1": [LOST]}
    assert outcomes(revoke(MockChat([token(1), token(2)], script=script), **ALL)) == {"revoked": [1, 2]}


def test_a_token_that_reappears_in_a_later_round_is_not_revoked():
    script = {LISTS: [only(1), without(1)], "DELETE oauth/tokens/1": [LOST_BEFORE]}
    result = revoke(MockChat([token(1), token(2)], script=script), **ALL)
    assert outcomes(result) == {"revoked": [2], "not_revoked": [1]}
    assert "earlier list" in result["msg"]


@pytest.mark.parametrize("own", [OWN, None])
@pytest.mark.parametrize("times", [1, 4, 9])
def test_a_list_without_any_untouched_token_is_no_proof(own: str | None, times: int):
    tokens = [
        token(1),
        token(2),
        token(3, agent_id=5, access_token="other"),
        token(4, expire_date="2015-01-01T00:00:00Z"),
    ]
    client = MockChat(tokens, own=own, script={LISTS: [None, *([only(4)] * times)]})
    result = revoke(client, ids=[1, 2])
    assert outcomes(result) == {"revoked": [1, 2]}
    if times < 5:
        assert (result["verified"], "failed" in result) == (True, False)
    else:
        assert (result["verified"], result["failed"], sum(client.pauses)) == (False, True, 5.0)
        assert "not touch" in result["msg"]
        assert "Another run at the same time" in result["msg"]
        assert "Run the task again" in result["msg"]


def test_a_token_that_only_an_earlier_list_showed_is_untouched():
    # The second list shows a selected token that was not listed before. It is read again, because of token 1.
    script = {LISTS: [only(1), None, *([nothing] * 9)], **script_for_deletes(_1=Reply(204, applied=False))}
    result = revoke(MockChat([token(1), token(2)], script=script), **ALL)
    assert (result["verified"], result["failed"]) == (False, True)


def test_an_own_token_that_only_an_earlier_list_showed_must_be_listed():
    tokens = [token(1), token(2, agent_id=5), token(3, access_token=OWN)]
    script = {LISTS: [without(3), also(token(2)), *([without(3)] * 9)]}
    result = revoke(MockChat(tokens, script=script), ids=[2])
    assert (result["verified"], result["failed"], result["own_token_id"]) == (False, True, None)
    assert "lacks token 3" in result["msg"]


def test_expired_tokens_are_not_missed():
    tokens = [token(1), token(2, expire_date="2015-01-01T00:00:00Z"), token(3, expire_date="1970-01-01T00:00:00Z")]
    result = revoke(MockChat(tokens[:2], script={LISTS: [None, nothing]}), ids=[1])
    assert result["verified"] is True
    result = revoke(MockChat(tokens, script={LISTS: [None, *([nothing] * 9)]}), ids=[1])
    assert result["verified"] is False, "1970-01-01 means that the token never expires"


def test_a_list_without_the_own_token_is_no_proof():
    tokens = [token(1), token(2, access_token=OWN), token(3, agent_id=5)]
    client = MockChat(tokens, script={LISTS: [None, *([without(2)] * 9)]})
    result = revoke(client, ids=[1])
    assert (outcomes(result), result["verified"], result["failed"]) == ({"revoked": [1]}, False, True)
    assert "lacks token 2, which this task authenticates with" in result["msg"]
    client = MockChat(tokens, script={LISTS: [without(2), *([without(2)] * 9)]})
    assert revoke(client, ids=[3])["verified"] is True, "no list showed the own token"


def test_a_list_that_is_no_proof_decides_nothing():
    script = {LISTS: [None, *([nothing] * 9)], **script_for_deletes(_1=LOST_BEFORE, _2=REFUSED)}
    client = MockChat([token(1), token(2), token(3, access_token=OWN)], script=script)
    result = revoke(client, ids=[1, 2])
    assert outcomes(result) == {"not_revoked": [1, 2]}
    assert "unknown" in result["not_revoked"][0]["msg"]


def test_the_last_list_that_is_a_proof_decides():
    # The second list is true and shows that token 1 is revoked, but token 2 is still shown; the others are no proof.
    script = {LISTS: [None, also(token(2)), *([nothing] * 9)], **script_for_deletes(_1=LOST)}
    client = MockChat([token(1), token(2), token(3, access_token=OWN)], script=script)
    result = revoke(client, ids=[1, 2])
    assert outcomes(result) == {"revoked": [1], "not_revoked": [2]}
    assert result["verified"] is False


@pytest.mark.parametrize("reply", [Reply(503), Reply(200, b"<html>"), Reply(200, {"tokens": []}), Reply(None)])
def test_a_list_that_cannot_be_read_again_is_no_proof(reply: Reply):
    client = MockChat([token(1), token(2, access_token=OWN)], script={LISTS: [None, reply]})
    result = revoke(client, **ALL, own_token="revoke")
    assert outcomes(result) == {"revoked": [1], "not_revoked": [2]}
    assert (result["failed"], result["changed"], result["verified"]) == (True, True, False)
    assert "list could not be read again" in result["msg"]
    assert result.get("status") == reply.status


def test_states_of_agents_that_cannot_be_read_again_are_no_proof():
    agents = [agent(5, "ada@example.com", enabled=False), agent(6, "bob@example.com")]
    tokens = [token(1, agent_id=5), token(2, agent_id=6, access_token=OWN)]
    script = {"GET agents?since_id=1&limit=100": [None, Reply(503)]}
    result = revoke(MockChat(tokens, agents=agents, script=script), agent_status=["disabled"])
    assert (outcomes(result), result["verified"], result["status"]) == ({"revoked": [1]}, False, 503)
    assert "could not be verified" in result["msg"]


# The task's own token is to be revoked


def test_the_own_token_is_revoked_last_and_verified_by_using_it():
    client = MockChat([token(1, access_token=OWN), *(token(number) for number in range(2, 12))])
    result = revoke(client, **ALL, own_token="revoke")
    assert client.lines[-3:] == [LISTS, "DELETE oauth/tokens/1", ME]
    assert (ids(result["revoked"]), result["verified"], result["own_token_id"]) == (list(range(1, 12)), True, 1)


def test_the_own_token_alone():
    client = MockChat([token(1, access_token=OWN), token(2, agent_id=5)])
    assert revoke(client, ids=[1], own_token="revoke")["verified"] is True
    assert client.lines == [LISTS, "DELETE oauth/tokens/1", ME]
    client = MockChat([token(1, access_token=OWN), token(2, agent_id=5)])
    result = revoke(client, ids=[1], own_token="revoke", verify=False)
    assert (client.lines, result["verified"]) == ([LISTS, "DELETE oauth/tokens/1"], False)


def test_without_verify_the_own_token_is_revoked_too():
    client = MockChat([token(1, access_token=OWN), token(2)])
    result = revoke(client, **ALL, own_token="revoke", verify=False)
    assert (client.deleted, outcomes(result), result["verified"]) == ([2, 1], {"revoked": [1, 2]}, False)


def test_the_own_token_is_not_attempted_if_others_failed():
    client = MockChat([token(1, access_token=OWN), token(2)], script=script_for_deletes(_2=REFUSED))
    result = revoke(client, **ALL, own_token="revoke")
    assert (client.deleted, outcomes(result)) == ([2], {"not_revoked": [1, 2]})
    assert "Not attempted" in result["not_revoked"][0]["msg"]


@pytest.mark.parametrize(("reply", "words"), [(Reply(204), "accepted the DELETE"), (Reply(404), "HTTP 404")])
def test_an_own_token_that_still_works(reply: Reply, words: str):
    script = script_for_deletes(_1=Reply(reply.status, applied=False))
    client = MockChat([token(1, access_token=OWN), token(2, agent_id=5)], script=script)
    result = revoke(client, ids=[1], own_token="revoke")
    assert (outcomes(result), result["verified"], sum(client.pauses)) == ({"not_revoked": [1]}, False, 5.0)
    assert f"{words}" in result["msg"]
    assert "still works" in result["msg"]


def test_an_own_token_that_works_for_some_time():
    me = Reply(200, agent(5, "ada@example.com"))
    client = MockChat([token(1, access_token=OWN), token(2, agent_id=5)], script={ME: [me, me]})
    result = revoke(client, ids=[1], own_token="revoke")
    assert (outcomes(result), result["verified"], client.pauses) == ({"revoked": [1]}, True, [0.5, 1.0])


@pytest.mark.parametrize(
    "reply", [Reply(503), Reply(403, {"error": "No"}), Reply(401, HTML), Reply(200, HTML), Reply(None)]
)
def test_an_own_token_of_which_it_is_unknown_whether_it_works(reply: Reply):
    client = MockChat([token(1, access_token=OWN), token(2, agent_id=5)], script={ME: [reply]})
    result = revoke(client, ids=[1], own_token="revoke")
    assert (outcomes(result), result["verified"], "failed" in result) == ({"revoked": [1]}, False, False)
    assert warnings_about(result, "not verified")
    assert result["msg"].endswith("not verified.")


@pytest.mark.parametrize("reply", [LOST, Reply(502, HTML), Reply(200, HTML), Reply(401, repeated=True)])
@pytest.mark.parametrize("verify", [True, False])
def test_an_unknown_outcome_of_the_own_token_is_decided_by_using_it(reply: Reply, verify: bool):
    client = MockChat([token(1, access_token=OWN), token(2, agent_id=5)], script=script_for_deletes(_1=reply))
    result = revoke(client, ids=[1], own_token="revoke", verify=verify)
    assert (outcomes(result), result["verified"], len(client.logged)) == ({"revoked": [1]}, verify, 1)

    script = script_for_deletes(_1=Reply(reply.status, reply.body, repeated=reply.repeated, applied=False))
    client = MockChat([token(1, access_token=OWN), token(2, agent_id=5)], script=script)
    result = revoke(client, ids=[1], own_token="revoke", verify=verify)
    assert (outcomes(result), result["verified"]) == ({"not_revoked": [1]}, False)
    assert "unknown" not in result["msg"]

    client = MockChat([token(1, access_token=OWN), token(2, agent_id=5)], script={ME: [Reply(503)], **script})
    result = revoke(client, ids=[1], own_token="revoke", verify=verify)
    assert outcomes(result) == {"not_revoked": [1]}
    assert "unknown whether" in result["msg"]


def test_a_401_without_a_lost_response_is_a_failure_of_the_own_token():
    client = MockChat([token(1, access_token=OWN)], script=script_for_deletes(_1=Reply(401, applied=False)))
    result = revoke(client, ids=[1], own_token="revoke")
    assert (outcomes(result), result["status"]) == ({"not_revoked": [1]}, 401)


def test_hidden_candidates_for_the_own_token_come_last_and_one_at_a_time():
    tokens = [token(1), token(2, agent_id=5), token(3, access_token=OWN), token(4, agent_id=None)]
    client = MockChat(tokens, shown=hidden(None))
    result = revoke(client, ids=[1, 2, 3], own_token="revoke")
    assert client.lines[2:] == [
        "DELETE oauth/tokens/2",
        LISTS,
        "DELETE oauth/tokens/1",
        ME,
        LISTS,
        "DELETE oauth/tokens/3",
        ME,
    ]
    assert (outcomes(result), result["verified"]) == ({"revoked": [1, 2, 3]}, True)


def test_hidden_candidates_that_remain_after_the_own_token_is_revoked():
    tokens = [token(1), token(2, access_token=OWN), token(3), token(4, agent_id=5)]
    result = revoke(MockChat(tokens, shown=hidden(None)), ids=[1, 2, 3], own_token="revoke")
    assert outcomes(result) == {"revoked": [1, 2], "not_revoked": [3]}
    assert "own token is revoked now" in result["msg"]


def test_tokens_created_while_hidden_candidates_are_revoked():
    tokens = [token(1), token(2, access_token=OWN), token(3, agent_id=5)]
    client = MockChat(tokens, shown=hidden(None))

    def create(line: str) -> None:
        if line == "DELETE oauth/tokens/1":
            client.tokens[9] = token(9, agent_id=5)

    client.before = create
    result = revoke(client, ids=[1, 9], own_token="revoke")
    assert (outcomes(result), result["verified"]) == ({"revoked": [1, 9]}, True)


def test_a_hidden_candidate_that_is_no_longer_listed_is_gone():
    script = {LISTS: [None, without(2)], **script_for_deletes(_1=REFUSED)}
    tokens = [token(1, agent_id=5), token(2), token(3, access_token=OWN)]
    result = revoke(MockChat(tokens, shown=hidden(None), script=script), ids=[1, 2], own_token="revoke")
    assert outcomes(result) == {"gone": [2], "not_revoked": [1]}


def test_an_unknown_outcome_of_a_hidden_candidate_remains_unknown():
    tokens = [token(1), token(2, access_token=OWN), token(3, agent_id=5)]
    script = {ME: [None, Reply(401)], **script_for_deletes(_1=LOST_BEFORE)}
    result = revoke(MockChat(tokens, shown=hidden(None), script=script), ids=[1], own_token="revoke")
    assert outcomes(result) == {"not_revoked": [1]}, "someone else may have revoked the own token"

    client = MockChat(tokens, shown=hidden(None), script=script_for_deletes(_1=LOST))
    result = revoke(client, ids=[1, 2], own_token="revoke", verify=False)
    assert (client.deleted, outcomes(result), len(client.lists)) == ([1], {"not_revoked": [1, 2]}, 1)
    assert "unknown whether" in result["msg"]


# The journal


def journal_of(path: Path) -> list[str]:
    """Return the events of a journal, such as ``delete 1, 0 of 5``."""
    lines = map(json.loads, path.read_text().splitlines())
    return [f"{line['event']} {line['token']}, {line['n']} of {line['of']}" for line in lines]


def test_the_journal_has_a_line_before_each_delete_and_one_for_its_outcome(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    script = script_for_deletes(_2=Reply(404, NOT_FOUND), _3=REFUSED, _4=LOST)
    client = MockChat([token(number) for number in range(1, 6)] + [token(6, access_token=OWN)], script=script)
    before: list[str] = []
    client.before = lambda line: before.append(journal_of(path)[-1]) if line.startswith("DELETE") else None
    revoke(client, **ALL, own_token="keep", journal=str(path), concurrency=1)
    assert before == [
        "delete 1, 0 of 5",
        "delete 2, 1 of 5",
        "delete 3, 1 of 5",
        "delete 4, 1 of 5",
        "delete 5, 1 of 5",
    ]
    assert path.stat().st_mode & 0o777 == 0o600
    assert journal_of(path) == [
        *("delete 1, 0 of 5", "revoked 1, 1 of 5", "delete 2, 1 of 5", "gone 2, 1 of 5", "delete 3, 1 of 5"),
        *("failed 3, 1 of 5", "delete 4, 1 of 5", "delete 5, 1 of 5", "revoked 5, 2 of 5"),
        # The list decides.
        "revoked 4, 3 of 5",
    ]


def test_the_journal_has_a_line_if_the_list_contradicts_an_outcome(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    revoke(MockChat([token(1), token(2)], script=stale(9, token(1))), ids=[1], journal=str(path))
    assert journal_of(path) == ["delete 1, 0 of 1", "revoked 1, 1 of 1", "failed 1, 0 of 1"]


def test_an_outcome_that_stays_unknown_has_no_line_in_the_journal(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    revoke(MockChat([token(1)], script=script_for_deletes(_1=LOST)), ids=[1], journal=str(path), verify=False)
    assert journal_of(path) == ["delete 1, 0 of 1"]


def test_a_journal_that_cannot_be_opened_prevents_every_revocation(tmp_path: Path):
    for check_mode in (True, False):
        client = MockChat([token(1)])
        result = revoke(client, check_mode, ids=[1], journal=str(tmp_path / "missing" / "journal"))
        assert (client.deleted, outcomes(result)) == ([], {"not_revoked": [1]})
        assert "Nothing was revoked: The journal" in result["msg"]
        assert (result["changed"], result["verified"]) == (False, False)


def test_without_a_revocation_there_is_no_journal(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    assert revoke(MockChat([token(1)]), True, ids=[1], journal=str(path))["changed"] is True
    assert revoke(MockChat([token(1)]), ids=[7], journal=str(path))["verified"] is True
    assert revoke(MockChat([token(1)]), ids=[1], max_revocations=0, journal=str(path))["failed"] is True
    assert not path.exists()
    missing = str(tmp_path / "missing" / "journal")
    for check_mode in (True, False):
        assert "failed" not in revoke(MockChat([token(1)]), check_mode, ids=[7], journal=missing)


@pytest.mark.parametrize("full_at", ["delete 1", "revoked 1", "delete 3"])
def test_a_full_disk_stops_the_run_and_loses_nothing(full_at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "journal.jsonl"
    write = os.write

    def write_until_full(file: int, data: bytes) -> int:
        line = json.loads(data)
        if f"{line['event']} {line['token']}" == full_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data)

    monkeypatch.setattr(os, "write", write_until_full)
    client = MockChat([token(number) for number in range(1, 10)])
    result = revoke(client, ids=list(range(1, 9)), journal=str(path), concurrency=1)
    sent = {"delete 1": [], "revoked 1": [1], "delete 3": [1, 2]}[full_at]
    assert client.deleted == sent
    assert ids(result["revoked"]) == sent
    assert ids(result["not_revoked"]) == [number for number in range(1, 9) if number not in sent]
    assert "journal" in result["msg"]
    assert bool(warnings_about(result, "lacks the outcome of token 1")) is (full_at == "revoked 1")
    assert len(client.lists) == 2


# Memory


def test_no_earlier_list_is_in_memory_when_a_list_is_read():
    tokens = [token(number) for number in range(1, 1001)]
    # Token 1 remains listed for some time.
    client = MockChat(tokens, script={LISTS: [None, also(token(1)), also(token(1)), first(500)]})
    in_memory: list[int] = []

    def count(line: str) -> None:
        if line == LISTS:
            gc.collect()
            in_memory.append(sum(isinstance(each, Token) for each in gc.get_objects()))

    client.before = count
    result = revoke(client, ids=list(range(1, 21)))
    assert (result["verified"], len(in_memory)) == (True, 4)
    assert [number - in_memory[0] for number in in_memory] == [0, 20, 20, 20], "only the tokens to revoke are kept"


# The result is complete, whatever the server does

VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "all": st.just(True),
    "ids": st.lists(st.integers(1, 12), max_size=9),
    "agent_ids": st.lists(st.sampled_from([1, 2, 3]), max_size=2),
    "agent_emails": st.lists(st.sampled_from(["one@example.com", "TWO@example.com", "x@example.com"]), max_size=2),
    "client_identifiers": st.lists(st.sampled_from(["zendesk", "zopim"]), max_size=2),
    "scopes": st.lists(st.sampled_from(["read", "write", "chat"]), max_size=2),
    "token_values": st.lists(st.sampled_from(["first-access-token", OWN]), max_size=2),
    "expired": st.booleans(),
    "age": st.sampled_from(["1d", "9999w"]),
}
AGENTS = [agent(1, "one@example.com"), agent(2, "two@example.com")]
EXPIRED, NEVER, LATER = "2015-09-09T17:49:20Z", "0001-01-01T00:00:00Z", "2999-09-09T17:49:20Z"


def is_selected(entry: Json, selectors: Json) -> bool:
    """Return whether a token matches, in a second formulation, for the tokens and the values of this test."""
    value = entry["access_token"]
    matches: dict[str, Any] = {
        "all": lambda given: True,
        "ids": lambda given: given.count(entry["id"]) > 0,
        "client_identifiers": lambda given: entry["client_identifier"] in given,
        "scopes": lambda given: any(scope in str(entry["scopes"]) for scope in given),
        "token_values": lambda given: given.count(value) > 0,
        "expired": lambda given: entry["expire_date"] != NEVER and given == (entry["expire_date"] == EXPIRED),
        "age": lambda given: given == "1d",
    }
    emails = [email.lower() for email in selectors.get("agent_emails", ())]
    agents = [*selectors.get("agent_ids", ()), *(one["id"] for one in AGENTS if one["email"] in emails)]
    if {"agent_ids", "agent_emails"} & selectors.keys() and entry["agent_id"] not in agents:
        return False
    return all(matches[name](given) for name, given in selectors.items() if name in matches)


def combinations(names: list[str]) -> Any:
    return st.fixed_dictionaries({name: VALUES[name] for name in names})


SELECTORS = st.one_of(
    st.sampled_from([{"all": True}, ALL]),
    st.sampled_from([{"ids": list(range(1, 13))}, {"ids": [1, 3, 5, 7]}, {"agent_ids": [1]}, {"agent_ids": [2]}]),
    st.lists(st.sampled_from(sorted(VALUES.keys() - {"all"})), min_size=1, max_size=2, unique=True).flatmap(
        combinations
    ),
)
FIELDS = st.fixed_dictionaries(
    {
        "agent_id": st.sampled_from([1, 2, 2, None]),
        "scopes": st.sampled_from(["read", "read,write", "read write", "chat", None]),
        "expire_date": st.sampled_from([None, EXPIRED, NEVER, LATER]),
        "client_identifier": st.sampled_from(["zendesk", "zopim", None]),
    }
)
DELETE_REPLIES = st.builds(
    lambda reply, applied: Reply(reply.status, reply.body, applied=applied, repeated=reply.repeated),
    st.one_of(
        st.sampled_from([Reply(204), Reply(200, b"null"), Reply(404, NOT_FOUND, repeated=True)]),
        st.sampled_from([Reply(None), Reply(502), Reply(200, HTML), Reply(401, repeated=True)]),
        st.sampled_from([Reply(404, NOT_FOUND), Reply(404, HTML), Reply(410)]),
        st.sampled_from([Reply(422), Reply(403), Reply(403, MISSING_SCOPE), Reply(401)]),
    ),
    st.booleans(),
)


def list_replies(tokens: list[Json]) -> Any:
    change = st.one_of(
        st.none(),
        st.none(),
        st.just(nothing),
        st.builds(first, st.integers(0, 5)),
        st.builds(lambda numbers: only(*numbers), st.lists(st.integers(1, 12), max_size=4)),
        st.builds(lambda numbers: without(*numbers), st.lists(st.integers(1, 12), max_size=4)),
        st.just(also(*tokens)),
        st.sampled_from([Reply(503), Reply(200, {"tokens": []}), Reply(200, HTML), Reply(401)]),
    )
    return st.lists(change, max_size=7)


@st.composite
def scenarios(draw: st.DrawFn) -> tuple[list[Json], Json, Json, Json]:
    """Return tokens, selectors, other options, and the arguments of the fake: a server that gives false responses."""
    tokens = [
        token(number + 1, **fields) for number, fields in enumerate(draw(st.lists(FIELDS, min_size=1, max_size=8)))
    ]
    for value in ("first-access-token", "own-token-other", OWN):
        if draw(st.integers(0, 3)):
            draw(st.sampled_from(tokens))["access_token"] = value
    options: Json = {
        "own_token": draw(st.sampled_from(["refuse", "keep", "revoke", "revoke"])),
        "verify": draw(st.sampled_from([True, True, True, False])),
        "concurrency": draw(st.sampled_from([1, 4])),
    }
    exclude = draw(st.sampled_from([*[None] * 5, {"ids": [1, 2]}, {"agent_ids": [2], "ids": [3]}]))
    if exclude is not None:
        options["exclude"] = exclude
    most = draw(st.sampled_from([*[None] * 6, 0, 1, 5]))
    if most is not None:
        options["max_revocations"] = most
    script: Json = {}
    if draw(st.integers(0, 2)):
        for entry in tokens:
            reply = draw(st.one_of(st.none(), DELETE_REPLIES))
            script.update({f"DELETE oauth/tokens/{entry['id']}": [reply]} if reply else {})
    if draw(st.booleans()):
        script[LISTS] = [draw(st.sampled_from([None, None, first(3), without(1, 2)])), *draw(list_replies(tokens))]
    if draw(st.booleans()):
        script[ME] = draw(
            st.lists(st.sampled_from([None, Reply(503), Reply(401), Reply(403, MISSING_SCOPE)]), max_size=3)
        )
    shown = draw(st.sampled_from([dict, dict, dict, hidden("{}...{}"), hidden(None)]))
    own, own_agent = draw(st.sampled_from([OWN, OWN, OWN, None])), draw(st.sampled_from([1, 777]))
    return tokens, draw(SELECTORS), options, {"script": script, "shown": shown, "own": own, "own_agent": own_agent}


class Observer:
    """What a list of requests shows about the server, and what a run may conclude from it."""

    def __init__(
        self, requests: list[Request], expired: set[int], to_revoke: set[int], shown_own_id: int | None
    ) -> None:
        """``to_revoke`` are the selected tokens that are not kept; ``shown_own_id`` is the own token if lists show its value."""
        self.requests = requests
        self.valid: list[int] = []
        """The positions of the lists that are valid as proof, the first list included."""
        self.planned: set[int] = set()
        """The ids in the lists after which the run continues."""
        lists = [position for position, request in enumerate(requests) if request.line == LISTS]
        seen: set[int] = set()
        for position, following in zip(lists, [*lists[1:], None]):
            shown = requests[position].shown
            untouched = seen - expired - (self.planned & to_revoke)
            if shown is None or (untouched and not untouched & shown) or shown_own_id in seen - shown:
                continue
            self.valid.append(position)
            seen |= shown
            if following is None or not requests[following].after_pause:
                self.planned |= shown

    def last_valid(self, after: int = -1) -> frozenset[int] | None:
        """Return what the last valid list showed, ``None`` if there was none after this position."""
        positions = [position for position in self.valid if position > after]
        return self.requests[positions[-1]].shown if positions else None

    def position_of_delete(self, number: int) -> int:
        return next(i for i, request in enumerate(self.requests) if request.line == f"DELETE oauth/tokens/{number}")

    def own_was_rejected(self, after: int) -> bool:
        return any(request.line == ME and request.status == 401 for request in self.requests[after:])


def confirms_deletion(status: int | None, reply: Reply | None) -> bool:
    """Return whether the response to a DELETE shows that this DELETE revoked the token."""
    if reply is None:
        return status == 204
    return (status == 404 and reply.repeated) or (status in (200, 204) and reply.body in (b"", b"null"))


@settings(max_examples=400)
@given(scenarios())
def test_result_is_complete(scenario: tuple[list[Json], Json, Json, Json]):
    tokens, selectors, options, fake = scenario
    has_no_faults = not any(fake["script"].values())
    options = {**selectors, **options, "probe_values": False}

    def client() -> MockChat:
        # Scripts are consumed.
        return MockChat([dict(entry) for entry in tokens], agents=AGENTS, **fake)

    real = client()
    before = dict(real.tokens)
    try:
        result = revoke(real, **options)
    except ChatError:
        assert real.deleted == []
        return
    revoked, kept, gone, not_revoked = (ids(result[name]) for name in ("revoked", "kept", "gone", "not_revoked"))
    own_id = next((n for n, entry in before.items() if fake["own"] and entry["access_token"] == OWN), None)
    selected = {number for number, entry in before.items() if is_selected(fake["shown"](entry), selectors)}
    expired = {number for number, entry in before.items() if entry["expire_date"] == EXPIRED}
    shown_own_id = own_id if fake["shown"] is dict else None
    observer = Observer(real.requests, expired, selected - set(kept), shown_own_id)
    listed = [request.shown for request in real.lists if request.shown is not None]
    event(f"{'failed' if result.get('failed') else 'succeeded'}, verified={result['verified']}")

    # Every selected token is in exactly one list, and only selected tokens are in one.
    completed = [*revoked, *kept, *gone, *not_revoked]
    assert len(completed) == len(set(completed))
    assert selected & listed[0] <= set(completed) <= selected & frozenset().union(*listed)
    # No DELETE is sent twice, or without a reason.
    assert len(real.deleted) == len(set(real.deleted))
    assert set(real.deleted) <= {*revoked, *gone, *not_revoked}
    assert set(revoked) <= set(real.deleted)
    assert len(real.deleted) <= options.get("max_revocations", 99)
    protected = {
        number
        for number, entry in before.items()
        for exclude in [options.get("exclude", {})]
        if number in exclude.get("ids", ()) or entry["agent_id"] in exclude.get("agent_ids", ())
    }
    assert not protected & set(real.deleted)
    assert protected & set(completed) == {entry["id"] for entry in result["kept"] if entry["reason"] == "excluded"}
    if options["own_token"] != "revoke":
        assert own_id not in real.deleted

    def reply_to_delete(number: int) -> Reply | None:
        (reply,) = fake["script"].get(f"DELETE oauth/tokens/{number}", [None])
        return reply

    # 'revoked': a token that still exists is only there if the server's last statement about it was false.
    for number in set(revoked) & real.tokens.keys():
        position = observer.position_of_delete(number)
        shown = observer.last_valid(after=position)
        if number == own_id and observer.own_was_rejected(position):
            event("false 401 for the own token")
        elif shown is not None:
            assert number not in shown
        else:
            assert confirms_deletion(real.requests[position].status, reply_to_delete(number))
    # 'gone': no DELETE of this run can have revoked it.
    for number in set(gone) & set(real.deleted):
        position, reply = observer.position_of_delete(number), reply_to_delete(number)
        assert real.requests[position].status in (401, 403, 404, 410, 422)
        assert reply is None or not reply.repeated
    # 'not_revoked': the last valid list contains the token.
    assert set(not_revoked) <= (observer.last_valid() or frozenset())
    # 'verified': nothing is left except kept tokens.
    if result["verified"]:
        assert not result.get("failed")
        last = real.lists[-1]
        assert real.requests.index(last) in observer.valid
        assert set(result["already_absent"]) == set(selectors.get("ids", ())) - observer.planned
        proven_by_use = {
            number
            for number in {*revoked, *gone} & set(real.deleted)
            if observer.position_of_delete(number) > real.requests.index(last)
            and observer.own_was_rejected(observer.position_of_delete(number))
        }
        left = selected - set(kept) - proven_by_use
        assert not left & (last.shown or frozenset())
        if last.shown == last.existing:
            assert not left & last.existing
    assert result["changed"] is bool(revoked)
    assert result.get("failed") or not not_revoked

    checked = client()
    dry_run = revoke(checked, True, **options)
    assert checked.deleted == []
    assert dry_run["verified"] is not (dry_run["changed"] or dry_run.get("failed", False))
    is_predictable = fake["shown"] is dict or fake["own"] is None or options["own_token"] != "revoke"
    if has_no_faults and is_predictable:
        assert outcomes(dry_run) == outcomes(result)
        for key in ("changed", "failed", "diff", "own_token_id", "listed", "warnings"):
            assert dry_run.get(key) == result.get(key), key
        assert options["verify"] is False or result["verified"] is not result.get("failed", False)
