# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the summary of all accounts of a playbook, and fail if an account was not processed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.zchat.admin.plugins.module_utils._text import sentence
from ansible_collections.zchat.admin.plugins.plugin_utils import _offboarding, _review
from ansible_collections.zchat.admin.plugins.plugin_utils._csv import summary_csv
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import File, summary_document
from ansible_collections.zchat.admin.plugins.plugin_utils._files import (
    ReportFiles,
    as_json,
    compact,
    reserve,
    sha256,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._options import validated
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import origin, utc_now
from ansible_collections.zchat.admin.plugins.plugin_utils._pages import render, summary_page
from ansible_collections.zchat.admin.plugins.plugin_utils._preflight import preflight_headline, preflight_lines

KINDS = {"offboard": _offboarding.SUMMARY, "review": _review.SUMMARY}
FORMATS = {"offboard": ["json", "html"], "review": ["json", "html", "csv"]}
"""The formats of the summary of each playbook."""
OPTIONS: dict[str, dict[str, Any]] = {
    "kind": {"type": "str", "choices": [*KINDS, "preflight"], "required": True},
    "accounts": {"type": "dict", "required": True},
    "report_dir": {"type": "raw"},
    "report_formats": {"type": "raw"},
}

Result = dict[str, Any]


class ActionModule(ActionBase):
    """``zchat_summary``. The documentation is in the module of the same name."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Return the result of the task."""
        super().run(tmp, task_vars)
        now, task_vars = utc_now(), task_vars or {}
        try:
            options = validated(self._task.args, OPTIONS, {})
        except ValueError as error:
            return {"failed": True, "msg": str(error)}
        runs, kind = options["accounts"], options["kind"]
        if kind == "preflight":
            # An account that is not ready has already failed the playbook.
            failed = not all("ready" in run for run in runs.values())
            shown: Result = {"msg": preflight_headline(runs), "accounts": preflight_lines(runs)}
            return {"changed": False, "failed": failed, **shown, "_ansible_verbose_always": True}
        summary = summary_document(
            runs,
            KINDS[kind],
            origin(now, task_vars),
            files={name: _hashes(run.get("report_files", ())) for name, run in runs.items()},
            dry_run=kind == "offboard" and bool(self._task.check_mode),
        )
        try:
            files, problems = self._reserve(kind, f"{kind}-summary-{compact(now)}", task_vars), []
        except ValueError as error:
            files, problems = ReportFiles(), [f"The summary was not written. {error}"]
            self._display.display(as_json(summary))
        problems += files.save(
            summary,
            self._display,
            html=lambda: render("summary.html.j2", summary_page(summary, KINDS[kind])),
            csv=lambda: summary_csv({name: run["report"] for name, run in runs.items() if run.get("report")}),
        )
        headline = KINDS[kind].headline(summary)
        return {
            "changed": False,
            # An account that failed has already failed the playbook.
            "failed": bool(problems) or any("report" not in run for run in runs.values()),
            "msg": " ".join(map(sentence, [headline, *problems])) if problems else headline,
            "report_files": files.finish(self._display),
            # Print the result without -v, as the action debug does.
            "_ansible_verbose_always": True,
        }

    def _reserve(self, kind: str, name: str, task_vars: dict[str, Any]) -> ReportFiles:
        """Return the files of the summary. Raises ``ValueError`` if an option of the role is not valid, so that no account ran."""
        names = {option: f"{kind}_{option}" for option in ("report_dir", "report_formats")}
        args = {option: self._task.args[option] for option in names if option in self._task.args}
        # Before ansible-core 2.19, a template can make the string "None" of null.
        args.update({option: None for option, variable in names.items() if task_vars.get(variable, "") is None})
        formats = {"type": "list", "elements": "str", "choices": FORMATS[kind], "default": FORMATS[kind]}
        options = validated(args, {"report_dir": {"type": "path"}, "report_formats": formats}, names)
        if not options["report_formats"]:
            raise ValueError(f"'{names['report_formats']}' is empty.")
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
