# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan, its guards, and carrying it out: the ledger of what became of every token that was meant.

A run lists once, selects, checks the guards, revokes and reads back. Check mode is the same run with the DELETE requests
left out; it shares every other line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils.agents import resolve, unknown
from ansible_collections.zchat.admin.plugins.module_utils.client import ChatClient, plain_text
from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError, counted, is_null, named, sentence
from ansible_collections.zchat.admin.plugins.module_utils.oauth_tokens import (
    Token,
    is_recognisable,
    is_value,
    line,
    list_tokens,
    listed,
    revoke_token,
    shared_values,
    view,
)
from ansible_collections.zchat.admin.plugins.module_utils.selection import Selectors, look_alikes, select, unmatched

GUARDS: dict[str, dict[str, Any]] = {"max_revocations": {"type": "int"}}
"""The options of an argument spec that forbid something, and would silently not, if null were taken for left out."""
MOST_ROUNDS = 20
"""How often tokens are revoked and the list is read back, before a list that never runs dry is called a failure."""
VANISH_WAITS = (0.5, 1.0, 1.5, 2.0)
"""Seconds between looks at the list while a revoked token is still on it: 5 in all."""

_GUARDED = ChatError("Not attempted, since a guard stopped the task first.")
_REJECTED = ChatError("Not attempted, since the API had rejected the credentials for another token (HTTP 401).")
_STILL_LISTED = ChatError(
    "The API accepted the DELETE, but 5 seconds later it still lists the token. Run the task again; "
    "if it stays, the token is alive and the vendor must end it."
)
_STILL_MORE = ChatError(
    f"Not attempted, since after {MOST_ROUNDS} rounds of revoking the API still lists more tokens. Run the task again."
)
_HELD_BACK = ChatError(
    "Not attempted: it is the token this task authenticates with, and it is still needed to finish the rest. "
    "Run the task again."
)


@dataclass(frozen=True)
class Limits:
    """How a run may go about it, as the module's options say."""

    own_token: str = "refuse"
    """``refuse``, ``keep`` or ``revoke``."""
    max_revocations: int | None = None
    concurrency: int = 8
    verify: bool = True


def limits_from(params: Mapping[str, Any]) -> Limits:
    """The limits that a task's ``params`` give. Raises :class:`ChatError` for a number out of range."""
    most, concurrency = params.get("max_revocations"), params["concurrency"]
    if most is None and "max_revocations" in params:
        raise is_null("max_revocations")
    if most is not None and most < 0:
        raise ChatError(f"'max_revocations' must be 0 or more, and is {most}.")
    if not 1 <= concurrency <= 32:
        raise ChatError(f"'concurrency' must be from 1 to 32, and is {concurrency}.")
    return Limits(params["own_token"], most, concurrency, params["verify"])


@dataclass(frozen=True)
class Plan:
    """What to do with the tokens of one selection."""

    revoke: Sequence[Token] = ()
    own: Sequence[Token] = ()
    """The task's own token, where it is to be revoked: after all others."""
    kept: Sequence[Token] = ()
    """The task's own token, where it is to be spared."""


@dataclass
class Ledger:
    """What became of each token that was meant: it is in exactly one of the four books."""

    revoked: dict[int, Token] = field(default_factory=dict)
    gone: dict[int, Token] = field(default_factory=dict)
    """Listed, but no longer there when their turn came."""
    kept: dict[int, Token] = field(default_factory=dict)
    not_revoked: dict[int, ChatError] = field(default_factory=dict)
    selected: dict[int, Token] = field(default_factory=dict)
    unlisted: set[int] = field(default_factory=set)
    """Ids asked for that the API never listed."""
    unknown_agent_emails: list[str] = field(default_factory=list)
    """Addresses asked for that no agent has."""
    listed: dict[str, int] | None = None
    """What the API listed at first, ``None`` if the list could not be had."""
    verified: bool = False
    failure: ChatError | None = None
    """What stopped the run, or kept it from its proof, where that is no failure of a token."""
    warnings: list[str] = field(default_factory=list)

    def enter(self, token: Token, outcome: bool | ChatError) -> None:
        """Note what came of a DELETE: whether it ended the token, or why it failed."""
        if isinstance(outcome, ChatError):
            self.not_revoked[token.id] = outcome
        else:
            (self.revoked if outcome else self.gone)[token.id] = token

    def fail(self, tokens: Iterable[Token], error: ChatError) -> None:
        """Note that ``tokens`` are still there, for one common reason."""
        for token in tokens:
            self.revoked.pop(token.id, None)
            self.gone.pop(token.id, None)
            self.not_revoked[token.id] = error

    def result(self) -> dict[str, Any]:
        """What the module returns; with ``failed`` and ``msg`` where not all is well."""
        failed = bool(self.not_revoked) or self.failure is not None
        result: dict[str, Any] = {
            "changed": bool(self.revoked),
            "revoked": [view(self.revoked[number]) for number in sorted(self.revoked)],
            "kept": [view(self.kept[number]) for number in sorted(self.kept)],
            "already_absent": sorted(self.unlisted | self.gone.keys()),
            "not_revoked": [
                {"id": number, "status": error.status, "msg": error.msg}
                for number, error in sorted(self.not_revoked.items())
            ],
            "verified": self.verified and not failed,
            "listed": self.listed,
            "unknown_agent_emails": self.unknown_agent_emails,
            "diff": self._diff(),
        }
        if self.warnings:
            result["warnings"] = self.warnings
        if failed:
            result.update(failed=True, **self._verdict().result())
        return result

    def _diff(self) -> dict[str, str]:
        lines = [(number, f"{line(token)}\n") for number, token in sorted(self.selected.items())]
        left = self.kept.keys() | self.not_revoked.keys()
        return {
            "before": "".join(text for number, text in lines),
            "after": "".join(text for number, text in lines if number in left),
        }

    def _verdict(self) -> ChatError:
        """The failure in words: how many of how many were revoked, and why the others were not."""
        reasons: dict[str, list[int]] = {}
        for number, error in sorted(self.not_revoked.items()):
            if error is not _GUARDED:  # the guard itself is told of
                reasons.setdefault(error.msg, []).append(number)
        told = [self.failure.msg] if self.failure else []
        told += [f"Token{'s' if len(ids) > 1 else ''} {named(ids)}: {msg}" for msg, ids in list(reasons.items())[:3]]
        if len(reasons) > 3:
            told.append(f"'not_revoked' holds {len(reasons) - 3} more reasons.")
        errors = [*self.not_revoked.values(), *([self.failure] if self.failure else [])]
        meant = len(self.revoked) + len(self.not_revoked)
        status = next((error.status for error in errors if error.status is not None), None)
        told = [sentence(text) for text in told]
        return ChatError(f"Revoked {len(self.revoked)} of {counted(meant)}. {' '.join(told)}", status)


NOTHING_DONE = Ledger().result()
"""What the module returns where the work could not begin, beside the failure."""


def make_plan(selected: Sequence[Token], own_value: str | None, own_token: str) -> Plan:
    """Part the ``selected`` tokens by what to do with them.

    ``own_value`` is the access token that the task authenticates with, if it does; ``own_token`` what to do with that.
    """
    own = [token for token in selected if own_value and is_value(own_value, token.access_token)]
    others = [token for token in selected if token not in own]
    return Plan(revoke=others, kept=own) if own_token == "keep" else Plan(revoke=others, own=own)


def check_guards(plan: Plan, own_hidden: bool, shared: Collection[str], limits: Limits, attempted: int) -> None:
    """Raise :class:`ChatError` where a guard forbids the ``plan``.

    ``own_hidden`` says that the task authenticates with a token whose value is not on the list, ``shared`` which values several
    tokens have there; ``attempted`` counts the revocations of earlier rounds.
    """
    count = attempted + len(plan.revoke) + len(plan.own)
    if plan.own and limits.own_token == "refuse":
        raise ChatError(
            f"The selection ({counted(count)}) holds token {named([token.id for token in plan.own])}, the very token that this "
            "task authenticates with. If that is more than you meant, narrow the selectors. Otherwise set 'own_token' to "
            "'keep' to spare it, or to 'revoke' to revoke it last."
        )
    if own_hidden and limits.own_token != "revoke":
        hidden = [token.id for token in plan.revoke if not is_recognisable(token) or token.access_token in shared]
        if hidden:
            raise ChatError(
                f"The API does not list enough of the access token of {named(hidden)} to tell whether it is the very token "
                "that this task authenticates with. Authenticate with 'email' and 'password', or set 'own_token' to "
                "'revoke' if it may be lost."
            )
    if limits.max_revocations is not None and count > limits.max_revocations:
        raise ChatError(
            f"{counted(count)} would be revoked, but 'max_revocations' allows only {limits.max_revocations}. If these are the "
            "right tokens, raise 'max_revocations'; if not, narrow the selectors."
        )


class Revocation:
    """One revocation from the first list to the last."""

    def __init__(self, client: ChatClient, selectors: Selectors, limits: Limits, now: float) -> None:
        self._client = client
        self._selectors = selectors
        self._limits = limits
        self._now = now
        self._own: list[Token] = []
        self.ledger = Ledger(unlisted=set(selectors.ids or ()))

    def play(self, check_mode: bool) -> dict[str, Any]:
        """Look up, list, select, check the guards, revoke and verify; what the module returns.

        Raises :class:`ChatError` only where the agents or the first list cannot be had: then nothing was selected, and
        nothing done.
        """
        self._selectors, found = resolve(self._client, self._selectors)
        self.ledger.unknown_agent_emails = list(found.unknown_emails)
        self.ledger.warnings += unknown(found)
        tokens = list_tokens(self._client)
        self.ledger.listed = listed(tokens)
        self.ledger.warnings += unmatched(tokens, self._selectors)
        plan = self._take_up(tokens)
        if check_mode:
            for token in (*plan.revoke, *self._own):
                self.ledger.enter(token, True)
            self.ledger.verified = not self.ledger.revoked
        else:
            self._carry_out(plan)
        return self.ledger.result()

    def _take_up(self, tokens: Sequence[Token]) -> Plan:
        """The plan for those of the ``tokens`` just listed that are meant and new; empty where a guard forbids it."""
        ledger = self.ledger
        ledger.unlisted.difference_update(token.id for token in tokens)
        selection = select(tokens, self._selectors, self._now)
        new = [token for token in selection.tokens if token.id not in ledger.selected]
        for text in selection.warnings:
            self._warn(text)
        attempted = len(ledger.selected) - len(ledger.kept)
        ledger.selected.update((token.id, token) for token in new)
        own_value = self._client.connection.access_token
        own_listed = next((token for token in tokens if own_value and is_value(own_value, token.access_token)), None)
        plan = make_plan(new, own_value, self._limits.own_token)
        kept = {**ledger.kept, **{token.id: token for token in plan.kept}}
        if len(kept) > 1 and any(token.access_token != own_value for token in kept.values()):
            ledger.failure = ChatError(
                f"It cannot be told which of the tokens {named(sorted(kept))} is the one that this task authenticates with and "
                "is to keep, since the API lists only beginnings of values, and these are alike. Authenticate with 'email' and "
                "'password', or narrow the selectors."
            )
            ledger.fail([*plan.revoke, *plan.kept], _GUARDED)
            return Plan()
        ledger.kept = kept
        try:
            alike = look_alikes(list(ledger.selected.values()), self._selectors)
            if alike:
                raise ChatError(alike)
            check_guards(plan, bool(own_value) and own_listed is None, shared_values(tokens), self._limits, attempted)
        except ChatError as refusal:
            ledger.failure = refusal
            ledger.fail([*plan.revoke, *plan.own], _GUARDED)
            return Plan()
        if plan.revoke and own_listed and own_listed.scopes is not None and "write" not in own_listed.scopes.split():
            self._warn(
                f"Token {own_listed.id}, with which this task authenticates, is listed with the scopes "
                f"'{plain_text(own_listed.scopes)}'. Without 'write' the API can be expected to refuse to revoke anything."
            )
        self._own += plan.own
        return plan

    def _warn(self, text: str) -> None:
        if text not in self.ledger.warnings:
            self.ledger.warnings.append(text)

    def _carry_out(self, plan: Plan) -> None:
        ledger = self.ledger
        rounds = 0
        while plan.revoke:
            if rounds == MOST_ROUNDS:
                ledger.fail(plan.revoke, _STILL_MORE)
                break
            rounds += 1
            may_go_on = self._revoke(plan.revoke, self._limits.concurrency)
            if not may_go_on or not self._limits.verify:
                break
            try:
                tokens = self._read_back()
            except ChatError as problem:
                ledger.failure = ChatError(
                    f"Whether they are gone could not be verified, since the list could not be read again. {problem.msg}",
                    problem.status,
                )
                break
            plan = self._take_up(tokens)
        else:
            ledger.verified = True
        if self._own and (ledger.not_revoked or ledger.failure):
            ledger.fail(self._own, _HELD_BACK)
        elif self._own:
            self._revoke(self._own, concurrency=1)
            ledger.verified = ledger.verified and self._limits.verify

    def _revoke(self, tokens: Sequence[Token], concurrency: int) -> bool:
        """Send a DELETE for each of the ``tokens`` and enter what came of it; whether it makes sense to go on."""
        stop = Event()

        def revoke_one(token: Token) -> bool | ChatError:
            if stop.is_set():
                return _REJECTED
            try:
                ended = revoke_token(self._client, token)
            except ChatError as problem:
                if problem.status == 401:
                    stop.set()
                return problem
            if ended:
                base_url = self._client.connection.base_url
                self._client.log(f"revoked OAuth token {token.id} of agent {token.agent_id} at {base_url}")
            return ended

        with ThreadPoolExecutor(min(concurrency, len(tokens))) as workers:
            try:
                for token, outcome in zip(tokens, workers.map(revoke_one, tokens)):
                    self.ledger.enter(token, outcome)
                return not stop.is_set()
            finally:
                stop.set()

    def _read_back(self) -> list[Token]:
        """The list after revoking, once revoked tokens have had their time to vanish. One that has not is a failure."""
        ledger = self.ledger
        waits = iter(VANISH_WAITS)
        while True:
            tokens = list_tokens(self._client)
            lingering = [token for token in tokens if token.id in ledger.revoked or token.id in ledger.gone]
            wait = next(waits, None) if lingering else None
            if wait is None:
                ledger.fail(lingering, _STILL_LISTED)
                return tokens
            self._client.pause(wait)
