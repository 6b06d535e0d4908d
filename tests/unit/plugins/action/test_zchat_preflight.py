# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from ansible.playbook.play_context import PlayContext

from ansible_collections.zchat.admin.plugins.action import zchat_preflight
from ansible_collections.zchat.admin.plugins.plugin_utils import _local_action

ACCOUNT = "https://acme.zendesk.com/api/v2/chat"
CONNECTION = {"subdomain": "acme", "access_token": "s3cret-access-token"}
INFO = {"account": ACCOUNT, "ready": True, "findings": [], "listed": {"tokens": 21, "agents": 5}, "token": {"id": 1}}


class Action(zchat_preflight.ActionModule):
    """The action with a module that returns what it is given."""

    def _execute_module(self, module_name=None, module_args=None, task_vars=None, **_options):
        self.calls.append((module_name, module_args))
        self._output = json.dumps(self.info)
        return dict(self.info)


def run(monkeypatch, info=None, task_vars=None, **args):
    """Return the result of the action, and what it passed to the module."""
    info = INFO if info is None else info
    monkeypatch.setattr(_local_action, "connection_loader", Mock())
    given = {name: value for name, value in {**CONNECTION, **args}.items() if value is not ...}
    task = SimpleNamespace(args=given, check_mode=False, environment=None, async_val=0, action="zchat_preflight")
    action = Action(task, Mock(), PlayContext(), Mock(), Mock(template=lambda value: value), shared_loader_obj=None)
    action.info, action.calls = info, []
    return action.run(task_vars=task_vars or {}), action.calls


def test_an_account_that_is_ready(monkeypatch):
    outcome, calls = run(monkeypatch)
    assert calls == [("zchat.admin.zchat_connection_info", CONNECTION)]
    assert outcome == {
        "changed": False,
        "failed": False,
        "msg": "ready",
        "account": ACCOUNT,
        "ready": True,
        "findings": [],
        "listed": INFO["listed"],
    }


def test_with_accounts_a_message_names_the_variables_of_the_host(monkeypatch):
    info = {"failed": True, "msg": "Check 'subdomain'.", "account": ACCOUNT}
    assert run(monkeypatch, info)[0]["findings"] == ["Check 'subdomain'."]
    assert run(monkeypatch, info, {"preflight_accounts": "x"})[0]["findings"] == ["Check 'zchat_subdomain'."]
    info = {**INFO, "ready": False, "findings": ["Check 'subdomain'."]}
    assert run(monkeypatch, info, {"preflight_accounts": "x"})[0]["findings"] == ["Check 'zchat_subdomain'."]


@pytest.mark.parametrize(
    ("info", "findings"),
    [
        ({**INFO, "ready": False, "findings": ["No write.", "Short values."]}, ["No write.", "Short values."]),
        ({"failed": True, "msg": "HTTP 401.", "account": ACCOUNT}, ["HTTP 401."]),
        ({"failed": True, "module_stdout": ""}, ["The module ended without a result (exit code 1)."]),
    ],
)
def test_an_account_that_is_not_ready_fails_the_task(monkeypatch, info, findings):
    outcome, _calls = run(monkeypatch, info)
    assert (outcome["failed"], outcome["ready"], outcome["findings"]) == (True, False, findings)
    assert outcome["msg"] == f"NOT READY: {' '.join(findings)}"
    assert outcome["account"] == ACCOUNT


@pytest.mark.parametrize(
    ("args", "task_vars", "part"),
    [
        ({}, {"preflight_account": "x"}, "'preflight_account' (use 'preflight_accounts')"),
        ({}, {"preflight_acounts": "x"}, "'preflight_acounts' (use 'preflight_accounts')"),
        (
            {"subdomain": ...},
            {"preflight_accounts": "x", "inventory_hostname": "acme"},
            "acme has no value for zchat_subdomain or zchat_api_url.",
        ),
        ({"subdomian": "x"}, {}, "subdomian"),
    ],
)
def test_what_is_rejected_before_any_request(monkeypatch, args, task_vars, part):
    outcome, calls = run(monkeypatch, task_vars=task_vars, **args)
    assert calls == []
    assert outcome["failed"]
    assert part in outcome["findings"][0]


def test_other_variables_are_ignored(monkeypatch):
    outcome, _calls = run(monkeypatch, task_vars={"preflight_ticket": "CHG-1", "preflight_accounts": "all"})
    assert outcome["ready"]
