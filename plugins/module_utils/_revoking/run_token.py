# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a token that only one run uses."""

from __future__ import annotations

from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import list_tokens, revoke_token_id
from ansible_collections.zchat.admin.plugins.module_utils._errors import Failure, failure_of
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils._revoking.probe import authenticate


def end_run_token(client: ChatClient) -> list[str]:
    """Revoke the token that only this run uses, also after an interruption. Return warnings if it may still work."""
    client = client.after_interruption()
    try:
        failure = _revoke(client)
    except Exception as error:  # noqa: BLE001 - whatever it is, the result of the run must not be lost
        failure = failure_of(error)
    if failure is None or _is_rejected(client):
        return []
    number = "" if client.run_token_id is None else f" (id {client.run_token_id})"
    return [
        f"The access token that the API issued to this run{number} is not revoked, and may work until it expires. {failure.msg}"
    ]


def _revoke(client: ChatClient) -> Failure | None:
    """Revoke the token. Return why that is not certain, if so. Raises :class:`ChatError`."""
    if client.run_token_id is None:
        # The run did not list the tokens, or the API did not show the value.
        list_tokens(client)
    if client.run_token_id is None:
        source = client.connection.credential.source
        return Failure(
            f"The list of tokens does not show which one it is. Use 'access_token' instead of {source} for this account."
        )
    deletion = revoke_token_id(client, client.run_token_id)
    if deletion.executed:
        return None
    return Failure(f"The API returned HTTP {deletion.status} for the DELETE of a token that it had accepted.")


def _is_rejected(client: ChatClient) -> bool:
    """Return whether the token does not work any more. A DELETE can be executed although its response is lost."""
    try:
        result = authenticate(client, wait=False)
    except Exception:  # noqa: BLE001 - as above
        return False
    return isinstance(result, Failure) and result.rejects_credentials
