# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entry point of every module: the only place of a module that exits or warns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._ansible import Module, register_secrets
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import MIN_PREFIX
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import (
    CONNECTION_OPTIONS,
    Source,
    environment_variables,
    known_secrets,
    task_options,
)
from ansible_collections.zchat.admin.plugins.module_utils._interruption import Interruption, output_has_no_reader
from ansible_collections.zchat.admin.plugins.module_utils._options import options_of
from ansible_collections.zchat.admin.plugins.module_utils._task import Run, run_task


def run_module(spec: Mapping[str, Mapping[str, Any]], run: Run, on_failure: Mapping[str, Any] | None = None) -> None:
    """Run a module whose options are those of ``spec`` and of the connection, and exit with the result of :func:`run_task`."""
    spec = {**CONNECTION_OPTIONS, **spec}
    module = Module(argument_spec=spec, supports_check_mode=True)  # type: ignore[no-untyped-call]  # untyped in ansible-core
    params = dict(module.params)
    _hide_secrets(module, bool(params.get("include_secrets")))

    def arguments() -> tuple[Mapping[str, Any], Sequence[Source]]:
        options = options_of(module.task_args, params, spec)
        return options, [task_options(options, module.task_args), environment_variables()]

    def register(values: Sequence[str]) -> None:
        module.no_log_values.update(values)
        register_secrets(values)

    interruption = Interruption(output_has_no_reader)
    with interruption.handle_signals():
        result = run_task(
            run,
            arguments,
            check_mode=module.check_mode,
            log=module.log,
            interruption=interruption,
            register=register,
            known=known_secrets(module.task_args),
            on_failure=on_failure,
        )
        for text in result.pop("warnings", ()):
            module.warn(text)
        if result.pop("failed", False):
            module.fail_json(**result)
        module.exit_json(**result)


def _hide_secrets(module: Module, show_secrets: bool) -> None:
    """Hide the secrets among the module's options, which Ansible shows with the result.

    Ansible also masks the value of a secret option wherever it occurs in the result: a short password would make half of
    it unreadable, and ``include_secrets`` (``show_secrets``) would return nothing. So the options are hidden by name; other
    text is masked by the client, and results consist of keys without secrets.
    """
    module.hide_secrets()
    module.are_options_valid = True
    module.no_log_values = {value for value in module.no_log_values if len(value) >= MIN_PREFIX and not show_secrets}
