# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils._verdict import number_unknown, unknown_agents, verdict
from ansible_collections.zchat.admin.tests.unit.support.offboarding import (
    FAILED,
    LISTED,
    journal_line,
    not_revoked,
    report,
    report_of,
    token,
)

KEPT = [token(1204, reason="own token")]
UNKNOWN = {"unknown_agent_emails": ["x@example.com", "y@example.com"]}
NOBODY = {"agents": [], "revoked": [], "unknown_agent_emails": ["x@example.com"]}
LOST = {"failed": True, "msg": "The module was killed."}


@pytest.mark.parametrize(
    ("document", "kind", "headline"),
    [
        (report(), "done", "3 tokens of 2 people revoked, and none is left"),
        (report(revoked=[token(38)]), "done", "1 token of 1 person revoked, and none is left"),
        (report(revoked=[]), "done", "2 people found, and none has a token left"),
        (report(dry_run=True), "dry-run", "DRY RUN: 3 tokens of 2 people would be revoked"),
        (report(dry_run=True, kept=KEPT), "dry-run", "DRY RUN: 3 tokens of 2 people would be revoked, 1 would be kept"),
        (report(dry_run=True, revoked=[]), "dry-run", "DRY RUN: 2 people found, no token to revoke"),
        (
            report(not_revoked=[not_revoked(1)], **FAILED),
            "not-complete",
            "NOT COMPLETE: 3 of 4 tokens revoked, 1 not",
        ),
        # A guard that stops a run does not look like a dry run, even in check mode.
        (
            report(revoked=[], not_revoked=[not_revoked(1)], **FAILED),
            "not-complete",
            "NOT COMPLETE: nothing was revoked",
        ),
        (
            report(dry_run=True, revoked=[], not_revoked=[not_revoked(1)], failed=True, msg="A guard."),
            "not-complete",
            "NOT COMPLETE: this dry run failed, and nothing was revoked",
        ),
        (report(kept=KEPT), "not-complete", "NOT COMPLETE: 3 of 4 tokens revoked, 1 kept"),
        (report(verified=False), "not-complete", "NOT COMPLETE: 3 tokens revoked, but this is not verified"),
        (report_of(LOST), "not-complete", "NOT COMPLETE: no revocation is recorded"),
        (
            report_of(LOST, journal=[journal_line(38, 3)]),
            "not-complete",
            "NOT COMPLETE: 1 token revoked before the run ended",
        ),
        (report(**NOBODY), "nobody", "Nobody was found, and nothing was revoked"),
        (report(dry_run=True, **NOBODY), "nobody", "DRY RUN: nobody was found"),
        (report(**UNKNOWN), "done", "3 tokens of 2 people revoked, and none is left; 2 addresses were not found"),
        (
            report(listed={**LISTED, "own_only": True}),
            "done",
            "3 tokens of 2 people revoked, and none is left; the API listed only the tokens of this run's own agent",
        ),
    ],
)
def test_the_verdict(document, kind, headline):
    found = verdict(document)
    assert (found.kind, found.headline) == (kind, headline)
    assert found.amber is (";" in headline and kind == "done")


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
    assert number_unknown(report(unknown_agent_emails=emails, unknown_agent_ids=ids)) == expected


def test_a_deleted_agent_with_tokens_is_not_unknown():
    document = report(revoked=[token(7, 5)], unknown_agent_ids=[5, 6])
    assert unknown_agents(document) == ([], [6])


def test_an_id_that_could_not_be_looked_up_is_a_caveat():
    unread = {"agents": None, "clients": None, "unknown_agent_ids": None}
    document = report(revoked=[], **unread)
    assert number_unknown(document) == "1 agent id could not be looked up"
    found = verdict(document)
    assert (found.amber, found.headline.endswith("; 1 agent id could not be looked up")) == (True, True)
    assert number_unknown(report(**unread)) == "", "their tokens show that the agents exist"
