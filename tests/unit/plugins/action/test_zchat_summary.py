# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary of all accounts of a playbook: its files, its verdict, and that nothing is lost."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from ansible_collections.zchat.admin.plugins.action.zchat_summary import ActionModule
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import not_run, task_result
from ansible_collections.zchat.admin.tests.unit.support import review
from ansible_collections.zchat.admin.tests.unit.support.actions import Controller
from ansible_collections.zchat.admin.tests.unit.support.offboarding import report, report_of

DONE = task_result(report(), {})
OTHER = {**DONE, "report": {**DONE["report"], "account": "https://other.zendesk.com/api/v2/chat"}}
REVIEWED = task_result(review.report(), {})
REJECTED = task_result(report_of(not_run("'offboard_report_formats' is wrong.")), {})


@pytest.fixture(name="run")
def _run(monkeypatch):
    controller = Controller(monkeypatch, ActionModule)

    def run(accounts, kind="offboard", **variables):
        named = {f"{kind}_{name}": value for name, value in variables.items()}
        outcome = controller(None, {"awx_user_name": "amelie", **named}, kind=kind, accounts=accounts)
        return {**outcome, "printed": controller.printed}

    return run


def test_the_summary_is_written_with_the_hashes_of_the_reports(run, tmp_path):
    file = tmp_path / "offboard-acme.json"
    file.write_text("{}")
    runs = {"acme": {**DONE, "report_files": [str(file), str(tmp_path / "missing.html")]}, "other": OTHER}
    outcome = run(runs, report_dir=str(tmp_path / "reports"))
    assert (outcome["failed"], outcome["changed"]) == (False, False)
    assert outcome["msg"] == "6 tokens revoked in 2 accounts, and every account is done"
    written, page = map(Path, outcome["report_files"])
    assert written.name.startswith("offboard-summary-20")
    assert page.suffix == ".html"
    summary = json.loads(written.read_text("utf-8"))
    hashes = [(file.name, hashlib.sha256(b"{}").hexdigest()), ("missing.html", None)]
    assert [(shown["name"], shown["sha256"]) for shown in summary["accounts"][0]["files"]] == hashes
    assert summary["ansible_user"] == "amelie"


@pytest.mark.parametrize(("other", "failed"), [({}, True), (REJECTED, False)])
def test_only_an_account_that_was_not_processed_fails_the_task(other, failed, run, tmp_path):
    """One that failed has failed the playbook already."""
    outcome = run({"acme": DONE, "other": other}, report_dir=str(tmp_path), report_formats="json")
    assert (outcome["failed"], outcome["msg"]) == (failed, "NOT COMPLETE: 1 of 2 accounts (other)")
    assert len(outcome["report_files"]) == 1


def test_without_a_folder_no_summary_is_written(run):
    outcome = run({"acme": DONE})
    assert (outcome["failed"], outcome["report_files"], outcome["printed"]) == (False, [], [])


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        # This is a format of reviews.
        ({"report_formats": ["json", "csv"]}, "offboard_report_formats"),
        ({"report_dir": None}, "'offboard_report_dir' is null or empty."),
        ({"report_dir": "/dev/null/reports"}, "The folder in 'offboard_report_dir' cannot be written to."),
    ],
)
def test_a_summary_that_cannot_be_written_is_printed_and_fails_the_task(variables, reason, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = run({"acme": REJECTED}, **{"report_dir": str(tmp_path), **variables})
    assert (outcome["failed"], outcome["report_files"], list(tmp_path.iterdir())) == (True, [], [])
    assert outcome["msg"].startswith("NOT COMPLETE: 1 of 1 account (acme). The summary was not written. ")
    assert reason in outcome["msg"]
    (account,) = json.loads(outcome["printed"][0])["accounts"]
    assert (account["result"], account["headline"]) == ("not complete", REJECTED["msg"])


def test_the_summary_of_reviews_has_a_spreadsheet_of_all_accounts(run, tmp_path):
    failed = task_result(review.report(**review.FAILED), {})
    outcome = run({"acme": REVIEWED, "globex": REVIEWED, "other": failed}, kind="review", report_dir=str(tmp_path))
    counts = "12 tokens of 8 people, 10 need a decision"
    assert (outcome["failed"], outcome["msg"]) == (False, f"NOT COMPLETE: 1 of 3 accounts (other); {counts}")
    written, page, spreadsheet = map(Path, outcome["report_files"])
    assert json.loads(written.read_text("utf-8"))["summary"]["tokens"] == 12
    assert "access review, all accounts" in page.read_text("utf-8")
    rows = spreadsheet.read_text("utf-8-sig").splitlines()
    assert [row.partition(",")[0] for row in rows] == ["name", *["acme"] * 6, *["globex"] * 6, "other"]
    assert "NOT COMPLETE: the tokens were not listed. The API rejected" in rows[-1]


def test_a_preflight_has_one_line_for_each_account_and_each_finding(run):
    """An account that is not ready has failed the playbook already. One that was not processed fails this task."""
    acme = {"account": "https://acme", "ready": True, "findings": ["Old."], "listed": {"tokens": 21, "agents": 5}}
    outlet = {"account": "https://x", "ready": False, "findings": ["HTTP 401."], "listed": None}
    outcome = run({"acme": acme, "outlet": outlet}, kind="preflight")
    assert (outcome["failed"], outcome["msg"]) == (False, "NOT READY: 1 of 2 accounts (outlet)")
    lines = ["acme: ready (https://acme; 21 tokens of 5 agents listed)", "- Old."]
    assert outcome["accounts"] == [*lines, "outlet: NOT READY (https://x)", "- HTTP 401."]
    outcome = run({"broken": {"failed": True, "msg": "'vault' is undefined"}, "never": {}}, kind="preflight")
    assert (outcome["failed"], outcome["msg"]) == (True, "NOT READY: 2 of 2 accounts (broken, never)")
    lines = ["broken: NOT READY (account not known)", "- 'vault' is undefined"]
    assert outcome["accounts"] == [*lines, "never: NOT READY (account not known)", "- It was not processed."]
    assert run({"acme": acme}, kind="preflight")["msg"] == "1 account ready"


def test_an_invalid_option(run):
    assert run({"acme": DONE}, kind="onboard")["failed"]
