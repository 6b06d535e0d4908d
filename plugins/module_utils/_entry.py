# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entry point of every module: options, connection, client, ``run()``, exit. The only place that exits or warns."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.zchat.admin.plugins.module_utils._api.agents import CONCURRENT_LOOKUPS
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http.client import (
    REQUESTS_IMPORT_ERROR,
    ApiClient,
    ChatClient,
)
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import (
    CONNECTION_OPTIONS,
    SECRET_MARKS,
    base_url_from,
    connection_from,
    secret_forms,
)
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import MIN_PREFIX, Secrets
from ansible_collections.zchat.admin.plugins.module_utils._interruption import interruptible
from ansible_collections.zchat.admin.plugins.module_utils._options import options_of

_HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""Ansible's own text for a value that is not shown."""


@dataclass(frozen=True)
class Task:
    """One task, as a module's ``run()`` gets it."""

    options: Mapping[str, Any]
    """The options that are set, and the defaults (see :func:`options_of`)."""
    client: ApiClient
    check_mode: bool
    log: Callable[[str], None]
    """Writes a line to the system log of the host that runs the module."""


class _Module(AnsibleModule):
    """An ``AnsibleModule`` that keeps the arguments as the playbook has them, and logs no URL that contains a secret."""

    task_args: Mapping[str, Any]

    def _load_params(self) -> None:
        super()._load_params()  # type: ignore[no-untyped-call]  # untyped in ansible-core
        self.task_args = dict(self.params)

    def _log_invocation(self) -> None:
        # Ansible logs the options before this collection can reject a URL that contains a password.
        params, self.params = self.params, {**self.params, **_hidden_urls(self.params)}
        super()._log_invocation()  # type: ignore[no-untyped-call]  # untyped in ansible-core
        self.params = params

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        # Such a URL always fails the task: in run_module(), or before, if Ansible itself rejects an option.
        self.params.update(_hidden_urls(self.params))
        super().fail_json(msg, **result)


def run_module(
    spec: Mapping[str, Mapping[str, Any]],
    run: Callable[[Task], dict[str, Any]],
    on_failure: Mapping[str, Any] | None = None,
) -> None:
    """Run a module whose options are those of ``spec`` and of the connection, and exit with the result of ``run``.

    ``run`` returns the result; its key ``warnings`` is a list of messages. It raises :class:`ChatError` if it changed
    nothing; the result then has the keys of ``on_failure``, so that a failed task returns the same keys. ``account`` (the
    base URL, or null) is added to every result.
    """
    spec = {**CONNECTION_OPTIONS, **spec}
    module = _Module(argument_spec=spec, supports_check_mode=True)  # type: ignore[no-untyped-call]  # untyped in ansible-core
    params = dict(module.params)
    show_secrets = bool(params.get("include_secrets"))
    _hide_secrets(module, show_secrets)
    result: dict[str, Any] = {"account": None}
    try:
        if REQUESTS_IMPORT_ERROR is not None:
            raise ChatError(f"{missing_required_lib('requests')}. The import failed with: {REQUESTS_IMPORT_ERROR}")
        options = options_of(module.task_args, params, spec)
        result["account"] = base_url_from(options, os.environ)
        connection = connection_from(options, os.environ)
        if not show_secrets:
            _register_secrets(module, [value for value in connection.secrets if len(value) >= MIN_PREFIX])
        given_values = (value.strip() for value in options.get("token_values", ()))
        secrets = Secrets([*connection.secrets, *(form for value in given_values for form in secret_forms(value))])
        with interruptible() as interrupted:
            client = ChatClient(connection, secrets, options.get("concurrency", CONCURRENT_LOOKUPS), interrupted)
            result.update(run(Task(options, client, module.check_mode, module.log)))
    except ChatError as error:
        status = {} if error.status is None else {"status": error.status}
        result.update({**(on_failure or {}), "failed": True, "msg": error.msg, **status})
    for text in result.pop("warnings", ()):
        module.warn(text)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


def _register_secrets(module: AnsibleModule, values: Sequence[str]) -> None:
    """Make Ansible mask these values in the result, for credentials that are not options of the task."""
    module.no_log_values.update(values)
    # Since ansible-core 2.22, the controller masks the result, and this module of Ansible, which basic imports, registers.
    registry = sys.modules.get("ansible.module_utils.secrets")
    if registry is not None:
        registry.register_secrets(values)


def _hide_secrets(module: AnsibleModule, show_secrets: bool) -> None:
    """Hide the secrets among the module's options, which Ansible shows with the result.

    Ansible also masks the value of a secret option wherever it occurs in the result: a short password would make half of
    it unreadable, and ``include_secrets`` (``show_secrets``) would return nothing. So the options are hidden by name; other
    text is masked by the client, and results consist of keys without secrets.
    """
    for name, details in module.argument_spec.items():
        for alias in (name, *details.get("aliases", ())):
            if details.get("no_log") and module.params.get(alias) is not None:
                module.params[alias] = _HIDDEN
    module.no_log_values = {value for value in module.no_log_values if len(value) >= MIN_PREFIX and not show_secrets}


def _hidden_urls(params: Mapping[str, Any]) -> dict[str, str]:
    """Return replacements for ``subdomain`` and ``api_url`` if they contain a part that can be secret."""
    return {
        name: _HIDDEN for name in ("subdomain", "api_url") if SECRET_MARKS.intersection(str(params.get(name) or ""))
    }
