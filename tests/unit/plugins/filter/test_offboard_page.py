# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.zchat.admin.plugins.filter.offboard_page import FilterModule, moment, offboard_page
from ansible_collections.zchat.admin.plugins.filter.offboard_report import offboard_report
from ansible_collections.zchat.admin.tests.unit.support.offboarding import JONAS, PEOPLE, TOKENS, report, token

NONE_HELD = {**TOKENS, "tokens": []}
SOME = {**PEOPLE, "unknown_emails": ["x@example.com", "y@example.com"]}
NOBODY = {**PEOPLE, "agents": [], "unknown_emails": ["x@example.com"]}
ONE_FAILED = {
    "not_revoked": [{"id": 38, "status": 422, "msg": "No."}],
    "failed": True,
    "msg": "1 of 2.",
    "verified": False,
}


def failed_lookup(dry_run=False):
    return offboard_report({}, {"failed": True, "msg": "No network."}, {}, ["a@example.com"], [], dry_run, "", "")


@pytest.mark.parametrize(
    ("document", "kind", "headline"),
    [
        (report(), "done", "3 tokens of 2 people revoked, and none is left"),
        (
            report(tokens=NONE_HELD, revoked=[token(38)]),
            "done",
            "1 token of 1 person revoked, and none is left",
        ),
        (report(tokens=NONE_HELD, revoked=[]), "done", "2 people found, and none has a token left"),
        (report(dry_run=True, verified=False), "dry-run", "DRY RUN: 3 tokens of 2 people would be revoked"),
        (
            report(tokens=NONE_HELD, revoked=[], dry_run=True),
            "dry-run",
            "DRY RUN: 2 people found, and no token to revoke",
        ),
        (
            report(revoked=[token(1204), token(143)], **ONE_FAILED),
            "not-complete",
            "NOT COMPLETE: 2 of 3 tokens revoked, 1 not",
        ),
        (
            report(revoked=[], dry_run=True, **ONE_FAILED),
            "not-complete",
            "DRY RUN: NOT COMPLETE: it failed, as a real run would",
        ),
        (
            report(revoked=[token(38), token(143)], kept=[token(1204)]),
            "not-complete",
            "NOT COMPLETE: 2 of 3 tokens revoked, 1 kept",
        ),
        (
            report(revoked=[token(38), token(143)], kept=[token(1204)], dry_run=True, verified=False),
            "not-complete",
            "DRY RUN: NOT COMPLETE: it would keep a token",
        ),
        (report(verified=False), "not-complete", "NOT COMPLETE: 3 of 3 tokens revoked, but there is no proof of it"),
        (failed_lookup(), "not-complete", "NOT COMPLETE: nothing was revoked"),
        (report(NOBODY, NONE_HELD, revoked=[]), "nobody", "Nobody was found, and nothing was revoked"),
        (
            report(NOBODY, NONE_HELD, revoked=[], dry_run=True),
            "nobody",
            "DRY RUN: nobody was found, and nothing was revoked",
        ),
        (report(SOME), "done", "3 tokens of 2 people revoked, and none is left; 2 addresses were not found"),
        (
            report(SOME, dry_run=True, verified=False),
            "dry-run",
            "DRY RUN: 3 tokens of 2 people would be revoked; 2 addresses were not found",
        ),
    ],
)
def test_the_verdict_is_done_only_if_nothing_is_left(document, kind, headline):
    page = offboard_page(document)
    assert (page["kind"], page["headline"]) == (kind, headline)


def test_what_to_know_beside_the_verdict():
    assert offboard_page(report())["notes"] == []
    assert offboard_page(failed_lookup())["notes"] == ["No network."]
    unknown = offboard_page(report(NOBODY, NONE_HELD, revoked=[]))
    assert unknown["notes"] == ["Not known to the account: x@example.com. See whether that is a typing error."]
    several = {**NOBODY, "unknown_agent_ids": [5, 6, 7]}
    assert "x@example.com, agent 5, agent 6 and 1 more." in offboard_page(report(several, NONE_HELD))["notes"][0]
    assert unknown["unknown"] == ["x@example.com"]
    assert "Nothing was changed" in offboard_page(report(dry_run=True, verified=False))["notes"][0]
    assert "End it by other means" in offboard_page(report(kept=[token(1204)]))["notes"][0]
    without = offboard_page(report(tokens=NONE_HELD, revoked=[token(38)]))
    assert without["notes"] == ["1 person of the 2 had no token."]


def test_a_person_s_tokens_begin_with_what_went_wrong():
    page = offboard_page(report(revoked=[token(1204, expire_date=None)], **ONE_FAILED))
    jonas = page["people"][1]
    assert jonas["name"] == "Jonas Weber"
    assert jonas["known"] == ["jonas.weber@example.com", f"agent {JONAS}", "enabled in Chat"]
    assert jonas["summary"] == "2 tokens: 1 not revoked, 1 revoked"
    assert [(shown["id"], shown["kind"], shown["reason"]) for shown in jonas["tokens"]] == [
        ("38", "not-revoked", "No."),
        ("1204", "revoked", ""),
    ]
    assert [shown["had_expired"] for shown in jonas["tokens"]] == [True, False]
    assert jonas["tokens"][1]["expires"] == {"text": "no end given", "datetime": ""}
    assert page["people"][0]["known"][-1] == "disabled in Chat"


def test_people_of_whom_little_is_known():
    deleted = offboard_page(
        report({**PEOPLE, "agents": [], "unknown_agent_ids": [JONAS]}, NONE_HELD, revoked=[token(38)])
    )
    assert deleted["people"][0]["name"] == f"agent {JONAS}"
    assert deleted["people"][0]["known"] == ["no such agent in the account any more"]
    assert deleted["unknown"] == [f"agent {JONAS}"]
    nobodys = offboard_page(report(already_absent=[999]))
    assert nobodys["people"][-1]["name"] == "Not known whose"
    asked = offboard_page(failed_lookup())
    assert (asked["people"][0]["name"], asked["people"][0]["summary"]) == (
        "a@example.com",
        "The tokens could not be read",
    )
    assert asked["account"] == "not known, since no connection was made"
    assert asked["listed"] == "The list of tokens could not be read."
    assert offboard_page(report(tokens=NONE_HELD, revoked=[]))["people"][0]["summary"] == "No token"


def test_what_was_proven():
    assert offboard_page(report())["verified"].startswith("Yes: ")
    assert offboard_page(report(dry_run=True, verified=False))["verified"] == "No, this was a dry run."
    assert offboard_page(report(verified=False))["verified"] == "No."
    assert offboard_page(report(NOBODY, NONE_HELD, revoked=[]))["verified"].startswith("No, since nobody was found")


@pytest.mark.parametrize(
    ("date", "text", "machine"),
    [
        ("2014-09-09T07:49:20", "9 Sep 2014, 07:49 UTC", "2014-09-09T07:49:20Z"),
        ("2026-01-01T00:30:00+01:00", "31 Dec 2025, 23:30 UTC", "2025-12-31T23:30:00Z"),
        ("someday", "someday", ""),
        ("9999-12-31T23:59:59-08:00", "9999-12-31T23:59:59-08:00", ""),
        ("0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+01:00", ""),
        ("2026-01-01T00:00:00+99:59", "2026-01-01T00:00:00+99:59", ""),
        (1410248960, "1410248960", ""),
        (None, "not given", ""),
    ],
)
def test_dates_are_for_a_person_and_for_a_machine(date, text, machine):
    assert moment(date) == {"text": text, "datetime": machine}


def test_ansible_finds_the_filter():
    assert FilterModule().filters() == {"offboard_page": offboard_page}
