# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The offboarding as one action on the controller: test the report folder, run the module, write the report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._http.connection import CONNECTION_OPTIONS
from ansible_collections.zchat.admin.plugins.plugin_utils import _files
from ansible_collections.zchat.admin.plugins.plugin_utils._accounts import base_url
from ansible_collections.zchat.admin.plugins.plugin_utils._local_action import LocalAction
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import collection_version, run_by, utc_now
from ansible_collections.zchat.admin.plugins.plugin_utils._page import offboard_page, render
from ansible_collections.zchat.admin.plugins.plugin_utils._report import offboard_report
from ansible_collections.zchat.admin.plugins.plugin_utils._role import Role
from ansible_collections.zchat.admin.plugins.plugin_utils._verdict import number_unknown, verdict

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
        try:
            options = ROLE.validated(self._task, task_vars)
        except ValueError as error:
            return _result(failed=True, msg=str(error))
        if not options["agent_emails"] and not options["agent_ids"]:
            empty = f"'{names['agent_emails']}' and '{names['agent_ids']}' are not set or empty"
            return _result(msg=f"Nobody to offboard: {empty}. Nothing was revoked, and no report was written.")
        account = base_url(options, self.environ())
        try:
            paths = self._reserve(options, account, started)
        except (OSError, ValueError) as error:
            folder = f"the folder in '{names['report_dir']}'"
            return _result(failed=True, msg=f"Nothing was revoked: {folder} cannot be written to. {error}.")
        result = self._revoke(options, paths.get(_files.JOURNAL), task_vars, names)
        lost = result.get("revoked") is None
        report = offboard_report(
            {**result, "account": result.get("account") or account, "warnings": result.get("module_warnings")},
            agent_emails=options["agent_emails"],
            agent_ids=options["agent_ids"],
            dry_run=bool(self._task.check_mode),
            started=started,
            finished=utc_now(),
            user=run_by(task_vars, os.environ),
            version=collection_version(),
            journal=_files.read_journal(paths[_files.JOURNAL]) if lost and paths else (),
        )
        must_exist = names["unknown_agents"] if options["unknown_agents"] == "fail" else None
        return self._finish(result, report, paths, must_exist)

    def _reserve(self, options: Result, account: str | None, started: str) -> dict[str, Path]:
        """Return the path of the journal and of each report, ``{}`` without a folder. Raises ``OSError``."""
        if options["report_dir"] is None:
            return {}
        # The journal reserves the name: it exists until the reports do.
        extensions = (_files.JOURNAL, *options["report_formats"])
        return _files.reserve(options["report_dir"], _files.stem("offboard", account, started), extensions)

    def _revoke(
        self, options: Result, journal: Path | None, task_vars: Mapping[str, Any], names: Mapping[str, str]
    ) -> Result:
        """Return the result of the module, as :meth:`LocalAction.run_module` does."""
        args = {name: value for name, value in self._task.args.items() if name in _PASSED_ON}
        args.update(state="absent", agent_emails=options["agent_emails"], agent_ids=options["agent_ids"], names=True)
        if journal is not None:
            args["journal"] = str(journal)
        return self.run_module(MODULE, args, task_vars, {**names, **ROLE.connection_names(self._task, task_vars)})

    def _finish(self, result: Result, report: Result, paths: Mapping[str, Path], must_exist: str | None) -> Result:
        """Write the report. Return the result of the task.

        ``must_exist`` is the name of the option because of which the task fails if an agent is unknown.
        """
        problems = _files.save(paths, report, lambda: render("offboard.html.j2", offboard_page(report)), self._display)
        unknown = number_unknown(report)
        if must_exist and unknown:
            problems.append(f"The task fails, because '{must_exist}' is 'fail'.")
        headline = verdict(report).headline
        outcome = f"{headline}." if report["msg"] is None else f"NOT COMPLETE: {report['msg']}"
        failed = report["msg"] is not None or bool(problems)
        return _result(
            msg=" ".join([outcome, *problems]) if failed else headline,
            failed=failed,
            changed=bool(result.get("changed", report["summary"]["revoked"])),
            report=report,
            report_files=_files.finish(paths, self._display),
            **{key: result[key] for key in ("diff", "status", "warnings") if key in result},
        )


def _result(**values: Any) -> Result:
    return {"changed": False, "failed": False, "report": {}, "report_files": [], **values}
