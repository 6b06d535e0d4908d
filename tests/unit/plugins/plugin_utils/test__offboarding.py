# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils._offboarding import (
    caveats,
    nobody_document,
    unknown_agents,
    unknown_text,
)
from ansible_collections.zchat.admin.tests.unit.support.offboarding import (
    ACCOUNT,
    AGENTS,
    FAILED,
    JONAS,
    LISTED,
    NOT_LISTED,
    ORIGIN,
    PRIYA,
    not_revoked,
    report,
    report_of,
    result,
    token,
)

KEPT = [token(1204, reason="own token")]
NOBODY = {"agents": [], "revoked": [], "unknown_agent_emails": ["x@example.com"]}
UNREAD = {"agents": None, "clients": None, "unknown_agent_ids": None}
UNKNOWN_COUNTS = dict.fromkeys(["agents", "kept", "gone", "not_revoked"])


def outcomes(document):
    return {item["id"]: (item["result"], item["reason"]) for agent in document["agents"] for item in agent["tokens"]}


def people(document):
    return [(agent["id"], agent["email"], len(agent["tokens"])) for agent in document["agents"]]


def test_the_report_of_a_real_run():
    document = report()
    assert list(document) == [
        *("schema", "started", "finished", "ansible_user", "collection_version", "account", "listed", "headline"),
        *("complete", "msg", "warnings", "dry_run", "verified", "agents", "unknown_agent_emails", "unknown_agent_ids"),
        "summary",
    ]
    assert (document["schema"], document["account"], document["listed"]) == (1, ACCOUNT, LISTED)
    assert (document["dry_run"], document["verified"], document["complete"], document["msg"]) == (
        False,
        True,
        True,
        None,
    )
    assert (document["ansible_user"], document["collection_version"]) == ("amelie", "1.0.0")
    assert people(document) == [(PRIYA, "priya.nair@example.com", 1), (JONAS, "jonas.weber@example.com", 2)]
    assert document["agents"][0] == {
        "id": PRIYA,
        "email": "priya.nair@example.com",
        "display_name": "Priya Nair",
        "enabled": False,
        "tokens": [
            {
                "id": 143,
                "client_identifier": "zopim",
                "client_name": "Zopim Dashboard",
                "scopes": "read write",
                "create_date": "2014-09-09T07:49:20Z",
                "expire_date": "2014-09-09T17:49:20Z",
                "result": "revoked",
                "reason": None,
            }
        ],
    }
    counts = {"agents": 2, "revoked": 3, "would_be_revoked": 0, "kept": 0, "gone": 0, "not_revoked": 0}
    assert document["summary"] == counts
    assert json.loads(json.dumps(document)) == document


def test_a_dry_run_lists_what_would_be_revoked():
    document = report(dry_run=True)
    assert set(outcomes(document).values()) == {("would be revoked", None)}
    assert document["summary"]["would_be_revoked"] == 3


def test_each_token_has_its_outcome():
    document = report(
        revoked=[token(38)],
        kept=KEPT,
        gone=[token(143, PRIYA)],
        not_revoked=[not_revoked(101), not_revoked(102, "Timeout.")],
        unknown_outcomes=[102],
        warnings=["A warning."],
        **FAILED,
    )
    assert outcomes(document) == {
        38: ("revoked", None),
        101: ("not revoked", "HTTP 422."),
        102: ("unknown", "Timeout."),
        143: ("gone", None),
        1204: ("kept", "own token"),
    }
    assert document["summary"]["not_revoked"] == 2
    assert (document["msg"], document["warnings"]) == ("Revoked 2 of 3 tokens.", ["A warning."])


def test_deleted_agents_and_tokens_without_an_agent():
    unknown = {"unknown_agent_emails": ["x@example.com"], "unknown_agent_ids": [5, 6]}
    document = report(agents=AGENTS[:1], revoked=[token(7, 5), token(8, None)], **unknown)
    assert people(document) == [(5, None, 1), (PRIYA, "priya.nair@example.com", 0), (None, None, 1)]
    assert {key: document[key] for key in unknown} == unknown


@pytest.mark.parametrize(
    ("changed", "verified"),
    [
        ({"agents": [], "revoked": [], "unknown_agent_emails": ["x@example.com"]}, False),
        # That a deleted agent has no token left is verified.
        ({"agents": [], "revoked": [], "unknown_agent_ids": [5]}, True),
        ({"agents": [], "unknown_agent_emails": ["x@example.com"]}, True),
        ({"unknown_agent_emails": ["x@example.com"]}, True),
        ({"verified": False}, False),
    ],
)
def test_nothing_is_verified_if_nobody_was_found(changed, verified):
    assert report(**changed)["verified"] is verified


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        # The agents could not be read, but the tokens could.
        (result(**UNREAD), [(PRIYA, None, 1), (JONAS, None, 2)]),
        (result(**UNREAD, revoked=[]), [(PRIYA, None, 0), (None, "jonas.weber@example.com", 0)]),
        (result(**UNREAD, revoked=[], unknown_agent_emails=["jonas.weber@example.com"]), [(PRIYA, None, 0)]),
    ],
)
def test_people_who_were_not_looked_up(run, expected):
    document = report_of(run)
    assert people(document) == expected
    assert (document["unknown_agent_ids"], document["summary"]["agents"]) == (None, None)


@pytest.mark.parametrize(
    ("run", "dry_run", "counts"),
    [
        (NOT_LISTED, False, {"revoked": 0, "would_be_revoked": 0}),
        (NOT_LISTED, True, {"revoked": 0, "would_be_revoked": None}),
        # A result that was lost.
        ({"failed": True, "msg": "Killed."}, False, {"revoked": None, "would_be_revoked": 0}),
    ],
)
def test_unknown_is_null_if_the_list_was_not_read(run, dry_run, counts):
    document = report_of(run, dry_run)
    assert [(agent["id"], agent["email"], agent["tokens"]) for agent in document["agents"]] == [
        (PRIYA, None, None),
        (None, "jonas.weber@example.com", None),
    ]
    unknown = ("listed", "unknown_agent_emails", "unknown_agent_ids")
    assert {key: document[key] for key in unknown} == dict.fromkeys(unknown)
    assert document["summary"] == {**UNKNOWN_COUNTS, **counts}
    assert (document["complete"], document["verified"]) == (False, False)
    assert document.keys() == report().keys()


def test_if_the_given_people_are_unknown_so_are_the_agents():
    assert report_of(NOT_LISTED, agent_emails=(), agent_ids=())["agents"] is None


def test_a_result_without_a_message_is_still_a_failure():
    assert report_of({})["msg"] == "The run ended without a result."


def test_nobody_is_given():
    document = nobody_document(["agent_emails", "agent_ids"], dry_run=False, origin=ORIGIN)
    assert document.keys() == report().keys()
    assert (document["complete"], document["agents"], document["listed"]) == (True, [], None)
    assert document["headline"] == "Nobody to offboard: 'agent_emails' and 'agent_ids' are not set or empty"
    assert set(document["summary"].values()) == {0}


@pytest.mark.parametrize(
    ("document", "headline"),
    [
        (report(), "3 tokens of 2 people revoked, and none is left; 1 person can still sign in"),
        (report(revoked=[token(38)], agents=AGENTS[:1]), "1 token of 1 person revoked, and none is left"),
        (report(revoked=[]), "2 people found, and none has a token left; 1 person can still sign in"),
        (report(dry_run=True), "DRY RUN: 3 tokens of 2 people would be revoked; 1 person can still sign in"),
        (
            report(dry_run=True, kept=KEPT),
            "DRY RUN: 3 tokens of 2 people would be revoked, 1 would be kept; 1 person can still sign in",
        ),
        (
            report(dry_run=True, revoked=[]),
            "DRY RUN: 2 people found, no token to revoke; 1 person can still sign in",
        ),
        (report(not_revoked=[not_revoked(1)], **FAILED), "NOT COMPLETE: 3 of 4 tokens revoked, 1 not"),
        (
            report(not_revoked=[not_revoked(1), not_revoked(2)], unknown_outcomes=[2], **FAILED),
            "NOT COMPLETE: 3 of 5 tokens revoked, 1 not, 1 unknown",
        ),
        (
            report(revoked=[], not_revoked=[not_revoked(1)], unknown_outcomes=[1], **FAILED),
            "NOT COMPLETE: 0 of 1 token revoked, 1 unknown",
        ),
        # A guard that stops a run does not look like a dry run, even in check mode.
        (report(revoked=[], not_revoked=[not_revoked(1)], **FAILED), "NOT COMPLETE: nothing was revoked"),
        (
            report(dry_run=True, revoked=[], not_revoked=[not_revoked(1)], failed=True, msg="A guard."),
            "NOT COMPLETE: this dry run failed, and nothing was revoked",
        ),
        (report(kept=KEPT), "NOT COMPLETE: 3 of 4 tokens revoked, 1 kept"),
        (report(verified=False), "NOT COMPLETE: 3 tokens revoked, but this is not verified"),
        (report_of(NOT_LISTED), "NOT COMPLETE: nothing was revoked"),
        (report_of({"failed": True, "msg": "Killed."}), "NOT COMPLETE: it is unknown whether a token was revoked"),
        (report(**NOBODY), "Nobody was found, and nothing was revoked"),
        (report(dry_run=True, **NOBODY), "DRY RUN: nobody was found"),
        (
            report(agents=AGENTS[:1], unknown_agent_emails=["x@example.com", "y@example.com"]),
            "3 tokens of 2 people revoked, and none is left; 2 addresses were not found",
        ),
        (
            report(agents=AGENTS[:1], listed={**LISTED, "own_only": True}),
            "3 tokens of 2 people revoked, and none is left; the API listed only the tokens of this run's own agent",
        ),
        (
            report(**UNREAD, revoked=[]),
            "1 person found, and none has a token left; 1 agent id could not be looked up",
        ),
    ],
)
def test_the_headline(document, headline):
    assert document["headline"] == headline


@pytest.mark.parametrize(
    ("document", "complete"),
    [
        (report(), True),
        (report(revoked=[], gone=[token(38)]), True),
        # Their tokens show that the agents exist.
        (report(**UNREAD), True),
        (report(agents=AGENTS[:1], revoked=[token(7, 5)], unknown_agent_ids=[5]), True),
        (report(dry_run=True, revoked=[], verified=True), True),
        (report(dry_run=True), False),
        (report(dry_run=True, revoked=[], kept=KEPT, verified=True), False),
        (report(**FAILED), False),
        (report(verified=False), False),
        (report(kept=KEPT), False),
        (report(unknown_agent_emails=["x@example.com"]), False),
        (report(unknown_agent_ids=[6]), False),
        (report(**UNREAD, revoked=[]), False),
        (report(listed={**LISTED, "own_only": True}), False),
        (report(listed={**LISTED, "own_only": None}), False),
        (report(**NOBODY), False),
    ],
)
def test_it_is_complete_only_if_everybody_was_found_and_has_no_token_left(document, complete):
    assert document["complete"] is complete


@pytest.mark.parametrize(
    ("emails", "ids", "expected"),
    [
        ([], [], ""),
        (["x@example.com"], [], "1 address was not found"),
        ([], [5, 6], "2 agent ids were not found"),
        (["x@example.com"], [5], "1 address and 1 agent id were not found"),
    ],
)
def test_the_number_of_unknown_agents(emails, ids, expected):
    assert unknown_text(report(unknown_agent_emails=emails, unknown_agent_ids=ids)) == expected


def test_a_deleted_agent_with_tokens_is_not_unknown():
    assert unknown_agents(report(revoked=[token(7, 5)], unknown_agent_ids=[5, 6])) == ([], [6])


def test_a_list_that_proves_nothing_is_a_caveat():
    assert caveats(report()) == []
    unproven = report(listed={**LISTED, "own_only": None})
    assert caveats(unproven) == ["it is not known whether the API lists the tokens of all agents"]
