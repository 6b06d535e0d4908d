# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test whether a token still works, by using it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.zchat.admin.plugins.module_utils._api.agents import Agent, get_me
from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import Token
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Failure
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient, interrupted

VERIFY_WAITS = (0.5, 1.0, 1.5, 2.0)
"""Seconds between attempts to confirm a revocation: 5 in total."""


def authenticate(client: ChatClient, access_token: str | None = None, wait: bool = True) -> Agent | Failure:
    """Use a token (``None``: the task's own credentials) and return the agent, or why it did not work.

    ``wait``: repeat this for up to 5 s while the token works. A 403 that names missing scopes shows that it works, too. If an
    interruption ends the wait, it is unknown whether the token works.
    """
    waits = iter(VERIFY_WAITS if wait else ())
    while True:
        result: Agent | Failure
        try:
            result = get_me(client, access_token)
        except ChatError as error:
            result = error.failure
            if not lacks_scope(result):
                return result
        pause = next(waits, None)
        if pause is None:
            return result
        if client.pause(pause):
            return Failure(interrupted("Not verified"))


def lacks_scope(failure: Failure) -> bool:
    """Return whether the response is a 403 of the API that names missing scopes: the token is valid."""
    return failure.status == 403 and failure.affects_all


@dataclass(frozen=True)
class Probe:
    """The result of testing values as bearer tokens."""

    values_dead: bool | None = None
    """True if each tested value was rejected with 401, false if one works, ``None`` if none was tested or that is unknown."""
    failure: Failure | None = None
    """Which values still work, if any do."""
    warnings: Sequence[str] = ()


def probe_values(
    client: ChatClient, values: Iterable[str], listed: Sequence[Token], kept: Iterable[Token] = ()
) -> Probe:
    """Test each value with ``GET agents/me``, after the revocation.

    ``listed`` are the tokens that have one of them. A value that is a refresh token, or that of a ``kept`` token, is not tested.
    """
    kept_ids = {token.id for token in kept}
    dead = unknown = 0
    works: list[str] = []
    warnings: list[str] = []
    for value in sorted(values):
        owners = [token for token in listed if token.has_value(value)]
        if any(token.id in kept_ids for token in owners) or any(token.has_refresh_value(value) for token in listed):
            continue
        result = authenticate(client, value)
        if isinstance(result, Agent) or lacks_scope(result):
            agent = f"agent {result.id}" if isinstance(result, Agent) else "an agent (HTTP 403: it lacks a scope)"
            works.append(f"{agent}{f', token {owners[0].id}' if owners else ', not in the list of tokens'}")
        elif result.rejects_credentials:
            dead += 1
            if not owners:
                warnings.append(
                    "A value in 'token_values' belongs to no listed token, and the API rejects it as an access token (HTTP 401). It "
                    "may be incomplete, a refresh token, or valid in another account or in the Support API."
                )
        else:
            unknown += 1
            warnings.append(f"It is unknown whether a value in 'token_values' still works. {result.msg}")
    if works:
        still = f"{len(works)} of the 'token_values' still work{'s' if len(works) == 1 else ''}: {'; '.join(works)}"
        return Probe(False, Failure(f"{still}. Contact the vendor if a revoked value still works."), warnings)
    return Probe(True if dead and not unknown else None, None, warnings)
