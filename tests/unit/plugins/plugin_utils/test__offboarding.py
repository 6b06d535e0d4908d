# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Result of a revocation -> the report of an offboarding. The verdict is never stronger than what the API showed."""

from __future__ import annotations

import json

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils._offboarding import proves_other_agents
from ansible_collections.zchat.admin.tests.unit.support import offboarding
from ansible_collections.zchat.admin.tests.unit.support.offboarding import (
    JONAS,
    PRIYA,
    client,
    report,
    report_of,
    token,
)

AGENTS, FAILED, NOT_LISTED, TOKENS = offboarding.AGENTS, offboarding.FAILED, offboarding.NOT_LISTED, offboarding.TOKENS
KEPT = {"kept": [token(1205, reason="own token")]}
NOBODY = {"agents": [], "revoked": [], "unknown_agent_ids": [PRIYA]}
DISABLED = {"agents": [{**agent, "enabled": False} for agent in AGENTS]}
"""No agent can sign in."""
UNREAD = {"agents": None, "clients": None, "unknown_agent_ids": None}
"""The agents could not be read."""
UNKNOWN = {"unknown_agent_emails": ["x@example.com"]}
LOST = {"failed": True, "msg": "Killed."}
"""The result of a run that was lost."""


def failed(*ids, revoked=(), unknown=()):
    """A run after which these tokens are not revoked, or it is unknown whether they are."""
    rows = [token(number, msg="HTTP 422.") for number in ids]
    return {"revoked": list(revoked), "not_revoked": rows, "unknown_outcomes": list(unknown), **FAILED}


def created(*creators, **more):
    """A run after which the API lists clients of these agents."""
    return {"api_clients": [client(number, creator) for number, creator in enumerate(creators, 1)], **more}


def listed(own_only):
    return {"listed": {**offboarding.LISTED, "own_only": own_only}}


def unproven(own_only=True, agents=(JONAS, PRIYA), own=PRIYA, dry_run=False, proof=None, fails=True, **changed):
    """The report of a run that saw no token of another agent. By default, the own agent is one of the two people."""
    found = [agent for agent in DISABLED["agents"] if agent["id"] in agents]
    given = {"own_only_fails": fails, "earlier_report": proof}
    people = {"agents": found, "own_agent_id": own, "revoked": [token(143, PRIYA)]}
    if agents == (PRIYA,):
        given.update(agent_emails=(), agent_ids=[PRIYA])
    return report(dry_run, given, **listed(own_only), **{**people, **changed})


DONE = "3 tokens of 2 people revoked, and none is left"
WOULD = "DRY RUN: 3 tokens of 2 people would be revoked"
OTHERS = "it is unknown whether these people have other tokens; the API listed only the tokens of this run's own agent"
ONLY_OWN = "; the API listed only the tokens of this run's own agent"
SIGN_IN = "; 1 person can still sign in"
NOT = "NOT COMPLETE: "
VERDICTS = {
    "complete": [
        (report(), f"{DONE}{SIGN_IN}"),
        (report(revoked=[]), f"2 people found, and none has a token left{SIGN_IN}"),
        (report(**DISABLED, revoked=[], gone=TOKENS), "2 people found, and none has a token left"),
        (report(True, **DISABLED, revoked=[], verified=True), "DRY RUN: 2 people found, no token to revoke"),
        # A deleted agent with a token is not unknown. The tokens of agents that cannot be read show that these exist.
        (report(agents=AGENTS[:1], unknown_agent_ids=[JONAS]), DONE),
        (report(**UNREAD), f"{DONE}; it is unknown whether 2 people can still sign in"),
        # API clients do not change the verdict. It names them, because deleting them is the next step.
        (report(**created(JONAS, 5)), f"{DONE}{SIGN_IN}; 1 API client created by 1 person still exists"),
        (
            report(**DISABLED, **created(JONAS, PRIYA, JONAS)),
            f"{DONE}; 3 API clients created by 2 people still exist",
        ),
        # Neither is a deleted agent unknown who has no token, but created an API client.
        # An earlier report shows that the API lists the tokens of other agents.
        (unproven(proof="a.json"), "1 token of 1 person revoked, and none is left"),
        (unproven(None, proof="a.json", fails=False, revoked=[]), "2 people found, and none has a token left"),
        (
            report(agents=[], revoked=[], unknown_agent_ids=[PRIYA], **created(PRIYA)),
            "1 person found, and none has a token left; 1 API client created by 1 person still exists",
        ),
    ],
    "verified": [
        (
            report(True, **KEPT, revoked=[], verified=True),
            f"DRY RUN: 2 people found, no token to revoke, 1 would be kept{SIGN_IN}",
        ),
        (report(**KEPT), f"{NOT}3 of 4 tokens revoked, 1 kept{SIGN_IN}"),
        # That an id has no token is verified. An address can have a typo.
        (report(**NOBODY), "Nobody was found, and nothing was revoked; 1 agent id was not found"),
        (report(**DISABLED, unknown_agent_ids=[6]), f"{DONE}; 1 agent id was not found"),
        (
            report(unknown_agent_emails=["x@y.z"], unknown_agent_ids=[6]),
            f"{DONE}{SIGN_IN}; 1 address and 1 agent id were not found",
        ),
        # All lookups failed, or only one, whose 404 can come from a gateway.
        (
            report(**UNREAD, revoked=[]),
            (
                "1 person found, and none has a token left; it is unknown whether 1 person can still sign in; 1 agent id could not be "
                "looked up"
            ),
        ),
        (
            report(agents=AGENTS[1:], revoked=TOKENS[:1]),
            f"1 token of 1 person revoked, and none is left{SIGN_IN}; 1 agent id could not be looked up",
        ),
        (
            report(agents=[], revoked=[]),
            "Nobody was found, and nothing was revoked; 1 agent id could not be looked up",
        ),
        (report(**DISABLED, **listed(True)), f"{DONE}; the API listed only the tokens of this run's own agent"),
        # If a run that did not see a token of another agent must fail, it is not complete, unless the people are the own agent.
        (unproven(), f"{NOT}1 token revoked, and {OTHERS}"),
        (unproven(fails=False), f"1 token of 1 person revoked, and none is left{ONLY_OWN}"),
        (unproven(agents=(PRIYA,)), f"1 token of 1 person revoked, and none is left{ONLY_OWN}"),
        (unproven(agents=(PRIYA,), own=None), f"{NOT}1 token revoked, and {OTHERS}"),
        (
            unproven(agents=(PRIYA,), own=JONAS, revoked=[]),
            f"{NOT}it is unknown whether these people have tokens{ONLY_OWN}",
        ),
        (
            unproven(agents=(PRIYA,), unknown_agent_ids=[7]),
            f"{NOT}1 token revoked, and it is unknown whether these people have other tokens; 1 agent id was not found{ONLY_OWN}",
        ),
        (
            unproven(None, agents=(JONAS,), revoked=[]),
            (
                f"{NOT}it is unknown whether these people have tokens; 1 agent id could not be looked up; it is not known whether the "
                "API lists the tokens of all agents"
            ),
        ),
        (
            unproven(dry_run=True, revoked=[], verified=True),
            f"{NOT}it is unknown whether these people have tokens{ONLY_OWN}",
        ),
        (report(**DISABLED, **listed(None)), f"{DONE}; it is not known whether the API lists the tokens of all agents"),
    ],
    "not verified": [
        (
            report(**NOBODY, **UNKNOWN),
            "Nobody was found, and nothing was revoked; 1 address and 1 agent id were not found",
        ),
        (
            unproven(agents=(), revoked=[], **UNKNOWN, unknown_agent_ids=[PRIYA]),
            f"{NOT}it is unknown whether these people have tokens; 1 address and 1 agent id were not found{ONLY_OWN}",
        ),
        (unproven(dry_run=True), f"{NOT}1 token would be revoked, and {OTHERS}"),
        (unproven(**FAILED), f"{NOT}1 token revoked, but this is not verified{ONLY_OWN}"),
        (report(True, **NOBODY, **UNKNOWN), "DRY RUN: nobody was found; 1 address and 1 agent id were not found"),
        (report(True, **DISABLED, **UNKNOWN), f"{WOULD}; 1 address was not found"),
        (report(dry_run=True, **KEPT), f"{WOULD}, 1 would be kept{SIGN_IN}"),
        (report(**failed(1, revoked=TOKENS)), f"{NOT}3 of 4 tokens revoked, 1 not{SIGN_IN}"),
        (
            report(**failed(1, 2, revoked=TOKENS, unknown=[2]), **UNKNOWN),
            f"{NOT}3 of 5 tokens revoked, 1 not, 1 unknown{SIGN_IN}; 1 address was not found",
        ),
        (report(**failed(1, unknown=[1])), f"{NOT}0 of 1 token revoked, 1 unknown{SIGN_IN}"),
        # A guard that stops a run does not look like a dry run, even in check mode.
        (report(**failed(1)), f"{NOT}nothing was revoked{SIGN_IN}"),
        (report(dry_run=True, **failed(1)), f"{NOT}this dry run failed, and nothing was revoked{SIGN_IN}"),
        (report(verified=False), f"{NOT}3 tokens revoked, but this is not verified{SIGN_IN}"),
        (report(verified=False, revoked=[]), f"{NOT}0 tokens revoked, but this is not verified{SIGN_IN}"),
        (
            report(dry_run=True, **created(JONAS), **UNKNOWN),
            f"{WOULD}{SIGN_IN}; 1 API client created by 1 person still exists; 1 address was not found",
        ),
        (
            report(**failed(1), **created(PRIYA, PRIYA)),
            f"{NOT}nothing was revoked{SIGN_IN}; 2 API clients created by 1 person still exist",
        ),
        (report_of(NOT_LISTED), f"{NOT}nothing was revoked"),
        (report_of(LOST), f"{NOT}it is unknown whether a token was revoked"),
    ],
}


@pytest.mark.parametrize(
    ("verdict", "document", "headline"), [(verdict, *row) for verdict, rows in VERDICTS.items() for row in rows]
)
def test_the_verdict(verdict, document, headline):
    """``complete``: everybody was found and no token is left, and both are proven."""
    assert document["headline"] == headline
    assert (document["complete"], document["verified"]) == (verdict == "complete", verdict != "not verified")


OTHER_ACCOUNT = {"schema": 1, "account": "https://other", "own_agent_id": 77, "listed": {"own_only": False}}
PROOF = {**OTHER_ACCOUNT, "account": offboarding.ACCOUNT}


@pytest.mark.parametrize(
    ("reports", "name"),
    [
        ([], None),
        ([OTHER_ACCOUNT, PROOF, PROOF], "1"),
        ([{**PROOF, "dry_run": True}], "0"),
        ([{**PROOF, "listed": {"own_only": value}} for value in (True, None, 0, "", "false")], None),
        ([{**PROOF, "listed": value} for value in (None, [], "own_only", {})], None),
        ([{**PROOF, "own_agent_id": value} for value in (78, None, "77")], None),
        ([None, 5, "text", [], [PROOF], {}, {**PROOF, "schema": 2}, {**PROOF, "account": None}], None),
    ],
)
def test_an_earlier_report_of_the_account_can_prove_that_other_agents_are_listed(reports, name):
    named = [(str(number), document) for number, document in enumerate(reports)]
    result = {"account": offboarding.ACCOUNT, "own_agent_id": 77}
    assert proves_other_agents(result, iter(named)) == name
    assert proves_other_agents({**result, "own_agent_id": None}, iter(named)) is None


def test_each_token_has_its_outcome_and_each_outcome_its_number():
    lost = [token(101, msg="HTTP 422."), token(102, msg="Timeout.")]
    outcomes = {"gone": [token(143, PRIYA)], "not_revoked": lost, "unknown_outcomes": [102], **KEPT, **FAILED}
    document = report(revoked=[token(38)], **outcomes, warnings=["A warning."])
    rows = [(row["id"], row["result"], row["reason"]) for agent in document["agents"] for row in agent["tokens"]]
    revoked, not_revoked = (38, "revoked", None), (101, "not revoked", "HTTP 422.")
    others = [(102, "unknown", "Timeout."), (1205, "kept", "own token")]
    assert rows == [(143, "gone", None), revoked, not_revoked, *others]
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
    assert document["agents"][0] == {**AGENTS[0], "clients": [], "tokens": [row]}
    run = {"account": offboarding.ACCOUNT, "listed": offboarding.LISTED, "msg": None, "warnings": []}
    origin = {"schema": 1, "ansible_user": "amelie", "collection_version": "1.0.0"}
    assert document.items() >= {**run, **origin}.items()
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (report(), {PRIYA: [143], JONAS: [38, 1204]}),
        # Deleted agents, and tokens without an agent.
        (
            report(agents=AGENTS[:1], revoked=[token(7, 5), token(8, None)], unknown_agent_ids=[5]),
            {5: [7], PRIYA: [], None: [8]},
        ),
        # The API did not show whether the agent exists.
        (report(agents=AGENTS[1:], revoked=[]), {PRIYA: [], JONAS: []}),
        # The agents could not be read. The owner of an address is not known, but no other token can belong to it.
        (report(**UNREAD), {PRIYA: [143], JONAS: [38, 1204]}),
        (report(**UNREAD, revoked=[]), {PRIYA: [], "jonas.weber@example.com": []}),
        (report(**UNREAD, revoked=[], unknown_agent_emails=["jonas.weber@example.com"]), {PRIYA: []}),
        (report_of(NOT_LISTED), {PRIYA: None, "jonas.weber@example.com": None}),
    ],
)
def test_the_people_with_their_tokens(document, expected):
    tokens = [agent["tokens"] and [row["id"] for row in agent["tokens"]] for agent in document["agents"]]
    assert list(zip([agent["id"] or agent["email"] for agent in document["agents"]], tokens)) == list(expected.items())


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        # A client without a creator, and those of others, are nobody's.
        (created(None, JONAS, 5, JONAS), {PRIYA: [], JONAS: [2, 4]}),
        # The API may not list the clients of all agents, but what it lists is shown.
        (created(JONAS, own_clients_only=True), {PRIYA: None, JONAS: [1]}),
        (created(JONAS, own_clients_only=None), {PRIYA: None, JONAS: [1]}),
        ({"api_clients": None, "own_clients_only": None}, {PRIYA: None, JONAS: None}),
        # Agents without a token, one of them deleted. The lookup of the other one showed nothing.
        (created(PRIYA, 5, agents=[], revoked=[], unknown_agent_ids=[PRIYA]), {PRIYA: [1]}),
        (created(PRIYA, 5, agents=[], revoked=[], unknown_agent_ids=[]), {PRIYA: [1]}),
        # The agents could not be read.
        (created(PRIYA, None, **UNREAD, revoked=[]), {PRIYA: [1], None: None}),
        (created(JONAS, revoked=[token(1, None)]), {PRIYA: [], JONAS: [1], None: None}),
    ],
)
def test_the_api_clients_that_a_person_created(run, expected):
    """Unknown is null: that none is listed shows nothing if the API may not list those of all agents."""
    document = report(**run)
    ids = {agent["id"]: agent["clients"] and [row["id"] for row in agent["clients"]] for agent in document["agents"]}
    assert ids == expected


def test_an_api_client_has_what_the_api_shows_and_no_more():
    (row,) = report(**created(JONAS))["agents"][1]["clients"]
    hidden = ("agent_id", "company", "update_date")
    assert row == {key: value for key, value in client(1).items() if key not in hidden}


@pytest.mark.parametrize(
    ("run", "dry_run", "revoked", "would_be_revoked"),
    [(NOT_LISTED, False, 0, 0), (NOT_LISTED, True, 0, None), (LOST, False, None, 0), ({}, False, None, 0)],
)
def test_unknown_is_null_if_the_list_was_not_read(run, dry_run, revoked, would_be_revoked):
    document, counts = report_of(run, dry_run), {"revoked": revoked, "would_be_revoked": would_be_revoked}
    assert document["summary"] == {**dict.fromkeys(["agents", "kept", "gone", "not_revoked"]), **counts}
    assert [document[key] for key in ("listed", "unknown_agent_emails", "unknown_agent_ids")] == [None] * 3
    assert document["msg"] == run.get("msg", "The run ended without a result.")
    assert report_of(run, dry_run, agent_emails=(), agent_ids=())["agents"] is None
