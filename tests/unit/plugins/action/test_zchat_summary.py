# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from ansible_collections.zchat.admin.plugins.action.zchat_summary import ActionModule
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import not_run, task_result
from ansible_collections.zchat.admin.tests.unit.support import review
from ansible_collections.zchat.admin.tests.unit.support.offboarding import report, report_of

DONE = task_result(report(), {})
REVIEWED = task_result(review.report(), {})
REJECTED = task_result(report_of(not_run("'offboard_report_formats' is wrong.")), {})


def run(accounts, kind="offboard", **variables):
    """Return the result for these accounts. The variables have the prefix of the role."""
    given = {"kind": kind, "accounts": accounts}
    task = SimpleNamespace(args=given, check_mode=False, async_val=0, action="zchat.admin.zchat_summary")
    templar = Mock(template=lambda value: value)
    action = ActionModule(task, Mock(), Mock(), Mock(), templar, shared_loader_obj=None)
    action._display = Mock()
    task_vars = {"awx_user_name": "amelie", **{f"{kind}_{name}": value for name, value in variables.items()}}
    outcome = action.run(task_vars=task_vars)
    return {**outcome, "printed": [call.args[0] for call in action._display.display.call_args_list if not call.kwargs]}


def test_the_summary_is_written(tmp_path):
    file = tmp_path / "offboard-acme.json"
    file.write_text("{}")
    runs = {"acme": {**DONE, "report_files": [str(file), str(tmp_path / "missing.html")]}, "other": DONE}
    outcome = run(runs, report_dir=str(tmp_path / "reports"))
    assert not outcome["failed"]
    assert not outcome["changed"]
    assert outcome["msg"] == "6 tokens revoked in 2 accounts, and every account is done"
    written, page = map(Path, outcome["report_files"])
    assert written.name.startswith("offboard-summary-20")
    assert page.suffix == ".html"
    summary = json.loads(written.read_text("utf-8"))
    digest = hashlib.sha256(b"{}").hexdigest()
    hashes = [{"name": file.name, "sha256": digest}, {"name": "missing.html", "sha256": None}]
    assert summary["accounts"][0]["files"] == hashes
    assert summary["ansible_user"] == "amelie"


@pytest.mark.parametrize(
    ("run_of_other", "failed"),
    [({}, True), (REJECTED, False)],
)
def test_an_account_that_was_not_processed_fails_the_task(run_of_other, failed, tmp_path):
    outcome = run({"acme": DONE, "other": run_of_other}, report_dir=str(tmp_path), report_formats="json")
    assert outcome["failed"] is failed
    assert outcome["msg"] == "NOT COMPLETE: 1 of 2 accounts (other)"
    assert len(outcome["report_files"]) == 1


def test_without_a_folder_no_summary_is_written():
    outcome = run({"acme": DONE})
    assert (outcome["failed"], outcome["report_files"], outcome["printed"]) == (False, [], [])


def test_a_summary_that_cannot_be_written_fails_the_task():
    outcome = run({"acme": DONE}, report_dir="/dev/null/reports")
    assert outcome["failed"]
    assert (
        "every account is done. The summary was not written. The folder in 'offboard_report_dir' cannot"
        in outcome["msg"]
    )
    # It is printed, so that it is not lost.
    assert json.loads(outcome["printed"][0])["summary"]["done"] == 1


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"report_formats": "pdf"}, "offboard_report_formats"),
        # This is a format of reviews.
        ({"report_formats": ["json", "csv"]}, "offboard_report_formats"),
        ({"report_formats": []}, "'offboard_report_formats' is empty."),
        ({"report_formats": ""}, "'offboard_report_formats' is null or empty."),
        ({"report_formats": None}, "'offboard_report_formats' is null or empty."),
        ({"report_dir": None}, "'offboard_report_dir' is null or empty."),
    ],
)
def test_invalid_options_of_the_role_write_no_summary(variables, reason, tmp_path, monkeypatch):
    """Each account has failed because of them, before any request."""
    monkeypatch.chdir(tmp_path)
    outcome = run({"acme": REJECTED}, **{"report_dir": str(tmp_path), **variables})
    assert (outcome["failed"], outcome["report_files"], list(tmp_path.iterdir())) == (True, [], [])
    assert outcome["msg"].startswith("NOT COMPLETE: 1 of 1 account (acme). The summary was not written. ")
    assert reason in outcome["msg"]
    (account,) = json.loads(outcome["printed"][0])["accounts"]
    assert (account["result"], account["headline"]) == ("not complete", REJECTED["msg"])


def test_the_summary_of_reviews_has_a_spreadsheet_of_all_accounts(tmp_path):
    failed = task_result(review.report(**review.FAILED), {})
    outcome = run({"acme": REVIEWED, "globex": REVIEWED, "other": failed}, kind="review", report_dir=str(tmp_path))
    assert not outcome["failed"]
    counts = "12 tokens of 8 people, 10 need a decision"
    assert outcome["msg"] == f"NOT COMPLETE: 1 of 3 accounts (other); {counts}"
    written, page, spreadsheet = map(Path, outcome["report_files"])
    assert written.name.startswith("review-summary-20")
    assert json.loads(written.read_text("utf-8"))["summary"]["tokens"] == 12
    assert "access review, all accounts" in page.read_text("utf-8")
    rows = spreadsheet.read_text("utf-8").splitlines()
    assert [row.partition(",")[0] for row in rows] == ["name", *["acme"] * 6, *["globex"] * 6]


def test_the_summary_of_a_preflight_is_printed():
    ready = {"ready": True, "findings": [], "account": "https://acme.zendesk.com/api/v2/chat", "listed": None}
    outcome = run({"acme": ready}, kind="preflight")
    assert (outcome["failed"], outcome["msg"]) == (False, "1 account ready")
    assert outcome["accounts"] == ["acme: ready (https://acme.zendesk.com/api/v2/chat)"]
    # That task has failed already, and this one was not processed.
    assert not run({"acme": {"ready": False, "findings": ["HTTP 401."]}}, kind="preflight")["failed"]
    assert run({"acme": {}}, kind="preflight")["failed"]


def test_an_invalid_option():
    assert run({"acme": DONE}, kind="onboard")["failed"]
