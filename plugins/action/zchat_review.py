# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access review as one action on the controller: test the report folder, run the module, write the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import base_url_from
from ansible_collections.zchat.admin.plugins.module_utils._task import Task
from ansible_collections.zchat.admin.plugins.modules import zchat_oauth_token_info
from ansible_collections.zchat.admin.plugins.plugin_utils._action import AccountAction, Result, defaults
from ansible_collections.zchat.admin.plugins.plugin_utils._csv import review_csv
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import ReviewDocument, not_run, task_result
from ansible_collections.zchat.admin.plugins.plugin_utils._files import reserve, stem
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import origin, utc_now
from ansible_collections.zchat.admin.plugins.plugin_utils._pages import render
from ansible_collections.zchat.admin.plugins.plugin_utils._review import Thresholds, review_document
from ansible_collections.zchat.admin.plugins.plugin_utils._review_page import review_page

FORMATS = ["json", "html", "csv"]


class ActionModule(AccountAction):
    """``zchat_review``. The documentation is in the module of the same name."""

    OPTIONS = {  # noqa: RUF012 - a constant of the class
        "report_dir": {"type": "path", "required": True},
        "report_formats": {"type": "list", "elements": "str", "choices": FORMATS, "default": FORMATS},
        "old_after": {"type": "str", "default": "180d"},
        "expires_within": {"type": "str", "default": "14d"},
        "inactive_after": {"type": "str", "default": "90d"},
    }

    def execute(self, task_vars: Mapping[str, Any]) -> Result:
        """Return the result of the task. It is the same in check mode."""
        started = utc_now()
        # Without valid thresholds, the run fails, and there are no findings.
        account, thresholds = None, Thresholds(0, 0, 0)

        def document_of(result: Mapping[str, Any]) -> ReviewDocument:
            shown = {**result, "account": result.get("account") or account}
            return review_document(shown, thresholds=thresholds, origin=origin(started, task_vars))

        try:
            given = self.arguments(task_vars)
            options = given.options
            thresholds = Thresholds.from_options(options, self.names)
            account = base_url_from(given.sources)
            name, formats = stem("review", account, started), options["report_formats"]
            files = reserve(options["report_dir"], name, formats, self.names["report_dir"])
        except ChatError as error:
            return task_result(document_of(not_run(self.names.in_text(error.msg))), {})
        every_token = {**defaults(zchat_oauth_token_info.SPEC), "names": True}
        result = self.run_task(_list, every_token, given)
        document = document_of(result)
        problems = files.save(
            document,
            self.output,
            html=lambda: render("review.html.j2", review_page(document, thresholds, result)),
            csv=lambda: review_csv(document),
        )
        return task_result(document, result, problems, files.finish(self.output))


def _list(task: Task) -> Result:
    return zchat_oauth_token_info.list_selected(task, every_client=True)
