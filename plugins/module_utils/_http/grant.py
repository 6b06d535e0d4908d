# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access token that a run gets for itself (client credentials grant, RFC 6749, section 4.4)."""

from __future__ import annotations

import json
import re
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._dates import http_date
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Endpoint, unexpected_content
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient, Response
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import ApiClientCredentials, Connection
from ansible_collections.zchat.admin.plugins.module_utils._text import encodable, error_text

_CODE = re.compile(r"[a-z_]{1,40}")
_CONFIDENTIAL = (
    "Check both. The API client must have the type 'confidential', which only a request to the API sets, and which is lost when somebody "
    "saves the client in the Chat dashboard."
)
_SCOPES = "The API client must have the scopes 'read' and 'write'."


def connection_with_token(client: ChatClient, credentials: ApiClientCredentials) -> Connection:
    """Return the client's connection with a new access token, which only this run uses.

    Raises :class:`ChatError` if the API does not issue one. Source: the vendor's page on OAuth for Chat (``POST
    /oauth2/chat/token``, as a form).
    """
    connection = client.connection
    endpoint = Endpoint(credentials.token_url, connection.source)
    form = {
        "grant_type": "client_credentials",
        "client_id": credentials.id,
        "client_secret": credentials.secret,
        "scope": "read write",
    }
    try:
        response = client.post_form(endpoint, form)
    except ChatError as error:
        raise _lost(error) if error.failure.may_be_executed else error from None
    if response.status != 200:
        raise _refusal(client, response, endpoint)
    document = _object(response)
    if document is None:
        raise _lost(unexpected_content(endpoint, "an access token", "it is not a JSON object."))
    access_token, refresh_token = document.get("access_token"), document.get("refresh_token")
    if str(document.get("token_type")).lower() != "bearer":
        raise _lost(unexpected_content(endpoint, "a bearer token", "its 'token_type' is missing or another one."))
    if not isinstance(access_token, str) or not re.fullmatch("[!-~]+", access_token):
        raise _lost(unexpected_content(endpoint, "an access token", "its 'access_token' is missing or not printable."))
    secrets = [access_token, *([encodable(refresh_token)] if isinstance(refresh_token, str) else [])]
    return connection.with_token(access_token, secrets, http_date(response.headers.get("Date")))


def _object(response: Response) -> dict[str, Any] | None:
    """Return the JSON object in a response, ``None`` if it contains another value."""
    try:
        data = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _lost(error: ChatError) -> ChatError:
    """Return the error of a request without a response, after which the API may have issued a token."""
    return ChatError(
        f"{error.msg} The API may have issued an access token for this run, which is not revoked. Look for it in the list of tokens.",
        error.status,
        may_be_executed=True,
    )


def _refusal(client: ChatClient, response: Response, endpoint: Endpoint) -> ChatError:
    """Return the error for a response without a token. It never contains the secret."""
    source = client.connection.credential.source
    if response.status in (400, 401, 403) and response.is_from_api:
        code = response.error if _CODE.fullmatch(response.error) else client.secrets.quote(error_text(response.error))
        advice = _SCOPES if code == "invalid_scope" else _CONFIDENTIAL
        return ChatError(
            f"The API at {endpoint} issued no access token for {source} (HTTP {response.status}, {client.secrets.mask(code)}). {advice}",
            response.status,
        )
    if response.status == 404:
        return ChatError(f"There is no token endpoint at {endpoint} (HTTP 404). Check {endpoint.source}.", 404)
    error = client.unexpected_status(response, endpoint)
    return _lost(error) if response.status < 300 else error
