# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must not be executed: all guards before a round of DELETE requests. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._api.clients import VENDOR_CLIENTS, ApiClient, shown
from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import Token
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Failure
from ansible_collections.zchat.admin.plugins.module_utils._options import bounded
from ansible_collections.zchat.admin.plugins.module_utils._text import counted, named

_ADVICE = " If the selection is correct, increase it."
"""Not with a limit of 0, which is set to prove that nothing is left."""
MAX_ROUNDS = 20
"""Rounds of revocations, each followed by a new list, after which a list that never gets empty is a failure."""


@dataclass(frozen=True)
class Limits:
    """The options that limit a revocation."""

    own_token: str | None = None
    """``refuse``, ``keep`` or ``revoke``; ``None`` if the module has no such option, and always refuses."""
    max_revocations: int | None = None
    max_deletions: int | None = None
    concurrency: int = 8
    verify: bool = True

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Limits:
        """Return the limits of a task. Raises :class:`ChatError` for an integer out of range."""
        for name in ("max_revocations", "max_deletions"):
            most = options.get(name)
            if most is not None and most < 0:
                raise ChatError(f"'{name}' must be 0 or more, and is {most}.")
        bounded("'concurrency'", options["concurrency"], 1, 32)
        return cls(**{name: options[name] for name in cls.__dataclass_fields__ if name in options})


@dataclass(frozen=True)
class Plan:
    """What one round is about to do."""

    revoke: Sequence[Token] = ()
    """The tokens to revoke, those in ``own`` included."""
    own: Sequence[Token] = ()
    """Those of them that are, or can be, the task's own token."""
    own_token_id: int | None = None
    """The id of the own token, if a list identified it."""
    total: int = 0
    """The number of tokens to revoke in all rounds so far, this one included."""
    rounds: int = 0
    """The number of rounds so far, this one included."""
    ambiguous_values: str | None = None
    """Why ``token_values`` does not identify its tokens, if so."""
    delete: Sequence[ApiClient] = ()
    """The API clients to delete."""
    identifiers: AbstractSet[str] = frozenset()
    """The identifiers of these, and of others whose tokens are to be revoked."""
    own_identifiers: AbstractSet[str] | None = frozenset()
    """The identifiers of the API clients that the own token can belong to, ``None`` if it can be any."""
    undecidable: str | None = None
    """Why it is unknown what ``client_identifiers`` or ``exclude`` mean, if so."""


def check_guards(plan: Plan, limits: Limits) -> Failure | None:
    """Return why the ``plan`` must not be executed, ``None`` if it may be."""
    if plan.undecidable:
        return Failure(plan.undecidable)
    own_clients = _alike(plan.identifiers, plan.own_identifiers)
    if own_clients:
        return Failure(
            f"client {_named(own_clients, plan)} is, or can be, the one of the token that this task authenticates with. Change the selectors, "
            "or authenticate with a token of another client."
        )
    # Also one that is not listed: it exists.
    vendor_clients = _alike(plan.identifiers, VENDOR_CLIENTS)
    if vendor_clients:
        return Failure(
            f"client {_named(vendor_clients, plan)} belongs to the vendor, and everybody signs in with it. Leave it out of "
            "'client_identifiers', or add it to 'exclude.client_identifiers'. To revoke its tokens, use 'zchat_oauth_token'."
        )
    if limits.max_deletions is not None and len(plan.delete) > limits.max_deletions:
        return Failure(
            f"{counted(len(plan.delete), 'API client')} would be deleted, and 'max_deletions' is {limits.max_deletions}."
            f"{_ADVICE if limits.max_deletions else ''}"
        )
    if plan.ambiguous_values:
        return Failure(plan.ambiguous_values)
    if plan.own and limits.own_token is None:
        return Failure(
            f"{named('token', [token.id for token in plan.own])} is, or can be, the one that this task authenticates with. Change the "
            "selectors, or authenticate with a token of another client."
        )
    if plan.own and limits.own_token != "revoke":
        if plan.own_token_id is None:
            return Failure(
                f"{named('token', [token.id for token in plan.own])} can be the one that this task authenticates with: the API "
                "does not list the value of the own token. Authenticate with another agent's token, change the selectors, or "
                "set 'own_token' to 'revoke'."
            )
        return Failure(
            f"the selection contains token {plan.own_token_id}, which this task authenticates with. Set 'own_token' to keep it "
            "('keep') or to revoke it last ('revoke')."
        )
    if plan.revoke and limits.max_revocations is not None and plan.total > limits.max_revocations:
        return Failure(
            f"{counted(plan.total, 'token')} would be revoked, and 'max_revocations' is {limits.max_revocations}."
            f"{_ADVICE if limits.max_revocations else ''}"
        )
    if plan.rounds > MAX_ROUNDS:
        return Failure(f"the API still lists more tokens after {MAX_ROUNDS} rounds of revocations. Run the task again.")
    return None


def _alike(identifiers: Collection[str], others: Collection[str] | None) -> list[str]:
    """Return the identifiers that only differ from one of the ``others`` by case or white space; all if ``others`` is ``None``.

    In case of doubt, a guard stops the task.
    """
    if others is None:
        return sorted(identifiers)
    comparable = {other.strip().lower() for other in others}
    return [identifier for identifier in sorted(identifiers) if identifier.strip().lower() in comparable]


def _named(identifiers: Sequence[str], plan: Plan) -> str:
    """Return identifiers with the names of their clients."""
    names = {entry.client_identifier: entry.name for entry in plan.delete}
    return shown(
        [f"{identifier} ('{names[identifier]}')" if names.get(identifier) else identifier for identifier in identifiers]
    )
