# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access token that a run gets for itself (client credentials grant, RFC 6749, section 4.4)."""

from __future__ import annotations

import json
import re
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Endpoint
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient, Response
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import Connection
from ansible_collections.zchat.admin.plugins.module_utils._text import error_text

_CODE = re.compile(r"[a-z_]{1,40}")
_CONFIDENTIAL = "The client must be of the type 'confidential', which is set only through the API, and is lost when the client is saved in the Chat dashboard."


def connection_with_token(client: ChatClient) -> Connection:
    """Return the client's connection with a new access token, which only this run uses.

    Raises :class:`ChatError` if the API does not issue one. Source: the vendor's page on OAuth for Chat (``POST
    /oauth2/chat/token``, as a form).
    """
    connection, credentials = client.connection, client.connection.client
    assert credentials is not None  # noqa: S101 - for the type checker
    endpoint = Endpoint(credentials.token_url, connection.source)
    form = {
        "grant_type": "client_credentials",
        "client_id": credentials.id,
        "client_secret": credentials.secret,
        "scope": "read write",
    }
    response = client.post_form(endpoint, form)
    if response.status != 200:
        raise _refusal(client, response, endpoint)
    document = _object(response)
    values = {name: document.get(name) for name in ("access_token", "refresh_token")}
    access_token = values["access_token"]
    if str(document.get("token_type")).lower() != "bearer":
        raise _no_token(endpoint, connection, "it has another 'token_type'")
    if not isinstance(access_token, str) or not re.fullmatch("[!-~]+", access_token):
        raise _no_token(endpoint, connection, "its 'access_token' is missing or not printable")
    return connection.with_token(access_token, [value for value in values.values() if isinstance(value, str) and value])


def _object(response: Response) -> dict[str, Any]:
    try:
        data = json.loads(response.body)
    except (ValueError, RecursionError):
        data = None
    return data if isinstance(data, dict) else {}


def _no_token(endpoint: Endpoint, connection: Connection, reason: str) -> ChatError:
    return ChatError(
        f"The response of {endpoint} is not a bearer token: {reason}. Check {endpoint.source} and {connection.credential.source}.",
        200,
    )


def _refusal(client: ChatClient, response: Response, endpoint: Endpoint) -> ChatError:
    """Return the error for a response without a token. It never contains the secret."""
    source = client.connection.credential.source
    if response.status in (400, 401, 403) and response.is_from_api:
        code = response.error if _CODE.fullmatch(response.error) else client.secrets.quote(error_text(response.error))
        return ChatError(
            f"The API at {endpoint} issued no access token for {source} (HTTP {response.status}, {code}). Check both. {_CONFIDENTIAL}",
            response.status,
        )
    if response.status == 404:
        return ChatError(f"There is no token endpoint at {endpoint} (HTTP 404). Check {endpoint.source}.", 404)
    return client.unexpected_status(response, endpoint)
