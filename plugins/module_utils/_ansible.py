# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The private APIs of Ansible that the collection uses, all in this file: each with the versions and the reason."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import MIN_PREFIX, SECRET_MARKS
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import known_secrets
from ansible_collections.zchat.admin.plugins.module_utils._options import unexpanded

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""Ansible's own text for a value that is not shown."""


class Module(AnsibleModule):
    """An ``AnsibleModule`` that keeps the arguments as the playbook has them, and neither shows nor logs what can be secret in them."""

    task_args: Mapping[str, Any]
    are_options_valid = False
    """Whether Ansible has validated the options."""

    def _load_params(self) -> None:
        # All versions: the only moment at which null differs from "not set", before Ansible fills in None for both.
        super()._load_params()  # type: ignore[no-untyped-call]  # untyped in ansible-core
        self.task_args = dict(self.params)
        # All versions: the last moment before Ansible replaces environment variables in paths, also in what it shows.
        self.argument_spec = unexpanded(self.argument_spec)

    def _log_invocation(self) -> None:
        # All versions: Ansible logs the options before this collection can reject a URL that contains a password.
        params, self.params = self.params, {**self.params, **self._hidden()}
        super()._log_invocation()  # type: ignore[no-untyped-call]  # untyped in ansible-core
        self.params = params

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        # Ansible itself can reject an option, before run_module() hides the others. Its message quotes the value, which can be a
        # secret of another option.
        self.hide_secrets()
        if not self.are_options_valid:
            secrets = [value for value in known_secrets(self.task_args) if len(value) >= MIN_PREFIX]
            register_secrets(secrets)
            self.no_log_values.update(secrets)
        super().fail_json(msg, **result)

    def hide_secrets(self) -> None:
        """Hide the options that Ansible shows with the result and that can be secret."""
        self.params.update(self._hidden())

    def _hidden(self) -> dict[str, Any]:
        """Return replacements for options that are secret, misspelled (``acces_token``), or a URL with a part that can be secret."""
        found = {
            name: _hidden_value(name, value, self.argument_spec)
            for name, value in self.params.items()
            if value is not None and not name.startswith("_ansible_")
        }
        return {name: value for name, value in found.items() if value != self.params[name]}


def _hidden_value(name: str, value: Any, spec: Mapping[str, Any]) -> Any:
    """Return the value of an option, or of one inside it, as Ansible may show it."""
    rules = {
        spelling: details for option, details in spec.items() for spelling in (option, *details.get("aliases", ()))
    }
    details = rules.get(name, {"no_log": True})
    if "options" in details and isinstance(value, Mapping):
        return {key: _hidden_value(str(key), item, details["options"]) for key, item in value.items()}
    is_url = name in ("subdomain", "api_url") and SECRET_MARKS.intersection(str(value))
    return HIDDEN if details.get("no_log") or "options" in details or is_url else value


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


def enclosing_check_modes(task: Any) -> Iterator[Any]:
    """Yield the keyword ``check_mode`` of the blocks and of the play that contain a task.

    All versions: a null keyword of the task overrides it, and the task itself then shows only null.
    """
    parent = getattr(task, "_parent", None)
    while parent is not None:
        yield parent.check_mode
        yield getattr(getattr(parent, "_play", None), "check_mode", None)
        parent = parent._parent


def task_environment(action: Any) -> dict[str, str]:
    """Return the variables of the keyword ``environment`` of the task, its blocks and its play.

    All versions: only this method of an action merges and templates them.
    """
    variables: dict[str, Any] = {}
    action._compute_environment_string(variables)
    return {str(name): str(value) for name, value in variables.items()}
