# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary of all accounts. The headline of one that is not complete is the message of its task. Its page shows the totals."""

from __future__ import annotations

from ansible_collections.zchat.admin.plugins.plugin_utils import _offboarding
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import not_run, summary_document, task_result
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import Origin
from ansible_collections.zchat.admin.tests.unit.support import offboarding
from ansible_collections.zchat.admin.tests.unit.support.offboarding import report, report_of, token

NOW = "2026-11-23T14:16:00Z"
ORIGIN = Origin(NOW, NOW, "amelie", "1.0.0")
FILES = {"acme": [{"name": "a.json", "sha256": "0f"}]}
PARTLY = {"revoked": [token(38)], "not_revoked": [token(101, msg="x")], **offboarding.FAILED}
DONE, DRY, BROKEN = report(), report(dry_run=True), report(**PARTLY)
REJECTED = report_of(not_run("'agent_ids' is null."))
KEPT = report(revoked=[], kept=[token(1204, reason="own token")])
DONE_HEADLINE = "3 tokens of 2 people revoked, and none is left; 1 person can still sign in"


def run_of(document, *problems):
    """The result of a task with this report."""
    return task_result(document, {}, problems)


def summary_of(runs):
    return summary_document(runs, _offboarding.SUMMARY, ORIGIN, files=FILES)


RUNS = {
    "acme": (run_of(DONE), "done", DONE_HEADLINE),
    "broken": (run_of(BROKEN), "not complete", f"{BROKEN['headline']}. Revoked 2 of 3 tokens."),
    "no file": (run_of(DONE, "No file"), "not complete", f"{DONE_HEADLINE}. No file."),
    "rejected": (run_of(REJECTED), "not complete", "NOT COMPLETE: nothing was revoked. 'agent_ids' is null."),
    "unreachable": ({"unreachable": True, "msg": "No route to host."}, "not complete", "No route to host."),
    "dry run": (run_of(DRY), "dry run", DRY["headline"]),
    "never": ({}, "not complete", "This account was not processed."),
    "kept": (run_of(KEPT), "not complete", "NOT COMPLETE: 0 of 1 token revoked, 1 kept"),
}


def test_a_summary_has_each_account_and_adds_up_what_is_known():
    summary = summary_of({name: run for name, (run, *_expected) in RUNS.items()})
    shown = {row["name"]: (row["result"], row["headline"]) for row in summary["accounts"]}
    assert shown == {name: tuple(expected) for name, (_run, *expected) in RUNS.items()}
    rows = {row.pop("name"): row for row in summary["accounts"]}
    counts = {"revoked": 3, "would_be_revoked": 0, "kept": 0, "gone": 0, "not_revoked": 0}
    done = {"account": offboarding.ACCOUNT, "result": "done", "headline": DONE_HEADLINE}
    assert rows["acme"] == {**done, **counts, "files": FILES["acme"]}
    assert (rows["rejected"]["revoked"], rows["rejected"]["kept"]) == (0, None)
    assert (rows["unreachable"]["account"], rows["unreachable"]["revoked"]) == (None, None)
    totals = {"revoked": 7, "would_be_revoked": 3, "kept": 1, "gone": 0, "not_revoked": 1}
    assert summary["summary"] == {"accounts": 8, "done": 2, "not_complete": 6, **totals}
    assert (summary["started"], summary["finished"]) == (offboarding.ORIGIN.started, NOW)
    assert summary_of({"never": {}})["started"] == NOW
