# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils._report import offboard_summary
from ansible_collections.zchat.admin.tests.unit.support.offboarding import (
    ACCOUNT,
    AGENTS,
    FAILED,
    JONAS,
    LISTED,
    PRIYA,
    journal_line,
    not_revoked,
    report,
    report_of,
    result,
    token,
)


def outcomes(document):
    return {item["id"]: (item["result"], item["reason"]) for agent in document["agents"] for item in agent["tokens"]}


def people(document):
    return [(agent["id"], agent["email"], len(agent["tokens"])) for agent in document["agents"]]


def test_the_report_of_a_real_run():
    document = report()
    assert list(document) == [
        *("schema", "account", "dry_run", "started", "finished", "ansible_user", "collection_version", "listed"),
        *("verified", "msg", "warnings", "agents", "unknown_agent_emails", "unknown_agent_ids", "summary"),
    ]
    assert (document["schema"], document["account"], document["listed"]) == (1, ACCOUNT, LISTED)
    assert (document["dry_run"], document["verified"], document["msg"]) == (False, True, None)
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
        kept=[token(1204, reason="own token")],
        gone=[token(143, PRIYA)],
        not_revoked=[not_revoked(101)],
        warnings=["A warning."],
        **FAILED,
    )
    assert outcomes(document) == {
        38: ("revoked", None),
        101: ("not revoked", "HTTP 422."),
        143: ("gone", None),
        1204: ("kept", "own token"),
    }
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
        (result(agents=None, clients=None), [(PRIYA, None, 1), (JONAS, None, 2)]),
        (result(agents=None, revoked=[]), [(PRIYA, None, 0), (None, "jonas.weber@example.com", 0)]),
        (result(agents=None, revoked=[], unknown_agent_emails=["jonas.weber@example.com"]), [(PRIYA, None, 0)]),
        # Nothing could be read.
        (
            result(agents=None, listed=None, revoked=[], **FAILED),
            [(PRIYA, None, 0), (None, "jonas.weber@example.com", 0)],
        ),
        ({"failed": True, "msg": "Invalid option."}, [(PRIYA, None, 0), (None, "jonas.weber@example.com", 0)]),
    ],
)
def test_people_who_were_not_looked_up(run, expected):
    assert people(report_of(run)) == expected


def test_a_lost_result_leaves_the_journal():
    lines = [journal_line(38, 3), journal_line(143, 3, PRIYA)]
    document = report_of({"failed": True, "msg": "The module was killed.", "account": ACCOUNT}, journal=lines)
    assert outcomes(document) == {38: ("revoked", None), 143: ("revoked", None)}
    assert people(document) == [(PRIYA, None, 1), (JONAS, None, 1)]
    assert document["msg"].startswith("The module was killed. The journal has 2 revocations of 3 selected tokens.")
    assert (document["verified"], document["listed"], document["account"]) == (False, None, ACCOUNT)
    assert document["agents"][0]["tokens"][0]["scopes"] is None


def test_a_result_without_a_message_is_still_a_failure():
    assert report_of({})["msg"] == "The module returned no result."


def summary_of(runs, dry_run=False, hashes=None):
    return offboard_summary(
        runs, hashes=hashes or {}, dry_run=dry_run, now="2026-11-23T14:16:00Z", user="amelie", version="1.0.0"
    )


def run_of(document, msg="The headline", **values):
    return {"report": document, "msg": msg, "failed": False, **values}


def test_the_summary_of_all_accounts():
    hashes = {"acme": [{"name": "a.json", "sha256": "0f"}]}
    runs = {
        "acme": run_of(report()),
        "broken": run_of(
            report(revoked=[token(38)], not_revoked=[not_revoked(101)], **FAILED), "HTTP 422", failed=True
        ),
        "rejected": {"failed": True, "msg": "rejected needs zchat_subdomain."},
        "unreachable": {"unreachable": True, "msg": "No route to host."},
        "never": {},
        "kept": run_of(report(revoked=[], kept=[token(1204, reason="own token")])),
        "nobody given": run_of({}, "Nobody to offboard."),
        "nobody found": run_of(report(agents=[], revoked=[], unknown_agent_emails=["x@example.com"])),
    }
    summary = summary_of(runs, hashes=hashes)
    assert [(account["name"], account["result"], account["headline"]) for account in summary["accounts"]] == [
        ("acme", "done", "The headline"),
        ("broken", "not complete", "HTTP 422"),
        ("rejected", "not complete", "rejected needs zchat_subdomain."),
        ("unreachable", "not complete", "No route to host."),
        ("never", "not complete", "This account was not processed."),
        ("kept", "not complete", "The headline"),
        ("nobody given", "done", "Nobody to offboard."),
        ("nobody found", "done", "The headline"),
    ]
    assert summary["accounts"][0] == {
        "name": "acme",
        "account": ACCOUNT,
        "result": "done",
        "headline": "The headline",
        "revoked": 3,
        "would_be_revoked": 0,
        "kept": 0,
        "gone": 0,
        "not_revoked": 0,
        "files": hashes["acme"],
    }
    assert summary["accounts"][2]["account"] is None
    counts = {"revoked": 4, "would_be_revoked": 0, "kept": 1, "gone": 0, "not_revoked": 1}
    assert summary["summary"] == {"accounts": 8, "done": 3, "not_complete": 5, **counts}
    assert (summary["started"], summary["finished"]) == ("2026-11-23T14:14:57Z", "2026-11-23T14:16:00Z")


def test_the_summary_of_a_dry_run():
    summary = summary_of({"acme": run_of(report(dry_run=True)), "nobody": run_of({})}, dry_run=True)
    assert [account["result"] for account in summary["accounts"]] == ["dry run", "dry run"]
    assert summary["summary"]["would_be_revoked"] == 3


def test_the_summary_of_no_run_starts_when_it_ends():
    assert summary_of({"never": {}})["started"] == "2026-11-23T14:16:00Z"
