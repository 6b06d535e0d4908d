# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access review as one action on the controller: test the report folder, run the module, write the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.zchat.admin.plugins.plugin_utils._accounts import base_url
from ansible_collections.zchat.admin.plugins.plugin_utils._csv import review_csv
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import ReviewDocument, not_run, task_result
from ansible_collections.zchat.admin.plugins.plugin_utils._files import reserve, stem
from ansible_collections.zchat.admin.plugins.plugin_utils._local_action import LocalAction
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import origin, utc_now
from ansible_collections.zchat.admin.plugins.plugin_utils._pages import render
from ansible_collections.zchat.admin.plugins.plugin_utils._review import Thresholds, review_document
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
        # Without valid thresholds, the run fails, and there are no findings.
        account, thresholds = None, Thresholds(0, 0, 0)

        def document_of(result: Mapping[str, Any]) -> ReviewDocument:
            shown = {**result, "account": result.get("account") or account, "warnings": result.get("module_warnings")}
            return review_document(shown, thresholds=thresholds, origin=origin(started, task_vars))

        try:
            options = ROLE.validated(self._task, task_vars)
            account = base_url(options, self.environ())
            thresholds = Thresholds.from_options(options, names)
            name = stem("review", account, started)
            files = reserve(options["report_dir"], name, options["report_formats"], names["report_dir"])
        except ValueError as error:
            return task_result(document_of(not_run(error)), {})
        args = {name: value for name, value in self._task.args.items() if name not in OPTIONS}
        given = ROLE.connection_names(self._task, task_vars)
        result = self.run_module(MODULE, {**args, "names": True}, task_vars, given)
        document = document_of(result)
        problems = files.save(
            document,
            self._display,
            html=lambda: render("review.html.j2", review_page(document, thresholds)),
            csv=lambda: review_csv(document),
        )
        return task_result(document, result, problems, files.finish(self._display))
