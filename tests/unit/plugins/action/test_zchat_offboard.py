# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action without its module: what it passes to the module, and what it makes of each end of it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from ansible.playbook.play_context import PlayContext

from ansible_collections.zchat.admin.plugins.action import zchat_offboard
from ansible_collections.zchat.admin.plugins.plugin_utils import _local_action
from ansible_collections.zchat.admin.tests.unit.support.offboarding import (
    ACCOUNT,
    AGENTS,
    JONAS,
    TOKENS,
    not_revoked,
    result,
)

CONNECTION = {"subdomain": "acme", "access_token": "s3cret-access-token"}
DONE = "3 tokens of 2 people revoked, and none is left"
ROLE = SimpleNamespace(get_name=lambda: "zchat.admin.offboard")


class Timeout(BaseException):
    """As Ansible raises it when the time of a task is up."""


class Action(zchat_offboard.ActionModule):
    """The action with a module that returns, raises or calls what it is given."""

    def __init__(self, module, args, role=None, check_mode=False, environment=None):
        self.module, self.calls = module, []
        task = SimpleNamespace(
            args=args,
            _role=role,
            check_mode=check_mode,
            environment=environment,
            async_val=0,
            action="zchat.admin.zchat_offboard",
            timeout=5,
        )
        context = PlayContext()
        super().__init__(task, Mock(), context, Mock(), Mock(template=lambda value: value), shared_loader_obj=None)
        self._display = Mock()

    def _execute_module(self, module_name=None, module_args=None, task_vars=None, **_options):
        self.calls.append((module_name, module_args, task_vars))
        outcome = self.module(module_args) if callable(self.module) else self.module
        if isinstance(outcome, BaseException):
            raise outcome
        self._output = f"junk\n{json.dumps(outcome)}\n"
        return dict(outcome)


@pytest.fixture(autouse=True)
def ansible(monkeypatch):
    """Neither environment variables nor plugin loaders, which need a whole Ansible."""
    loader = Mock(get=lambda name, *_args: Mock(plugin=name))
    monkeypatch.setattr(_local_action, "connection_loader", loader)
    for name in ("ZCHAT_SUBDOMAIN", "ZCHAT_API_URL"):
        monkeypatch.delenv(name, raising=False)


def run(module=None, task_vars=None, role=None, check_mode=False, environment=None, **args):
    """The result of the action, and the arguments of the module, None if it did not run."""
    given = {"agent_ids": [JONAS], **CONNECTION, **args}
    given = {name: value for name, value in given.items() if value is not ...}
    action = Action(result() if module is None else module, given, role, check_mode, environment)
    outcome = action.run(task_vars=task_vars or {})
    assert outcome.keys() >= {"changed", "failed", "msg", "report", "report_files"}
    assert not outcome.keys() & {"invocation", "ansible_facts"}
    return outcome, (action.calls[0][1] if action.calls else None)


def test_the_module_gets_only_options_that_are_set():
    outcome, args = run(own_token="keep", max_revocations="20", timeout=5, agent_emails="a@example.com, b@example.com")
    assert args == {
        **CONNECTION,
        "state": "absent",
        "names": True,
        "agent_ids": [JONAS],
        "agent_emails": ["a@example.com", "b@example.com"],
        "own_token": "keep",
        "max_revocations": "20",
        "timeout": 5,
    }
    assert outcome["msg"] == f"{DONE}; 1 person can still sign in"
    assert (outcome["changed"], outcome["failed"], outcome["report_files"]) == (True, False, [])
    assert outcome["report"]["summary"]["revoked"] == 3


def test_the_module_runs_on_the_controller_whatever_the_variables_of_the_host_are():
    host = {"ansible_python_interpreter": "/nonexistent", "ansible_connection": "ssh"}
    action = Action(result(), {"agent_ids": [JONAS], **CONNECTION})
    action._play_context.become = True
    action.run(task_vars={**host, "ansible_delegated_vars": {"other": {**host}}})
    module, _args, task_vars = action.calls[0]
    assert module == "zchat.admin.zchat_oauth_token"
    assert task_vars["ansible_python_interpreter"] == sys.executable
    assert task_vars["ansible_delegated_vars"]["other"]["ansible_python_interpreter"] == sys.executable
    assert action._connection.plugin == "ansible.builtin.local"
    assert not action._play_context.become


@pytest.mark.parametrize("role", [None, ROLE])
def test_nobody_is_given(role, tmp_path):
    outcome, args = run(agent_ids=[], agent_emails=[], role=role, report_dir=str(tmp_path))
    assert args is None
    assert (outcome["failed"], outcome["report"]["complete"], outcome["report"]["account"]) == (False, True, ACCOUNT)
    assert outcome["msg"] == outcome["report"]["headline"]
    assert ("'offboard_agent_emails' and" in outcome["msg"]) is (role is not None)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("args", "task_vars", "part"),
    [
        ({"agent_ids": None}, {}, "'offboard_agent_ids' is null"),
        ({"agent_ids": ""}, {}, "'offboard_agent_ids' is null"),
        # Older templates make something else of null.
        ({"own_token": "None"}, {"offboard_own_token": None}, "'offboard_own_token' is null"),
        ({"report_formats": []}, {}, "'offboard_report_formats' is empty"),
        ({"unknown_agents": "never"}, {}, "offboard_unknown_agents"),
        ({"agent_mail": "x"}, {}, "agent_mail"),
        ({}, {"offboard_max_revocation": 5}, "'offboard_max_revocation' (use 'offboard_max_revocations')"),
        ({"agent_emails": "a@example.com, "}, {}, "'offboard_agent_emails' contains an empty value"),
        (
            {},
            {"offboard_subdomain": "acme"},
            "'offboard_subdomain' (set environment variables, or the zchat_ variables",
        ),
        ({}, {"offboard_email": "a@example.com"}, "'offboard_email' (use 'offboard_agent_emails')"),
        ({}, {"offboard_dry_run": True}, "'offboard_dry_run' (use --check)"),
        ({}, {"offboard_exclude": {}}, "'offboard_exclude' (only the modules have this option)"),
        ({"report_dir": "/dev/null/reports"}, {}, "'offboard_report_dir' cannot be written to"),
        (
            {"subdomain": ...},
            {"offboard_accounts": "x", "inventory_hostname": "acme"},
            "acme has no value for zchat_subdomain",
        ),
        (
            {"access_token": ...},
            {"offboard_accounts": "x", "inventory_hostname": "acme"},
            "acme has no value for zchat_acc",
        ),
        (
            {"access_token": ..., "email": "x"},
            {"offboard_accounts": "x"},
            "no value for zchat_access_token, or zchat_email and zchat_password",
        ),
    ],
)
def test_what_is_rejected_before_any_request(args, task_vars, part):
    outcome, module_args = run(role=ROLE, task_vars=task_vars, **args)
    assert module_args is None
    assert outcome["failed"]
    assert outcome["msg"].startswith("NOT COMPLETE: nothing was revoked. ")
    assert part in outcome["msg"]
    # The report has every key, and each person if the options are valid.
    assert (outcome["report"]["complete"], outcome["report"]["summary"]["revoked"]) == (False, 0)
    assert bool(outcome["report"]["agents"]) is ("cannot be written to" in part)


def test_outside_the_role_options_have_their_own_names_and_variables_do_not_matter():
    outcome, _args = run(task_vars={"offboard_max_revocation": 5, "offboard_accounts": "x"}, agent_ids=None)
    assert "'agent_ids' is null" in outcome["msg"]


def test_the_report_is_written_and_the_journal_stays(tmp_path):
    def module(args):
        Path(args["journal"]).write_text("{}\n")
        return result(warnings=["One.", {"event": {"msg": "Two."}}])

    outcome, args = run(module, report_dir=str(tmp_path / "reports"))
    files = [Path(name) for name in outcome["report_files"]]
    assert [file.suffix for file in files] == [".json", ".html", ".jsonl"]
    assert files[0].name.startswith("offboard-acme.zendesk.com-20")
    assert args["journal"] == str(files[2])
    assert json.loads(files[0].read_text("utf-8")) == outcome["report"]
    assert outcome["report"]["warnings"] == ["One.", "Two."]
    assert f"<title>{DONE}" in files[1].read_text("utf-8")


def test_a_dry_run_leaves_no_journal(tmp_path):
    outcome, _args = run(result(verified=False), check_mode=True, report_dir=str(tmp_path), report_formats="json")
    assert outcome["report"]["dry_run"]
    assert outcome["changed"]
    assert [Path(name).suffix for name in outcome["report_files"]] == [".json"]
    assert len(os.listdir(tmp_path)) == 1


def test_a_failed_revocation_fails_the_task_after_the_report(tmp_path):
    refused = not_revoked(38, "'max_revocations' allows only 2.")
    failed = result(
        changed=False, revoked=[], not_revoked=[refused], failed=True, msg="'max_revocations' is 2.", status=403
    )
    outcome, _args = run(failed, role=ROLE, report_dir=str(tmp_path))
    assert outcome["failed"]
    assert outcome["msg"] == "NOT COMPLETE: nothing was revoked. 'offboard_max_revocations' is 2."
    assert outcome["report"]["msg"] == "'offboard_max_revocations' is 2."
    assert "'offboard_max_revocations' allows" in outcome["report"]["agents"][1]["tokens"][0]["reason"]
    assert (outcome["changed"], outcome["status"], len(outcome["report_files"])) == (False, 403, 2)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ({"failed": True, "module_stdout": "", "rc": 137, "changed": False}, "exit code 137"),
        ({"failed": True, "exception": "AttributeError"}, "exit code 1"),
        (Timeout(), "timed out after 5 s"),
        (RuntimeError("Disk failure."), "Disk failure."),
    ],
)
def test_a_lost_result_is_reported(end, reason, tmp_path):
    outcome, _args = run(end, report_dir=str(tmp_path))
    assert (outcome["failed"], outcome["changed"]) == (True, False)
    assert outcome["msg"].startswith("NOT COMPLETE: it is unknown whether a token was revoked. ")
    assert reason in outcome["msg"]
    assert outcome["report"]["account"] == ACCOUNT
    assert len(outcome["report_files"]) == 2


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit()])
def test_if_ansible_is_stopped_only_the_journal_remains(end, tmp_path):
    with pytest.raises(type(end)):
        run(end, report_dir=str(tmp_path))
    assert [Path(name).suffix for name in os.listdir(tmp_path)] == [".jsonl"]


def test_a_report_that_cannot_be_written_hides_nothing(tmp_path):
    def module(args):
        Path(args["journal"]).unlink()
        tmp_path.rmdir()
        return result()

    outcome, _args = run(module, report_dir=str(tmp_path))
    tmp_path.mkdir()
    assert outcome["failed"]
    assert outcome["changed"]
    assert outcome["report"]["summary"]["revoked"] == 3
    assert outcome["msg"].startswith(f"{DONE}; 1 person can still sign in. The report ")


@pytest.mark.parametrize(
    ("unknown", "failed"),
    [
        ({}, False),
        ({"unknown_agent_emails": ["x@example.com"]}, True),
        ({"unknown_agent_ids": [7]}, True),
        # A deleted agent that still has tokens.
        ({"agents": AGENTS[:1], "unknown_agent_ids": [JONAS]}, False),
    ],
)
def test_unknown_agents_can_fail_the_task(unknown, failed):
    outcome, _args = run(result(revoked=TOKENS, **unknown), role=ROLE, unknown_agents="fail")
    assert outcome["failed"] is failed
    assert ("'offboard_unknown_agents' is 'fail'" in outcome["msg"]) is failed
    assert outcome["report"]["msg"] is None
    assert not run(result(**unknown))[0]["failed"]


def test_the_file_name_has_the_host_of_the_task_s_environment(tmp_path):
    environment = [{"ZCHAT_API_URL": "https://www.zopim.com/api/v2"}]
    outcome, _args = run(subdomain=..., environment=environment, report_dir=str(tmp_path))
    assert Path(outcome["report_files"][0]).name.startswith("offboard-www.zopim.com-")
    outcome, _args = run(subdomain="not a name", report_dir=str(tmp_path))
    assert Path(outcome["report_files"][0]).name.startswith("offboard-unknown-")
