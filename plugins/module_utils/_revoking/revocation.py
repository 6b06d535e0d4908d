# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Revoke the selected tokens: list, select, check the guards, DELETE, and verify with a new list.

Check mode is the same run without the DELETE requests.
"""

from __future__ import annotations

import threading
import time
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._api.names import Names, look_up_names
from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import (
    Deletion,
    Token,
    TokenList,
    list_tokens,
    revoke_token,
)
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Failure, failure_of
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient, interrupted
from ansible_collections.zchat.admin.plugins.module_utils._interruption import NoThreadError, run_concurrently
from ansible_collections.zchat.admin.plugins.module_utils._options import bounded
from ansible_collections.zchat.admin.plugins.module_utils._revoking.journal import Journal
from ansible_collections.zchat.admin.plugins.module_utils._revoking.outcomes import GUARDED, Outcome, Outcomes, Row
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import OwnToken
from ansible_collections.zchat.admin.plugins.module_utils._revoking.probe import (
    VERIFY_WAITS,
    authenticate,
    probe_values,
)
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selection import Selection
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selectors import Selectors, expires
from ansible_collections.zchat.admin.plugins.module_utils._task import Task
from ansible_collections.zchat.admin.plugins.module_utils._text import capitalized, counted, named, plain_text

MAX_ROUNDS = 20
"""Rounds of revocations, each followed by a new list, after which a list that never gets empty is a failure."""

_STOPPED_BY_401 = Failure("Not attempted, because the DELETE of another token returned HTTP 401.")
_STOPPED_BY_403 = Failure("Not attempted, because the credentials lack a scope (HTTP 403 for another token).")
_NO_THREAD = Failure("Not attempted, because this host cannot start another thread.")
_OWN_TOKEN_NEEDED = Failure(
    "Not attempted: this task authenticates with it, and still needs it to finish the others. Run the task again."
)
_OWN_TOKEN_REVOKED = Failure("Not attempted, because the task's own token is revoked now. Use other credentials.")


@dataclass(frozen=True)
class Limits:
    """The options that limit a revocation."""

    own_token: str = "refuse"
    max_revocations: int | None = None
    concurrency: int = 8
    verify: bool = True

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Limits:
        """Return the limits of a task. Raises :class:`ChatError` for an integer out of range."""
        most = options.get("max_revocations")
        if most is not None and most < 0:
            raise ChatError(f"'max_revocations' must be 0 or more, and is {most}.")
        concurrency = bounded("'concurrency'", options["concurrency"], 1, 32)
        return cls(options["own_token"], most, concurrency, options["verify"])


@dataclass(frozen=True)
class Plan:
    """What one round is about to do."""

    revoke: Sequence[Token]
    """The tokens to revoke, those in ``own`` included."""
    own: Sequence[Token]
    """Those of them that are, or can be, the task's own token."""
    total: int
    """The number of tokens to revoke in all rounds so far, this one included."""
    rounds: int
    """The number of rounds so far, this one included."""
    ambiguous_values: str | None
    """Why ``token_values`` does not identify its tokens, if so."""


_EVENTS = {Outcome.REVOKED: "revoked", Outcome.GONE: "gone"}
"""The events of the journal for outcomes; ``failed`` for any other."""


def check_guards(plan: Plan, limits: Limits, own_token_id: int | None) -> Failure | None:
    """Return why the ``plan`` must not be executed, ``None`` if it may be. All guards before a round of DELETEs are here."""
    if plan.ambiguous_values:
        return Failure(plan.ambiguous_values)
    if plan.own and limits.own_token != "revoke":
        if own_token_id is None:
            return Failure(
                f"{named('token', [token.id for token in plan.own])} can be the one that this task authenticates with: the API "
                "does not list the value of the own token. Authenticate with another agent's token, change the selectors, or "
                "set 'own_token' to 'revoke'."
            )
        return Failure(
            f"the selection contains token {own_token_id}, which this task authenticates with. Set 'own_token' to keep it ('keep') or to "
            "revoke it last ('revoke')."
        )
    if plan.revoke and limits.max_revocations is not None and plan.total > limits.max_revocations:
        return Failure(
            f"{counted(plan.total, 'token')} would be revoked, and 'max_revocations' is {limits.max_revocations}. If the "
            "selection is correct, increase it."
        )
    if plan.rounds > MAX_ROUNDS:
        return Failure(f"the API still lists more tokens after {MAX_ROUNDS} rounds of revocations. Run the task again.")
    return None


def revoke_selected(task: Task) -> tuple[dict[str, Any], list[int]]:
    """Run the task. Return its result, and the ids of the tokens of which it is unknown whether they are revoked.

    Raises only before the first DELETE: :class:`ChatError` for an invalid option, a failed lookup, or an invalid list.
    """
    limits = Limits.from_options(task.options)
    selectors = Selectors.from_options(task.options, required=True)
    client = task.client
    journal = Journal(task.options.get("journal"), client.connection.base_url, task.log, client.secrets.mask_long)
    own = OwnToken(client)
    selection = Selection.look_up(client, selectors, own)
    probes = task.options["probe_values"] and not task.check_mode
    revocation = _Revocation(client, selection, own, limits, journal, probes)
    # Not in a variable: a list can take hundreds of megabytes, and another one is read later.
    revocation.plan(list_tokens(client), is_first=True)
    names = Names()

    def look_up() -> None:
        nonlocal names
        tokens = [row.token for row in revocation.outcomes.rows.values()]
        names = look_up_names(client, tokens, selectors.agent_ids or (), selection.found)

    try:
        revocation.run(task.check_mode, look_up if task.options["names"] else None)
        revocation.probe()
    except Exception as error:  # noqa: BLE001 - whatever it is, the outcomes so far must not be lost
        revocation.outcomes.stop(failure_of(error))
    try:
        journal.close()
    except ChatError as error:
        if revocation.outcomes.failure:
            revocation.outcomes.warnings.append(error.msg)
        else:
            revocation.outcomes.failure = error.failure
    return _result(task, selectors, revocation.outcomes, names), revocation.outcomes.unknown


def _result(task: Task, selectors: Selectors, outcomes: Outcomes, names: Names) -> dict[str, Any]:
    outcomes.warnings += names.warnings
    result = outcomes.result(task.check_mode)
    if selectors.token_values is not None:
        result["values_dead"] = outcomes.values_dead
    if task.options["names"]:
        result.update(names.result())
    result["diff"] = outcomes.diff(names.agent, names.client)
    return result


class _Revocation:
    """One revocation from the first list to the last."""

    def __init__(
        self,
        client: ChatClient,
        selection: Selection,
        own: OwnToken,
        limits: Limits,
        journal: Journal,
        probes: bool,
    ) -> None:
        """``probes``: test the values in ``token_values`` afterwards."""
        self.outcomes = Outcomes(
            already_absent=set(selection.selectors.ids or ()),
            unknown_agent_emails=list(selection.found.unknown_emails),
        )
        self._client = client
        self._selection = selection
        self._own = own
        self._limits = limits
        self._journal = journal
        self._probes = probes
        self._now = time.time()
        self._with_given_values: dict[int, Token] = {}
        """Tokens in all lists that have one of the ``token_values``, by id."""
        self._last: set[int] = set()
        """Ids of tokens that are, or can be, the task's own token and are to be revoked: after all others."""
        self._witnesses: dict[_Witness, int | None] = {}
        """Tokens in earlier lists that are not to be revoked and not expired, each with its agent: a later list without any of
        them is no proof."""
        self._own_witness: _Witness | None = None
        """The task's own token, once a list has identified it: a later list without it is no proof."""
        self._own_agent_id: int | None = None
        """The agent of the own token, once a list has identified it."""
        self._attempted: set[int] = set()
        """Ids of tokens that have a line in the journal."""
        self._repeated: set[int] = set()
        """Ids of tokens whose DELETE is sent once more."""
        self._matching_later: list[int] = []
        """Ids of tokens that did not match the selectors when they were listed first, but do now."""
        self._seen: set[int] = set()
        """Ids in earlier lists. A later round revokes only tokens that were not listed before."""
        self._rounds = 0
        self._stopped: Failure | None = None
        """Why no further DELETE is sent, and the failure of the tokens that were not attempted."""
        self._lock = threading.Lock()

    def plan(self, token_list: TokenList, is_first: bool = False) -> None:
        """Select the tokens of a list that have no outcome yet. They are pending afterwards, unless a guard stops the task."""
        outcomes = self.outcomes
        own = self._observe(token_list)
        selected, selectors = self._selection.select(token_list), self._selection.selectors
        outcomes.keep(outcomes.add(selected.excluded), "excluded")
        self._matching_later = [
            token.id for token in selected.tokens if token.id in self._seen and token.id not in outcomes.rows
        ]
        new = outcomes.add(token for token in selected.tokens if token.id not in self._seen)
        self._seen.update(token.id for token in token_list.tokens)
        if is_first:
            outcomes.listed = self._own.listed(token_list.tokens)
            self._selection.check_exclude(token_list)
            self._warn(*outcomes.listed.warnings(), *self._selection.warnings(token_list, self._probes))
        self._with_given_values.update((token.id, token) for token in selectors.with_given_values(token_list.tokens))
        self._warn(*selected.warnings)
        outcomes.own_token_id = self._own.id
        outcomes.already_absent.difference_update(token.id for token in token_list.tokens)

        candidates = self._own.candidates(new, token_list)
        if self._limits.own_token == "keep" and self._own.id is not None:
            outcomes.keep(candidates, "own token")
            candidates = ()
        revoke = [token for token in new if outcomes.rows[token.id].outcome is Outcome.PENDING]
        if revoke:
            self._rounds += 1
        ambiguous = selectors.ambiguous_values(self._with_given_values.values())
        plan = Plan(revoke, candidates, outcomes.selected, self._rounds, ambiguous)
        failure = check_guards(plan, self._limits, self._own.id)
        if failure:
            outcomes.stop(failure, GUARDED)
            return
        self._last.update(token.id for token in candidates)
        for token in revoke:
            self._witnesses.pop(_witness(token), None)
        if revoke and own and own.scopes is not None and "write" not in own.scope_set():
            self._warn(
                f"Token {own.id}, which this task authenticates with, lacks the scope 'write' (it has: {plain_text(own.scopes)}). The "
                "API probably refuses every revocation. Use a token with the scopes 'read write'."
            )

    def run(self, check_mode: bool, look_up: Callable[[], None] | None) -> None:
        """Revoke the pending tokens and verify the outcome; in check mode, do neither.

        ``look_up`` is called after that, but before the task's own token is revoked, which it needs. Raises
        :class:`ChatError` if the journal cannot be opened. Nothing is revoked in that case.
        """
        proven = True
        if self.outcomes.counts[Outcome.PENDING]:
            if check_mode:
                self._journal.check()
                self.outcomes.assume_revoked()
                proven = False
            else:
                self._journal.open()
                proven = self._revoke_others()
        if look_up:
            look_up()
        if self.outcomes.counts[Outcome.PENDING]:
            proven = self._revoke_own() and proven
        if self._matching_later:
            self._warn(
                f"{capitalized(named('token', self._matching_later))} did not match the selectors before the revocation, and did after "
                "it, so nothing is verified. The run does not revoke what was not selected at its beginning. Run the task again."
            )
        self.outcomes.verified = proven and not self._matching_later

    def _revoke_others(self) -> bool:
        """Revoke all pending tokens except the task's own, in rounds. Return whether the last list proves the outcome."""
        while pending := [token for token in self.outcomes.tokens(Outcome.PENDING) if token.id not in self._last]:
            self._delete(pending, self._limits.concurrency)
            if self._stopped:
                self.outcomes.finish(self._stopped, besides=self._last)
            if self._stopped == _STOPPED_BY_401 or not self._limits.verify or not self._verify_and_plan():
                return False
        return True

    def _delete(self, tokens: Sequence[Token], concurrency: int) -> None:
        """Send a DELETE for each token, and record the outcomes as they arrive. Stops when ``_stopped`` is set."""
        try:
            run_concurrently(self._delete_one, tokens, concurrency)
        except NoThreadError:
            self._stop(_NO_THREAD)

    def _delete_one(self, token: Token) -> None:
        with self._lock:
            if self._client.interruption.happened:
                self._stop(Failure(interrupted("Not sent")))
            if self._stopped or not self._record_in_journal("delete", token):
                return
            self._attempted.add(token.id)
        result: Deletion | Failure
        try:
            result = revoke_token(self._client, token)
        except Exception as error:  # noqa: BLE001 - whatever it is, the outcomes of the other tokens must not be lost
            result = failure_of(error)
        with self._lock:
            self.outcomes.record(token, result)
            if isinstance(result, Failure) and result.affects_all:
                self._stop(_STOPPED_BY_401 if result.status == 401 else _STOPPED_BY_403)
            self._record_outcome(self.outcomes.rows[token.id])

    def _stop(self, reason: Failure) -> None:
        """Send no further DELETE. That the credentials are rejected replaces any other reason."""
        if self._stopped is None or reason == _STOPPED_BY_401:
            self._stopped = reason

    def _record_outcome(self, row: Row) -> None:
        """Record the outcome of a DELETE in the journal, unless it is unknown."""
        is_unknown = row.failure is not None and row.failure.may_be_executed
        if row.token.id in self._attempted and not is_unknown:
            self._record_in_journal(_EVENTS.get(row.outcome, "failed"), row.token)

    def _record_in_journal(self, event: str, token: Token) -> bool:
        """Record an event, and return whether that succeeded. If not, the run stops."""
        try:
            self._journal.record(event, token, self.outcomes.counts[Outcome.REVOKED], self.outcomes.selected)
        except Exception as error:  # noqa: BLE001 - whatever it is, the outcomes of the other tokens must not be lost
            msg = failure_of(error).msg
            self._stop(Failure(f"Not attempted, because the journal is incomplete. {msg}"))
            if event != "delete":
                self._warn(f"{msg} It lacks the outcome of token {token.id}.")
            return False
        return True

    def _verify_and_plan(self) -> bool:
        """Verify the outcomes by a new list, and plan the next round. Return whether the list is a proof; if not, the task fails."""
        try:
            token_list, undecided = self._verify()
            if token_list is not None:
                self.plan(token_list)
                self._repeat(undecided)
        except ChatError as error:
            # The states of the agents could not be read again.
            self.outcomes.failure = Failure(f"The revocations could not be verified. {error.msg}", error.status)
            return False
        return token_list is not None

    def _repeat(self, rows: Iterable[Row]) -> None:
        """Make the tokens pending again whose DELETE is not confirmed, and about which the list shows nothing: once."""
        if self._stopped or self.outcomes.failure:
            return
        for row in rows:
            if row.token.id in self._attempted - self._repeated:
                self._repeated.add(row.token.id)
                self.outcomes.repeat(row.token)

    def _verify(self) -> tuple[TokenList | None, Sequence[Row]]:
        """Read the list until it confirms the DELETE requests, for up to 5 s, and correct the rows by it.

        Returns the list if it is a proof, and the rows that it cannot decide. If it is not, or cannot be read, the task fails.
        """
        done = {token.id for token in self.outcomes.tokens(Outcome.REVOKED, Outcome.GONE)}.union(self.outcomes.unknown)
        proof: Collection[int] | None = None
        is_complete = False
        undecided: Sequence[Row] = ()
        token_list: TokenList | None = None
        failure: Failure | None = None
        for wait in (0.0, *VERIFY_WAITS):
            if self._client.interruption.happened or (wait and self._client.pause(wait)):
                # The API did not get the time that it may need. What the lists show so far is no outcome.
                self.outcomes.failure = Failure(interrupted("The revocations are not verified"))
                return None, ()
            token_list = None  # only one list is in memory
            try:
                token_list = list_tokens(self._client)
            except ChatError as error:
                failure = Failure(
                    f"The revocations could not be verified, because the list could not be read again. {error.msg}",
                    error.status,
                )
                break
            shown = set(map(_witness, token_list.tokens))
            failure = self._objection_to(shown)
            if failure is None:
                # By what earlier lists contained, and not this one.
                is_complete = self._witnesses.keys() <= shown and self._has_witness_of_another_agent()
                self._observe(token_list)
                proof = {token.id for token in token_list.tokens}
                if done.isdisjoint(proof):
                    break
        if proof is not None:
            decided, undecided = self.outcomes.compare_with_list(proof, is_complete, _still_listed)
            for row in decided:
                self._record_outcome(row)
        if failure:
            self.outcomes.failure = failure
            return None, ()
        return token_list, undecided

    def _objection_to(self, shown: AbstractSet[_Witness]) -> Failure | None:
        """Return why a list with these tokens is no proof, ``None`` if it is one."""
        own = self._own_witness
        if own is not None and own not in shown and self._is_unrevoked(own[0]):
            # The token works: the list was read with it.
            reason = f"the new list lacks token {own[0]}, which this task authenticates with."
        elif self._witnesses and shown.isdisjoint(self._witnesses):
            reason = "the new list lacks every token that this run did not touch."
        else:
            return None
        return Failure(
            f"The revocations are not verified: {reason} Another run at the same time is a possible cause. Run the task again."
        )

    def _is_unrevoked(self, number: int) -> bool:
        row = self.outcomes.rows.get(number)
        return row is None or row.outcome in (Outcome.PENDING, Outcome.KEPT)

    def _has_witness_of_another_agent(self) -> bool:
        """Return whether the lists must contain a token of another agent than the own one.

        If not, nothing shows that a list is complete: an agent that is no Administrator any more may see only its own tokens.
        """
        if not (self.outcomes.counts[Outcome.NOT_REVOKED] or self.outcomes.counts[Outcome.PENDING]):
            return False  # no row depends on it
        own = self._own_agent_id if self._own_agent_id is not None else self._own.agent_id()
        return own is not None and not {*self._witnesses.values()} <= {own, None}

    def _observe(self, token_list: TokenList) -> Token | None:
        """Note what a valid list shows: the own token, which it returns, and the tokens that each later list must show too."""
        rows = self.outcomes.rows
        for token in token_list.tokens:
            if (token.id not in rows or rows[token.id].outcome is Outcome.KEPT) and not self._is_expired(
                token, token_list.date
            ):
                self._witnesses[_witness(token)] = token.agent_id
        own = self._own.identify(token_list.tokens)
        if own:
            self._own_witness, self._own_agent_id = _witness(own), own.agent_id
        return own

    def _revoke_own(self) -> bool:
        """Revoke the task's own token, or one after the other each token that can be it. Return whether the outcome is proven."""
        outcomes = self.outcomes
        proven = True
        while pending := outcomes.tokens(Outcome.PENDING):
            if self._stopped or outcomes.failed:
                outcomes.finish(self._stopped or _OWN_TOKEN_NEEDED)
                break
            self._delete(pending[:1], concurrency=1)
            proven = self._verify_own(outcomes.rows[pending[0].id]) and proven
        return proven

    def _verify_own(self, row: Row) -> bool:
        """Verify the outcome of the DELETE of a token that is or can be the own one. Return whether it is proven.

        The list cannot prove it, because it cannot be read any more. The token itself can: it no longer works.
        """
        outcomes, verify = self.outcomes, self._limits.verify
        is_unknown = row.failure is not None and row.failure.may_be_executed
        if row.outcome is Outcome.PENDING:
            return False  # no DELETE was sent
        if not is_unknown and (row.failure or not verify):
            return False
        state = authenticate(self._client, wait=self._own.id is not None)
        if isinstance(state, Failure) and not state.rejects_credentials:
            self._warn("The API did not show whether the task's own token still works. Its revocation is not verified.")
            return False
        if isinstance(state, Failure):
            # If the list does not identify the own token, someone else may have revoked it, and not this one.
            if is_unknown and self._own.id is not None:
                outcomes.mark_revoked(row.token)
                self._record_outcome(outcomes.rows[row.token.id])
            outcomes.finish(_OWN_TOKEN_REVOKED)
            return verify
        if self._own.id is None:
            # The token was another one of the same agent.
            return verify and self._verify_and_plan() and self._revoke_others()
        failure = replace(row.failure, may_be_executed=False) if row.failure else _still_works(row)
        outcomes.contradict(row.token, failure)
        self._record_outcome(outcomes.rows[row.token.id])
        return False

    def probe(self) -> None:
        """Test whether the values in ``token_values`` still work, after the revocation."""
        outcomes = self.outcomes
        values = self._selection.selectors.token_values
        if not self._probes or not values or outcomes.nothing_attempted:
            return
        probe = probe_values(
            self._client, values, list(self._with_given_values.values()), outcomes.tokens(Outcome.KEPT)
        )
        outcomes.values_dead = probe.values_dead
        outcomes.failure = outcomes.failure or probe.failure
        self._warn(*probe.warnings)

    def _is_expired(self, token: Token, server_time: float | None) -> bool:
        """Return whether a token is expired by the local clock and by that of the API."""
        moment = expires(token)
        return moment is not None and server_time is not None and moment < min(self._now, server_time)

    def _warn(self, *texts: str) -> None:
        self.outcomes.warnings += [text for text in texts if text not in self.outcomes.warnings]


_Witness = typing.Tuple[int, typing.Union[str, float, None]]


def _witness(token: Token) -> _Witness:
    """Return what identifies a token in another list: in that of another account, a token can have the same id."""
    return token.id, token.create_date


def _still_listed(row: Row) -> Failure:
    """Return the failure of a token that the list contains although it counted as revoked or gone."""
    return _contradicted(row, "it still lists the token")


def _still_works(row: Row) -> Failure:
    """Return the failure of the own token if it works although it counted as revoked or gone."""
    return _contradicted(row, "the token still works")


def _contradicted(row: Row, observed: str) -> Failure:
    if row.deletion is None:
        response = "omitted the token from an earlier list"
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
