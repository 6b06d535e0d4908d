# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight check, and what all actions on the controller have in common."""

from __future__ import annotations

import os
import sys

import pytest

from ansible_collections.zchat.admin.plugins.action import zchat_offboard, zchat_review
from ansible_collections.zchat.admin.plugins.action.zchat_preflight import ActionModule
from ansible_collections.zchat.admin.plugins.module_utils import _task
from ansible_collections.zchat.admin.plugins.plugin_utils._arguments import PREFIX
from ansible_collections.zchat.admin.tests.unit.support.actions import Controller
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import OWN, MockChat, Reply, agent, token

PLAYBOOK = {PREFIX: "preflight_"}


@pytest.fixture(name="run")
def _run(monkeypatch):
    return Controller(monkeypatch, ActionModule)


def account(**more):
    administrator = agent(10000026, "ada@example.com", roles={"administrator": True, "owner": False})
    return MockChat([token(1, access_token=OWN), token(2, agent_id=5)], agents=[administrator], **more)


def test_an_account_that_is_ready(run):
    ready = {"ready": True, "findings": [], "listed": {"tokens": 2, "agents": 2, "own_only": False}, "warnings": []}
    given = {"changed": False, "failed": False, "msg": "ready", "account": "https://acme.zendesk.com/api/v2/chat"}
    assert run(account(), PLAYBOOK) == {**given, **ready}


@pytest.mark.parametrize(("status", "part"), [(403, "cannot be listed"), (401, "HTTP 401")])
def test_an_account_that_is_not_ready_fails_the_task(status, part, run):
    result = run(account(script={"GET oauth/tokens": [Reply(status, {"error": "No"})]}), PLAYBOOK)
    assert (result["failed"], result["ready"]) == (True, False)
    assert part in result["findings"][0]
    assert result["msg"] == f"NOT READY: {' '.join(result['findings'])}"


def test_an_expiry_names_the_variable(run):
    """It fails the account only with the option."""
    soon = account(shown=lambda entry: {**entry, "expire_date": "2020-01-01T00:00:00Z"})
    result = run(soon, PLAYBOOK)
    assert (result["ready"], result["findings"]) == (
        True,
        ["The token expires within 14 days, on 2020-01-01T00:00:00Z."],
    )
    result = run(soon, {**PLAYBOOK, "preflight_expires_within": "2d"})
    text = "The token expires within 2d ('preflight_expires_within'), on 2020-01-01T00:00:00Z."
    assert (result["ready"], result["msg"]) == (False, f"NOT READY: {text}")


def test_requests_is_missing(run, monkeypatch):
    """An action always runs with Ansible's own Python, on the controller: no other host or interpreter can help."""
    monkeypatch.setattr(_task, "REQUESTS_IMPORT_ERROR", "no such module")
    msg = run(account(), PLAYBOOK)["msg"]
    assert "Failed to import the required Python library (requests) on " in msg
    assert f"{sys.executable}, which runs Ansible. Install or repair it for this Python." in msg
    assert "The import failed with: no such module." in msg
    assert "delegate_to" not in msg
    assert "ansible_python_interpreter" not in msg


# Every action


ACTIONS = {"offboard": zchat_offboard.ActionModule, "review": zchat_review.ActionModule, "preflight": ActionModule}
REJECTED = {
    "offboard": [
        # Older templates make something else of null.
        ({"own_token": "None", "offboard_own_token": None}, "'offboard_own_token' is null"),
        ({"agent_emails": "jonas"}, "'offboard_agent_emails' contains 'jonas', which is not one plain email address"),
        ({"offboard_max_revocation": 5}, "'offboard_max_revocation' (use 'offboard_max_revocations')"),
        *(({"report_dir": path}, "'offboard_report_dir' cannot be written to.") for path in ("/dev/null/x", "\0")),
    ],
    "review": [
        ({"report_dir": ...}, "review_report_dir"),
        ({"report_dir": "/dev/null/reports"}, "The folder in 'review_report_dir' cannot be written to."),
        ({"old_after": "180"}, "'review_old_after' must be an integer greater than 0 with a unit"),
        ({"review_old_afer": "1d", "review_ticket": 1}, "'review_old_afer' (use 'review_old_after')"),
    ],
    "preflight": [
        ({"preflight_account": "x", "preflight_ticket": 1}, "'preflight_account' (use 'preflight_accounts')"),
        ({"preflight_expires_in": "1d"}, "'preflight_expires_in' (use 'preflight_expires_within')"),
        (
            {"preflight_expires_within": "14"},
            "'preflight_expires_within' must be an integer greater than 0 with a unit",
        ),
        ({"subdomain": ..., "preflight_accounts": "x"}, "berlin has no value for zchat_subdomain or zchat_api_url."),
        ({"access_token": ..., "preflight_accounts": "x"}, "berlin has no value for zchat_access_token"),
        (
            {"access_token": ..., "client_id": "x", "preflight_accounts": "x"},
            "berlin has no value for zchat_access_token, or zchat_client_id and zchat_client_secret, or zchat_email",
        ),
        ({"subdomain": "a.b"}, "'zchat_subdomain' must be"),
        ({"subdomian": "x"}, "subdomian"),
        ({"access_token": ..., "email": "x"}, "'zchat_password' is missing"),
    ],
}


for role, action in ACTIONS.items():
    REJECTED[role] += [({f"{role}_{name}": None}, f"'{role}_{name}' is null") for name in action.OPTIONS]


@pytest.mark.parametrize(("role", "given", "part"), [(role, *row) for role, rows in REJECTED.items() for row in rows])
def test_what_is_rejected_before_any_request(role, given, part, monkeypatch, tmp_path):
    """A report is not complete, and states nothing that is unknown."""
    needed = {"offboard": {"agent_ids": [5]}, "review": {"report_dir": str(tmp_path)}, "preflight": {}}
    variables = {name: value for name, value in given.items() if name.startswith(f"{role}_")}
    args = {**needed[role], **{name: value for name, value in given.items() if name not in variables}}
    chat, task_vars = account(), {PREFIX: f"{role}_", "inventory_hostname": "berlin", **variables}
    result = Controller(monkeypatch, ACTIONS[role])(chat, task_vars, **args)
    assert (chat.requests, result["failed"]) == ([], True)
    assert part in result["msg"]
    assert result["msg"].startswith("NOT ")
    report = result.get("report", {"complete": False, "summary": {}})
    assert not report["complete"]
    assert {*report["summary"].values()} <= {0, None}


def test_the_variables_of_the_host_and_the_environment_of_the_task_apply(run, monkeypatch):
    """The environment is restored."""
    monkeypatch.setenv("ZCHAT_RETRIES", "3")
    variables = {**PLAYBOOK, "zchat_subdomain": "acme", "zchat_access_token": OWN, "zchat_timeout": "7"}
    environment = [{"ZCHAT_RETRIES": 0, "ZCHAT_RATE_LIMIT_TIMEOUT": "9"}]
    assert run(account(), variables, environment=environment, subdomain=..., access_token=...)["ready"]
    (used,) = run.connections
    assert (used.timeout, used.retries, used.rate_limit_timeout) == (7, 0, 9)
    assert (os.environ["ZCHAT_RETRIES"], os.environ.get("ZCHAT_RATE_LIMIT_TIMEOUT")) == ("3", None)


@pytest.mark.parametrize("entry", [{"A=B": "x"}, {"": "x"}, {"A": "\0"}])
def test_an_environment_that_no_process_can_have_is_a_failure(entry, run, monkeypatch):
    monkeypatch.delenv("FIRST", raising=False)
    chat = account()
    result = run(chat, PLAYBOOK, environment=[{"FIRST": "1", **entry}])
    assert (result["failed"], chat.requests, os.environ.get("FIRST")) == (True, [], None)
    assert "'environment'" in result["msg"]


@pytest.mark.parametrize(("check_mode", "check"), [(None, True), (None, False), (False, True)])
def test_a_null_check_mode_never_overrides_check(check_mode, check, run):
    chat = account()
    result = run(chat, {**PLAYBOOK, "ansible_check_mode": check}, check_mode=check_mode)
    assert result["failed"] is (chat.requests == []) is (check_mode is None and check)


def test_credentials_are_masked_in_the_result(run, monkeypatch):
    """Also in an unexpected exception, and if the API returns them."""
    monkeypatch.setenv("ZCHAT_EMAIL", "ada@example.com")
    monkeypatch.setenv("ZCHAT_PASSWORD", "secret-password")

    def fail(_line):
        raise RuntimeError("secret-password")

    result = run(account(own=None, before=fail), PLAYBOOK, access_token=...)
    assert "Unexpected RuntimeError in test_zchat_preflight.py" in result["findings"][0]
    listed = account(own=None)
    listed.tokens[2]["client_identifier"] = "x secret-password x"
    assert "secret-password" not in str([result, run(listed, PLAYBOOK, access_token=...)])
