# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions that run a module, without garbage collection."""

from __future__ import annotations

import gc
from typing import Any

from ansible.plugins.action import ActionBase, normal


class Action(ActionBase):
    """The base of the actions that run a module.

    Ansible runs each task in a forked process, which then ends. While it packs a module, garbage collection would search all
    objects of the main process several times. This takes a third of the time and frees little.
    """

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        gc.disable()
        return super().run(tmp, task_vars)


class ModuleAction(Action, normal.ActionModule):
    """The action of a module that runs on the managed host: Ansible's own, without garbage collection."""
