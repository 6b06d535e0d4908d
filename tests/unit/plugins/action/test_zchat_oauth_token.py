# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action of the module does in addition to running it."""

from __future__ import annotations

import gc
import re
import signal
import threading
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from ansible.plugins.action import normal

from ansible_collections.zchat.admin.plugins.action.zchat_oauth_token import ActionModule


def takes_signals(thread):
    """Return whether a thread does not block SIGINT."""
    status = Path(f"/proc/self/task/{thread.native_id}/status").read_text("utf-8")
    return not int(re.search(r"^SigBlk:\t(\w+)$", status, re.MULTILINE)[1], 16) & 1 << signal.SIGINT - 1


@pytest.fixture(name="run")
def _run(monkeypatch):
    before = threading.enumerate()

    def run_module(*_args):
        others = [takes_signals(thread) for thread in threading.enumerate() if thread not in before]
        main = signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
        return {"collects_garbage": gc.isenabled(), "takes_signals": [main, *others]}

    monkeypatch.setattr(normal.ActionModule, "run", run_module)

    def run(check_mode, ansible_check_mode):
        task = SimpleNamespace(check_mode=check_mode, args={}, async_val=0)
        action = ActionModule(task, Mock(), Mock(), Mock(), Mock(), shared_loader_obj=None)
        return action.run(task_vars={"ansible_check_mode": ansible_check_mode})

    return run


def test_a_null_check_mode_never_overrides_check(run):
    result = run(None, True)
    assert (result["failed"], result["changed"]) == (True, False)
    assert "'check_mode' of this task is null" in result["msg"]


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_collection_is_off_only_while_the_module_runs(enabled, run):
    try:
        if not enabled:
            gc.disable()
        assert run(False, False)["collects_garbage"] is False
        assert gc.isenabled() is enabled
    finally:
        gc.enable()


def test_a_signal_always_interrupts_the_main_thread(run):
    """Python's handler runs only there: a signal that another thread takes has no effect before the module ends."""
    assert run(False, False)["takes_signals"] == [True, False]


SYNTAX = "Traceback (most recent call last):\n  File x\nSyntaxError: future feature annotations is not defined\n"
NOT_FOUND = "/bin/sh: 1: /opt/my: not found\n"


@pytest.mark.parametrize(
    ("result", "parts"),
    [
        ({"module_stderr": SYNTAX, "module_stdout": "", "rc": 1}, ("is too old", "Python 3.8 or newer", "delegate_to")),
        ({"module_stderr": "", "module_stdout": SYNTAX, "rc": 1, "exception": SYNTAX}, ("is too old",)),
        ({"module_stderr": NOT_FOUND, "module_stdout": "", "rc": 127}, ("/opt/my: not found", "quotes", "delegate_to")),
    ],
)
def test_a_python_that_cannot_run_the_module(result, parts, run, monkeypatch):
    monkeypatch.setattr(normal.ActionModule, "run", lambda *_args: {"msg": "MODULE FAILURE", "failed": True, **result})
    shown = run(False, False)
    assert shown.keys() == {"msg", "failed", "rc"}
    for part in (*parts, "ansible_python_interpreter", "Nothing was sent."):
        assert part in shown["msg"]


@pytest.mark.parametrize(
    "result",
    [{"msg": "SyntaxError: of the API", "failed": True}, {"module_stderr": "ValueError: x", "rc": 1}, {"rc": 127}],
)
def test_other_failures_are_returned_unchanged(result, run, monkeypatch):
    monkeypatch.setattr(normal.ActionModule, "run", lambda *_args: result)
    assert run(False, False) is result
