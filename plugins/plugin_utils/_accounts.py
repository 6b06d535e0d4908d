# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks for one or many accounts check before any request."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import CONNECTION_OPTIONS, base_url_from
from ansible_collections.zchat.admin.plugins.plugin_utils._options import misspelled

_CONNECTION_ADVICE = "set environment variables, or the zchat_ variables of the hosts in {prefix}accounts"
_NO_VARIABLES = {
    **dict.fromkeys(
        (*CONNECTION_OPTIONS, "exclude", "verify", "concurrency", "journal"), "only the modules have this option"
    ),
    **dict.fromkeys(
        ("subdomain", "api_url", "access_token", "token", "email", "password", "ca_path"), _CONNECTION_ADVICE
    ),
    **dict.fromkeys(("check", "check_mode", "dry_run"), "use --check"),
    "limit": "to limit the revocations, use {prefix}max_revocations",
}
"""Names that a user may expect to be variables of a role, each with what to do instead. To ignore one would be dangerous."""


def check_variables(names: Iterable[str], prefix: str, valid: Collection[str], others: Iterable[str] = ()) -> None:
    """Raise ``ValueError`` if one of the variables is misspelled or must be set elsewhere.

    The arguments are those of :func:`misspelled`.
    """
    names = list(names)
    wrong = {prefix + name: advice for name, advice in _NO_VARIABLES.items() if prefix + name in names}
    wrong.update((name, f"use '{option}'") for name, option in misspelled(names, prefix, valid, others).items())
    if wrong:
        pairs = ", ".join(f"'{name}' ({advice.format(prefix=prefix)})" for name, advice in wrong.items())
        raise ValueError(f"No request was sent: there is no variable {pairs}.")


def check_connection(args: Mapping[str, Any], task_vars: Mapping[str, Any], variable: str) -> None:
    """Raise ``ValueError`` if a host of ``variable``, such as ``review_accounts``, has no connection.

    With environment variables, the run would read another account.
    """
    missing = []
    if not args.keys() & {"subdomain", "api_url"}:
        missing.append("zchat_subdomain or zchat_api_url")
    if not ("access_token" in args or args.keys() >= {"email", "password"}):
        missing.append("zchat_access_token, or zchat_email and zchat_password")
    if variable in task_vars and missing:
        raise ValueError(
            f"{task_vars.get('inventory_hostname')} has no value for {'; and for '.join(missing)}. With {variable}, each account "
            "needs its own variables. No request was sent."
        )


def variable_names(task_vars: Mapping[str, Any], variable: str) -> dict[str, str]:
    """Return the variable for each connection option, if the hosts of ``variable`` set them."""
    return {option: f"zchat_{option}" for option in CONNECTION_OPTIONS} if variable in task_vars else {}


def base_url(options: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    """Return the base URL of the API, ``None`` if the connection options are not valid: the module reports why."""
    try:
        return base_url_from({name: options[name] for name in CONNECTION_OPTIONS if options[name] is not None}, environ)
    except ChatError:
        return None
