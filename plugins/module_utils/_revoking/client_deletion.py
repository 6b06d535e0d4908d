# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Delete the selected API clients, then revoke their tokens: both lists, all guards, DELETE, and verify both.

Check mode is the same run without the DELETE requests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._api.clients import (
    ApiClient,
    ClientList,
    client_result,
    delete_client,
    diff_line,
    list_clients,
    shown,
)
from ansible_collections.zchat.admin.plugins.module_utils._api.resources import API_CLIENT
from ansible_collections.zchat.admin.plugins.module_utils._api.tokens import Token, TokenList, list_tokens
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Failure, failure_of
from ansible_collections.zchat.admin.plugins.module_utils._revoking.deletions import STOPPED_BY_401, Deletions, Requests
from ansible_collections.zchat.admin.plugins.module_utils._revoking.guards import Limits, Plan, check_guards
from ansible_collections.zchat.admin.plugins.module_utils._revoking.journal import Journal
from ansible_collections.zchat.admin.plugins.module_utils._revoking.outcomes import GUARDED, Outcome, Outcomes
from ansible_collections.zchat.admin.plugins.module_utils._revoking.own_token import OwnToken
from ansible_collections.zchat.admin.plugins.module_utils._revoking.results import (
    diff,
    failed,
    not_removed,
    token_diff,
    token_outcomes,
)
from ansible_collections.zchat.admin.plugins.module_utils._revoking.revocation import Revocation
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selection import ClientSelection, TokenSelection
from ansible_collections.zchat.admin.plugins.module_utils._revoking.selectors import CLIENT_SELECTORS, Selectors
from ansible_collections.zchat.admin.plugins.module_utils._task import Task
from ansible_collections.zchat.admin.plugins.module_utils._text import (
    abridged,
    capitalized,
    counted,
    enumerated,
    named,
    plain_text,
    sentence,
)


@dataclass(frozen=True)
class ListedClients:
    """What the API listed, before any selector applies."""

    clients: int
    agents: int
    """The number of agents who created them."""
    own_only: bool | None
    """Whether the API listed no client of another agent than the task's own; ``None`` if that is unknown."""

    @classmethod
    def of(cls, client_list: ClientList, own: OwnToken) -> ListedClients:
        """Return how much the API listed."""
        creators = {entry.agent_id for entry in client_list.items} - {None}
        return cls(len(client_list.items), len(creators), own.is_only(creators))

    def warnings(self) -> list[str]:
        """Return a warning if the API may not show the clients of other agents."""
        if self.own_only is False:
            return []
        reason = (
            "The API listed no API client that another agent than the one of this task created."
            if self.own_only
            else "It is unknown whether the API lists the API clients of all agents."
        )
        return [f"{reason} It may show only those. Compare 'listed' with what the account should have."]


def delete_selected(task: Task) -> dict[str, Any]:
    """Run the task, and return its result.

    Raises only before the first DELETE: :class:`ChatError` for an invalid option, a failed lookup, or an invalid list.
    """
    run = _Run(task)
    run.plan()
    run.execute()
    return run.result()


def no_result() -> dict[str, Any]:
    """Return the keys of a run that failed before the lists were read."""
    return _result(Outcomes(API_CLIENT), Outcomes())


class _Run:
    """One run, from the first two lists to the last two."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._limits = Limits.from_options(task.options)
        selectors = Selectors.from_options(task.options, required=True, spec=CLIENT_SELECTORS)
        self._client = client = task.client
        self._selection = ClientSelection(client, selectors)
        self._own = OwnToken(client)
        self._journal = Journal(
            task.options.get("journal"), client.connection.base_url, task.log, client.secrets.mask_long
        )
        self._clients: Outcomes[ApiClient] = Outcomes(API_CLIENT)
        requests: Requests[ApiClient] = Requests(
            lambda: list_clients(client), lambda entry: delete_client(client, entry)
        )
        self._deletions = Deletions(client, requests, self._clients, self._own, self._journal)
        self._token_selection = _TokensOf(client, Selectors(client_identifiers=frozenset()), self._own)
        self._revocation = Revocation(client, self._token_selection, self._own, self._limits, self._journal)
        self._tokens = self._revocation.outcomes
        self._listed: ListedClients | None = None
        self._excluded = 0
        """The number of clients that match the selectors and the protect list."""
        self._unlisted: frozenset[str] = frozenset()
        """Those of ``client_identifiers`` that are not listed as clients."""
        self._already_gone: set[int | str] = set()
        self._unknown_names: list[str] = []
        self._unproven: list[str] = []
        """Why nothing is verified, although nothing failed."""

    def plan(self) -> None:
        """Select the clients and their tokens. They are pending afterwards, unless a guard stops the task."""
        selection = self._selection
        selection.look_up()
        client_list = list_clients(self._client)
        self._deletions.observe(client_list)
        selected = selection.select(client_list)
        self._clients.add(selected.items)
        self._deletions.forget(selected.items)
        self._clients.warn(*selection.check_exclude(client_list))
        self._excluded = len(selected.excluded)
        self._unknown_names = selection.unknown_client_names
        self._unlisted = selection.unlisted(client_list)
        token_list = list_tokens(self._client)
        of_unlisted = [token for token in token_list.items if token.client_identifier in self._unlisted]
        undecidable = self._undecidable(of_unlisted)
        self._token_selection.selectors = Selectors(client_identifiers=self._identifiers)
        # Before the tokens are planned, because this guard has the better message.
        plan = Plan(
            delete=selected.items,
            identifiers=self._identifiers,
            own_identifiers=self._own.client_identifiers(token_list),
            undecidable=undecidable,
        )
        failure = check_guards(plan, self._limits)
        self._revocation.plan(token_list, is_first=True)
        self._listed = ListedClients.of(client_list, self._own)
        self._clients.warn(*self._listed.warnings(), *selection.warnings(client_list))
        failure = failure or self._tokens.failure
        if failure:
            self._stop(failure)
        else:
            self._explain_unknown(client_list, len(of_unlisted))

    @property
    def _identifiers(self) -> frozenset[str]:
        """The clients whose tokens are selected. A client that is not listed matches no selector but its identifier."""
        others = self._unlisted if self._selects_only_clients else frozenset()
        return others.union(row.item.client_identifier for row in self._clients.rows.values())

    @property
    def _selects_only_clients(self) -> bool:
        selectors = self._selection.selectors
        return selectors.ids is None and selectors.agent_ids is None and selectors.agent_emails is None

    def _undecidable(self, of_unlisted: Sequence[Token]) -> str | None:
        """Return why it is unknown what the identifiers that are not listed mean, if so. ``of_unlisted`` are their tokens."""
        identifiers, exclude = shown(sorted(self._unlisted)), self._selection.selectors.exclude
        names = self._selection.hints(self._unlisted, similar=False)
        if names:
            return f"'client_identifiers' contains the name of an API client.{names}"
        if of_unlisted and not self._selects_only_clients:
            return (
                f"{counted(len(of_unlisted), 'token')} of client {identifiers} would be left. This client is not listed, so it is unknown "
                "whether it matches the other selectors. Select it without other selectors."
            )
        if self._unlisted and (exclude.ids or exclude.agent_ids or exclude.agent_emails or exclude.client_names):
            return (
                f"client {identifiers} is not listed, so its id, its name and its creator are unknown, and 'exclude' can protect it. Select it "
                "without 'exclude'."
            )
        return None

    def _explain_unknown(self, client_list: ClientList, tokens_of_unlisted: int) -> None:
        """Note which of the given values are unknown, and what is not proven because of that."""
        selection, selectors = self._selection, self._selection.selectors
        own_only = self._listed.own_only if self._listed else None
        ids = sorted((selectors.ids or frozenset()) - {entry.id for entry in client_list.items})
        self._already_gone = {*ids, *self._unlisted}
        if self._unlisted:
            hints = self._selection.hints(self._unlisted)
            self._clients.warn(
                f"No API client is listed with the identifier {shown(sorted(self._unlisted))}. {counted(tokens_of_unlisted, 'listed token')} "
                f"{'has' if tokens_of_unlisted == 1 else 'have'} it.{hints}"
            )
            self._unproven += ["an identifier can have a typo"] if hints else []
        if ids:
            self._clients.warn(f"No API client is listed with the id {abridged(ids)}.")
        unknown = [*(f"the id {number}" for number in ids), *(f"the name '{shown([n])}'" for n in self._unknown_names)]
        if selection.found.unknown_emails:
            self._unproven.append(f"no agent has the address {selection.found.unknown_addresses}")
        if unknown:
            self._unproven.append(
                f"no listed API client has {abridged(unknown)}, and the tokens of a deleted client can be found only by its identifier"
            )
        if not self._selects_only_clients and selectors.ids is None and own_only is not False:
            self._unproven.append("the list may lack API clients of other agents")
        if self._identifiers and (self._tokens.listed is None or self._tokens.listed.own_only is not False):
            self._unproven.append(
                "no token of another agent than the own one is listed, so the API may not show those of other agents"
            )

    def _stop(self, failure: Failure) -> None:
        """Execute nothing: ``failure`` is that of the task."""
        self._clients.nothing_attempted = self._tokens.nothing_attempted = True
        self._clients.failure, self._tokens.failure = failure, None
        self._clients.finish(GUARDED)
        self._tokens.finish(GUARDED)

    def execute(self) -> None:
        """Delete the clients, then revoke the tokens, and verify both; in check mode, do neither."""
        clients, check_mode = self._clients, self._task.check_mode
        if clients.failure:
            return
        try:
            # Before anything is sent, also if only tokens are selected.
            if self._identifiers and check_mode:
                self._journal.check()
            elif self._identifiers:
                self._journal.open()
        except ChatError as error:
            self._stop(error.failure)
            return
        _unless_it_fails(clients, clients.assume_revoked if check_mode else self._delete)
        if clients.credentials_rejected:
            self._tokens.finish(STOPPED_BY_401)
        else:
            # Also without a pending token: a client can get one until it is deleted.
            read_again = bool(self._identifiers)
            _unless_it_fails(self._tokens, lambda: self._revocation.run(check_mode, read_again=read_again))
        rejected = clients.credentials_rejected or self._tokens.credentials_rejected
        if not check_mode and self._identifiers and not (rejected or clients.failure):
            _unless_it_fails(clients, self._verify)
        clients.verified = not check_mode or not clients.rows
        self._check_own_only()
        try:
            self._journal.close()
        except ChatError as error:
            clients.failure = clients.failure or error.failure

    def _delete(self) -> None:
        """Delete the pending clients. If a DELETE is not confirmed, a list decides, or the DELETE is sent once more."""
        while pending := self._clients.items(Outcome.PENDING):
            self._deletions.send(pending, self._limits.concurrency)
            stopped = self._deletions.stopped
            if stopped:
                self._clients.finish(stopped)
            if stopped == STOPPED_BY_401 or not self._clients.failed:
                return
            _client_list, undecided = self._deletions.verify()
            self._deletions.repeat(undecided)

    def _verify(self) -> None:
        """Verify by a last list that the clients are deleted, and that no other one matches."""
        client_list, _undecided = self._deletions.verify()
        if client_list is None:
            return
        later = [entry for entry in self._selection.select(client_list).items if entry.id not in self._clients.rows]
        if later:
            self._clients.warn(
                f"{capitalized(named('API client', [entry.id for entry in later]))} did not match the selectors before the run, and did after it, so "
                "nothing is verified. The run does not delete what was not selected at its beginning. Run the task again."
            )
            self._unproven.append("an API client matches only now")

    def _check_own_only(self) -> None:
        """Fail if an identifier is not listed and its client may still exist."""
        unlisted = self._identifiers & self._unlisted
        if unlisted and self._listed is not None and self._listed.own_only is not False and not self._clients.failure:
            self._clients.failure = Failure(
                f"Client {shown(sorted(unlisted))} may still exist, because the API may list only clients that this task's own agent created. "
                "Unless an earlier run has deleted it, delete it in the Chat dashboard, or run the task as the agent who created it."
            )

    def result(self) -> dict[str, Any]:
        """Return the result of the module."""
        gone = {row.item.id for row in self._clients.with_outcome(Outcome.GONE)}
        is_failed = self._clients.failed or self._tokens.failed
        if self._unproven and not is_failed:
            self._clients.warn(f"The result is not verified: {'; '.join(self._unproven)}.")
        verified = self._clients.verified and self._tokens.verified and not self._unproven
        return {
            **_result(self._clients, self._tokens, verified, self._excluded, self._task.check_mode),
            "already_gone": sorted({*self._already_gone, *gone}, key=lambda value: (isinstance(value, str), value)),
            "listed": None if self._listed is None else vars(self._listed),
            "unknown_agent_emails": list(self._selection.found.unknown_emails),
            "unknown_client_names": self._unknown_names,
        }


class _TokensOf(TokenSelection):
    """The tokens of some clients. That a client has no token is normal."""

    def warnings(self, first_list: TokenList) -> list[str]:
        return []


def _unless_it_fails(outcomes: Outcomes[Any], work: Callable[[], None]) -> None:
    """Do the work. An exception becomes the failure of the pending items."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - whatever it is, the outcomes so far must not be lost
        outcomes.stop(failure_of(error))


def _result(
    clients: Outcomes[ApiClient],
    tokens: Outcomes[Token],
    verified: bool = False,
    excluded: int = 0,
    check_mode: bool = False,
) -> dict[str, Any]:
    """Return the result of the outcomes, and empty values for what the run did not note."""
    deleted = clients.items(Outcome.REVOKED)
    of_tokens = token_outcomes(tokens, check_mode)
    is_failed = clients.failed or tokens.failed
    verified = verified and not is_failed
    diffs = diff(clients, diff_line), token_diff(tokens)
    clients.warn(*tokens.warnings)
    kept = f" {counted(excluded, 'API client')} kept, because 'exclude' protects it." if excluded == 1 else ""
    kept = f" {counted(excluded, 'API client')} kept, because 'exclude' protects them." if excluded > 1 else kept
    message = _failure_message if is_failed else _message
    return {
        "changed": bool(deleted) or of_tokens["changed"],
        "msg": f"{message(clients, tokens, verified, check_mode)}{kept}",
        "deleted": [client_result(entry) for entry in deleted],
        "not_deleted": not_removed(clients, client_result),
        "already_gone": [],
        **{key: of_tokens[key] for key in ("revoked", "gone", "not_revoked")},
        "verified": verified,
        "listed": None,
        "unknown_agent_emails": [],
        "unknown_client_names": [],
        "warnings": clients.warnings,
        "diff": {key: diffs[0][key] + diffs[1][key] for key in ("before", "after")},
        **failed([*clients.failures(), *tokens.failures()], is_failed),
    }


def _message(clients: Outcomes[ApiClient], tokens: Outcomes[Token], verified: bool, check_mode: bool) -> str:
    deleted, revoked = clients.counts[Outcome.REVOKED], tokens.counts[Outcome.REVOKED]
    gone_clients, gone = clients.counts[Outcome.GONE], tokens.counts[Outcome.GONE]
    if not (deleted or revoked or gone_clients or gone):
        unproven = "" if verified else " This is not verified: see the warnings."
        return f"No API client to delete, and no token to revoke.{unproven}"
    if check_mode:
        return f"{counted(deleted, 'API client')} would be deleted, and {counted(revoked, 'token')} would be revoked."
    texts = [counted(gone_clients, "API client")] if gone_clients else []
    texts += [counted(gone, "token")] if gone else []
    already = f" ({enumerated(texts)} {'was' if gone + gone_clients == 1 else 'were'} already gone)" if texts else ""
    proof = "and none is left" if verified else "not verified"
    return f"{counted(deleted, 'API client')} deleted, {counted(revoked, 'token')} revoked{already}, {proof}."


def _failure_message(clients: Outcomes[ApiClient], tokens: Outcomes[Token], verified: bool, check_mode: bool) -> str:
    if clients.nothing_attempted and tokens.nothing_attempted and clients.failure:
        return f"Nothing was deleted or revoked: {clients.failure.msg}"
    if check_mode and clients.failure and not tokens.failed:
        return f"{_message(clients, tokens, verified, check_mode)} {clients.failure.msg}"
    texts = [outcomes.failure_message() for outcomes in (clients, tokens) if outcomes.rows]
    texts += [outcomes.failure.msg for outcomes in (clients, tokens) if outcomes.failure and not outcomes.rows]
    unknown = clients.unknown
    nameless = {
        row.item.client_identifier
        for row in clients.rows.values()
        if row.outcome in (Outcome.REVOKED, Outcome.GONE) or row.item.id in unknown
    }
    if nameless and (tokens.failed or not tokens.verified):
        # Not abridged: they are to be copied.
        identifiers = ", ".join(map(plain_text, sorted(nameless)))
        texts.append(
            "Tokens may be left, and a deleted client cannot be found by its name. Run the task also with only 'client_identifiers' set to "
            f"{identifiers}, without other selectors and without 'exclude'"
        )
    return " ".join(map(sentence, texts))
