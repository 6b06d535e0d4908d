# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks for one or many accounts check before any request."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._connection import CONNECTION_OPTIONS, base_url_from
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.plugin_utils._options import misspelled


def check_variables(names: Iterable[str], prefix: str, valid: Collection[str], others: Iterable[str] = ()) -> None:
    """Raise ``ValueError`` if one of the variables is misspelled. The arguments are those of :func:`misspelled`."""
    wrong = misspelled(names, prefix, valid, others)
    if wrong:
        pairs = ", ".join(f"'{name}' (use '{valid}')" for name, valid in wrong.items())
        raise ValueError(f"No request was sent: there is no variable {pairs}.")


def check_connection(args: Mapping[str, Any], task_vars: Mapping[str, Any], variable: str) -> None:
    """Raise ``ValueError`` if a host of ``variable``, such as ``review_accounts``, has no connection.

    With environment variables, the run would read another account.
    """
    address = "subdomain" in args or "api_url" in args
    login = "access_token" in args or ("email" in args and "password" in args)
    if variable in task_vars and not (address and login):
        raise ValueError(
            f"{task_vars.get('inventory_hostname')} needs zchat_subdomain or zchat_api_url, and zchat_access_token or "
            f"zchat_email with zchat_password. With {variable}, environment variables do not apply. No request was sent."
        )


def base_url(options: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    """Return the base URL of the API, ``None`` if the connection options are not valid: the module reports why."""
    try:
        return base_url_from({name: options[name] for name in CONNECTION_OPTIONS if options[name] is not None}, environ)
    except ChatError:
        return None
