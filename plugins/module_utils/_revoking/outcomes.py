# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcome of each selected token or API client: one row per item, and the result that is built from the rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Generic

from ansible_collections.zchat.admin.plugins.module_utils._api.resources import TOKEN, AnyItem, Deletion, Kind
from ansible_collections.zchat.admin.plugins.module_utils._errors import Failure
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import Listed
from ansible_collections.zchat.admin.plugins.module_utils._text import capitalized, counted, named, sentence

_MAX_REASONS = 3
"""Reasons that the message of a failed task contains."""


GUARDED = Failure("Not attempted: see the message of the task.")
"""The failure of each item that a guard protects. The guard's own message is that of the task."""


class Outcome(Enum):
    """What happened to a selected item. At the end of a run, none is pending."""

    PENDING = "pending"
    REVOKED = "revoked"
    """Of an API client: deleted."""
    KEPT = "kept"
    GONE = "gone"
    """Listed, but it no longer existed when this run sent the DELETE."""
    NOT_REVOKED = "not_revoked"


@dataclass(frozen=True)
class Row(Generic[AnyItem]):
    """One selected item and its outcome."""

    item: AnyItem
    outcome: Outcome = Outcome.PENDING
    reason: str = ""
    """Why the item was kept."""
    failure: Failure | None = None
    """Why it was not revoked."""
    deletion: Deletion | None = None
    """The response to its DELETE."""
    may_be_executed: bool = False
    """Whether the API may have executed one of its DELETE requests. If a list lacks the item, this run removed it."""


@dataclass
class Outcomes(Generic[AnyItem]):
    """The rows of a run by id, and what else its result contains."""

    kind: Kind = TOKEN
    rows: dict[int, Row[AnyItem]] = field(default_factory=dict)
    """Changed only by the methods below."""
    counts: Counter[Outcome] = field(default_factory=Counter)
    """The number of rows with each outcome."""
    already_absent: set[int] = field(default_factory=set)
    """Selected ids that the API never listed."""
    failure: Failure | None = None
    """What stopped the run or prevented its verification, if that is not the failure of one item."""
    nothing_attempted: bool = False
    """Whether a guard stopped the run before its first DELETE."""
    verified: bool = False
    """Whether the last list, or the own token's rejection, proves the outcome. A failed task is never verified."""
    listed: Listed | None = None
    own_token_id: int | None = None
    """Only of tokens, as the next one."""
    values_dead: bool | None = None
    unknown_agent_emails: list[str] = field(default_factory=list)
    unknown_client_names: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def credentials_rejected(self) -> bool:
        """Whether the API rejected the credentials for a DELETE."""
        failures = [row.failure for row in self.with_outcome(Outcome.NOT_REVOKED)]
        return any(failure is not None and failure.rejects_credentials for failure in failures)

    def warn(self, *texts: str) -> None:
        """Add these warnings, each once."""
        self.warnings += [text for text in dict.fromkeys(texts) if text not in self.warnings]

    def add(self, items: Iterable[AnyItem]) -> list[AnyItem]:
        """Add a pending row for each item that has none, and return these items."""
        new = [item for item in items if item.id not in self.rows]
        for item in new:
            self._set(Row(item))
        return new

    def keep(self, items: Iterable[AnyItem], reason: str) -> None:
        """Keep these items."""
        for item in items:
            self._set(Row(item, Outcome.KEPT, reason=reason))

    def record(self, item: AnyItem, result: Deletion | Failure) -> None:
        """Record the outcome of one DELETE. An earlier one of the same item can have been executed, too."""
        executed = self.rows[item.id].may_be_executed
        if isinstance(result, Failure):
            result = replace(result, may_be_executed=executed or result.may_be_executed)
            self._set(Row(item, Outcome.NOT_REVOKED, failure=result, may_be_executed=result.may_be_executed))
        else:
            executed = executed or result.executed
            outcome = Outcome.REVOKED if executed else Outcome.GONE
            self._set(Row(item, outcome, deletion=result, may_be_executed=executed))

    def repeat(self, item: AnyItem) -> None:
        """Make an item without a confirmed DELETE pending again."""
        self._set(replace(self.rows[item.id], outcome=Outcome.PENDING, failure=None))

    def finish(self, failure: Failure, besides: Collection[int] = ()) -> None:
        """Complete all pending rows with the same failure, except those with an id in ``besides``."""
        for item in self.items(Outcome.PENDING):
            if item.id not in besides:
                self.record(item, failure)

    def stop(self, failure: Failure, of_items: Failure | None = None) -> None:
        """End the run: ``failure`` is that of the task, ``of_items`` (otherwise the same) that of each pending item."""
        self.nothing_attempted = self.counts[Outcome.PENDING] + self.counts[Outcome.KEPT] == len(self.rows)
        self.failure = failure
        self.finish(of_items or failure)

    def mark_revoked(self, item: AnyItem) -> None:
        """Record that an item without a confirmed DELETE was removed by this run."""
        self._set(replace(self.rows[item.id], outcome=Outcome.REVOKED, failure=None))

    def assume_revoked(self) -> None:
        """Record, in check mode, that a run would remove the pending items."""
        for item in self.items(Outcome.PENDING):
            self.mark_revoked(item)

    def contradict(self, item: AnyItem, failure: Failure) -> None:
        """Record that an item still exists, whatever the response to its DELETE was."""
        self._set(replace(self.rows[item.id], outcome=Outcome.NOT_REVOKED, failure=failure))

    def compare_with_list(
        self, listed_ids: Collection[int], is_complete: bool, contradiction: Callable[[Row[AnyItem]], Failure]
    ) -> tuple[list[Row[AnyItem]], list[Row[AnyItem]]]:
        """Correct the rows by a list. Return those whose outcome the list decided, and those that it cannot decide.

        A list that is not complete shows nothing about an item that it lacks, and whose DELETE is not confirmed.
        ``contradiction`` returns the failure of an item that the list contains although it counted as revoked or gone.
        """
        decided: list[Row[AnyItem]] = []
        undecided: list[Row[AnyItem]] = []
        for number, row in list(self.rows.items()):
            if number in listed_ids:
                if row.outcome in (Outcome.REVOKED, Outcome.GONE):
                    self.contradict(row.item, contradiction(row))
                elif row.failure is not None and row.failure.may_be_executed:
                    self.contradict(row.item, replace(row.failure, may_be_executed=False))
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
        """The ids of the items that may be removed: their DELETE got no valid response, and no list decided."""
        rows = self.with_outcome(Outcome.NOT_REVOKED)
        return [row.item.id for row in rows if row.failure is not None and row.failure.may_be_executed]

    def _set(self, row: Row[AnyItem]) -> None:
        before = self.rows.get(row.item.id)
        if before is not None:
            self.counts[before.outcome] -= 1
        self.rows[row.item.id] = row
        self.counts[row.outcome] += 1

    def items(self, *outcomes: Outcome) -> list[AnyItem]:
        """Return the items with one of these outcomes, by id."""
        return [row.item for number, row in sorted(self.rows.items()) if row.outcome in outcomes]

    @property
    def selected(self) -> int:
        """The number of selected items that are not kept."""
        return len(self.rows) - self.counts[Outcome.KEPT]

    @property
    def failed(self) -> bool:
        """Whether the task fails."""
        return self.failure is not None or self.counts[Outcome.NOT_REVOKED] > 0

    def with_outcome(self, outcome: Outcome) -> list[Row[AnyItem]]:
        """Return the rows with this outcome, by id."""
        return [row for number, row in sorted(self.rows.items()) if row.outcome is outcome]

    def failures(self) -> list[Failure]:
        """Return the failures that a response can have caused: not those that only a later list showed."""
        rows = self.with_outcome(Outcome.NOT_REVOKED)
        failures = [row.failure for row in rows if row.failure and row.deletion is None]
        return [*([self.failure] if self.failure else []), *failures]

    def failure_message(self) -> str:
        """Return how many of how many items were removed, and why the others were not."""
        kind = self.kind
        if self.failure and self.nothing_attempted:
            return f"Nothing was {kind.done}: {self.failure.msg}"
        reasons: dict[str, list[int]] = {}
        for row in self.with_outcome(Outcome.NOT_REVOKED):
            if row.failure and row.failure != GUARDED:
                # The same reason is stated once, although each URL ends in the id of its item.
                reason = re.sub(rf"/{row.item.id}\b", "/<id>", self.reason(row.failure))
                reasons.setdefault(reason, []).append(row.item.id)
        sentences = [self.failure.msg] if self.failure else []
        sentences += [f"{named(kind.noun, ids)}: {msg}" for msg, ids in list(reasons.items())[:_MAX_REASONS]]
        if len(reasons) > _MAX_REASONS:
            sentences.append(f"The result lists {counted(len(reasons) - _MAX_REASONS, 'more reason')}.")
        total = self.counts[Outcome.REVOKED] + self.counts[Outcome.NOT_REVOKED]
        texts = [sentence(capitalized(text)) for text in sentences]
        done = capitalized(kind.done)
        return " ".join([f"{done} {self.counts[Outcome.REVOKED]} of {counted(total, kind.noun)}.", *texts])

    def reason(self, failure: Failure) -> str:
        """Return why an item was not removed, or that this is unknown."""
        if failure.may_be_executed:
            return f"{sentence(failure.msg)} It is unknown whether the {self.kind.noun} was {self.kind.done}."
        return failure.msg
