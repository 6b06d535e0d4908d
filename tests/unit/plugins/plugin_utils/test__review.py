# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.plugin_utils._arguments import OptionNames
from ansible_collections.zchat.admin.plugins.plugin_utils._review import (
    FINDINGS,
    Thresholds,
)
from ansible_collections.zchat.admin.tests.unit.support.review import (
    ACCOUNT,
    AMELIE,
    DAY,
    DELETED,
    FAILED,
    JONAS,
    LISTED,
    NOW,
    PRIYA,
    RECENT,
    agent,
    report,
    report_of,
    token,
)

BEFORE_NOW = "2026-11-23T14:14:59Z"


def findings(document):
    return {shown["id"]: shown["findings"] for owner in document["agents"] for shown in owner["tokens"]}


def status(**changed):
    (owner,) = report_of(token(1), **changed)["agents"]
    return owner["status"], findings(report_of(token(1), **changed))[1]


def test_the_report():
    document = report()
    assert list(document) == [
        *("schema", "started", "finished", "ansible_user", "collection_version", "account", "listed", "headline"),
        *("complete", "msg", "warnings", "agents", "summary"),
    ]
    assert (document["schema"], document["account"], document["listed"]) == (1, ACCOUNT, LISTED)
    assert (document["complete"], document["msg"], document["warnings"]) == (True, None, [])
    assert [owner["id"] for owner in document["agents"]] == [AMELIE, PRIYA, JONAS, DELETED]
    assert document["agents"][0] == {
        "id": AMELIE,
        "email": "amelie.laurent@example.com",
        "display_name": "Amelie Laurent",
        "status": "enabled",
        "last_login": RECENT,
        "tokens": [
            {
                "id": 11,
                "client_identifier": "zopim",
                "client_name": "Chat dashboard",
                "scopes": "read write",
                "create_date": RECENT,
                "expire_date": None,
                "own": True,
                "findings": ["never_expires"],
            }
        ],
    }
    assert findings(document) == {
        11: ["never_expires"],
        21: ["owner_disabled"],
        31: [],
        32: ["expires_soon"],
        33: ["expired", "old"],
        71: ["owner_missing"],
    }
    counts = dict.fromkeys(FINDINGS, 1)
    assert document["summary"] == {
        "tokens": 6,
        "agents": 4,
        "tokens_with_findings": 5,
        "findings": {**counts, "owner_inactive": 0},
    }
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ("enabled", [])),
        ({"agents": [agent(JONAS, enabled=False)]}, ("disabled", ["owner_disabled"])),
        ({"agents": [agent(JONAS, enabled=None)]}, ("unknown", [])),
        ({"agents": [], "unknown_agent_ids": [JONAS]}, ("missing", ["owner_missing"])),
        # Neither found nor unknown.
        ({"agents": []}, ("unknown", [])),
        ({"agents": None, "unknown_agent_ids": []}, ("unknown", [])),
        # Exactly 90 days, and less.
        ({"agents": [agent(JONAS, last_login="2026-08-25T14:15:00Z")]}, ("enabled", ["owner_inactive"])),
        ({"agents": [agent(JONAS, last_login="2026-08-25T14:15:01Z")]}, ("enabled", [])),
        ({"agents": [agent(JONAS, last_login=None)]}, ("enabled", [])),
        ({"agents": [agent(JONAS, last_login="someday")]}, ("enabled", [])),
        (
            {"agents": [agent(JONAS, enabled=False, last_login="2014-09-09T07:49:20Z")]},
            ("disabled", ["owner_disabled", "owner_inactive"]),
        ),
    ],
)
def test_the_status_of_an_owner(changed, expected):
    assert status(**changed) == expected


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({"expire_date": BEFORE_NOW}, ["expired"]),
        ({"expire_date": NOW}, ["expires_soon"]),
        ({"expire_date": "2026-12-07T14:15:00Z"}, ["expires_soon"]),
        ({"expire_date": "2026-12-07T14:15:01Z"}, []),
        # A date that is not valid cannot show that the token expires.
        ({"expire_date": None}, ["never_expires"]),
        ({"expire_date": ""}, ["never_expires"]),
        ({"expire_date": "someday"}, ["never_expires"]),
        ({"expire_date": 1410248960}, ["never_expires"]),
        ({"expire_date": "0001-01-01T00:00:00Z"}, ["never_expires"]),
        ({"expire_date": "1970-01-01T00:00:00Z", "create_date": None}, ["never_expires"]),
        ({"create_date": "2026-05-27T14:15:00Z"}, ["old"]),
        ({"create_date": "2026-05-27T14:15:01Z"}, []),
        ({"create_date": None}, []),
        ({"create_date": "someday"}, []),
        ({"create_date": "2014-09-09T07:49:20", "expire_date": None}, ["never_expires", "old"]),
    ],
)
def test_the_dates_of_a_token(dates, expected):
    assert findings(report_of(token(1, **dates)))[1] == expected


def test_thresholds_are_durations_with_a_unit():
    names = OptionNames({}, "review_")
    options = {"old_after": "26w", "expires_within": "36h", "inactive_after": "90d"}
    assert Thresholds.from_options(options, names) == Thresholds(182 * DAY, 129_600, 90 * DAY)
    for value in ("180", "0d", "-1d", "1.5d", "180 days", ""):
        with pytest.raises(ChatError, match="'review_old_after' must be an integer greater than 0 with a unit"):
            Thresholds.from_options({**options, "old_after": value}, names)
    shorter = Thresholds(old_after=DAY, expires_within=400 * DAY, inactive_after=DAY)
    assert findings(report(thresholds=shorter))[31] == ["owner_inactive", "expires_soon", "old"]


@pytest.mark.parametrize(
    ("changed", "complete"),
    [
        ({}, True),
        # The names of clients are only names.
        ({"clients": None}, True),
        ({"agents": None, "unknown_agent_ids": []}, False),
        ({"listed": {**LISTED, "own_only": True}}, False),
        ({"listed": {**LISTED, "own_only": None}}, False),
        (FAILED, False),
        ({"tokens": None}, False),
    ],
)
def test_a_review_is_complete_only_if_every_owner_was_shown(changed, complete):
    document = report(**changed)
    assert document["complete"] is complete
    assert document["headline"].startswith("NOT COMPLETE: ") is not complete


def test_a_failed_run():
    document = report(**FAILED)
    assert (document["msg"], document["listed"], document["agents"]) == (FAILED["msg"], None, None)
    assert document["summary"] == dict.fromkeys(["tokens", "agents", "tokens_with_findings", "findings"])
    assert document["headline"] == "NOT COMPLETE: the tokens were not listed"
    assert report(tokens=None)["msg"] == "The run ended without a result."


def test_tokens_without_an_agent_come_last_and_are_nobody_s():
    document = report_of(token(1, None), token(2))
    assert [owner["id"] for owner in document["agents"]] == [JONAS, None]
    assert document["agents"][1]["status"] == "unknown"
    assert document["summary"]["agents"] == 1


def test_the_names_of_clients_are_optional():
    for changed in ({"clients": None}, {"clients": []}, {"clients": [{"client_identifier": "zopim", "name": None}]}):
        assert report(**changed)["agents"][0]["tokens"][0]["client_name"] is None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (report(), "6 tokens of 4 people, 5 need a decision"),
        (report_of(token(1), token(2, expire_date=None)), "2 tokens of 1 person, 1 needs a decision"),
        (report_of(token(1)), "1 token of 1 person, none needs a decision"),
        (report_of(token(1, None)), "1 token, none needs a decision"),
        (report(agents=None, unknown_agent_ids=[]), "NOT COMPLETE: 6 tokens of 4 people, 3 need a decision"),
    ],
)
def test_the_headline(document, expected):
    assert document["headline"] == expected
