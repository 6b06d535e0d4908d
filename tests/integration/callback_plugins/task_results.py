# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the result of each task, with its warnings, as a line of JSON for the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: task_results
type: notification
short_description: Write the result of every task as a line of JSON
description:
  - For tests that need results as data. The output for users comes from the stdout callback.
options:
  path:
    description: The file to which the lines are appended.
    type: path
    required: true
    env:
      - name: TASK_RESULTS_PATH
"""


class CallbackModule(CallbackBase):
    """Writes one line for each task: its name, state and result. A loop is one task with C(results)."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "task_results"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, outcome: Any, state: str) -> None:
        # The public attribute `result` exists since ansible-core 2.19.
        result = outcome.result if hasattr(outcome, "result") else outcome._result
        task = outcome.task if hasattr(outcome, "task") else outcome._task
        line = {
            "name": task.get_name(),
            "action": task.action,
            "state": state,
            # Some versions remove it from the result.
            "result": {**result, "failed": state == "failed"},
        }
        with Path(self.get_option("path")).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write(result, "failed")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._write(result, "skipped")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write(result, "unreachable")
