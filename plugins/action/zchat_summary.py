# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the summary of all accounts of a playbook, and fail if an account was not processed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.zchat.admin.plugins.module_utils._text import sentence
from ansible_collections.zchat.admin.plugins.plugin_utils import _files
from ansible_collections.zchat.admin.plugins.plugin_utils._csv import summary_csv
from ansible_collections.zchat.admin.plugins.plugin_utils._options import validated
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import collection_version, run_by, utc_now
from ansible_collections.zchat.admin.plugins.plugin_utils._page import render, summary_headline, summary_page
from ansible_collections.zchat.admin.plugins.plugin_utils._preflight import preflight_headline, preflight_lines
from ansible_collections.zchat.admin.plugins.plugin_utils._report import offboard_summary
from ansible_collections.zchat.admin.plugins.plugin_utils._review import review_summary, review_summary_headline
from ansible_collections.zchat.admin.plugins.plugin_utils._review_page import review_summary_page

FORMATS = {"offboard": ["json", "html"], "review": ["json", "html", "csv"], "preflight": []}
"""The formats of the summary of each playbook."""
OPTIONS: dict[str, dict[str, Any]] = {
    "kind": {"type": "str", "choices": list(FORMATS), "required": True},
    "accounts": {"type": "dict", "required": True},
    "report_dir": {"type": "path"},
    "report_formats": {"type": "list", "elements": "str", "choices": FORMATS["review"]},
}

Result = dict[str, Any]


class ActionModule(ActionBase):
    """``zchat_summary``. The documentation is in the module of the same name."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Return the result of the task."""
        super().run(tmp, task_vars)
        now = utc_now()
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
        described: Result = {
            "hashes": {name: _hashes(run.get("report_files", ())) for name, run in runs.items()},
            "now": now,
            "user": run_by(task_vars or {}, os.environ),
            "version": collection_version(),
        }
        page: Callable[[Mapping[str, Any]], Result]
        if kind == "review":
            summary, page = review_summary(runs, **described), review_summary_page
            headline = review_summary_headline(summary)
        else:
            summary, page = offboard_summary(runs, dry_run=bool(self._task.check_mode), **described), summary_page
            headline = summary_headline(summary)
        paths, problems = {}, []
        if options["report_dir"] is not None:
            try:
                formats = options["report_formats"] or FORMATS[kind]
                paths = _files.reserve(options["report_dir"], f"{kind}-summary-{_files.compact(now)}", formats)
            except OSError as error:
                problems = [f"The summary could not be written: {error}."]
                self._display.display(_files.as_json(summary))
        problems += _files.save(
            paths,
            summary,
            lambda: render("summary.html.j2", page(summary)),
            self._display,
            csv=lambda: summary_csv({name: run["report"] for name, run in runs.items() if run.get("report")}),
        )
        return {
            "changed": False,
            # An account that failed has already failed the playbook.
            "failed": bool(problems) or any("report" not in run for run in runs.values()),
            "msg": " ".join(map(sentence, [headline, *problems])) if problems else headline,
            "report_files": _files.finish(paths, self._display),
            # Print the result without -v, as the action debug does.
            "_ansible_verbose_always": True,
        }


def _hashes(files: Iterable[str]) -> list[dict[str, str | None]]:
    """Return the name and the SHA-256 of each file, null for one that cannot be read."""
    hashes: list[dict[str, str | None]] = []
    for path in map(Path, files):
        try:
            hashes.append({"name": path.name, "sha256": _files.sha256(path)})
        except OSError:
            hashes.append({"name": path.name, "sha256": None})
    return hashes
