# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules from their arguments to their JSON result, with Ansible's real AnsibleModule."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.parameters import PASS_VARS

from ansible_collections.zchat.admin.plugins.module_utils import _task
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._module import run_module
from ansible_collections.zchat.admin.plugins.module_utils._task import Task

ACCOUNT = "https://acme.zendesk.com/api/v2/chat"
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
SPEC = {
    "ids": {"type": "list", "elements": "int", "aliases": ["id"]},
    "token_values": {"type": "list", "elements": "str", "no_log": True, "aliases": ["token_value"]},
    "include_secrets": {"type": "bool", "default": False},
    "journal": {"type": "path"},
    "concurrency": {"type": "int", "default": 8},
    "exclude": {"type": "dict", "options": {"ids": {"type": "list", "elements": "int"}}},
}
CONNECTION = {"subdomain": "acme", "access_token": "secret-token-value"}


masked_by_the_module = pytest.mark.skipif(
    "inject_invocation" in PASS_VARS,
    reason="since ansible-core 2.22, the controller masks the result: see test_secrets.py",
)


class Host:
    """Runs modules, and records what they return, log and warn about."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.warnings: list[str] = []
        self.logged: list[str] = []
        self.tasks: list[Task] = []
        monkeypatch.setattr(basic.AnsibleModule, "warn", lambda module, text, **more: self.warnings.append(text))
        monkeypatch.setattr(basic.AnsibleModule, "log", lambda module, text, **more: self.logged.append(text))

    def run(self, args: dict[str, Any], result: Any = None, on_failure: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run a module whose ``run()`` returns, calls or raises ``result``. Return its JSON result without the invocation."""

        def run(task: Task) -> dict[str, Any]:
            self.tasks.append(task)
            if isinstance(result, Exception):
                raise result
            return result(task) if callable(result) else dict(result or {"changed": False})

        # Since ansible-core 2.22, a module returns its options only on request.
        internal = {"_ansible_inject_invocation": True} if "inject_invocation" in PASS_VARS else {}
        data = json.dumps({"ANSIBLE_MODULE_ARGS": {**args, **internal}}).encode()
        self._monkeypatch.setattr(basic, "_ANSIBLE_ARGS", data)
        self._monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        with pytest.raises(SystemExit) as caught:
            run_module(SPEC, run, on_failure)
        self.output = self._capsys.readouterr().out
        returned: dict[str, Any] = json.loads(self.output)
        assert caught.value.code == int(returned.get("failed", False))
        self.options = returned.pop("invocation")["module_args"]
        # Ansible adds a traceback if it is configured to do so.
        returned.pop("exception", None)
        return returned


@pytest.fixture(name="host")
def _host(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Host:
    return Host(monkeypatch, capsys)


def test_run_gets_the_task(host):
    host.run({**CONNECTION, "id": ["5"], "_ansible_check_mode": True})
    (task,) = host.tasks
    defaults = {"validate_certs": True, "timeout": 30, "retries": 4, "rate_limit_timeout": 300}
    assert task.options == {**CONNECTION, **defaults, "ids": [5], "include_secrets": False, "concurrency": 8}
    assert task.check_mode is True
    assert task.client.connection.base_url == ACCOUNT
    assert task.client.connection.authorization == "Bearer secret-token-value"
    task.log("A line.")
    options, line = host.logged
    assert ("subdomain=acme" in options, "secret-token-value" in options, line) == (True, False, "A line.")


NO = {"failed": True, "changed": False, "msg": "No.", "revoked": []}


@pytest.mark.parametrize(
    ("result", "returned"),
    [
        ({"changed": True, "tokens": [], "warnings": ["First."]}, {"changed": True, "tokens": []}),
        ({**NO, "changed": True, "revoked": [1], "warnings": ["First."]}, {**NO, "changed": True, "revoked": [1]}),
        (ChatError("No.", 403), {**NO, "status": 403}),
        (ChatError("No."), NO),
    ],
    ids=["success", "failure", "an error has the keys of a success", "an error without a response"],
)
def test_results(result, returned, host):
    found = host.run(CONNECTION, result, on_failure={"changed": False, "revoked": []})
    assert found == {**returned, "account": ACCOUNT}
    assert host.warnings == ([] if isinstance(result, ChatError) else ["First."])


def test_an_unexpected_exception_does_not_claim_that_nothing_was_changed(host):
    result = host.run(CONNECTION, RuntimeError("secret-token-value"), on_failure={"changed": False, "revoked": []})
    assert "Unexpected RuntimeError in test__module.py, line" in result["msg"]
    assert "revoked" not in result
    assert "secret-token-value" not in host.output


@pytest.mark.parametrize(
    ("args", "account", "part"),
    [
        ({"subdomain": "a/b"}, None, "'subdomain' must be"),
        *(({name: None}, None, f"'{name}' is null") for name in ("subdomain", "api_url", "access_token", "password")),
        ({"token": None}, None, "'access_token' is null"),
        ({**CONNECTION, "id": None}, None, "'ids' is null"),
        ({**CONNECTION, "access_token": " "}, ACCOUNT, "'access_token' is empty"),
    ],
)
def test_invalid_options_fail_before_run_and_null_never_selects_an_environment_variable(
    args, account, part, host, monkeypatch
):
    monkeypatch.setenv("ZCHAT_SUBDOMAIN", "other")
    monkeypatch.setenv("ZCHAT_ACCESS_TOKEN", "other-token-value")
    result = host.run(args, on_failure={"revoked": []})
    assert part in result["msg"]
    assert (host.tasks, result["revoked"], result["account"]) == ([], [], account)


def test_requests_is_missing(host, monkeypatch):
    monkeypatch.setattr(_task, "REQUESTS_IMPORT_ERROR", "no such module")
    result = host.run(CONNECTION, on_failure={"revoked": []})
    assert result["msg"].startswith("Failed to import the required Python library (requests) on ")
    for part in (sys.executable, "'delegate_to: localhost'", "The import failed with: no such module."):
        assert part in result["msg"]
    assert (result["revoked"], result["account"], host.tasks) == ([], None, [])
    assert host.options["access_token"] == HIDDEN


def test_signals_interrupt_the_client_of_a_run(host):
    def interrupt(task: Task) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGTERM)
        return {"changed": task.client.pause(10)}

    before = signal.getsignal(signal.SIGTERM)
    assert host.run(CONNECTION, interrupt)["changed"] is True
    assert signal.getsignal(signal.SIGTERM) is before


# Secrets


@masked_by_the_module
@pytest.mark.parametrize(
    ("args", "environ", "secrets"),
    [
        ({"token": "one-secret", "token_value": ["two-secret", "abc"]}, {}, ["one-secret", "two-secret", "abc"]),
        ({"email": "ada@example.com", "password": "correct horse"}, {}, ["correct horse"]),
        ({}, {"EMAIL": "ada@example.com", "PASSWORD": "read"}, ["YWRhQGV4YW1wbGUuY29tOnJlYWQ="]),
        ({}, {"ACCESS_TOKEN": "one-secret\n"}, ["one-secret"]),
    ],
)
@pytest.mark.parametrize("fails", [False, True])
def test_long_secrets_are_masked_and_secret_options_hidden_by_name(fails, args, environ, secrets, host, monkeypatch):
    for name, value in environ.items():
        monkeypatch.setenv(f"ZCHAT_{name}", value)
    text = f"read {' '.join(secret for secret in secrets if len(secret) > 3)}"
    result = host.run({"subdomain": "acme", **args}, ChatError(text) if fails else {"msg": text, "scopes": "read"})
    assert result["msg"].startswith("read ********"), "short secrets do not make it unreadable"
    assert {host.options[name] for name in args.keys() - {"email"}} <= {HIDDEN}
    assert [secret for secret in secrets if secret in host.output] == []


@pytest.mark.parametrize(
    "address",
    [
        {"api_url": "https://ada:s3cret@x.example.com"},
        {"api_url": "https://x.example.com/#s3cret"},
        {"subdomain": "a?s3cret"},
    ],
)
@pytest.mark.parametrize("more", [{}, {"unsupported": 1}, {"timeout": "x"}], ids=["valid", "unsupported", "wrong type"])
def test_an_address_with_a_secret_is_neither_logged_nor_returned(more, address, host):
    result = host.run({"access_token": "secret-token-value", **address, **more})
    assert result["failed"] is True
    assert [host.options[name] for name in address] == [HIDDEN]
    assert "s3cret" not in host.output
    assert "s3cret" not in "".join(host.logged)


SECRETS = ["token_values", "token_value", "access_token", "token", "password", "acces_token", "tokn_values"]


@pytest.mark.parametrize("value", ["s3cret,5ecret", ["s3cret", "5ecret"], [["s3cret"], "5ecret"], {"a": "s3cret"}])
@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("more", [{}, {"timeout": "soon"}, {"unsupported": "s3cret"}, {"ids": {}}, {"journal": "$X"}])
def test_a_secret_is_hidden_whatever_its_form_and_whatever_else_is_invalid(name, value, more, host):
    """Also in an option that is misspelled."""
    result = host.run({"subdomain": "acme", name: value, **more})
    assert host.options[name] == HIDDEN
    # Not the complete output: since ansible-core 2.22, it contains the secrets, for the controller that masks the result.
    shown = f"{result.get('msg')}{host.options}{host.logged}"
    assert [text for text in ("s3cret", "5ecret") if text in shown] == []


@pytest.mark.parametrize("name", ["journal", "ca_path"])
@pytest.mark.parametrize("more", [{}, {"unsupported": 1}, {"timeout": "x"}, {"ids": {}}])
def test_no_environment_variable_is_replaced_in_a_path(name, more, host, monkeypatch):
    monkeypatch.setenv("ZCHAT_ACCESS_TOKEN", "s3cret-token-value")
    result = host.run({"subdomain": "acme", name: "/tmp/$ZCHAT_ACCESS_TOKEN", **more})
    assert result["failed"] is True
    assert more or f"'{name}' contains the character '$'" in result["msg"]
    assert host.options[name] == "/tmp/$ZCHAT_ACCESS_TOKEN"
    assert "s3cret" not in host.output + "".join(host.logged)


def test_a_short_password_does_not_make_the_message_unreadable(host):
    args = {"subdomain": "acme", "email": "ada@example.com", "password": "is"}
    assert "'retries' must be" in host.run({**args, "retries": -1})["msg"]
    assert "'ids' is null" in host.run({**args, "ids": None})["msg"]
    assert host.options["password"] == HIDDEN


def test_a_given_token_value_is_masked_in_text_of_the_api(host, monkeypatch):
    created = []
    monkeypatch.setattr(_task, "ChatClient", lambda _connection, secrets, *_others: created.append(secrets))
    host.run({**CONNECTION, "token_values": ["leaked-one"]})
    assert created[0].quote("No leaked-one here") == "No ******** here"


@masked_by_the_module
@pytest.mark.parametrize("name", ["ids", "concurrency", "subdomain", "unknown"])
def test_a_secret_in_another_option_is_not_shown(name, host, monkeypatch):
    """For example, a variable was confused with another one. The message of Ansible itself quotes the value, too."""
    monkeypatch.setenv("ZCHAT_ACCESS_TOKEN", "env-secret-token-value-0123456789")
    host.run({"subdomain": "acme", name: "env-secret-token-value-0123456789"}, {"changed": False})
    assert "env-secret" not in host.output


@masked_by_the_module
@pytest.mark.parametrize(
    "exclude", [{"token_values": ["a-secret-value"], "ids": [5]}, "a-secret-value", ["a-secret-value"]]
)
def test_what_exclude_does_not_have_is_hidden(exclude, host):
    host.run({**CONNECTION, "exclude": exclude})
    assert "a-secret-value" not in host.output.partition("invocation")[2]


def test_include_secrets_returns_secrets_and_hides_the_options(host):
    args = {**CONNECTION, "token_values": ["abcdefghij"], "include_secrets": True}
    text = "secret-token-value abcdefghij"
    for result, shown in (({"msg": text}, text), (ChatError(text), "******** ********")):
        assert host.run(args, result)["msg"] == shown
        assert [host.options[name] for name in ("access_token", "token_values")] == [HIDDEN, HIDDEN]


def test_a_password_that_is_not_utf_8(host, monkeypatch):
    monkeypatch.setenv("ZCHAT_EMAIL", "ada@example.com")
    monkeypatch.setitem(os.environ, "ZCHAT_PASSWORD", b"p\xe4ssword-long".decode("utf-8", "surrogateescape"))
    assert host.run({"subdomain": "acme"})["account"] == ACCOUNT
