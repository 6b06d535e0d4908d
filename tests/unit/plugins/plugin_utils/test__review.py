# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Result of a list of tokens -> the report of an access review, with its findings."""

from __future__ import annotations

import json

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils._review import FINDINGS, needs_attention
from ansible_collections.zchat.admin.tests.unit.support import review
from ansible_collections.zchat.admin.tests.unit.support.offboarding import ACCOUNT, LISTED, client
from ansible_collections.zchat.admin.tests.unit.support.review import JONAS, OLD, agent, report, report_of, token

NOT = "NOT COMPLETE: "


def findings(document):
    return {shown["id"]: shown["findings"] for owner in document["agents"] for shown in owner["tokens"]}


def test_owners_and_tokens_have_what_the_api_shows_and_their_findings():
    document = report()
    head = {"schema": 1, "account": ACCOUNT, "listed": LISTED, "msg": None, "warnings": []}
    assert document.items() >= head.items()
    assert [owner["id"] for owner in document["agents"]] == [review.AMELIE, review.PRIYA, JONAS, review.DELETED]
    row = {key: value for key, value in review.TOKENS[0].items() if key not in ("agent_id", "token_type")}
    owner = {key: value for key, value in agent(review.AMELIE, "Amelie Laurent").items() if key != "enabled"}
    shown = {**row, "client_name": "Chat dashboard", "own": True, "findings": ["never_expires"]}
    assert document["agents"][0] == {**owner, "status": "enabled", "tokens": [shown]}
    found = {11: ["never_expires"], 21: ["owner_disabled"], 31: [], 32: ["expires_soon"], 33: ["expired", "old"]}
    assert findings(document) == {**found, 71: ["owner_missing"]}
    counts = {"tokens": 6, "agents": 4, "tokens_with_findings": 5, "clients_with_findings": 0}
    assert document["summary"] == {**counts, "findings": {**dict.fromkeys(FINDINGS, 1), "owner_inactive": 0}}
    assert json.loads(json.dumps(document)) == document


def owned_by(**fields):
    return {"agents": [agent(JONAS, **fields)]}


@pytest.mark.parametrize(
    ("changed", "status", "expected"),
    [
        ({}, "enabled", []),
        (owned_by(enabled=False), "disabled", ["owner_disabled"]),
        (owned_by(enabled=None), "unknown", []),
        ({"agents": [], "unknown_agent_ids": [JONAS]}, "missing", ["owner_missing"]),
        # Neither found nor unknown.
        ({"agents": []}, "unknown", []),
        # Exactly 90 days, and less.
        (owned_by(last_login="2026-08-25T14:15:00Z"), "enabled", ["owner_inactive"]),
        (owned_by(last_login="2026-08-25T14:15:01Z"), "enabled", []),
        (owned_by(last_login=None), "enabled", []),
        (owned_by(enabled=False, last_login=OLD), "disabled", ["owner_disabled", "owner_inactive"]),
    ],
)
def test_the_status_of_an_owner(changed, status, expected):
    (owner,) = report_of(token(1), **changed)["agents"]
    assert (owner["status"], owner["tokens"][0]["findings"]) == (status, expected)


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({"expire_date": "2026-11-23T14:14:59Z"}, ["expired"]),
        ({"expire_date": review.NOW}, ["expires_soon"]),
        ({"expire_date": "2026-12-07T14:15:00Z"}, ["expires_soon"]),
        ({"expire_date": "2026-12-07T14:15:01Z"}, []),
        # A date that is not valid cannot show that the token expires.
        ({"expire_date": None}, ["never_expires"]),
        ({"expire_date": "1970-01-01T00:00:00Z", "create_date": None}, ["never_expires"]),
        ({"create_date": "2026-05-27T14:15:00Z"}, ["old"]),
        ({"create_date": "2026-05-27T14:15:01Z"}, []),
        ({"create_date": None}, []),
    ],
)
def test_the_dates_of_a_token(dates, expected):
    assert findings(report_of(token(1, **dates))) == {1: expected}


@pytest.mark.parametrize("date", ["2015/03/01 10:00:00", "someday", ""])
def test_a_date_that_cannot_be_parsed_is_a_warning(date):
    """Otherwise "none needs a decision" would be stronger than what is known."""
    document = report_of(token(1, create_date=date), token(2, create_date=None), **owned_by(last_login=date))
    assert [text.partition(" cannot")[0].partition(" is missing")[0] for text in document["warnings"]] == [
        "The create_date of tokens 1, 2",
        f"The last_login of agent {review.JONAS}",
    ]
    assert report_of(token(1), **owned_by(last_login=None))["warnings"] == []


SIX, THREE = "6 tokens of 4 people, 5 need a decision", "6 tokens of 4 people, 3 need a decision"


@pytest.mark.parametrize(
    ("document", "headline"),
    [
        (report(), SIX),
        (report_of(token(1), token(2, expire_date=None)), "2 tokens of 1 person, 1 needs a decision"),
        (report_of(token(1)), "1 token of 1 person, none needs a decision"),
        (report_of(token(1, None)), "1 token, none needs a decision"),
        (report(**review.UNREAD), f"{NOT}{THREE}"),
        # The lookup of one owner got the response of a gateway.
        (report(unknown_agent_ids=[]), f"{NOT}6 tokens of 4 people, 4 need a decision"),
        (report(listed={**LISTED, "own_only": None}), f"{NOT}{SIX}"),
        (report(**review.FAILED), f"{NOT}the tokens were not listed"),
    ],
)
def test_a_review_is_complete_only_if_every_token_and_owner_was_shown(document, headline):
    assert (document["headline"], document["complete"]) == (headline, not headline.startswith(NOT))


CRM = "client-1"
"""The identifier of the API client."""
GONE, DISABLED = ["creator_missing"], ["creator_disabled"]
TOKENS = [*review.TOKENS, token(1, client_identifier=CRM), token(2, client_identifier=CRM)]


@pytest.mark.parametrize(
    ("changed", "fields", "expected"),
    [
        ({}, {}, []),
        ({}, {"agent_id": review.DELETED}, GONE),
        ({}, {"agent_id": review.PRIYA}, DISABLED),
        ({"tokens": review.TOKENS}, {}, ["no_tokens"]),
        ({"tokens": review.TOKENS}, {"agent_id": review.DELETED}, [*GONE, "no_tokens"]),
        # The creator was neither found, nor is it known to be missing.
        ({"unknown_agent_ids": []}, {"agent_id": review.DELETED}, []),
        (review.UNREAD, {"agent_id": review.PRIYA}, []),
        ({"agents": [agent(JONAS, enabled=None)]}, {}, []),
        # The vendor owns two clients. Others without a creator are as good as those with an unknown one.
        ({}, {"client_identifier": "zendesk", "agent_id": None}, []),
        ({"tokens": review.TOKENS}, {"agent_id": None}, ["no_tokens"]),
        # That no token is listed shows nothing if the API may not list those of all agents.
        ({"tokens": review.TOKENS, "own_clients_only": None}, {}, []),
        ({"tokens": review.TOKENS, "own_clients_only": True}, {"agent_id": review.PRIYA}, DISABLED),
        ({"tokens": review.TOKENS, "listed": {**LISTED, "own_only": True}}, {}, []),
        ({"tokens": review.TOKENS, "listed": {**LISTED, "own_only": None}}, {}, []),
    ],
)
def test_the_findings_of_an_api_client(changed, fields, expected):
    listed = client(1, **{"agent_id": JONAS, **fields})
    document = report(**{"tokens": TOKENS, "api_clients": [listed], "own_clients_only": False, **changed})
    (shown,) = document["clients"]
    row = {key: value for key, value in listed.items() if key not in ("company", "update_date")}
    numbers = [entry["client_identifier"] for owner in document["agents"] for entry in owner["tokens"]]
    assert shown == {**row, "tokens": numbers.count(listed["client_identifier"]), "findings": expected}
    assert document["summary"]["clients_with_findings"] == bool(expected)


def test_api_clients_need_a_decision_and_do_not_change_whether_a_review_is_complete():
    clients = [client(number, review.PRIYA) for number in (3, 1, 2)]
    quiet = {"tokens": [token(1)], "agents": [agent(JONAS), agent(review.PRIYA, enabled=False)]}
    document = report(**quiet, api_clients=clients)
    assert document["headline"] == "1 token of 1 person, none needs a decision; 3 API clients need a decision"
    assert [row["id"] for row in document["clients"]] == [1, 2, 3]
    assert (document["complete"], needs_attention(document)) == (True, True)
    assert report(**quiet, api_clients=clients[:1])["headline"].endswith("; 1 API client needs a decision")
    document = report(**quiet, api_clients=None)
    assert (document["clients"], document["summary"]["clients_with_findings"]) == (None, None)
    assert (document["complete"], needs_attention(document)) == (True, False)


@pytest.mark.parametrize("run", [review.FAILED, {"tokens": None}])
def test_what_a_failed_run_did_not_show_is_null(run):
    document = report(**run)
    assert (document["msg"], document["agents"]) == (run.get("msg", "The run ended without a result."), None)
    counts = ["tokens", "agents", "tokens_with_findings", "findings", "clients_with_findings"]
    assert (document["clients"], document["summary"]) == (None, dict.fromkeys(counts))


@pytest.mark.parametrize("clients", [None, []])
def test_the_names_of_clients_are_optional(clients):
    document = report(clients=clients)
    assert (document["agents"][0]["tokens"][0]["client_name"], document["complete"]) == (None, True)
