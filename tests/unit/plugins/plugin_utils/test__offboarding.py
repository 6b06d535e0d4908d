# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Result of a revocation -> the report of an offboarding. The verdict is never stronger than what the API showed."""

from __future__ import annotations

import json

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils._offboarding import nobody_document
from ansible_collections.zchat.admin.tests.unit.support.offboarding import (
    ACCOUNT,
    AGENTS,
    FAILED,
    JONAS,
    LISTED,
    NOT_LISTED,
    ORIGIN,
    PRIYA,
    TOKENS,
    report,
    report_of,
    token,
)

KEPT = {"kept": [token(1205, reason="own token")]}
NOBODY = {"agents": [], "revoked": [], "unknown_agent_emails": ["x@example.com"]}
ONE = {"agents": AGENTS[:1]}
"""Only the agent who can no longer sign in."""
UNREAD = {"agents": None, "clients": None, "unknown_agent_ids": None}
"""The agents could not be read."""
LOST = {"failed": True, "msg": "Killed."}
"""The result of a run that was lost."""


def failed(*ids, revoked=(), unknown=()):
    """A run after which these tokens are not revoked, or it is unknown whether they are."""
    rows = [token(number, msg="HTTP 422.") for number in ids]
    return {"revoked": list(revoked), "not_revoked": rows, "unknown_outcomes": list(unknown), **FAILED}


DONE = "3 tokens of 2 people revoked, and none is left"
SIGN_IN = "1 person can still sign in"
NOT = "NOT COMPLETE: "
COMPLETE, VERIFIED, UNVERIFIED = (True, True), (False, True), (False, False)


@pytest.mark.parametrize(
    ("document", "headline", "verdict"),
    [
        (report(), f"{DONE}; {SIGN_IN}", COMPLETE),
        (report(**ONE, revoked=TOKENS[1:2]), "1 token of 1 person revoked, and none is left", COMPLETE),
        (report(revoked=[]), f"2 people found, and none has a token left; {SIGN_IN}", COMPLETE),
        (report(**ONE, revoked=[], gone=TOKENS), "2 people found, and none has a token left", COMPLETE),
        (report(dry_run=True), f"DRY RUN: 3 tokens of 2 people would be revoked; {SIGN_IN}", UNVERIFIED),
        (
            report(dry_run=True, **KEPT),
            f"DRY RUN: 3 tokens of 2 people would be revoked, 1 would be kept; {SIGN_IN}",
            UNVERIFIED,
        ),
        (report(True, **ONE, revoked=[], verified=True), "DRY RUN: 1 person found, no token to revoke", COMPLETE),
        (
            report(True, **KEPT, revoked=[], verified=True),
            f"DRY RUN: 2 people found, no token to revoke, 1 would be kept; {SIGN_IN}",
            VERIFIED,
        ),
        (report(**failed(1, revoked=TOKENS)), f"{NOT}3 of 4 tokens revoked, 1 not", UNVERIFIED),
        (
            report(**failed(1, 2, revoked=TOKENS, unknown=[2])),
            f"{NOT}3 of 5 tokens revoked, 1 not, 1 unknown",
            UNVERIFIED,
        ),
        (report(**failed(1, unknown=[1])), f"{NOT}0 of 1 token revoked, 1 unknown", UNVERIFIED),
        # A guard that stops a run does not look like a dry run, even in check mode.
        (report(**failed(1)), f"{NOT}nothing was revoked", UNVERIFIED),
        (report(dry_run=True, **failed(1)), f"{NOT}this dry run failed, and nothing was revoked", UNVERIFIED),
        (report(**KEPT), f"{NOT}3 of 4 tokens revoked, 1 kept", VERIFIED),
        (report(verified=False), f"{NOT}3 tokens revoked, but this is not verified", UNVERIFIED),
        (report(**FAILED), f"{NOT}3 tokens revoked, but this is not verified", UNVERIFIED),
        (report_of(NOT_LISTED), f"{NOT}nothing was revoked", UNVERIFIED),
        (report_of(LOST), f"{NOT}it is unknown whether a token was revoked", UNVERIFIED),
        # An address without an agent can have a typo. That an id has no token is verified.
        (report(**NOBODY), "Nobody was found, and nothing was revoked", UNVERIFIED),
        (report(dry_run=True, **NOBODY), "DRY RUN: nobody was found", UNVERIFIED),
        (report(agents=[], revoked=[], unknown_agent_ids=[6]), "Nobody was found, and nothing was revoked", VERIFIED),
        (
            report(**ONE, unknown_agent_emails=["x@example.com", "y@example.com"]),
            f"{DONE}; 2 addresses were not found",
            VERIFIED,
        ),
        (report(**ONE, unknown_agent_ids=[6]), f"{DONE}; 1 agent id was not found", VERIFIED),
        (
            report(**ONE, unknown_agent_emails=["x@example.com"], unknown_agent_ids=[6]),
            f"{DONE}; 1 address and 1 agent id were not found",
            VERIFIED,
        ),
        # A deleted agent with a token is not unknown. The tokens of agents that cannot be read show that these exist.
        (report(**ONE, unknown_agent_ids=[JONAS]), DONE, COMPLETE),
        (report(**UNREAD), DONE, COMPLETE),
        (
            report(**UNREAD, revoked=[]),
            "1 person found, and none has a token left; 1 agent id could not be looked up",
            VERIFIED,
        ),
        (
            report(**ONE, listed={**LISTED, "own_only": True}),
            f"{DONE}; the API listed only the tokens of this run's own agent",
            VERIFIED,
        ),
        (
            report(**ONE, listed={**LISTED, "own_only": None}),
            f"{DONE}; it is not known whether the API lists the tokens of all agents",
            VERIFIED,
        ),
    ],
)
def test_the_verdict(document, headline, verdict):
    """``complete``: everybody was found and no token is left, and both are proven."""
    assert (document["headline"], (document["complete"], document["verified"])) == (headline, verdict)


def people(document):
    return [
        (agent["id"], agent["email"], None if agent["tokens"] is None else [shown["id"] for shown in agent["tokens"]])
        for agent in document["agents"]
    ]


def test_each_token_has_its_outcome_and_each_outcome_its_number():
    lost = [token(101, msg="HTTP 422."), token(102, msg="Timeout.")]
    outcomes = {"gone": [token(143, PRIYA)], "not_revoked": lost, "unknown_outcomes": [102], **KEPT, **FAILED}
    document = report(revoked=[token(38)], **outcomes, warnings=["A warning."])
    assert [[(row["id"], row["result"], row["reason"]) for row in agent["tokens"]] for agent in document["agents"]] == [
        [(143, "gone", None)],
        [
            (38, "revoked", None),
            (101, "not revoked", "HTTP 422."),
            (102, "unknown", "Timeout."),
            (1205, "kept", "own token"),
        ],
    ]
    counts = {"agents": 2, "revoked": 1, "would_be_revoked": 0, "kept": 1, "gone": 1, "not_revoked": 2}
    assert document["summary"] == counts
    assert (document["msg"], document["warnings"], document["dry_run"]) == (FAILED["msg"], ["A warning."], False)
    dry_run = report(dry_run=True)
    assert {row["result"] for agent in dry_run["agents"] for row in agent["tokens"]} == {"would be revoked"}
    assert (dry_run["summary"]["would_be_revoked"], dry_run["dry_run"]) == (3, True)


def test_a_person_and_a_token_have_what_the_api_shows_and_no_more():
    document = report()
    shown = {key: value for key, value in TOKENS[1].items() if key not in ("agent_id", "token_type")}
    row = {**shown, "client_name": "Zopim Dashboard", "result": "revoked", "reason": None}
    assert document["agents"][0] == {**AGENTS[0], "tokens": [row]}
    assert (document["account"], document["listed"], document["msg"], document["schema"]) == (ACCOUNT, LISTED, None, 1)
    assert (document["ansible_user"], document["collection_version"]) == (ORIGIN.user, ORIGIN.version)
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (report(), [(PRIYA, "priya.nair@example.com", [143]), (JONAS, "jonas.weber@example.com", [38, 1204])]),
        # Deleted agents, and tokens without an agent.
        (
            report(**ONE, revoked=[token(7, 5), token(8, None)], unknown_agent_ids=[5, 6]),
            [(5, None, [7]), (PRIYA, "priya.nair@example.com", []), (None, None, [8])],
        ),
        # The agents could not be read. The owner of an address is not known, but no other token can belong to it.
        (report(**UNREAD), [(PRIYA, None, [143]), (JONAS, None, [38, 1204])]),
        (report(**UNREAD, revoked=[]), [(PRIYA, None, []), (None, "jonas.weber@example.com", [])]),
        (report(**UNREAD, revoked=[], unknown_agent_emails=["jonas.weber@example.com"]), [(PRIYA, None, [])]),
        (report_of(NOT_LISTED), [(PRIYA, None, None), (None, "jonas.weber@example.com", None)]),
    ],
)
def test_the_people_with_their_tokens(document, expected):
    assert people(document) == expected


@pytest.mark.parametrize(
    ("run", "dry_run", "counts"),
    [
        (NOT_LISTED, False, {"revoked": 0, "would_be_revoked": 0}),
        (NOT_LISTED, True, {"revoked": 0, "would_be_revoked": None}),
        (LOST, False, {"revoked": None, "would_be_revoked": 0}),
        ({}, False, {"revoked": None, "would_be_revoked": 0}),
    ],
)
def test_unknown_is_null_if_the_list_was_not_read(run, dry_run, counts):
    document = report_of(run, dry_run)
    assert document["summary"] == {**dict.fromkeys(["agents", "kept", "gone", "not_revoked"]), **counts}
    assert [document[key] for key in ("listed", "unknown_agent_emails", "unknown_agent_ids")] == [None] * 3
    assert document["msg"] == run.get("msg", "The run ended without a result.")
    assert report_of(run, dry_run, agent_emails=(), agent_ids=())["agents"] is None


def test_unread_agents_are_not_counted():
    document = report(**UNREAD)
    assert (document["unknown_agent_ids"], document["summary"]["agents"]) == (None, None)


def test_without_people_there_is_nothing_to_do():
    document = nobody_document(["agent_emails", "agent_ids"], dry_run=False, origin=ORIGIN)
    assert document.keys() == report().keys()
    assert (document["complete"], document["agents"], document["listed"]) == (True, [], None)
    assert document["headline"] == "Nobody to offboard: 'agent_emails' and 'agent_ids' are not set or empty"
    assert set(document["summary"].values()) == {0}
