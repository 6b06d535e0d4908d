# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcome of each selected token: one row per token, and the result that is built from the rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import Deletion, Token, diff_line, token_result
from ansible_collections.zchat.admin.plugins.module_utils._errors import Failure
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import Listed
from ansible_collections.zchat.admin.plugins.module_utils._text import capitalized, counted, named, sentence

_MAX_REASONS = 3
"""Reasons that the message of a failed task contains."""


GUARDED = Failure("Not attempted: see the message of the task.")
"""The failure of each token that a guard protects. The guard's own message is that of the task."""


class Outcome(Enum):
    """What happened to a selected token. At the end of a run, no token is pending."""

    PENDING = "pending"
    REVOKED = "revoked"
    KEPT = "kept"
    GONE = "gone"
    """Listed, but it no longer existed when this run sent the DELETE."""
    NOT_REVOKED = "not_revoked"


@dataclass(frozen=True)
class Row:
    """One selected token and its outcome."""

    token: Token
    outcome: Outcome = Outcome.PENDING
    reason: str = ""
    """Why the token was kept."""
    failure: Failure | None = None
    """Why it was not revoked."""
    deletion: Deletion | None = None
    """The response to its DELETE."""
    may_be_executed: bool = False
    """Whether the API may have executed one of its DELETE requests. If a list lacks the token, this run revoked it."""


@dataclass
class Outcomes:
    """The rows of a run by token id, and what else its result contains."""

    rows: dict[int, Row] = field(default_factory=dict)
    """Changed only by the methods below."""
    counts: Counter[Outcome] = field(default_factory=Counter)
    """The number of rows with each outcome."""
    already_absent: set[int] = field(default_factory=set)
    """Selected ids that the API never listed."""
    failure: Failure | None = None
    """What stopped the run or prevented its verification, if that is not the failure of one token."""
    nothing_attempted: bool = False
    """Whether a guard stopped the run before its first DELETE."""
    verified: bool = False
    """Whether the last list, or the own token's rejection, proves the outcome. A failed task is never verified."""
    listed: Listed | None = None
    own_token_id: int | None = None
    values_dead: bool | None = None
    unknown_agent_emails: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, tokens: Iterable[Token]) -> list[Token]:
        """Add a pending row for each token that has none, and return these tokens."""
        new = [token for token in tokens if token.id not in self.rows]
        for token in new:
            self._set(Row(token))
        return new

    def keep(self, tokens: Iterable[Token], reason: str) -> None:
        """Keep these tokens."""
        for token in tokens:
            self._set(Row(token, Outcome.KEPT, reason=reason))

    def record(self, token: Token, result: Deletion | Failure) -> None:
        """Record the outcome of one DELETE. An earlier one of the same token can have been executed, too."""
        executed = self.rows[token.id].may_be_executed
        if isinstance(result, Failure):
            result = replace(result, may_be_executed=executed or result.may_be_executed)
            self._set(Row(token, Outcome.NOT_REVOKED, failure=result, may_be_executed=result.may_be_executed))
        else:
            executed = executed or result.revoked
            outcome = Outcome.REVOKED if executed else Outcome.GONE
            self._set(Row(token, outcome, deletion=result, may_be_executed=executed))

    def repeat(self, token: Token) -> None:
        """Make a token without a confirmed DELETE pending again."""
        self._set(replace(self.rows[token.id], outcome=Outcome.PENDING, failure=None))

    def finish(self, failure: Failure, besides: Collection[int] = ()) -> None:
        """Complete all pending rows with the same failure, except those with an id in ``besides``."""
        for token in self.tokens(Outcome.PENDING):
            if token.id not in besides:
                self.record(token, failure)

    def stop(self, failure: Failure, of_tokens: Failure | None = None) -> None:
        """End the run: ``failure`` is that of the task, ``of_tokens`` (otherwise the same) that of each pending token."""
        self.nothing_attempted = self.counts[Outcome.PENDING] + self.counts[Outcome.KEPT] == len(self.rows)
        self.failure = failure
        self.finish(of_tokens or failure)

    def mark_revoked(self, token: Token) -> None:
        """Record that a token without a confirmed DELETE is revoked."""
        self._set(replace(self.rows[token.id], outcome=Outcome.REVOKED, failure=None))

    def assume_revoked(self) -> None:
        """Record, in check mode, that a run would revoke the pending tokens."""
        for token in self.tokens(Outcome.PENDING):
            self.mark_revoked(token)

    def contradict(self, token: Token, failure: Failure) -> None:
        """Record that a token still exists, whatever the response to its DELETE was."""
        self._set(replace(self.rows[token.id], outcome=Outcome.NOT_REVOKED, failure=failure))

    def compare_with_list(
        self, listed_ids: Collection[int], is_complete: bool, contradiction: Callable[[Row], Failure]
    ) -> tuple[list[Row], list[Row]]:
        """Correct the rows by a list. Return those whose outcome the list decided, and those that it cannot decide.

        A list that is not complete shows nothing about a token that it lacks, and whose DELETE is not confirmed.
        ``contradiction`` returns the failure of a token that the list contains although it counted as revoked or gone.
        """
        decided: list[Row] = []
        undecided: list[Row] = []
        for number, row in list(self.rows.items()):
            if number in listed_ids:
                if row.outcome in (Outcome.REVOKED, Outcome.GONE):
                    self.contradict(row.token, contradiction(row))
                elif row.failure is not None and row.failure.may_be_executed:
                    self.contradict(row.token, replace(row.failure, may_be_executed=False))
                else:
                    continue
            elif row.outcome in (Outcome.REVOKED, Outcome.GONE, Outcome.KEPT):
                continue
            elif not is_complete:
                undecided.append(row)
                continue
            else:
                outcome = Outcome.REVOKED if row.may_be_executed else Outcome.GONE
                self._set(replace(row, outcome=outcome, failure=None))
            decided.append(self.rows[number])
        return decided, undecided

    @property
    def unknown(self) -> list[int]:
        """The ids of the tokens that may be revoked: their DELETE got no valid response, and no list decided."""
        rows = self._rows(Outcome.NOT_REVOKED)
        return [row.token.id for row in rows if row.failure is not None and row.failure.may_be_executed]

    def _set(self, row: Row) -> None:
        before = self.rows.get(row.token.id)
        if before is not None:
            self.counts[before.outcome] -= 1
        self.rows[row.token.id] = row
        self.counts[row.outcome] += 1

    def tokens(self, *outcomes: Outcome) -> list[Token]:
        """Return the tokens with one of these outcomes, by id."""
        return [row.token for number, row in sorted(self.rows.items()) if row.outcome in outcomes]

    @property
    def selected(self) -> int:
        """The number of selected tokens that are not kept."""
        return len(self.rows) - self.counts[Outcome.KEPT]

    @property
    def failed(self) -> bool:
        """Whether the task fails."""
        return self.failure is not None or self.counts[Outcome.NOT_REVOKED] > 0

    def result(self, check_mode: bool = False) -> dict[str, Any]:
        """Return the result of the module."""
        revoked = self.tokens(Outcome.REVOKED)
        result: dict[str, Any] = {
            "changed": bool(revoked),
            "msg": self._failure_message() if self.failed else self._message(check_mode),
            "revoked": [token_result(token) for token in revoked],
            "kept": [{**token_result(row.token), "reason": row.reason} for row in self._rows(Outcome.KEPT)],
            "gone": [token_result(token) for token in self.tokens(Outcome.GONE)],
            "not_revoked": [
                {**token_result(row.token), "status": row.failure.status, "msg": _reason(row.failure)}
                for row in self._rows(Outcome.NOT_REVOKED)
                if row.failure
            ],
            "already_absent": sorted(self.already_absent),
            "verified": self.verified and not self.failed,
            "listed": None if self.listed is None else vars(self.listed),
            "own_token_id": self.own_token_id,
            "unknown_agent_emails": self.unknown_agent_emails,
            "warnings": self.warnings,
        }
        if self.failed:
            result["failed"] = True
            statuses = [failure.status for failure in self._failures() if failure.status is not None]
            if statuses:
                result["status"] = statuses[0]
        return result

    def diff(self, agent_name: Callable[[Any], str], client_name: Callable[[Any], str]) -> dict[str, str]:
        """Return one line per selected token, and the lines that remain."""
        before, after = [], []
        for _number, row in sorted(self.rows.items()):
            line = diff_line(row.token, agent_name(row.token.agent_id), client_name(row.token.client_identifier))
            before.append(f"{line}\n")
            if row.outcome in (Outcome.KEPT, Outcome.NOT_REVOKED):
                after.append(f"{line}\n")
        return {"before": "".join(before), "after": "".join(after)}

    def _rows(self, outcome: Outcome) -> list[Row]:
        return [row for number, row in sorted(self.rows.items()) if row.outcome is outcome]

    def _failures(self) -> list[Failure]:
        """Return the failures that a response can have caused: not those that only a later list showed."""
        rows = self._rows(Outcome.NOT_REVOKED)
        failures = [row.failure for row in rows if row.failure and row.deletion is None]
        return [*([self.failure] if self.failure else []), *failures]

    def _message(self, check_mode: bool) -> str:
        revoked, kept_tokens = self.counts[Outcome.REVOKED], self.counts[Outcome.KEPT]
        kept = f" {counted(kept_tokens, 'token')} kept." if kept_tokens else ""
        if not revoked:
            return f"No token to revoke.{kept}"
        if check_mode:
            return f"{counted(revoked, 'token')} would be revoked.{kept}"
        proof = "and no selected token is left" if self.verified else "not verified"
        return f"{counted(revoked, 'token')} revoked, {proof}.{kept}"

    def _failure_message(self) -> str:
        """Return how many of how many tokens were revoked, and why the others were not."""
        if self.failure and self.nothing_attempted:
            return f"Nothing was revoked: {self.failure.msg}"
        reasons: dict[str, list[int]] = {}
        for row in self._rows(Outcome.NOT_REVOKED):
            if row.failure and row.failure != GUARDED:
                # The same reason is stated once, although each URL ends in the id of its token.
                reason = re.sub(rf"/{row.token.id}\b", "/<id>", _reason(row.failure))
                reasons.setdefault(reason, []).append(row.token.id)
        sentences = [self.failure.msg] if self.failure else []
        sentences += [f"{named('token', ids)}: {msg}" for msg, ids in list(reasons.items())[:_MAX_REASONS]]
        if len(reasons) > _MAX_REASONS:
            sentences.append(f"The result lists {counted(len(reasons) - _MAX_REASONS, 'more reason')}.")
        total = self.counts[Outcome.REVOKED] + self.counts[Outcome.NOT_REVOKED]
        texts = [sentence(capitalized(text)) for text in sentences]
        return " ".join([f"Revoked {self.counts[Outcome.REVOKED]} of {counted(total, 'token')}.", *texts])


def _reason(failure: Failure) -> str:
    if failure.may_be_executed:
        return f"{sentence(failure.msg)} It is unknown whether the token was revoked."
    return failure.msg
