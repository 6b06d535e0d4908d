# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The offboarding as one action on the controller: test the report folder, run the module, write the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._http.connection import CONNECTION_OPTIONS
from ansible_collections.zchat.admin.plugins.plugin_utils._accounts import base_url
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import OffboardDocument, not_run, task_result
from ansible_collections.zchat.admin.plugins.plugin_utils._files import JOURNAL, reserve, stem
from ansible_collections.zchat.admin.plugins.plugin_utils._local_action import LocalAction
from ansible_collections.zchat.admin.plugins.plugin_utils._offboarding import (
    nobody_document,
    number_unknown,
    offboard_document,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._offboarding_page import offboarding_page
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import origin, utc_now
from ansible_collections.zchat.admin.plugins.plugin_utils._pages import render
from ansible_collections.zchat.admin.plugins.plugin_utils._role import Role

MODULE = "zchat.admin.zchat_oauth_token"

OPTIONS: dict[str, dict[str, Any]] = {
    "agent_emails": {"type": "list", "elements": "str", "default": []},
    "agent_ids": {"type": "list", "elements": "int", "default": []},
    "own_token": {"type": "str", "choices": ["refuse", "keep", "revoke"], "default": "refuse"},
    "max_revocations": {"type": "int"},
    "report_dir": {"type": "path"},
    "report_formats": {"type": "list", "elements": "str", "choices": ["json", "html"], "default": ["json", "html"]},
    "unknown_agents": {"type": "str", "choices": ["warn", "fail"], "default": "warn"},
}
"""The options of the action. In the role, each is a variable with the prefix ``offboard_``."""
_PASSED_ON = (*CONNECTION_OPTIONS, "token", "own_token", "max_revocations")
"""Options that the module gets as the task has them."""
ROLE = Role(
    "zchat.admin.offboard", OPTIONS, others=("result", "report_files", "webhook_*", "job_template", "organization")
)

Result = dict[str, Any]


class ActionModule(LocalAction):
    """``zchat_offboard``. The documentation is in the module of the same name."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Return the result of the task. The report is written even if the module ends without a result, unless Ansible is stopped."""
        super().run(tmp, task_vars)
        task_vars, started, names = task_vars or {}, utc_now(), ROLE.option_names(self._task)
        people: dict[str, Sequence[Any]] = {"agent_emails": (), "agent_ids": ()}
        account = None

        def document_of(result: Mapping[str, Any]) -> OffboardDocument:
            shown = {**result, "account": result.get("account") or account, "warnings": result.get("module_warnings")}
            return offboard_document(shown, **people, dry_run=dry_run, origin=origin(started, task_vars))

        dry_run = bool(self._task.check_mode)
        try:
            options = ROLE.validated(self._task, task_vars)
            account = base_url(options, self.environ())
            people = {name: options[name] for name in people}
            if not any(people.values()):
                unset = [names[name] for name in people]
                ran = origin(started, task_vars)
                return task_result(nobody_document(unset, account=account, dry_run=dry_run, origin=ran), {})
            extensions = (JOURNAL, *options["report_formats"])
            name = stem("offboard", account, started)
            files = reserve(options["report_dir"], name, extensions, names["report_dir"])
        except ValueError as error:
            return task_result(document_of(not_run(error)), {})
        result = self._revoke(options, files.journal, task_vars, names)
        document = document_of(result)
        problems = files.save(
            document, self._display, html=lambda: render("offboard.html.j2", offboarding_page(document))
        )
        if options["unknown_agents"] == "fail" and number_unknown(document):
            problems.append(f"The task fails, because '{names['unknown_agents']}' is 'fail'.")
        return task_result(document, result, problems, files.finish(self._display))

    def _revoke(
        self, options: Result, journal: Path | None, task_vars: Mapping[str, Any], names: Mapping[str, str]
    ) -> Result:
        """Return the result of the module, as :meth:`LocalAction.run_module` does."""
        args = {name: value for name, value in self._task.args.items() if name in _PASSED_ON}
        args.update(state="absent", agent_emails=options["agent_emails"], agent_ids=options["agent_ids"], names=True)
        if journal is not None:
            args["journal"] = str(journal)
        return self.run_module(MODULE, args, task_vars, {**names, **ROLE.connection_names(self._task, task_vars)})
