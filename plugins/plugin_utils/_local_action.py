# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An action that runs a module on the controller, whatever the variables of the host are and however the module ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from ansible.plugins.loader import connection_loader

from ansible_collections.zchat.admin.plugins.plugin_utils._action import Action


class LocalAction(Action):
    """The base of the actions that run a module on the controller."""

    _requires_connection = False
    _output = ""

    def environ(self) -> dict[str, str]:
        """Return the environment variables of the module: those of Ansible, and those of the task."""
        task: dict[str, Any] = {}
        self._compute_environment_string(task)  # type: ignore[no-untyped-call]  # untyped in ansible-core
        return {**os.environ, **{name: str(value) for name, value in task.items()}}

    def run_module(
        self, name: str, args: dict[str, Any], task_vars: Mapping[str, Any], names: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return the result of a module; ``module_warnings`` has its warnings as text.

        In its messages, the names of options are replaced by ``names``, which are those of the variables that the user set.
        If the module ends without a result (killed, timed out), the result has only ``failed`` and ``msg``. Raises
        ``KeyboardInterrupt`` and ``SystemExit``, with which Ansible itself is stopped.
        """
        try:
            result: dict[str, Any] = self._execute_module(name, args, task_vars=self._run_locally(task_vars))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - the timeout of a task is no Exception
            _stop_module(error)
            reason = str(error) if isinstance(error, Exception) else f"The task timed out after {self._task.timeout} s"
            return {"failed": True, "msg": f"The module ended without a result. {reason.rstrip('.')}."}
        finally:
            # The time of the task must not end before the report is written.
            signal.alarm(0)
        # Since ansible-core 2.19, an unexpected exception of a module has no message.
        # An info module has a message only if it fails.
        if "module_stdout" in result or not result.keys() & {"msg", "account"}:
            self._display.vvv(str(result.get("module_stderr") or result.get("exception")))
            return {"failed": True, "msg": f"The module ended without a result (exit code {result.get('rc', 1)})."}
        return _renamed({**result, "module_warnings": _warnings(self._output)}, names)

    def _run_locally(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Replace the connection by a local one without privilege escalation. Return the variables for it.

        An account is not a machine: the host's variables for connections do not apply.
        """
        self._play_context = self._play_context.copy()
        self._play_context.become = False
        self._play_context.shell, self._play_context.executable = "sh", "/bin/sh"
        self._connection = connection_loader.get("ansible.builtin.local", self._play_context, "/dev/null")
        self._connection.set_options()
        self._connection.set_option("pipelining", True)
        python = {"ansible_python_interpreter": sys.executable}
        delegated = {host: {**vars, **python} for host, vars in task_vars.get("ansible_delegated_vars", {}).items()}
        return {**task_vars, **python, "ansible_delegated_vars": delegated}

    def _low_level_execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """Keep the output of the module: since ansible-core 2.22, its result lacks its warnings."""
        response = super()._low_level_execute_command(*args, **kwargs)  # type: ignore[no-untyped-call]  # untyped in ansible-core
        self._output = response["stdout"]
        return response


def _renamed(result: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the result with other names of options in its messages."""

    def renamed(text: Any) -> Any:
        for option, name in names.items():
            text = text.replace(f"'{option}'", f"'{name}'") if isinstance(text, str) else text
        return text

    changed: dict[str, Any] = {"msg": renamed(result.get("msg"))}
    for key in result.keys() & {"findings", "module_warnings"}:
        changed[key] = [renamed(text) for text in result[key]]
    if result.get("not_revoked"):
        changed["not_revoked"] = [{**row, "msg": renamed(row["msg"])} for row in result["not_revoked"]]
    return {**result, **changed}


def _stop_module(error: BaseException) -> None:
    """Close the pipes that the module writes to. The module then sends no further request, and ends."""
    for frame, _line in traceback.walk_tb(error.__traceback__):
        for value in frame.f_locals.values():
            if isinstance(value, subprocess.Popen):
                for pipe in filter(None, (value.stdout, value.stderr)):
                    pipe.close()


def _warnings(output: str) -> list[str]:
    """Return the warnings in the output of a module. Since ansible-core 2.19, they are objects."""
    try:
        warnings = json.loads(output[output.index("{") : output.rindex("}") + 1]).get("warnings", [])
        return [warning if isinstance(warning, str) else warning["event"]["msg"] for warning in warnings]
    except (ValueError, LookupError, TypeError, AttributeError):
        return []
