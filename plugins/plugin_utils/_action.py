# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the actions that work on the controller, in the process that Ansible forks for each task, and of those of modules."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars

from ansible_collections.zchat.admin.plugins.module_utils._ansible import (
    OnController,
    enclosing_check_modes,
    register_secrets,
    task_environment,
)
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, failure_of
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import Secrets, masked
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import known_secrets
from ansible_collections.zchat.admin.plugins.module_utils._interruption import Interruption
from ansible_collections.zchat.admin.plugins.module_utils._task import Run, run_task
from ansible_collections.zchat.admin.plugins.plugin_utils._arguments import (
    PREFIX,
    Arguments,
    OptionNames,
    Spec,
    arguments,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._output import Output

Result = dict[str, Any]


class AccountAction(OnController, ActionBase):
    """An action for one Chat account. It runs the code of a module in this process, not the module on the host."""

    OPTIONS: ClassVar[Spec] = {}
    """The options without those of the connection."""
    OTHER_VARIABLES: ClassVar[Sequence[str]] = ()
    """Patterns of variables of the role that are no options, without the prefix."""

    def run(self, tmp: str | None = None, task_vars: Result | None = None) -> Result:
        """Run the action. Ends the process without a result if Ansible was stopped: it could block in the pipe to Ansible."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        reason = null_check_mode(self._task, variables)
        if reason:
            return {"failed": True, "changed": False, "msg": reason}
        ansible = os.getppid()
        self.interruption = Interruption(lambda: os.getppid() != ansible)
        self.output = Output(self._display, bool(self._task.no_log), lambda: self.interruption.ansible_ends)
        self.names = OptionNames(self.OPTIONS, variables.get(PREFIX, ""))
        try:
            with self.interruption.handle_signals(), _environment(self):
                result = self.execute(variables)
        except Exception as error:  # noqa: BLE001 - a traceback can contain secrets
            result = {"failed": True, "changed": False, "msg": failure_of(error).msg}
        if self.interruption.ansible_ends:
            raise SystemExit(1)
        return result

    def execute(self, task_vars: Mapping[str, Any]) -> Result:
        """Do the work of the action and return its result."""
        raise NotImplementedError

    @property
    def check_mode(self) -> bool:
        """Whether the task is a dry run."""
        return bool(self._task.check_mode)

    def arguments(self, task_vars: Mapping[str, Any]) -> Arguments:
        """Return the arguments of the task. Raises :class:`ChatError` for an invalid one."""
        extra, template = load_extra_vars(self._loader), self._templar.template
        self.known = [*known_secrets(self._task.args), *known_secrets(task_vars, "zchat_")]
        try:
            return arguments(self._task.args, task_vars, self.names, template, self.OTHER_VARIABLES, extra)
        except ChatError as error:
            raise ChatError(Secrets(self.known).mask_beginnings(error.msg)) from None

    def run_task(
        self, run: Run, options: Mapping[str, Any], given: Arguments, on_failure: Mapping[str, Any] | None = None
    ) -> Result:
        """Return the result of ``run``, the work of a module, as :func:`run_task` does. Its messages name what the user set."""
        secrets: list[str] = []
        result = run_task(
            run,
            lambda: (options, given.sources),
            check_mode=self.check_mode,
            log=self.output.log,
            interruption=self.interruption,
            register=secrets.extend,
            known=self.known,
            on_failure=on_failure,
            on_controller=True,
        )
        # Here, and not only at the end: files and summaries show it too.
        register_secrets(secrets)
        result = masked(result, secrets)
        if self.interruption.timed_out and result.get("failed"):
            result["msg"] = f"The task timed out after {self._task.timeout} s. {result['msg']}"
        return self.names.in_result(result)


def null_check_mode(task: Any, task_vars: Mapping[str, Any]) -> str | None:
    """Return why the task must not run: its keyword ``check_mode`` is null, which for Ansible overrides a dry run."""
    if task.check_mode is not None or not (task_vars.get("ansible_check_mode") or True in enclosing_check_modes(task)):
        return None
    return (
        "The keyword 'check_mode' of this task is null, so Ansible would not run it as a dry run, although --check is set, or its "
        "block or play is a dry run. Set true or false, or remove the keyword. Nothing was sent."
    )


def is_deselected(task: Any, task_vars: Mapping[str, Any]) -> bool:
    """Return whether a user gave a playbook of the collection tags, and runs Ansible without these tags.

    The tag ``always`` is that of the playbook. Without tags of the user, ``--tags`` selects nothing by mistake.
    """
    tags, skipped = set(task.tags) - {"always"}, set(task_vars.get("ansible_skip_tags", ()))
    selected = set(task_vars.get("ansible_run_tags", ["all"])) & {"all", "tagged", *tags}
    return bool(tags) and (not selected or bool(skipped & {"all", "tagged", *tags}))


def defaults(spec: Spec) -> dict[str, Any]:
    """Return the defaults of an argument spec."""
    return {name: rules["default"] for name, rules in spec.items() if "default" in rules}


@contextmanager
def _environment(action: ActionBase) -> Iterator[None]:
    """Set the environment variables of the task. They are restored, because the same process runs the next item of a loop.

    Raises :class:`ChatError` for a name or a value that no environment can have.
    """
    try:
        variables = task_environment(action)
        if any("\0" in text for text in variables.values()) or any(
            set(name) & {"=", "\0"} or not name for name in variables
        ):
            raise ValueError
    except Exception:  # noqa: BLE001 - Ansible raises several kinds, whose text can contain a value
        raise ChatError(
            "The keyword 'environment' cannot be evaluated, or contains an invalid name or value. Nothing was sent."
        ) from None
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
