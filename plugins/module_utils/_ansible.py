# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The private APIs of Ansible that the collection uses, all in this file: each with the versions and the reason."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import SECRET_MARKS

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""Ansible's own text for a value that is not shown."""


class Module(AnsibleModule):
    """An ``AnsibleModule`` that keeps the arguments as the playbook has them, and logs no URL that contains a secret."""

    task_args: Mapping[str, Any]

    def _load_params(self) -> None:
        # All versions: the only moment at which null differs from "not set", before Ansible fills in None for both.
        super()._load_params()  # type: ignore[no-untyped-call]  # untyped in ansible-core
        self.task_args = dict(self.params)

    def _log_invocation(self) -> None:
        # All versions: Ansible logs the options before this collection can reject a URL that contains a password.
        params, self.params = self.params, {**self.params, **_hidden_urls(self.params)}
        super()._log_invocation()  # type: ignore[no-untyped-call]  # untyped in ansible-core
        self.params = params

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        # Such a URL always fails the task: in run_task(), or before, if Ansible itself rejects an option.
        self.params.update(_hidden_urls(self.params))
        super().fail_json(msg, **result)


def _hidden_urls(params: Mapping[str, Any]) -> dict[str, str]:
    """Return replacements for ``subdomain`` and ``api_url`` if they contain a part that can be secret."""
    return {name: HIDDEN for name in ("subdomain", "api_url") if SECRET_MARKS.intersection(str(params.get(name) or ""))}


def register_secrets(values: Sequence[str]) -> None:
    """Make Ansible mask these values in the result of this process, if this version can (2.22 and newer).

    The values are credentials that are not options of the task, so Ansible has not registered them itself.
    """
    # The module is public, but an import would make older versions search for it when they pack a module.
    registry = sys.modules.get("ansible.module_utils.secrets")
    if registry is not None:
        registry.register_secrets(values)


class OnController:
    """What an action that works on the controller has in addition to ``ActionBase``."""

    _requires_connection = False
    """All versions: Ansible then starts no process for a persistent connection of the host."""


SHOWN = {"_ansible_verbose_always": True}
"""All versions: the key of a result that Ansible prints without -v, as it does for the action ``debug``."""


def task_environment(action: Any) -> dict[str, str]:
    """Return the variables of the keyword ``environment`` of the task, its blocks and its play.

    All versions: only this method of an action merges and templates them.
    """
    variables: dict[str, Any] = {}
    action._compute_environment_string(variables)
    return {str(name): str(value) for name, value in variables.items()}
