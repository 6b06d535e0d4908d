# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any, NoReturn

import pytest

from ansible_collections.zchat.admin.plugins.module_utils import module as module_module
from ansible_collections.zchat.admin.plugins.module_utils.connection import IDENTITY_OPTIONS
from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils.module import GRACE, execute, interruptible
from ansible_collections.zchat.admin.tests.unit.support.fake_chat import DEFAULTS

ACCOUNT = "https://acme.zendesk.com/api/v2/chat"
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


class FakeModule:
    """What execute() uses of AnsibleModule. ``result`` is what it exited with."""

    def __init__(self, check_mode: bool = False, **options: Any) -> None:
        self.params = {
            **dict.fromkeys(IDENTITY_OPTIONS),
            **DEFAULTS,
            "subdomain": "acme",
            "access_token": "secret-token",
            **options,
        }
        self.argument_spec = {
            **IDENTITY_OPTIONS,
            "ids": {"aliases": ["id"]},
            "agent_ids": {"aliases": ["agent_id"]},
            "age": {},
        }
        self.check_mode = check_mode
        self.no_log_values = {self.params[name] for name in ("access_token", "password") if self.params[name]}
        self.warnings: list[str] = []
        self.logged: list[str] = []
        self.result: dict[str, Any] = {}

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def log(self, text: str) -> None:
        self.logged.append(text)

    def exit_json(self, **result: Any) -> NoReturn:
        self.result = result
        raise SystemExit(0)

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        self.result = {"failed": True, "msg": msg, **result}
        raise SystemExit(1)


def play(module: FakeModule, result: Any = None, **arguments: Any) -> dict[str, Any]:
    """Execute a run that returns or raises ``result``."""

    def run(params: Mapping[str, Any], client: Any, check_mode: bool) -> dict[str, Any]:
        client.log(f"{params.get('access_token')} {check_mode} {client.connection.base_url}")
        if isinstance(result, ChatError):
            raise result
        return dict(result or {"changed": False})

    left_out = {name for name in IDENTITY_OPTIONS if module.params[name] is None}
    with pytest.raises(SystemExit):
        execute(module, run, left_out, **arguments)
    return module.result


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ("SUBDOMAIN", "API_URL", "ACCESS_TOKEN", "EMAIL", "PASSWORD", "CA_PATH"):
        monkeypatch.delenv(f"ZCHAT_{name}", raising=False)


def test_run_gets_the_real_options():
    module = FakeModule(check_mode=True)
    assert play(module) == {"changed": False, "account": ACCOUNT}
    assert module.logged == [f"secret-token True {ACCOUNT}"]


def test_what_run_returns_is_returned():
    module = FakeModule()
    assert play(module, {"changed": True, "tokens": [], "warnings": ["Mind the gap."]}) == {
        "changed": True,
        "tokens": [],
        "account": ACCOUNT,
    }
    assert module.warnings == ["Mind the gap."]
    assert play(FakeModule(), {"failed": True, "msg": "No.", "revoked": [1]}) == {
        "failed": True,
        "msg": "No.",
        "revoked": [1],
        "account": ACCOUNT,
    }


def test_errors_become_failures_with_the_same_keys():
    result = play(FakeModule(), ChatError("No.", 403), on_failure={"revoked": []})
    assert result == {"failed": True, "msg": "No.", "status": 403, "revoked": [], "account": ACCOUNT}
    refused = play(FakeModule(subdomain="a/b"), on_failure={"revoked": []})
    assert (refused["revoked"], refused["account"]) == ([], None)
    # What is wrong with the credentials is no reason to forget whose they should have been.
    assert play(FakeModule(access_token=" "))["account"] == ACCOUNT


def test_options_left_out_are_missing():
    module = FakeModule(ids=None, agent_ids=None, agent_id=None, age=None)

    def run(params: Mapping[str, Any], client: Any, check_mode: bool) -> dict[str, Any]:
        return {"given": sorted({"ids", "agent_ids", "age"} & params.keys())}

    with pytest.raises(SystemExit):
        # ids is null, agent_ids is null under its other name, which Ansible takes for left out, and age is left out.
        execute(module, run, left_out={"agent_ids", "age", "api_url", "email", "password"})
    assert module.result == {"given": ["agent_ids", "ids"], "account": ACCOUNT}


def test_secret_options_are_hidden_by_name():
    module = FakeModule(token_values=["abc", "defghijkl"], token_value=["abc"])
    play(module)
    shown = {name: value for name, value in module.params.items() if value == HIDDEN}
    assert set(shown) == {"access_token", "token_values", "token_value"}


@pytest.mark.parametrize(
    "address", ["https://ada:s3cret@acme.zendesk.com/api", "https://x.example.com/?s3cret", "https://x/#s"]
)
def test_addresses_that_may_hold_a_secret_are_hidden(address):
    module = FakeModule(subdomain=None, api_url=address)
    assert play(module)["failed"] is True
    assert module.params["api_url"] == HIDDEN


def test_long_secrets_are_blotted_out_and_short_ones_are_not():
    module = FakeModule(access_token=None, email="ada@example.com", password="read")
    play(module)
    assert "read" not in module.no_log_values
    assert all(len(value) >= 8 for value in module.no_log_values)
    # The Basic form of e-mail address and password, and that of the password alone.
    assert module.no_log_values == {"YWRhQGV4YW1wbGUuY29tOnJlYWQ=", "cmVhZA=="}


def test_secrets_of_the_environment_are_blotted_out(monkeypatch):
    monkeypatch.setenv("ZCHAT_ACCESS_TOKEN", "from-the-environment\n")
    module = FakeModule(access_token=None)
    play(module)
    assert module.no_log_values >= {"from-the-environment"}


def test_include_secrets_blots_out_nothing():
    module = FakeModule(include_secrets=True)
    play(module)
    assert module.no_log_values == set()
    assert module.params["access_token"] == HIDDEN


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_interrupt_and_are_given_back(number):
    before = [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]
    with interruptible() as interrupted:
        assert not interrupted.is_set()
        os.kill(os.getpid(), number)
        assert interrupted.wait(10)
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= GRACE
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)] == before


def test_output_that_nobody_reads_interrupts():
    reader, writer = os.pipe()
    before = os.dup(1)
    os.dup2(writer, 1)
    try:
        with interruptible() as interrupted:
            assert not interrupted.is_set()
            os.close(reader)
            assert interrupted.wait(10)
    finally:
        os.dup2(before, 1)
        os.close(before)
        os.close(writer)


def test_output_that_was_never_there_interrupts_nothing():
    before = os.dup(1)
    os.close(1)
    try:
        module_module._interrupt_when_unheard()
    finally:
        os.dup2(before, 1)
        os.close(before)


def test_requests_is_missing(monkeypatch):
    monkeypatch.setattr(module_module, "REQUESTS_IMPORT_ERROR", "no such thing")
    result = play(FakeModule(), on_failure={"revoked": []})
    assert "requests" in result["msg"]
    assert (result["revoked"], result["account"]) == ([], None)
    assert result["msg"].endswith(". The import says: no such thing")
    assert "exception" not in result
