# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the summary of all accounts of a playbook, and fail if an account was not processed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars

from ansible_collections.zchat.admin.plugins.module_utils._ansible import SHOWN, OnController
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._text import sentence
from ansible_collections.zchat.admin.plugins.plugin_utils import _offboarding, _review
from ansible_collections.zchat.admin.plugins.plugin_utils._action import is_deselected
from ansible_collections.zchat.admin.plugins.plugin_utils._arguments import (
    OptionNames,
    check_internal_variables,
    validated,
    variables_of,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._csv import summary_csv
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import File, safe, summary_document
from ansible_collections.zchat.admin.plugins.plugin_utils._files import (
    ReportFiles,
    as_json,
    compact,
    reserve,
    sha256,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import origin, utc_now
from ansible_collections.zchat.admin.plugins.plugin_utils._output import Output
from ansible_collections.zchat.admin.plugins.plugin_utils._pages import render, summary_page
from ansible_collections.zchat.admin.plugins.plugin_utils._preflight import preflight_headline, preflight_lines

KINDS = {"offboard": _offboarding.SUMMARY, "review": _review.SUMMARY}
FORMATS = {"offboard": ["json", "html"], "review": ["json", "html", "csv"]}
"""The formats of the summary of each playbook."""
OPTIONS: dict[str, dict[str, Any]] = {
    "kind": {"type": "str", "choices": [*KINDS, "preflight"], "required": True},
    "accounts": {"type": "dict", "required": True},
}

Result = dict[str, Any]


class ActionModule(OnController, ActionBase):
    """``zchat_summary``. The documentation is in the module of the same name."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Return the result of the task."""
        super().run(tmp, task_vars)
        now, task_vars, output = utc_now(), task_vars or {}, Output(self._display, bool(self._task.no_log))
        try:
            check_internal_variables(load_extra_vars(self._loader))
            options = validated(self._task.args, OptionNames(OPTIONS), {})
        except ChatError as error:
            return {"failed": True, "msg": error.msg}
        runs, kind = options["accounts"], options["kind"]
        if not any(runs.values()) and is_deselected(self._task, task_vars):
            return {"changed": False, "skipped": True}
        if kind == "preflight":
            # An account that is not ready has already failed the playbook.
            failed = not all("ready" in run for run in runs.values())
            shown: Result = {"msg": preflight_headline(runs), "accounts": preflight_lines(runs)}
            return {"changed": False, "failed": failed, **safe(shown), **SHOWN}
        summary = summary_document(
            runs,
            KINDS[kind],
            origin(now, task_vars),
            files={name: _hashes(run.get("report_files", ())) for name, run in runs.items()},
            dry_run=kind == "offboard" and bool(self._task.check_mode),
        )
        try:
            files, problems = self._reserve(kind, f"{kind}-summary-{compact(now)}", task_vars), []
        except ChatError as error:
            files, problems = ReportFiles(), [f"The summary was not written. {error.msg}"]
            output.show(as_json(summary))
        if not any(runs.values()):
            problems.append("No account was processed. Remove --tags, --skip-tags and --start-at-task.")
        problems += files.save(
            summary,
            output,
            html=lambda: render("summary.html.j2", summary_page(summary, KINDS[kind])),
            csv=lambda: summary_csv(summary, [run.get("report") for run in runs.values()]),
        )
        headline = KINDS[kind].headline(summary)
        return {
            "changed": False,
            # An account that failed has already failed the playbook.
            "failed": bool(problems) or any("report" not in run for run in runs.values()),
            "msg": " ".join(map(sentence, [headline, *problems])) if problems else headline,
            "report_files": files.finish(output),
            **SHOWN,
        }

    def _reserve(self, kind: str, name: str, task_vars: dict[str, Any]) -> ReportFiles:
        """Return the files of the summary. Raises :class:`ChatError` if an option of the role is not valid, so that no account ran."""
        formats = {"type": "list", "elements": "str", "choices": FORMATS[kind], "default": FORMATS[kind]}
        names = OptionNames({"report_dir": {"type": "path"}, "report_formats": formats}, f"{kind}_")
        options = validated(variables_of(names, task_vars, self._templar.template), names, {})
        return reserve(options["report_dir"], name, options["report_formats"], names["report_dir"])


def _hashes(files: Iterable[str]) -> list[File]:
    """Return the name and the SHA-256 of each file, null for one that cannot be read."""
    hashes: list[File] = []
    for path in map(Path, files):
        try:
            hashes.append({"name": path.name, "sha256": sha256(path)})
        except OSError:
            hashes.append({"name": path.name, "sha256": None})
    return hashes
