# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the reports of offboardings and reviews share: the message of a task, and the summary of all accounts."""

from __future__ import annotations

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils import _offboarding, _review
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import (
    message,
    not_run,
    result_of,
    summary_document,
    task_result,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import Origin
from ansible_collections.zchat.admin.tests.unit.support import offboarding, review

NOW = "2026-11-23T14:16:00Z"
ORIGIN = Origin(NOW, NOW, "amelie", "1.0.0")
FILES = {"acme": [{"name": "a.json", "sha256": "0f"}]}
PARTLY = {"revoked": [offboarding.token(38)], "not_revoked": [offboarding.not_revoked(101)], **offboarding.FAILED}


def run_of(document, problems=(), **result):
    """The result of a task with this report."""
    return {**task_result(document, result, problems), "report_files": []}


def summary_of(runs, kind=_offboarding.SUMMARY, dry_run=False):
    return summary_document(runs, kind, ORIGIN, files=FILES, dry_run=dry_run)


def headlines(summary):
    return [(account["name"], account["result"], account["headline"]) for account in summary["accounts"]]


@pytest.mark.parametrize(
    ("document", "problems", "expected"),
    [
        (review.report(), [], "6 tokens of 4 people, 5 need a decision"),
        (review.report(), ["No file"], "6 tokens of 4 people, 5 need a decision. No file."),
        (
            review.report(**review.FAILED),
            ["No file."],
            "NOT COMPLETE: the tokens were not listed. The API rejected the access token. No file.",
        ),
        (
            offboarding.report(**PARTLY),
            [],
            "NOT COMPLETE: 1 of 2 tokens revoked, 1 not. Revoked 2 of 3 tokens.",
        ),
    ],
)
def test_the_message_of_a_task(document, problems, expected):
    assert message(document, problems) == expected
    failed = document["msg"] is not None or bool(problems)
    assert task_result(document, {"status": 401, "tokens": []}, problems) == {
        "changed": False,
        "failed": failed,
        "msg": expected,
        "report": document,
        "report_files": [],
        "status": 401,
    }


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (offboarding.report(), "done"),
        (offboarding.report(dry_run=True), "dry run"),
        (offboarding.report(dry_run=True, **PARTLY), "not complete"),
        (review.report(), "done"),
        (review.report(agents=None), "not complete"),
    ],
)
def test_the_result_of_a_document(document, expected):
    assert result_of(document) == expected


def test_the_summary_of_offboardings():
    done = "3 tokens of 2 people revoked, and none is left; 1 person can still sign in"
    runs = {
        "acme": run_of(offboarding.report()),
        "broken": run_of(offboarding.report(**PARTLY)),
        "no file": run_of(offboarding.report(), ["No file."]),
        "rejected": run_of(offboarding.report_of(offboarding.NOT_LISTED)),
        "unreachable": {"unreachable": True, "msg": "No route to host."},
        "never": {},
        "kept": run_of(offboarding.report(revoked=[], kept=[offboarding.token(1204, reason="own token")])),
        "nobody given": run_of(_offboarding.nobody_document(["a", "b"], dry_run=False, origin=offboarding.ORIGIN)),
    }
    summary = summary_of(runs)
    assert headlines(summary) == [
        ("acme", "done", done),
        ("broken", "not complete", "NOT COMPLETE: 1 of 2 tokens revoked, 1 not. Revoked 2 of 3 tokens."),
        ("no file", "not complete", f"{done}. No file."),
        ("rejected", "not complete", "NOT COMPLETE: nothing was revoked. The API rejected the access token."),
        ("unreachable", "not complete", "No route to host."),
        ("never", "not complete", "This account was not processed."),
        ("kept", "not complete", "NOT COMPLETE: 0 of 1 token revoked, 1 kept"),
        ("nobody given", "done", "Nobody to offboard: 'a' and 'b' are not set or empty"),
    ]
    assert summary["accounts"][0] == {
        "name": "acme",
        "account": offboarding.ACCOUNT,
        "result": "done",
        "headline": done,
        "revoked": 3,
        "would_be_revoked": 0,
        "kept": 0,
        "gone": 0,
        "not_revoked": 0,
        "files": FILES["acme"],
    }
    assert (summary["accounts"][3]["revoked"], summary["accounts"][3]["kept"]) == (0, None)
    assert (summary["accounts"][4]["account"], summary["accounts"][4]["revoked"]) == (None, None)
    # What is unknown is not in the totals.
    counts = {"revoked": 7, "would_be_revoked": 0, "kept": 1, "gone": 0, "not_revoked": 1}
    assert summary["summary"] == {"accounts": 8, "done": 2, "not_complete": 6, **counts}
    assert (summary["started"], summary["finished"]) == ("2026-11-23T14:14:57Z", NOW)
    assert list(summary) == [
        *("schema", "started", "finished", "ansible_user", "collection_version", "dry_run", "accounts", "summary")
    ]


def test_a_total_is_unknown_only_if_it_is_unknown_for_every_account():
    summary = summary_of({"never": {}, "rejected": run_of(review.report(**review.FAILED))}, _review.SUMMARY)
    counts = dict.fromkeys(["tokens", "agents", "tokens_with_findings"])
    assert summary["summary"] == {"accounts": 2, "done": 0, "not_complete": 2, **counts}
    assert _review.SUMMARY.headline(summary) == "NOT COMPLETE: 2 of 2 accounts (never, rejected)"
    assert summary_of({"never": {}})["started"] == NOW


def test_the_summary_of_reviews():
    runs = {"acme": run_of(review.report()), "globex": run_of(review.report())}
    document = summary_of(runs, _review.SUMMARY)
    assert document["accounts"][0] == {
        "name": "acme",
        "account": review.ACCOUNT,
        "result": "done",
        "headline": "6 tokens of 4 people, 5 need a decision",
        "tokens": 6,
        "agents": 4,
        "tokens_with_findings": 5,
        "files": FILES["acme"],
    }
    counts = {"tokens": 12, "agents": 8, "tokens_with_findings": 10}
    assert document["summary"] == {"accounts": 2, "done": 2, "not_complete": 0, **counts}


FULL = {"acme": run_of(offboarding.report()), "never": {}}
DRY = {"acme": run_of(offboarding.report(dry_run=True))}
REVIEWS = {"acme": run_of(review.report()), "globex": run_of(review.report())}


@pytest.mark.parametrize(
    ("kind", "runs", "dry_run", "expected"),
    [
        (
            _offboarding.SUMMARY,
            {"acme": FULL["acme"]},
            False,
            "3 tokens revoked in 1 account, and every account is done",
        ),
        (_offboarding.SUMMARY, FULL, False, "NOT COMPLETE: 1 of 2 accounts (never)"),
        (_offboarding.SUMMARY, DRY, True, "DRY RUN: 3 tokens would be revoked in 1 account"),
        (_review.SUMMARY, REVIEWS, False, "12 tokens of 8 people in 2 accounts, 10 need a decision"),
        (
            _review.SUMMARY,
            {**REVIEWS, "never": {}},
            False,
            "NOT COMPLETE: 1 of 3 accounts (never); 12 tokens of 8 people, 10 need a decision",
        ),
    ],
)
def test_the_headline_of_a_summary(kind, runs, dry_run, expected):
    assert kind.headline(summary_of(runs, kind, dry_run)) == expected


def test_a_run_that_failed_before_its_first_request_is_reported():
    document = offboarding.report_of(not_run("'agent_ids' is null."))
    assert message(document) == "NOT COMPLETE: nothing was revoked. 'agent_ids' is null."
