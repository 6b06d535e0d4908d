# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action without its module: what it passes to the module, and what it makes of each end of it."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from ansible.playbook.play_context import PlayContext

from ansible_collections.zchat.admin.plugins.action import zchat_review
from ansible_collections.zchat.admin.plugins.plugin_utils import _local_action, _origin
from ansible_collections.zchat.admin.tests.unit.support.review import ACCOUNT, FAILED, NOW, result

CONNECTION = {"subdomain": "acme", "access_token": "s3cret-access-token"}
ROLE = SimpleNamespace(get_name=lambda: "zchat.admin.review")


class Action(zchat_review.ActionModule):
    """The action with a module that returns or calls what it is given."""

    def __init__(self, module, args, role=None, check_mode=False):
        self.module, self.calls = module, []
        task = SimpleNamespace(
            args=args,
            _role=role,
            check_mode=check_mode,
            environment=None,
            async_val=0,
            action="zchat.admin.zchat_review",
        )
        super().__init__(
            task, Mock(), PlayContext(), Mock(), Mock(template=lambda value: value), shared_loader_obj=None
        )
        self._display = Mock()

    def _execute_module(self, module_name=None, module_args=None, task_vars=None, **_options):
        self.calls.append((module_name, module_args))
        outcome = self.module() if callable(self.module) else self.module
        self._output = json.dumps(outcome)
        return dict(outcome)


@pytest.fixture(autouse=True)
def ansible(monkeypatch):
    """The time of the review, and neither environment variables nor plugin loaders, which need a whole Ansible."""
    for module in (zchat_review, _origin):
        monkeypatch.setattr(module, "utc_now", lambda: NOW)
    monkeypatch.setattr(_local_action, "connection_loader", Mock())
    for name in ("ZCHAT_SUBDOMAIN", "ZCHAT_API_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(tmp_path):
    """Return the result of the action, and the arguments of the module, None if it did not run."""

    def run(module=None, task_vars=None, role=None, check_mode=False, **args):
        given = {"report_dir": str(tmp_path), **CONNECTION, **args}
        given = {name: value for name, value in given.items() if value is not ...}
        action = Action(result() if module is None else module, given, role, check_mode)
        outcome = action.run(task_vars=task_vars or {})
        assert outcome.keys() >= {"changed", "failed", "msg", "report", "report_files"}
        assert outcome["changed"] is False
        assert not outcome.keys() & {"invocation", "ansible_facts"}
        return outcome, (action.calls[0] if action.calls else None)

    return run


@pytest.mark.parametrize("check_mode", [True, False])
def test_one_run_of_the_module_and_three_files(run, check_mode):
    outcome, call = run(check_mode=check_mode, timeout=5)
    assert call == ("zchat.admin.zchat_oauth_token_info", {**CONNECTION, "timeout": 5, "names": True})
    assert (outcome["failed"], outcome["msg"]) == (False, "6 tokens of 4 people, 5 need a decision")
    assert outcome["report"]["complete"]
    files = [Path(name) for name in outcome["report_files"]]
    assert [file.suffix for file in files] == [".json", ".html", ".csv"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert files[0].name.startswith("review-acme.zendesk.com-20")
    assert json.loads(files[0].read_text("utf-8")) == outcome["report"]
    assert "<title>6 tokens of 4 people, 5 need a decision" in files[1].read_text("utf-8")
    with files[2].open(encoding="utf-8", newline="") as file:
        assert [row["token_id"] for row in csv.DictReader(file)] == ["11", "21", "31", "32", "33", "71"]


def test_the_formats_and_thresholds_are_those_of_the_task(run):
    durations = {"old_after": "10000d", "expires_within": "1d", "inactive_after": "1d"}
    outcome, _call = run(report_formats="csv", **durations)
    assert [Path(name).suffix for name in outcome["report_files"]] == [".csv"]
    findings = outcome["report"]["summary"]["findings"]
    assert (findings["old"], findings["expires_soon"], findings["owner_inactive"]) == (0, 0, 5)


@pytest.mark.parametrize(
    ("args", "task_vars", "part"),
    [
        ({"report_dir": ...}, {}, "review_report_dir"),
        ({"report_dir": None}, {}, "'review_report_dir' is null"),
        ({"report_dir": "/dev/null/reports"}, {}, "'review_report_dir' cannot be written to"),
        ({"report_formats": []}, {}, "'review_report_formats' is empty"),
        ({"report_formats": "pdf"}, {}, "review_report_formats"),
        ({"old_after": "180"}, {}, "'review_old_after' must be an integer greater than 0 with a unit"),
        ({"inactive_after": "None"}, {"review_inactive_after": None}, "'review_inactive_after' is null"),
        ({"agent_ids": [1]}, {}, "agent_ids"),
        ({}, {"review_old_afer": "1d"}, "'review_old_afer' (use 'review_old_after')"),
        ({}, {"review_account": "x"}, "'review_account' (use 'review_accounts')"),
        (
            {"subdomain": ...},
            {"review_accounts": "x", "inventory_hostname": "acme"},
            "acme has no value for zchat_subdomain or zchat_api_url.",
        ),
        ({"access_token": ..., "email": "x"}, {"review_accounts": "x"}, "zchat_email and zchat_password"),
    ],
)
def test_what_is_rejected_before_any_request(run, args, task_vars, part):
    outcome, call = run(role=ROLE, task_vars=task_vars, **args)
    assert call is None
    assert outcome["failed"]
    assert part in outcome["msg"]
    assert (outcome["report"]["complete"], outcome["report"]["agents"]) == (False, None)


def test_outside_the_role_options_have_their_own_names_and_variables_do_not_matter(run):
    outcome, _call = run(task_vars={"review_old_afer": "1d", "review_accounts": "x"}, old_after="x")
    assert outcome["msg"].startswith("NOT COMPLETE: the tokens were not listed. 'old_after' must be")
    outcome, _call = run(
        task_vars={"review_ticket": "CHG-1", "review_result": {}, "review_report_files": []}, role=ROLE
    )
    assert not outcome["failed"]


def test_a_failed_run_is_reported_and_fails_the_task(run):
    outcome, _call = run(result(**FAILED, status=401))
    assert (outcome["failed"], outcome["status"]) == (True, 401)
    assert outcome["msg"] == "NOT COMPLETE: the tokens were not listed. The API rejected the access token."
    assert (outcome["report"]["complete"], outcome["report"]["account"]) == (False, ACCOUNT)
    assert len(outcome["report_files"]) == 3
    lost, _call = run({"failed": True, "module_stdout": "", "rc": 137, "changed": False})
    assert "exit code 137" in lost["report"]["msg"]
    assert lost["report"]["account"] == ACCOUNT


def test_an_incomplete_review_is_not_a_failure(run):
    outcome, _call = run(result(agents=None, unknown_agent_ids=[], warnings=["The agents could not be read."]))
    assert (outcome["failed"], outcome["report"]["complete"]) == (False, False)
    assert outcome["msg"].startswith("NOT COMPLETE: 6 tokens of 4 people")
    assert outcome["report"]["warnings"] == ["The agents could not be read."]


def test_a_report_that_cannot_be_written_fails_the_task(run, tmp_path):
    folder = tmp_path / "reports"

    def module():
        for file in os.listdir(folder):
            (folder / file).unlink()
        folder.rmdir()
        return result()

    outcome, _call = run(module, report_dir=str(folder))
    assert outcome["failed"]
    assert outcome["msg"].startswith("6 tokens of 4 people, 5 need a decision. The report ")
    assert outcome["report"]["summary"]["tokens"] == 6
