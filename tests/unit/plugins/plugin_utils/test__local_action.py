# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs from a plain action. That a module runs at all is for the integration tests."""

from __future__ import annotations

import signal
import subprocess
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils import _local_action


class Timeout(BaseException):
    """As Ansible raises it when the time of a task is up."""


class Action(_local_action.LocalAction):
    """An action with a module that endlessly writes until nobody reads it, and times out."""

    def __init__(self):
        super().__init__(SimpleNamespace(timeout=5), Mock(), Mock(), Mock(), Mock(), shared_loader_obj=None)

    def run(self, tmp=None, task_vars=None):
        return self.run_module("a.b.c", {}, task_vars or {}, {})

    def _execute_module(self, *_args, **_options):
        module = self.module = subprocess.Popen(["yes"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        module.poll()
        raise Timeout


def test_a_module_that_timed_out_is_stopped(monkeypatch):
    monkeypatch.setattr(_local_action, "connection_loader", Mock())
    action = Action()
    outcome = action.run()
    assert outcome == {"failed": True, "msg": "The module ended without a result. The task timed out after 5 s."}
    assert action.module.wait(10) == -signal.SIGPIPE


@pytest.mark.parametrize(
    ("output", "warnings"),
    [
        ('{"warnings": ["One.", "Two."]}', ["One.", "Two."]),
        ('\njunk\n{"warnings": [{"event": {"msg": "One."}, "__ansible_type": "WarningSummary"}]}\n', ["One."]),
        ('{"warnings": [{"text": "One."}]}', []),
        ("{}", []),
        ("[]", []),
        ("", []),
    ],
)
def test_the_warnings_in_the_output_of_a_module(output, warnings):
    assert _local_action._warnings(output) == warnings
