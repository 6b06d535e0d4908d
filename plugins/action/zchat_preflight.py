# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight check of one account: run ``zchat_connection_info``, and fail if the account is not ready."""

from __future__ import annotations

from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._http.connection import CONNECTION_OPTIONS
from ansible_collections.zchat.admin.plugins.plugin_utils._accounts import (
    base_url,
    check_connection,
    check_variables,
    variable_names,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._local_action import LocalAction
from ansible_collections.zchat.admin.plugins.plugin_utils._options import validated
from ansible_collections.zchat.admin.plugins.plugin_utils._preflight import preflight_result

MODULE = "zchat.admin.zchat_connection_info"
PREFIX, ACCOUNTS = "preflight_", "accounts"


class ActionModule(LocalAction):
    """``zchat_preflight``. The documentation is in the module of the same name."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task."""
        super().run(tmp, task_vars)
        task_vars, args = task_vars or {}, dict(self._task.args)
        try:
            check_variables(task_vars, PREFIX, (ACCOUNTS,))
            check_connection(args, task_vars, f"{PREFIX}{ACCOUNTS}")
            options = validated(args, CONNECTION_OPTIONS, {})
        except ValueError as error:
            return {"changed": False, **preflight_result({"failed": True, "msg": str(error)}, None)}
        info = self.run_module(MODULE, args, task_vars, variable_names(task_vars, f"{PREFIX}{ACCOUNTS}"))
        check = preflight_result(info, base_url(options, self.environ()))
        return {"changed": False, **check, **({"warnings": info["warnings"]} if "warnings" in info else {})}
