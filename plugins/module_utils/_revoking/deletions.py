# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The DELETE requests of a run, for tokens or for API clients, and what later lists prove about them."""

from __future__ import annotations

import threading
import time
import typing
from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Generic

from ansible_collections.zchat.admin.plugins.module_utils._api.resources import AnyItem, Deletion, Item, Listing
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Failure, failure_of
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient, interrupted
from ansible_collections.zchat.admin.plugins.module_utils._interruption import NoThreadError, run_concurrently
from ansible_collections.zchat.admin.plugins.module_utils._revoking.journal import Journal
from ansible_collections.zchat.admin.plugins.module_utils._revoking.outcomes import Outcome, Outcomes, Row
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import OwnToken
from ansible_collections.zchat.admin.plugins.module_utils._revoking.probe import VERIFY_WAITS

STOPPED_BY_401 = Failure("Not attempted, because another DELETE returned HTTP 401.")
_STOPPED_BY_403 = Failure("Not attempted, because the credentials lack a scope (HTTP 403 for another DELETE).")
_NO_THREAD = Failure("Not attempted, because this host cannot start another thread.")
_EVENTS = {Outcome.REVOKED: "revoked", Outcome.GONE: "gone"}
"""The events of the journal for outcomes; ``failed`` for any other."""


@dataclass(frozen=True)
class Requests(Generic[AnyItem]):
    """How items of one kind are listed and deleted."""

    read: Callable[[], Listing[AnyItem]]
    """Raises :class:`ChatError` unless it returns a complete list."""
    delete: Callable[[AnyItem], Deletion]
    """Raises :class:`ChatError` if the item was not removed, or if the response does not show it."""
    identify: Callable[[Listing[AnyItem]], AnyItem | None] = lambda _listing: None
    """Returns the task's own token."""
    expires: Callable[[AnyItem], float | None] = lambda _item: None
    """Returns when an item expires, in seconds since the epoch: a later list can be without it."""


class Deletions(Generic[AnyItem]):
    """Sends the DELETE requests for pending items, and judges their outcomes by later lists."""

    def __init__(
        self,
        client: ChatClient,
        requests: Requests[AnyItem],
        outcomes: Outcomes[AnyItem],
        own: OwnToken,
        journal: Journal,
    ) -> None:
        self.outcomes = outcomes
        self.stopped: Failure | None = None
        """Why no further DELETE is sent, and the failure of the items that were not attempted."""
        self._client = client
        self._requests = requests
        self._own = own
        self._journal = journal
        self._now = time.time()
        self._witnesses: dict[_Witness, int | None] = {}
        """Items in earlier lists that are not to be deleted and not expired, each with its agent: a later list without any of
        them is no proof."""
        self._own_witness: _Witness | None = None
        """The task's own token, once a list has identified it: a later list without it is no proof."""
        self._attempted: set[int] = set()
        """Ids of items that have a line in the journal."""
        self._repeated: set[int] = set()
        """Ids of items whose DELETE is sent once more."""
        self._lock = threading.Lock()

    def observe(self, listing: Listing[AnyItem]) -> AnyItem | None:
        """Note what a valid list shows: the own token, which it returns, and the items that each later list must show too.

        A list that shares no item with the earlier ones can be of another account. No later list must show its items.
        """
        rows = self.outcomes.rows
        known = {*self._witnesses, *(_witness(row.item) for row in rows.values())}
        if not known or any(_witness(item) in known for item in listing.items):
            for item in listing.items:
                if (item.id not in rows or rows[item.id].outcome is Outcome.KEPT) and not self._is_expired(
                    item, listing.date
                ):
                    self._witnesses[_witness(item)] = item.agent_id
        own = self._requests.identify(listing)
        if own:
            self._own_witness = _witness(own)
        return own

    def forget(self, items: Iterable[AnyItem]) -> None:
        """Note that a later list can be without these items, because they are to be deleted."""
        for item in items:
            self._witnesses.pop(_witness(item), None)

    def send(self, items: Sequence[AnyItem], concurrency: int) -> None:
        """Send a DELETE for each item, and record the outcomes as they arrive. Stops when ``stopped`` is set."""
        try:
            run_concurrently(self._send_one, items, concurrency)
        except NoThreadError:
            self._stop(_NO_THREAD)

    def _send_one(self, item: AnyItem) -> None:
        with self._lock:
            if self._client.interruption.happened:
                self._stop(Failure(interrupted("Not sent")))
            if self.stopped or not self._record_in_journal("delete", item):
                return
            self._attempted.add(item.id)
        result: Deletion | Failure
        try:
            result = self._requests.delete(item)
        except Exception as error:  # noqa: BLE001 - whatever it is, the outcomes of the other items must not be lost
            result = failure_of(error)
        with self._lock:
            self.outcomes.record(item, result)
            if isinstance(result, Failure) and result.affects_all:
                self._stop(STOPPED_BY_401 if result.status == 401 else _STOPPED_BY_403)
            self.record_outcome(self.outcomes.rows[item.id])

    def _stop(self, reason: Failure) -> None:
        """Send no further DELETE. That the credentials are rejected replaces any other reason."""
        if self.stopped is None or reason == STOPPED_BY_401:
            self.stopped = reason

    def record_outcome(self, row: Row[AnyItem]) -> None:
        """Record the outcome of a DELETE in the journal, unless it is unknown."""
        is_unknown = row.failure is not None and row.failure.may_be_executed
        if row.item.id in self._attempted and not is_unknown:
            self._record_in_journal(_EVENTS.get(row.outcome, "failed"), row.item)

    def _record_in_journal(self, event: str, item: AnyItem) -> bool:
        """Record an event, and return whether that succeeded. If not, the run stops."""
        outcomes = self.outcomes
        try:
            self._journal.record(outcomes.kind, event, item, outcomes.counts[Outcome.REVOKED], outcomes.selected)
        except Exception as error:  # noqa: BLE001 - whatever it is, the outcomes of the other items must not be lost
            msg = failure_of(error).msg
            self._stop(Failure(f"Not attempted, because the journal is incomplete. {msg}"))
            if event != "delete":
                outcomes.warn(f"{msg} It lacks the outcome of {outcomes.kind.noun} {item.id}.")
            return False
        return True

    def verify(self) -> tuple[Listing[AnyItem] | None, Sequence[Row[AnyItem]]]:
        """Read the list until it confirms the DELETE requests, for up to 5 s, and correct the rows by it.

        Returns the list if it is a proof, and the rows that it cannot decide. If it is not, or cannot be read, the task fails.
        """
        outcomes, work = self.outcomes, self.outcomes.kind.work
        done = {item.id for item in outcomes.items(Outcome.REVOKED, Outcome.GONE)}.union(outcomes.unknown)
        proof: Collection[int] | None = None
        is_complete = False
        undecided: Sequence[Row[AnyItem]] = ()
        listing: Listing[AnyItem] | None = None
        failure: Failure | None = None
        for wait in (0.0, *VERIFY_WAITS):
            if self._client.interruption.happened or (wait and self._client.pause(wait)):
                # The API did not get the time that it may need. What the lists show so far is no outcome.
                outcomes.failure = Failure(interrupted(f"The {work} are not verified"))
                return None, ()
            listing = None  # only one list is in memory
            try:
                listing = self._requests.read()
            except ChatError as error:
                failure = Failure(
                    f"The {work} could not be verified, because the list could not be read again. {error.msg}",
                    error.status,
                )
                break
            shown = {_witness(item) for item in (*listing.items, listing.run_token) if item is not None}
            failure = self._objection_to(shown)
            if failure is None:
                # By what earlier lists contained, and not this one.
                is_complete = self._witnesses.keys() <= shown and self._has_witness_of_another_agent()
                self.observe(listing)
                proof = {item.id for item in listing.items}
                if done.isdisjoint(proof):
                    break
        if proof is not None:
            decided, undecided = outcomes.compare_with_list(proof, is_complete, self._still_listed)
            for row in decided:
                self.record_outcome(row)
        if failure:
            outcomes.failure = failure
            return None, ()
        return listing, undecided

    def repeat(self, rows: Iterable[Row[AnyItem]]) -> None:
        """Make the items pending again whose DELETE is not confirmed, and about which the list shows nothing: once."""
        if self.stopped or self.outcomes.failure:
            return
        for row in rows:
            if row.item.id in self._attempted - self._repeated:
                self._repeated.add(row.item.id)
                self.outcomes.repeat(row.item)

    def _objection_to(self, shown: AbstractSet[_Witness]) -> Failure | None:
        """Return why a list with these items is no proof, ``None`` if it is one."""
        own, kind = self._own_witness, self.outcomes.kind
        if own is not None and own not in shown and self._is_unrevoked(own[0]):
            # The token works: the list was read with it.
            reason = f"the new list lacks token {own[0]}, which this task authenticates with."
        elif self._witnesses and shown.isdisjoint(self._witnesses):
            reason = f"the new list lacks every {kind.noun} that this run did not touch."
        else:
            return None
        return Failure(
            f"The {kind.work} are not verified: {reason} Another run at the same time is a possible cause. Run the task again."
        )

    def _is_unrevoked(self, number: int) -> bool:
        row = self.outcomes.rows.get(number)
        return row is None or row.outcome in (Outcome.PENDING, Outcome.KEPT)

    def _has_witness_of_another_agent(self) -> bool:
        """Return whether the lists must contain an item of another agent than the own one.

        If not, nothing shows that a list is complete: an agent that is no Administrator any more may see only its own items.
        """
        if not (self.outcomes.counts[Outcome.NOT_REVOKED] or self.outcomes.counts[Outcome.PENDING]):
            return False  # no row depends on it
        own = self._own.agent_id()
        return own is not None and not {*self._witnesses.values()} <= {own, None}

    def _is_expired(self, item: AnyItem, server_time: float | None) -> bool:
        """Return whether an item is expired by the local clock and by that of the API."""
        moment = self._requests.expires(item)
        return moment is not None and server_time is not None and moment < min(self._now, server_time)

    def _still_listed(self, row: Row[AnyItem]) -> Failure:
        """Return the failure of an item that the list contains although it counted as removed or gone."""
        return contradicted(row, f"it still lists the {self.outcomes.kind.noun}")


_Witness = typing.Tuple[int, typing.Union[str, float, None]]


def _witness(item: Item) -> _Witness:
    """Return what identifies an item in another list: in that of another account, an item can have the same id."""
    return item.id, item.create_date


def contradicted(row: Row[AnyItem], observed: str) -> Failure:
    """Return the failure of an item whose DELETE is contradicted by what was ``observed`` later."""
    if row.deletion is None:
        response = "omitted it from an earlier list"
    elif row.deletion.status < 300:
        response = "accepted the DELETE"
    elif row.may_be_executed:
        response = f"did not respond to the DELETE or returned a 5xx, then returned HTTP {row.deletion.status}"
    else:
        response = f"returned HTTP {row.deletion.status} for the DELETE"
    return Failure(
        f"The API {response}, but after {sum(VERIFY_WAITS):g} seconds {observed}. Run the task again; if that does not help, contact the vendor.",
        None if row.deletion is None else row.deletion.status,
    )
