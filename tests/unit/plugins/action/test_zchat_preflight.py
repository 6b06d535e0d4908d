# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight check, and what all actions on the controller have in common."""

from __future__ import annotations

import os
import signal

import pytest

from ansible_collections.zchat.admin.plugins.action.zchat_preflight import ActionModule
from ansible_collections.zchat.admin.plugins.plugin_utils._arguments import PREFIX
from ansible_collections.zchat.admin.tests.unit.support.actions import Controller
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import OWN, MockChat, Reply, agent, token

ACCOUNT = "https://acme.zendesk.com/api/v2/chat"
PLAYBOOK = {PREFIX: "preflight_"}
ADMINISTRATOR = agent(10000026, "ada@example.com", roles={"administrator": True, "owner": False})


@pytest.fixture(name="controller")
def _controller(monkeypatch):
    return Controller(monkeypatch)


def account(**more):
    return MockChat([token(1, access_token=OWN), token(2, agent_id=5)], agents=[ADMINISTRATOR], **more)


def test_an_account_that_is_ready(controller):
    assert controller.run(ActionModule, account(), PLAYBOOK) == {
        "changed": False,
        "failed": False,
        "msg": "ready",
        "account": ACCOUNT,
        "ready": True,
        "findings": [],
        "listed": {"tokens": 2, "agents": 2, "own_only": False},
        "warnings": [],
    }


@pytest.mark.parametrize(
    ("reply", "part"), [(Reply(403, {"error": "No"}), "cannot be listed"), (Reply(401, {"error": "No"}), "HTTP 401")]
)
def test_an_account_that_is_not_ready_fails_the_task(reply, part, controller):
    result = controller.run(ActionModule, account(script={"GET oauth/tokens": [reply]}), PLAYBOOK)
    assert (result["failed"], result["ready"], result["account"]) == (True, False, ACCOUNT)
    assert part in result["findings"][0]
    assert result["msg"] == f"NOT READY: {' '.join(result['findings'])}"


@pytest.mark.parametrize(
    ("args", "task_vars", "part"),
    [
        ({}, {"preflight_acounts": "x"}, "'preflight_acounts' (use 'preflight_accounts')"),
        (
            {"subdomain": ...},
            {"preflight_accounts": "x", "inventory_hostname": "berlin"},
            "berlin has no value for zchat_subdomain or zchat_api_url.",
        ),
        ({"subdomian": "x"}, {}, "subdomian"),
        ({"subdomain": "a.b"}, {}, "'zchat_subdomain' must be"),
        ({"subdomain": ..., "access_token": ...}, {}, "No Chat account is set"),
    ],
)
def test_what_is_rejected_before_any_request(args, task_vars, part, controller):
    chat = account()
    result = controller.run(ActionModule, chat, {**PLAYBOOK, **task_vars}, **args)
    assert (chat.requests, result["failed"], result["ready"]) == ([], True, False)
    assert part in result["findings"][0]


# Every action


def test_the_variables_of_the_host_are_used(controller):
    variables = {**PLAYBOOK, "zchat_subdomain": "acme", "zchat_access_token": OWN, "zchat_timeout": "7"}
    result = controller.run(ActionModule, account(), variables, subdomain=..., access_token=...)
    assert result["ready"]
    assert controller.connections[0].timeout == 7


def test_an_omitted_variable_of_the_host_is_not_set(controller):
    variables = {**PLAYBOOK, "zchat_ca_path": "__omit_place_holder__1", "omit": "__omit_place_holder__1"}
    assert controller.run(ActionModule, account(), variables)["ready"]


def test_the_environment_of_the_task_applies_and_is_restored(controller, monkeypatch):
    monkeypatch.setenv("ZCHAT_TIMEOUT", "3")
    environment = [{"ZCHAT_TIMEOUT": "9", "ZCHAT_RETRIES": 0}]
    assert controller.run(ActionModule, account(), PLAYBOOK, environment=environment)["ready"]
    assert (controller.connections[0].timeout, controller.connections[0].retries) == (9, 0)
    assert os.environ["ZCHAT_TIMEOUT"] == "3"
    assert "ZCHAT_RETRIES" not in os.environ


@pytest.mark.parametrize("entry", [{"A=B": "x"}, {"": "x"}, {1: "a\0b"}, {"A": "\0"}])
def test_an_environment_that_no_process_can_have_is_a_failure(entry, controller, monkeypatch):
    monkeypatch.delenv("FIRST", raising=False)
    chat = account()
    result = controller.run(ActionModule, chat, PLAYBOOK, environment=[{"FIRST": "1", **entry}])
    assert (result["failed"], chat.requests) == (True, [])
    assert "'environment'" in result["msg"]
    assert "FIRST" not in os.environ


@pytest.mark.parametrize("check_mode", [None, False])
def test_a_null_check_mode_never_overrides_check(check_mode, controller):
    chat = account()
    result = controller.run(ActionModule, chat, {**PLAYBOOK, "ansible_check_mode": True}, check_mode=check_mode)
    assert result["failed"] is (check_mode is None)
    assert bool(chat.requests) is (check_mode is False)
    assert controller.run(ActionModule, account(), {**PLAYBOOK, "ansible_check_mode": False}, check_mode=None)["ready"]


def test_credentials_are_masked_in_the_result(controller, monkeypatch):
    monkeypatch.setenv("ZCHAT_EMAIL", "ada@example.com")
    monkeypatch.setenv("ZCHAT_PASSWORD", "secret-password")
    chat = account(own=None)

    def fail(line):
        raise RuntimeError("secret-password")

    chat.before = fail
    result = controller.run(ActionModule, chat, PLAYBOOK, access_token=...)
    assert "Unexpected RuntimeError in test_zchat_preflight.py" in result["findings"][0]
    assert "secret-password" not in str(result)
    listed = account(own=None)
    listed.tokens[2]["client_identifier"] = "x secret-password x"
    assert "secret-password" not in str(controller.run(ActionModule, listed, PLAYBOOK, access_token=...))


def test_a_timeout_of_the_task_is_a_result(controller):
    chat = account()

    def time_out(line):
        os.kill(os.getpid(), signal.SIGALRM)

    chat.before = time_out
    result = controller.run(ActionModule, chat, PLAYBOOK, timeout=5)
    assert result["findings"] == [
        "The task timed out after 5 s. Not sent, because the run was interrupted. Run the task again to finish it."
    ]
    assert len(chat.requests) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_after_ansible_was_stopped_there_is_no_result(number, controller):
    chat = account()
    chat.before = lambda line: os.kill(os.getpid(), number)
    before = signal.getsignal(number)
    with pytest.raises(SystemExit):
        controller.run(ActionModule, chat, PLAYBOOK)
    assert len(chat.requests) == 1
    assert signal.getsignal(number) is before
