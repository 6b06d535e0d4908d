# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access review as one action on the controller: test the report folder, run the module, write the report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._connection import CONNECTION_OPTIONS
from ansible_collections.zchat.admin.plugins.module_utils._text import sentence
from ansible_collections.zchat.admin.plugins.plugin_utils import _files
from ansible_collections.zchat.admin.plugins.plugin_utils._accounts import (
    base_url,
    check_connection,
    check_variables,
    variable_names,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._csv import review_csv
from ansible_collections.zchat.admin.plugins.plugin_utils._local_action import LocalAction
from ansible_collections.zchat.admin.plugins.plugin_utils._options import validated
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import collection_version, run_by, utc_now
from ansible_collections.zchat.admin.plugins.plugin_utils._page import render
from ansible_collections.zchat.admin.plugins.plugin_utils._review import Thresholds, headline, review_report
from ansible_collections.zchat.admin.plugins.plugin_utils._review_page import review_page

MODULE = "zchat.admin.zchat_oauth_token_info"
ROLE, PREFIX = "zchat.admin.review", "review_"
FORMATS = ["json", "html", "csv"]

OPTIONS: dict[str, dict[str, Any]] = {
    "report_dir": {"type": "path", "required": True},
    "report_formats": {"type": "list", "elements": "str", "choices": FORMATS, "default": FORMATS},
    "old_after": {"type": "str", "default": "180d"},
    "expires_within": {"type": "str", "default": "14d"},
    "inactive_after": {"type": "str", "default": "90d"},
}
"""The options of the action. In the role, each is a variable with the prefix ``review_``."""
_OTHER_VARIABLES = ("result", "report_files")
"""Variables with the same prefix that the role sets."""

Result = dict[str, Any]


class ActionModule(LocalAction):
    """``zchat_review``. The documentation is in the module of the same name."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Return the result of the task. It is the same in check mode."""
        super().run(tmp, task_vars)
        task_vars, started, names = task_vars or {}, utc_now(), self._names()
        try:
            options = self._options(names, task_vars)
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
        given = variable_names(task_vars, f"{PREFIX}accounts") if self._in_role() else {}
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

    def _names(self) -> dict[str, str]:
        """Return the name of each option for the user: the name of the variable, if the role runs this."""
        return {option: f"{PREFIX if self._in_role() else ''}{option}" for option in OPTIONS}

    def _in_role(self) -> bool:
        return self._task._role is not None and self._task._role.get_name() == ROLE

    def _options(self, names: Mapping[str, str], task_vars: Mapping[str, Any]) -> Result:
        """Return the options. Raises ``ValueError`` if one is not valid, or if a variable of the role is misspelled."""
        args = dict(self._task.args)
        if self._in_role():
            check_variables(task_vars, PREFIX, (*OPTIONS, "accounts"), _OTHER_VARIABLES)
            check_connection(args, task_vars, f"{PREFIX}accounts")
            # Before ansible-core 2.19, a template can make the string "None" of null.
            args.update({option: None for option, name in names.items() if task_vars.get(name, "") is None})
        options = validated(args, {**CONNECTION_OPTIONS, **OPTIONS}, names)
        if not options["report_formats"]:
            raise ValueError(f"'{names['report_formats']}' is empty. Set json, html, csv or several of them.")
        return options


def _result(**values: Any) -> Result:
    return {"changed": False, "failed": False, "report": {}, "report_files": [], **values}
