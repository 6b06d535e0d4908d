# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import Deletion, list_tokens
from ansible_collections.zchat.admin.plugins.module_utils._errors import Failure
from ansible_collections.zchat.admin.plugins.module_utils._revoking.outcomes import GUARDED, Outcome, Outcomes, Row
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import Listed
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import MockChat, token

TOKENS = {each.id: each for each in list_tokens(MockChat([token(number) for number in range(1, 31)])).tokens}
ACCEPTED = Deletion(204, may_be_executed=False)
ABSENT = Deletion(404, may_be_executed=False)
REFUSED = Failure("The API refused it", 422)
LOST = Failure("No response.", may_be_executed=True)
STILL_LISTED = Failure("The token is still listed.")


def outcomes_of(**results: Any) -> Outcomes:
    """Return the rows of some tokens from arguments such as ``_1=ACCEPTED``; ``None`` for a pending row."""
    outcomes = Outcomes()
    by_id = {int(name[1:]): result for name, result in results.items()}
    outcomes.add(TOKENS[number] for number in by_id)
    for number, result in by_id.items():
        if result is not None:
            outcomes.record(TOKENS[number], result)
    return outcomes


def by_outcome(outcomes: Outcomes) -> dict[Outcome, list[int]]:
    rows = {outcome: [each.id for each in outcomes.tokens(outcome)] for outcome in Outcome}
    return {outcome: ids for outcome, ids in rows.items() if ids}


def still_listed(row: Row) -> Failure:
    return STILL_LISTED


# Rows


def test_a_token_gets_one_row():
    outcomes = Outcomes()
    assert [each.id for each in outcomes.add([TOKENS[2], TOKENS[1]])] == [2, 1]
    assert [each.id for each in outcomes.add([TOKENS[1], TOKENS[3]])] == [3]
    assert by_outcome(outcomes) == {Outcome.PENDING: [1, 2, 3]}


def test_the_response_to_a_delete_decides_the_outcome():
    outcomes = outcomes_of(_1=ACCEPTED, _2=ABSENT, _3=Deletion(404, may_be_executed=True), _4=REFUSED, _5=LOST, _6=None)
    assert by_outcome(outcomes) == {
        Outcome.REVOKED: [1, 3],
        Outcome.GONE: [2],
        Outcome.NOT_REVOKED: [4, 5],
        Outcome.PENDING: [6],
    }
    assert outcomes.counts[Outcome.NOT_REVOKED] == 2
    assert outcomes.failed


def test_finish_completes_the_pending_rows():
    outcomes = outcomes_of(_1=ACCEPTED, _2=None, _3=None)
    outcomes.finish(REFUSED, besides=[3])
    assert by_outcome(outcomes) == {Outcome.REVOKED: [1], Outcome.NOT_REVOKED: [2], Outcome.PENDING: [3]}


def test_kept_tokens_do_not_count_as_selected():
    outcomes = outcomes_of(_1=None, _2=None)
    outcomes.keep([TOKENS[1]], "own token")
    assert outcomes.selected == 1
    assert not outcomes.failed


@pytest.mark.parametrize(
    ("result", "if_listed", "if_absent"),
    [
        (ACCEPTED, Outcome.NOT_REVOKED, Outcome.REVOKED),
        (ABSENT, Outcome.NOT_REVOKED, Outcome.GONE),
        (Deletion(404, may_be_executed=True), Outcome.NOT_REVOKED, Outcome.REVOKED),
        (REFUSED, Outcome.NOT_REVOKED, Outcome.GONE),
        (LOST, Outcome.NOT_REVOKED, Outcome.REVOKED),
        (None, Outcome.PENDING, Outcome.GONE),
    ],
)
def test_the_list_decides_after_the_delete(result: Any, if_listed: Outcome, if_absent: Outcome):
    outcomes = outcomes_of(_1=result)
    decided = outcomes.compare_with_list([1], still_listed)
    assert by_outcome(outcomes) == {if_listed: [1]}
    assert decided == ([] if result in (REFUSED, None) else [outcomes.rows[1]])
    # A later list decides again.
    assert outcomes.compare_with_list([], still_listed) == [outcomes.rows[1]]
    assert by_outcome(outcomes) == {if_absent: [1]}
    assert outcomes.compare_with_list([], still_listed) == []


def test_a_kept_token_stays_kept():
    outcomes = outcomes_of(_1=None)
    outcomes.keep([TOKENS[1]], "excluded")
    outcomes.compare_with_list([], still_listed)
    assert by_outcome(outcomes) == {Outcome.KEPT: [1]}


def test_a_listed_token_has_no_unknown_outcome():
    outcomes = outcomes_of(_1=LOST, _2=REFUSED)
    assert outcomes.unknown == [1]
    assert "unknown" in outcomes.result()["not_revoked"][0]["msg"]
    outcomes.compare_with_list([1], still_listed)
    assert outcomes.result()["not_revoked"][0]["msg"] == "No response."
    assert outcomes.unknown == []


# The result


def test_the_result_contains_complete_tokens():
    outcomes = outcomes_of(_1=ACCEPTED, _2=None, _3=ABSENT, _4=REFUSED)
    outcomes.keep([TOKENS[2]], "own token")
    outcomes.already_absent = {9, 7}
    outcomes.listed = Listed(30, 3, False)
    outcomes.own_token_id = 2
    outcomes.unknown_agent_emails = ["x@example.com"]
    result = outcomes.result()

    def complete(number: int) -> dict[str, Any]:
        return {name: value for name, value in token(number).items() if name not in ("access_token", "refresh_token")}

    assert result.pop("msg")
    assert result.pop("warnings") == []
    assert result == {
        "changed": True,
        "revoked": [complete(1)],
        "kept": [{**complete(2), "reason": "own token"}],
        "gone": [complete(3)],
        "not_revoked": [{**complete(4), "status": 422, "msg": "The API refused it"}],
        "already_absent": [7, 9],
        "verified": False,
        "listed": {"tokens": 30, "agents": 3, "own_only": False},
        "own_token_id": 2,
        "unknown_agent_emails": ["x@example.com"],
        "failed": True,
        "status": 422,
    }


def test_the_result_of_nothing():
    result = Outcomes().result()
    assert (result["changed"], result["verified"], result["listed"], "failed" in result) == (False, False, None, False)


def test_in_check_mode_pending_tokens_would_be_revoked():
    pending = outcomes_of(_1=None, _2=None)
    pending.assume_revoked()
    result = pending.result(check_mode=True)
    assert [entry["id"] for entry in result["revoked"]] == [1, 2]
    assert (result["changed"], result["msg"]) == (True, "2 tokens would be revoked.")


def test_diff():
    outcomes = outcomes_of(_1=ACCEPTED, _2=None, _3=ABSENT, _4=REFUSED)
    outcomes.keep([TOKENS[2]], "excluded")
    diff = outcomes.diff(lambda number: f"{number} (Ada)", str)
    assert [line[:8] for line in diff["before"].splitlines()] == ["token 1;", "token 2;", "token 3;", "token 4;"]
    assert [line[:8] for line in diff["after"].splitlines()] == ["token 2;", "token 4;"]
    assert "agent 10000026 (Ada);" in diff["before"]
    assert diff["after"].endswith("\n")


# The message


@pytest.mark.parametrize(
    ("results", "verified", "message"),
    [
        ({}, True, "No token to revoke."),
        ({"_1": ACCEPTED}, True, "1 token revoked, and no selected token is left."),
        ({"_1": ACCEPTED, "_2": ACCEPTED, "_3": ABSENT}, True, "2 tokens revoked, and no selected token is left."),
        ({"_1": ACCEPTED}, False, "1 token revoked, not verified."),
    ],
)
def test_message_of_a_success(results: dict[str, Any], verified: bool, message: str):
    outcomes = outcomes_of(**results)
    outcomes.verified = verified
    assert outcomes.result()["msg"] == message
    outcomes.add([TOKENS[9]])
    outcomes.keep([TOKENS[9]], "own token")
    assert outcomes.result()["msg"] == f"{message} 1 token kept."


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({"_1": REFUSED}, "Revoked 0 of 1 token. Token 1: The API refused it."),
        ({"_1": REFUSED, "_2": REFUSED, "_3": ACCEPTED}, "Revoked 1 of 3 tokens. Tokens 1, 2: The API refused it."),
        ({"_1": REFUSED, "_2": ABSENT}, "Revoked 0 of 1 token. Token 1: The API refused it."),
        ({"_1": LOST}, "Revoked 0 of 1 token. Token 1: No response. It is unknown whether the token was revoked."),
    ],
)
def test_message_of_a_failure(results: dict[str, Any], message: str):
    assert outcomes_of(**results).result()["msg"] == message


def test_reasons_in_the_message_are_grouped_and_limited():
    outcomes = outcomes_of(**{f"_{number}": Failure(f"Reason {number % 5}.", 500) for number in range(1, 31)})
    message = outcomes.result()["msg"]
    assert "Revoked 0 of 30 tokens. Tokens 1, 6, 11, 16, 21, 26: Reason 1. Tokens 2" in message
    assert "Reason 3." in message
    assert "Reason 4." not in message
    assert "2 more reasons" in message


def test_a_reason_that_differs_only_in_the_id_is_stated_once():
    url = "https://acme.example.com/oauth/tokens"
    outcomes = outcomes_of(**{f"_{number}": Failure(f"HTTP 500 at {url}/{number}.", 500) for number in (1, 2)})
    assert f"Tokens 1, 2: HTTP 500 at {url}/<id>." in outcomes.result()["msg"]
    assert outcomes.result()["not_revoked"][1]["msg"] == f"HTTP 500 at {url}/2."


def test_a_guard_that_stops_the_run_before_the_first_delete():
    outcomes = outcomes_of(_1=None, _2=None)
    outcomes.keep([TOKENS[2]], "own token")
    outcomes.stop(Failure("the selection is wrong."), GUARDED)
    result = outcomes.result()
    assert result["msg"] == "Nothing was revoked: the selection is wrong."
    assert (result["failed"], result["verified"], "status" in result) == (True, False, False)
    assert "the message of the task" in result["not_revoked"][0]["msg"]


def test_a_guard_that_stops_a_later_round():
    outcomes = outcomes_of(_1=ACCEPTED, _2=None)
    outcomes.stop(Failure("the selection is wrong."), GUARDED)
    assert outcomes.result()["msg"] == "Revoked 1 of 2 tokens. The selection is wrong."


def test_a_failure_of_the_verification():
    outcomes = outcomes_of(_1=ACCEPTED)
    outcomes.failure = Failure("the list could not be read again. HTTP 503.", 503)
    result = outcomes.result()
    assert result["msg"] == "Revoked 1 of 1 token. The list could not be read again. HTTP 503."
    assert (result["failed"], result["status"], result["changed"], result["not_revoked"]) == (True, 503, True, [])
