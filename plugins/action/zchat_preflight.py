# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight check of one account: ``zchat_connection_info`` on the controller, and a failure if it is not ready."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.modules import zchat_connection_info
from ansible_collections.zchat.admin.plugins.plugin_utils._action import AccountAction
from ansible_collections.zchat.admin.plugins.plugin_utils._preflight import preflight_result


class ActionModule(AccountAction):
    """``zchat_preflight``. The documentation is in the module of the same name."""

    OPTIONS = zchat_connection_info.SPEC

    def execute(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of the task."""
        try:
            given = self.arguments(task_vars)
        except ChatError as error:
            return preflight_result({"failed": True, "msg": self.names.in_text(error.msg)})
        options = {name: value for name, value in given.options.items() if name in self.OPTIONS and value is not None}
        return preflight_result(self.run_task(zchat_connection_info.run, options, given))
