# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The offboarding as one action on the controller: test the report folder, revoke the tokens, write the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import base_url_from
from ansible_collections.zchat.admin.plugins.module_utils._revoking.outcomes import Outcomes
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import Listed
from ansible_collections.zchat.admin.plugins.module_utils._revoking.results import token_outcomes
from ansible_collections.zchat.admin.plugins.module_utils._revoking.revocation import revoke_selected
from ansible_collections.zchat.admin.plugins.module_utils._task import Task
from ansible_collections.zchat.admin.plugins.modules.zchat_oauth_token import SPEC
from ansible_collections.zchat.admin.plugins.plugin_utils._action import AccountAction, Result, defaults
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import OffboardDocument, not_run, task_result
from ansible_collections.zchat.admin.plugins.plugin_utils._files import JOURNAL, reserve, stem
from ansible_collections.zchat.admin.plugins.plugin_utils._offboarding import (
    nobody_document,
    offboard_document,
    others_are_unknown,
    proves_other_agents,
    unknown_text,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._offboarding_page import offboarding_page
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import origin, utc_now
from ansible_collections.zchat.admin.plugins.plugin_utils._pages import render


class ActionModule(AccountAction):
    """``zchat_offboard``. The documentation is in the module of the same name."""

    OPTIONS = {  # noqa: RUF012 - a constant of the class
        "agent_emails": {"type": "list", "elements": "str", "default": []},
        "agent_ids": {"type": "list", "elements": "int", "default": []},
        "own_token": {"type": "str", "choices": ["refuse", "keep", "revoke"], "default": "refuse"},
        "max_revocations": {"type": "int"},
        "report_dir": {"type": "path"},
        "report_formats": {"type": "list", "elements": "str", "choices": ["json", "html"], "default": ["json", "html"]},
        "unknown_agents": {"type": "str", "choices": ["warn", "fail"], "default": "warn"},
        "own_only": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
    }
    # The variables of the rulebooks.
    OTHER_VARIABLES = ("webhook_*", "job_template", "organization")

    def execute(self, task_vars: Mapping[str, Any]) -> Result:
        """Return the result of the task. The report is written even if the revocation failed or was interrupted."""
        started = utc_now()
        people: dict[str, Sequence[Any]] = {"agent_emails": (), "agent_ids": ()}
        account = None

        def document_of(result: Mapping[str, Any], **more: Any) -> OffboardDocument:
            shown = {**result, "account": result.get("account") or account}
            return offboard_document(
                shown,
                agent_emails=people["agent_emails"],
                agent_ids=people["agent_ids"],
                dry_run=self.check_mode,
                origin=origin(started, task_vars),
                **more,
            )

        try:
            given = self.arguments(task_vars)
            options = given.options
            people = {name: options[name] for name in people}
            if not any(people.values()):
                unset = [self.names[name] for name in people]
                nobody = nobody_document(unset, dry_run=self.check_mode, origin=origin(started, task_vars))
                return task_result(nobody, {})
            account = base_url_from(given.sources)
            name, extensions = stem("offboard", account, started), (JOURNAL, *options["report_formats"])
            files = reserve(options["report_dir"], name, extensions, self.names["report_dir"])
        except ChatError as error:
            return task_result(document_of(not_run(self.names.in_text(error.msg))), {})
        passed = {name: options[name] for name in SPEC if options.get(name) is not None}
        journal = {} if files.journal is None else {"journal": files.journal}
        result = self.run_task(
            _revoke, {**defaults(SPEC), **passed, **journal, "names": True}, given, token_outcomes(Outcomes())
        )
        own_only_fails, proof = options["own_only"] == "fail", None
        if _sees_only_own(result) and result.get("own_is_administrator"):
            # Whatever is in the folder, the report of what was revoked must be written.
            with suppress(Exception):
                proof = proves_other_agents(result, files.earlier(stem("offboard", account, "")))
        if proof is not None:
            refuted = Listed(**result["listed"]).warnings()
            result["warnings"] = [text for text in result.get("warnings", ()) if text not in refuted]
        document = document_of(result, own_only_fails=own_only_fails, earlier_report=proof)
        problems = files.save(
            document, self.output, html=lambda: render("offboard.html.j2", offboarding_page(document))
        )
        if options["unknown_agents"] == "fail" and unknown_text(document):
            problems.append(f"The task fails, because '{self.names['unknown_agents']}' is 'fail'.")
        if own_only_fails and document["msg"] is None and others_are_unknown(document, result):
            problems.append(
                f"The task fails, because '{self.names['own_only']}' is 'fail'. If no other agent of this account has a token, set it to "
                "'warn'."
            )
        return task_result(document, result, problems, files.finish(self.output))


def _revoke(task: Task) -> Result:
    result, more = revoke_selected(task, every_client=True)
    return {**result, **more}


def _sees_only_own(result: Mapping[str, Any]) -> bool:
    """Return whether the list of tokens was read, and does not show that the API lists those of other agents."""
    listed = result.get("listed")
    return listed is not None and listed["own_only"] is not False
