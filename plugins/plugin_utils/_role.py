# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A role that runs one action: each option of the action is a variable of the role. The action also works without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.playbook.task import Task

from ansible_collections.zchat.admin.plugins.module_utils._http.connection import CONNECTION_OPTIONS
from ansible_collections.zchat.admin.plugins.plugin_utils._accounts import (
    check_connection,
    check_variables,
    variable_names,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._options import Spec, validated


@dataclass(frozen=True)
class Role:
    """A role, and the options of its action."""

    name: str
    """Such as ``zchat.admin.offboard``. Its variables begin with ``offboard_``."""
    options: Spec
    """The options of the action without those of the connection."""
    others: Sequence[str] = ()
    """Patterns of further variables that the role or a rulebook sets, without the prefix."""

    def option_names(self, task: Task) -> dict[str, str]:
        """Return the name of each option for the user: the name of the variable, if the role runs the task."""
        prefix = self._prefix if self._runs(task) else ""
        return {option: f"{prefix}{option}" for option in self.options}

    def connection_names(self, task: Task, task_vars: Mapping[str, Any]) -> dict[str, str]:
        """Return the variable of each connection option, if the role runs the task for the hosts of an inventory."""
        return variable_names(task_vars, self._accounts) if self._runs(task) else {}

    def validated(self, task: Task, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of the task.

        Raises ``ValueError`` if one is not valid, or if a variable of the role is misspelled.
        """
        args, names = dict(task.args), self.option_names(task)
        if self._runs(task):
            check_variables(task_vars, self._prefix, (*self.options, "accounts"), self.others)
            check_connection(args, task_vars, self._accounts)
            # Before ansible-core 2.19, a template can make the string "None" of null.
            args.update({option: None for option, name in names.items() if task_vars.get(name, "") is None})
        options = validated(args, {**CONNECTION_OPTIONS, **self.options}, names)
        if not options["report_formats"]:
            formats = ", ".join(self.options["report_formats"]["choices"])
            raise ValueError(f"'{names['report_formats']}' is empty. Set one or more of {formats}.")
        return options

    @property
    def _prefix(self) -> str:
        return f"{self.name.rpartition('.')[2]}_"

    @property
    def _accounts(self) -> str:
        return f"{self._prefix}accounts"

    def _runs(self, task: Task) -> bool:
        return task._role is not None and task._role.get_name() == self.name
