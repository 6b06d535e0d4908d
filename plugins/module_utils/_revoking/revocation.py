# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Revoke the selected tokens: list, select, check the guards, DELETE, and verify with a new list.

Check mode is the same run without the DELETE requests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._api.clients import ApiClient, client_result
from ansible_collections.zchat.admin.plugins.module_utils._api.names import Names, look_up_names
from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import Token, TokenList, list_tokens, revoke_token
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Failure, failure_of
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils._revoking.deletions import (
    STOPPED_BY_401,
    Deletions,
    Requests,
    contradicted,
)
from ansible_collections.zchat.admin.plugins.module_utils._revoking.guards import Limits, Plan, check_guards
from ansible_collections.zchat.admin.plugins.module_utils._revoking.journal import Journal
from ansible_collections.zchat.admin.plugins.module_utils._revoking.outcomes import GUARDED, Outcome, Outcomes, Row
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import OwnToken
from ansible_collections.zchat.admin.plugins.module_utils._revoking.probe import authenticate, probe_values
from ansible_collections.zchat.admin.plugins.module_utils._revoking.results import token_diff, token_outcomes
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selection import TokenSelection
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selectors import Selectors, expires
from ansible_collections.zchat.admin.plugins.module_utils._task import Task
from ansible_collections.zchat.admin.plugins.module_utils._text import capitalized, named, plain_text

_OWN_TOKEN_NEEDED = Failure(
    "Not attempted: this task authenticates with it, and still needs it to finish the others. Run the task again."
)
_OWN_TOKEN_REVOKED = Failure("Not attempted, because the task's own token is revoked now. Use other credentials.")


def revoke_selected(task: Task, every_client: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run the task. Return its result, and further keys for a report.

    These are ``unknown_outcomes``, the ids of the tokens of which it is unknown whether they are revoked, and, with ``every_client`` and
    the option ``names``, ``own_agent_id``, the keys of :func:`api_clients`, and ``own_is_administrator``, if the API may list only own
    tokens; a key that is missing or ``None`` is unknown. Raises only before the first DELETE: :class:`ChatError` for an invalid
    option, a failed lookup, or an invalid list.
    """
    limits = Limits.from_options(task.options)
    selectors = Selectors.from_options(task.options, required=True)
    client = task.client
    journal = Journal(task.options.get("journal"), client.connection.base_url, task.log, client.secrets.mask_long)
    own = OwnToken(client)
    selection = TokenSelection(client, selectors, own)
    selection.look_up()
    probes = task.options["probe_values"] and not task.check_mode
    revocation = Revocation(client, selection, own, limits, journal, probes)
    # Not in a variable: a list can take hundreds of megabytes, and another one is read later.
    revocation.plan(list_tokens(client), is_first=True)
    if revocation.outcomes.listed:
        revocation.outcomes.warn(*revocation.outcomes.listed.warnings())
    names = Names()
    about_account: dict[str, Any] = {}

    def look_up() -> None:
        nonlocal names
        tokens = [row.item for row in revocation.outcomes.rows.values()]
        names = look_up_names(client, tokens, selectors.agent_ids or (), selection.found, every_client=every_client)
        if every_client:
            about_account.update(api_clients(names.every_client, own), own_agent_id=own.agent_id())
            if revocation.outcomes.listed and revocation.outcomes.listed.own_only is not False:
                about_account["own_is_administrator"] = own.is_administrator()

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
    return _result(task, selectors, revocation.outcomes, names), {
        "unknown_outcomes": revocation.outcomes.unknown,
        **about_account,
    }


def api_clients(every_client: Sequence[ApiClient] | None, own: OwnToken) -> dict[str, Any]:
    """Return all API clients for a report, and whether the API listed only those that the own agent created; ``None`` if unknown."""
    if every_client is None:
        return {"api_clients": None, "own_clients_only": None}
    creators = {entry.agent_id for entry in every_client} - {None}
    return {"api_clients": [client_result(entry) for entry in every_client], "own_clients_only": own.is_only(creators)}


def _result(task: Task, selectors: Selectors, outcomes: Outcomes[Token], names: Names) -> dict[str, Any]:
    outcomes.warnings += names.warnings
    result = token_outcomes(outcomes, task.check_mode)
    if selectors.token_values is not None:
        result["values_dead"] = outcomes.values_dead
    if task.options["names"]:
        result.update(names.result())
    result["diff"] = token_diff(outcomes, names.agent, names.client)
    return result


class Revocation:
    """One revocation from the first list to the last."""

    def __init__(
        self,
        client: ChatClient,
        selection: TokenSelection,
        own: OwnToken,
        limits: Limits,
        journal: Journal,
        probes: bool = False,
    ) -> None:
        """``probes``: test the values in ``token_values`` afterwards."""
        self.outcomes: Outcomes[Token] = Outcomes(
            already_absent=set(selection.selectors.ids or ()),
            unknown_agent_emails=list(selection.found.unknown_emails),
        )
        self._client = client
        self._selection = selection
        self._own = own
        self._limits = limits
        self._journal = journal
        self._probes = probes
        requests = Requests(
            lambda: list_tokens(client), lambda token: revoke_token(client, token), own.identify, expires
        )
        self._deletions = Deletions(client, requests, self.outcomes, own, journal)
        self._with_given_values: dict[int, Token] = {}
        """Tokens in all lists that have one of the ``token_values``, by id."""
        self._last: set[int] = set()
        """Ids of tokens that are, or can be, the task's own token and are to be revoked: after all others."""
        self._matching_later: list[int] = []
        """Ids of tokens that did not match the selectors when they were listed first, but do now."""
        self._seen: set[int] = set()
        """Ids in earlier lists. A later round revokes only tokens that were not listed before."""
        self._rounds = 0

    def plan(self, token_list: TokenList, is_first: bool = False) -> None:
        """Select the tokens of a list that have no outcome yet. They are pending afterwards, unless a guard stops the task."""
        outcomes = self.outcomes
        own = self._deletions.observe(token_list)
        selected, selectors = self._selection.select(token_list), self._selection.selectors
        outcomes.keep(outcomes.add(selected.excluded), "excluded")
        self._matching_later = [
            token.id for token in selected.items if token.id in self._seen and token.id not in outcomes.rows
        ]
        new = outcomes.add(token for token in selected.items if token.id not in self._seen)
        self._seen.update(token.id for token in token_list.items)
        if is_first:
            outcomes.listed = self._own.listed(token_list)
            outcomes.warn(
                *self._selection.check_exclude(token_list),
                *self._selection.warnings(token_list),
                *([] if self._probes else selectors.unmatched_values(token_list)),
            )
            outcomes.unknown_client_names = self._selection.unknown_client_names
        self._with_given_values.update((token.id, token) for token in selectors.with_given_values(token_list.items))
        outcomes.warn(*selected.warnings)
        outcomes.own_token_id = self._own.id
        outcomes.already_absent.difference_update(token.id for token in token_list.items)

        candidates = self._own.candidates(new, token_list)
        if self._limits.own_token == "keep" and self._own.id is not None:
            outcomes.keep(candidates, "own token")
            candidates = ()
        revoke = [token for token in new if outcomes.rows[token.id].outcome is Outcome.PENDING]
        if revoke:
            self._rounds += 1
        ambiguous = selectors.ambiguous_values(self._with_given_values.values())
        plan = Plan(revoke, candidates, self._own.id, outcomes.selected, self._rounds, ambiguous)
        failure = check_guards(plan, self._limits)
        if failure:
            outcomes.stop(failure, GUARDED)
            return
        self._last.update(token.id for token in candidates)
        self._deletions.forget(revoke)
        if revoke and own and own.scopes is not None and "write" not in own.scope_set():
            outcomes.warn(
                f"Token {own.id}, which this task authenticates with, lacks the scope 'write' (it has: {plain_text(own.scopes)}). The "
                "API probably refuses every revocation. Use a token with the scopes 'read write'."
            )

    def run(self, check_mode: bool, look_up: Callable[[], None] | None = None, read_again: bool = False) -> None:
        """Revoke the pending tokens and verify the outcome; in check mode, do neither.

        ``look_up`` is called after that, but before the task's own token is revoked, which it needs. ``read_again``: read the list
        again, also if nothing is pending. Raises :class:`ChatError` if the journal cannot be opened. Nothing is revoked in that case.
        """
        outcomes = self.outcomes
        proven = True
        if check_mode and outcomes.counts[Outcome.PENDING]:
            self._journal.check()
            outcomes.assume_revoked()
            proven = False
        elif not check_mode and (outcomes.counts[Outcome.PENDING] or read_again):
            self._journal.open()
            proven = self._revoke_others(read_again)
        if look_up:
            look_up()
        if outcomes.counts[Outcome.PENDING]:
            proven = self._revoke_own() and proven
        if self._matching_later:
            outcomes.warn(
                f"{capitalized(named('token', self._matching_later))} did not match the selectors before the revocation, and did after "
                "it, so nothing is verified. The run does not revoke what was not selected at its beginning. Run the task again."
            )
        outcomes.verified = proven and not self._matching_later

    def _revoke_others(self, read_again: bool = False) -> bool:
        """Revoke all pending tokens except the task's own, in rounds. Return whether the last list proves the outcome."""
        deletions = self._deletions
        while (pending := self._others()) or read_again:
            read_again = False
            deletions.send(pending, self._limits.concurrency)
            if deletions.stopped:
                self.outcomes.finish(deletions.stopped, besides=self._last)
            if deletions.stopped == STOPPED_BY_401 or not self._limits.verify or not self._verify_and_plan():
                return False
        return True

    def _others(self) -> list[Token]:
        return [token for token in self.outcomes.items(Outcome.PENDING) if token.id not in self._last]

    def _verify_and_plan(self) -> bool:
        """Verify the outcomes by a new list, and plan the next round. Return whether the list is a proof; if not, the task fails."""
        try:
            token_list, undecided = self._deletions.verify()
            if token_list is not None:
                self.plan(token_list)
                self._deletions.repeat(undecided)
        except ChatError as error:
            # The states of the agents, or the API clients, could not be read again.
            self.outcomes.failure = Failure(f"The revocations could not be verified. {error.msg}", error.status)
            return False
        return token_list is not None

    def _revoke_own(self) -> bool:
        """Revoke the task's own token, or one after the other each token that can be it. Return whether the outcome is proven."""
        outcomes = self.outcomes
        proven = True
        while pending := outcomes.items(Outcome.PENDING):
            if self._deletions.stopped or outcomes.failed:
                outcomes.finish(self._deletions.stopped or _OWN_TOKEN_NEEDED)
                break
            self._deletions.send(pending[:1], concurrency=1)
            proven = self._verify_own(outcomes.rows[pending[0].id]) and proven
        return proven

    def _verify_own(self, row: Row[Token]) -> bool:
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
            outcomes.warn(
                "The API did not show whether the task's own token still works. Its revocation is not verified."
            )
            return False
        if isinstance(state, Failure):
            # If the list does not identify the own token, someone else may have revoked it, and not this one.
            if is_unknown and self._own.id is not None:
                outcomes.mark_revoked(row.item)
                self._deletions.record_outcome(outcomes.rows[row.item.id])
            outcomes.finish(_OWN_TOKEN_REVOKED)
            return verify
        if self._own.id is None:
            # The token was another one of the same agent.
            return verify and self._verify_and_plan() and self._revoke_others()
        failure = (
            replace(row.failure, may_be_executed=False) if row.failure else contradicted(row, "the token still works")
        )
        outcomes.contradict(row.item, failure)
        self._deletions.record_outcome(outcomes.rows[row.item.id])
        return False

    def probe(self) -> None:
        """Test whether the values in ``token_values`` still work, after the revocation."""
        outcomes = self.outcomes
        values = self._selection.selectors.token_values
        if not self._probes or not values or outcomes.nothing_attempted:
            return
        probe = probe_values(self._client, values, list(self._with_given_values.values()), outcomes.items(Outcome.KEPT))
        outcomes.values_dead = probe.values_dead
        outcomes.failure = outcomes.failure or probe.failure
        outcomes.warn(*probe.warnings)
