# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access review as one action on the controller: test the report folder, run the module, write the report."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._text import sentence
from ansible_collections.zchat.admin.plugins.plugin_utils import _files
from ansible_collections.zchat.admin.plugins.plugin_utils._accounts import base_url
from ansible_collections.zchat.admin.plugins.plugin_utils._csv import review_csv
from ansible_collections.zchat.admin.plugins.plugin_utils._local_action import LocalAction
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import collection_version, run_by, utc_now
from ansible_collections.zchat.admin.plugins.plugin_utils._page import render
from ansible_collections.zchat.admin.plugins.plugin_utils._review import Thresholds, headline, review_report
from ansible_collections.zchat.admin.plugins.plugin_utils._review_page import review_page
from ansible_collections.zchat.admin.plugins.plugin_utils._role import Role

MODULE = "zchat.admin.zchat_oauth_token_info"
FORMATS = ["json", "html", "csv"]

OPTIONS: dict[str, dict[str, Any]] = {
    "report_dir": {"type": "path", "required": True},
    "report_formats": {"type": "list", "elements": "str", "choices": FORMATS, "default": FORMATS},
    "old_after": {"type": "str", "default": "180d"},
    "expires_within": {"type": "str", "default": "14d"},
    "inactive_after": {"type": "str", "default": "90d"},
}
"""The options of the action. In the role, each is a variable with the prefix ``review_``."""
ROLE = Role("zchat.admin.review", OPTIONS, others=("result", "report_files"))

Result = dict[str, Any]


class ActionModule(LocalAction):
    """``zchat_review``. The documentation is in the module of the same name."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Return the result of the task. It is the same in check mode."""
        super().run(tmp, task_vars)
        task_vars, started, names = task_vars or {}, utc_now(), ROLE.option_names(self._task)
        try:
            options = ROLE.validated(self._task, task_vars)
            thresholds = Thresholds.from_options(options, names)
        except ValueError as error:
            return _result(failed=True, msg=str(error))
        account = base_url(options, self.environ())
        try:
            name = _files.stem("review", account, started)
            paths = _files.reserve(options["report_dir"], name, options["report_formats"])
        except (OSError, ValueError) as error:
            folder = f"the folder in '{names['report_dir']}'"
            return _result(failed=True, msg=f"No request was sent: {folder} cannot be written to. {error}.")
        args = {name: value for name, value in self._task.args.items() if name not in OPTIONS}
        given = ROLE.connection_names(self._task, task_vars)
        result = self.run_module(MODULE, {**args, "names": True}, task_vars, given)
        report = review_report(
            {**result, "account": result.get("account") or account, "warnings": result.get("module_warnings")},
            thresholds=thresholds,
            started=started,
            finished=utc_now(),
            user=run_by(task_vars, os.environ),
            version=collection_version(),
        )
        problems = _files.save(
            paths,
            report,
            lambda: render("review.html.j2", review_page(report, thresholds)),
            self._display,
            csv=lambda: review_csv(report),
        )
        outcome = headline(report) if report["msg"] is None else f"NOT COMPLETE: {report['msg']}"
        return _result(
            msg=" ".join(map(sentence, [outcome, *problems])) if problems else outcome,
            failed=report["msg"] is not None or bool(problems),
            report=report,
            report_files=_files.finish(paths, self._display),
            **{key: result[key] for key in ("status", "warnings") if key in result},
        )


def _result(**values: Any) -> Result:
    return {"changed": False, "failed": False, "report": {}, "report_files": [], **values}
