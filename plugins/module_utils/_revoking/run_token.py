# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a token that only one run uses."""

from __future__ import annotations

from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import list_tokens, revoke_token_id
from ansible_collections.zchat.admin.plugins.module_utils._errors import Failure, failure_of
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils._revoking.probe import authenticate

_NOT_LISTED = (
    "The API does not list the value of the access token that it issued to this run, so the run cannot revoke it. It works until it "
    "expires. Use 'access_token' instead of 'client_id' and 'client_secret'."
)


def end_run_token(client: ChatClient) -> list[str]:
    """Revoke the token that only this run uses, also after an interruption. Return warnings if it may still work."""
    client = client.without_interruption()
    try:
        if client.run_token_id is None:
            # The run did not list the tokens, or the API did not show the value.
            list_tokens(client)
        if client.run_token_id is None:
            return [_NOT_LISTED]
        revoke_token_id(client, client.run_token_id)
    except Exception as error:  # noqa: BLE001 - whatever it is, the result of the run must not be lost
        failure = failure_of(error)
        if _is_rejected(client, failure):
            return []
        number = "" if client.run_token_id is None else f" (id {client.run_token_id})"
        return [
            f"The access token that the API issued to this run{number} was not revoked, and may work until it expires. {failure.msg}"
        ]
    return []


def _is_rejected(client: ChatClient, failure: Failure) -> bool:
    """Return whether the token does not work any more. The DELETE can be executed although its response is lost."""
    if failure.rejects_credentials:
        return True
    result = authenticate(client, wait=False)
    return isinstance(result, Failure) and result.rejects_credentials
