# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API clients of a Chat account, which OAuth tokens are created for.

Source: the vendor's reference page "OAuth Clients" (``GET {base}/oauth/clients``).
"""

from __future__ import annotations

from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._errors import unexpected_content
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils._text import encodable

_FIELDS = ("client_identifier", "name", "company")


def list_clients(client: ChatClient) -> list[dict[str, Any]]:
    """Return ``{client_identifier, name, company}`` of every API client that the API lists. Raises :class:`ChatError`."""
    document = client.get("oauth/clients")
    if not isinstance(document.data, list) or not all(isinstance(item, dict) for item in document.data):
        raise unexpected_content(document.endpoint, "a list of API clients", "its content has another form.")
    clients = [{name: _string(item.get(name)) for name in _FIELDS} for item in document.data]
    return [entry for entry in clients if entry["client_identifier"]]


def _string(value: Any) -> Any:
    return encodable(value) if isinstance(value, str) else None
