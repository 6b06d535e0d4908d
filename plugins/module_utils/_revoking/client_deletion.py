# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Delete the selected API clients, then revoke their tokens: both lists, all guards, DELETE, and verify both.

Check mode is the same run without the DELETE requests.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._api.clients import (
    ApiClient,
    ClientList,
    client_result,
    delete_client,
    diff_line,
    list_clients,
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
from ansible_collections.zchat.admin.plugins.module_utils._text import abridged, capitalized, counted, named, sentence


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
    return _result(Outcomes(API_CLIENT), Outcomes(), (), (), False, {"listed": None})


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
        self._listed: ListedClients | None = None
        self._missing: set[int | str] = set()
        """Those of ``ids`` and ``client_identifiers`` that are not listed."""
        self._unknown_names: list[str] = []
        self._unproven: list[str] = []
        """Why nothing is verified, although each DELETE succeeded."""
        self._identifiers: frozenset[str] = frozenset()
        """The clients whose tokens are selected."""

    @property
    def _tokens(self) -> Outcomes[Token]:
        return self._revocation.outcomes

    def plan(self) -> None:
        """Select the clients and their tokens. They are pending afterwards, unless a guard stops the task."""
        self._selection.look_up()
        client_list = list_clients(self._client)
        self._deletions.observe(client_list)
        selected = self._selection.select(client_list)
        self._unknown_names = self._selection.unknown_client_names
        self._clients.add(selected.items)
        self._deletions.forget(selected.items)
        token_list = list_tokens(self._client)
        of_tokens = {token.client_identifier for token in token_list.items}
        self._clients.warn(*self._selection.check_exclude(client_list, known=of_tokens))
        unlisted, undecidable = self._unlisted(client_list)
        self._identifiers = unlisted.union(entry.client_identifier for entry in selected.items)
        # Before the tokens are planned: their own guard about the own token would name an option that this module does not have.
        plan = Plan(
            delete=selected.items,
            identifiers=self._identifiers,
            own_identifiers=self._own.client_identifiers(token_list),
            undecidable=undecidable,
        )
        failure = check_guards(plan, self._limits)
        self._token_selection.selectors = Selectors(client_identifiers=self._identifiers)
        self._revocation.plan(token_list, is_first=True)
        self._listed = ListedClients.of(client_list, self._own)
        self._clients.warn(*self._listed.warnings(), *self._selection.warnings(client_list))
        if failure or self._tokens.failure:
            self._stop(failure or self._tokens.failure)
        else:
            self._clients.warn(*self._about_unlisted(unlisted))

    def _stop(self, failure: Failure | None) -> None:
        """Execute nothing: ``failure`` is that of the task."""
        self._clients.nothing_attempted = self._tokens.nothing_attempted = True
        self._clients.failure, self._tokens.failure = failure, None
        self._clients.finish(GUARDED)
        self._tokens.finish(GUARDED)

    def _unlisted(self, client_list: ClientList) -> tuple[frozenset[str], str | None]:
        """Return those of ``client_identifiers`` that are not listed and whose tokens are selected, and why that is undecidable, if so."""
        selectors = self._selection.selectors
        listed = {entry.client_identifier for entry in client_list.items}
        unlisted = (selectors.client_identifiers or frozenset()) - listed - selectors.exclude.client_identifiers
        self._missing = {*unlisted, *((selectors.ids or frozenset()) - {entry.id for entry in client_list.items})}
        names = self._selection.hints(unlisted)
        if names:
            return frozenset(), f"'client_identifiers' contains the name of an API client.{names}"
        if selectors.ids is not None or selectors.agent_ids is not None or selectors.agent_emails is not None:
            # Its id and its creator are unknown, so it does not match these selectors.
            return frozenset(), None
        exclude = selectors.exclude
        if unlisted and (exclude.ids or exclude.agent_ids or exclude.agent_emails or exclude.client_names):
            return frozenset(), (
                f"the API lists no client with the identifier {abridged(sorted(unlisted))}, so its name and its creator are unknown, and "
                "'exclude' can protect it. Remove it, or use only 'client_identifiers' in 'exclude'."
            )
        return unlisted, None

    def _about_unlisted(self, of_tokens: Collection[str]) -> list[str]:
        """Return warnings about values that no listed client has. ``of_tokens`` are identifiers whose tokens are selected."""
        selectors = self._selection.selectors
        identifiers = sorted(value for value in self._missing if isinstance(value, str))
        ids = sorted(value for value in self._missing if isinstance(value, int))
        warnings = []
        if identifiers:
            then = (
                "Its tokens are selected."
                if of_tokens
                else "Its tokens are not selected, because other selectors are set."
            )
            warnings.append(f"No API client is listed with the identifier {abridged(identifiers)}. {then}")
            if not of_tokens:
                self._unproven.append(f"the tokens of client {abridged(identifiers)} are not selected")
        if ids:
            warnings.append(f"No API client is listed with the id {abridged(ids)}.")
        unknown = [*(f"the id {number}" for number in ids), *(f"the name '{n}'" for n in self._unknown_names)]
        if unknown:
            self._unproven.append(
                f"no listed client has {abridged(unknown)}, and the tokens of a client that was deleted can be found only by its identifier"
            )
        by_agent = selectors.agent_ids is not None or selectors.agent_emails is not None
        if by_agent and self._listed is not None and self._listed.own_only is not False:
            self._unproven.append("the list may lack clients of other agents")
        return warnings

    def execute(self) -> None:
        """Delete the clients, then revoke the tokens, and verify both; in check mode, do neither."""
        if self._clients.failure:
            return
        pending = self._clients.items(Outcome.PENDING)
        clients_proven = True
        try:
            if pending and self._task.check_mode:
                self._journal.check()
                self._clients.assume_revoked()
                clients_proven = False
            elif pending:
                self._journal.open()
                clients_proven = self._delete()
        except Exception as error:  # noqa: BLE001 - whatever it is, the outcomes so far must not be lost
            failure = failure_of(error)
            if all(row.outcome is Outcome.PENDING for row in self._clients.rows.values()):
                self._stop(failure)
                return
            self._clients.stop(failure)
        try:
            if self._deletions.stopped == STOPPED_BY_401:
                self._tokens.finish(STOPPED_BY_401)
            else:
                # Also without a pending token: a client can get one until it is deleted.
                self._revocation.run(self._task.check_mode, read_again=bool(pending))
        except Exception as error:  # noqa: BLE001 - whatever it is, the outcomes so far must not be lost
            self._tokens.stop(failure_of(error))
        self._clients.verified = clients_proven
        self._check_own_only()
        try:
            self._journal.close()
        except ChatError as error:
            self._clients.failure = self._clients.failure or error.failure

    def _delete(self) -> bool:
        """Delete the pending clients. Return whether the last list proves the outcome."""
        deletions, clients = self._deletions, self._clients
        proven = False
        while pending := clients.items(Outcome.PENDING):
            deletions.send(pending, self._limits.concurrency)
            if deletions.stopped:
                clients.finish(deletions.stopped)
            if deletions.stopped == STOPPED_BY_401:
                return False
            client_list, undecided = deletions.verify()
            if client_list is None:
                return False
            proven = self._check_later(client_list)
            deletions.repeat(undecided)
        return proven

    def _check_later(self, client_list: ClientList) -> bool:
        """Return whether a later list contains no further selected client. These are not deleted, because nobody approved it."""
        later = [entry for entry in self._selection.select(client_list).items if entry.id not in self._clients.rows]
        if later:
            self._clients.warn(
                f"{capitalized(named('API client', [entry.id for entry in later]))} matched the selectors only after the others were deleted, "
                "so nothing is verified. The run does not delete what was not selected at its beginning. Run the task again."
            )
        return not later

    def _check_own_only(self) -> None:
        """Fail if an identifier is not listed and its client may still exist."""
        unlisted = self._identifiers - {row.item.client_identifier for row in self._clients.rows.values()}
        if unlisted and self._listed is not None and self._listed.own_only is not False and not self._clients.failure:
            self._clients.failure = Failure(
                f"The client {abridged(sorted(unlisted))} may still exist, because the API may list only clients that this task's own agent "
                "created. Delete it in the Chat dashboard, or run the task as the agent who created it."
            )

    def result(self) -> dict[str, Any]:
        """Return the result of the module."""
        gone = {row.item.id for row in self._clients.with_outcome(Outcome.GONE)}
        missing = sorted({*self._missing, *gone}, key=lambda value: (isinstance(value, str), value))
        if self._unproven and not (self._clients.failed or self._tokens.failed):
            self._clients.warn(f"Nothing is verified: {'; '.join(self._unproven)}.")
        more = {
            "listed": None if self._listed is None else vars(self._listed),
            "unknown_agent_emails": list(self._selection.found.unknown_emails),
            "unknown_client_names": self._unknown_names,
        }
        verified = self._clients.verified and self._tokens.verified and not self._unproven
        return _result(self._clients, self._tokens, self._identifiers, missing, verified, more, self._task.check_mode)


class _TokensOf(TokenSelection):
    """The tokens of some clients. That a client has no token is normal."""

    def warnings(self, first_list: TokenList) -> list[str]:
        return []


def _result(
    clients: Outcomes[ApiClient],
    tokens: Outcomes[Token],
    identifiers: Collection[str],
    already_gone: Collection[int | str],
    verified: bool,
    more: Mapping[str, Any],
    check_mode: bool = False,
) -> dict[str, Any]:
    deleted = clients.items(Outcome.REVOKED)
    of_tokens = token_outcomes(tokens, check_mode)
    is_failed = clients.failed or tokens.failed
    verified = verified and not is_failed
    diffs = diff(clients, diff_line), token_diff(tokens)
    clients.warn(*tokens.warnings)
    return {
        "changed": bool(deleted) or of_tokens["changed"],
        "msg": _failure_message(clients, tokens, identifiers)
        if is_failed
        else _message(clients, tokens, verified, check_mode),
        "deleted": [client_result(entry) for entry in deleted],
        "not_deleted": not_removed(clients, client_result),
        "already_gone": list(already_gone),
        **{key: of_tokens[key] for key in ("revoked", "gone", "not_revoked")},
        "verified": verified,
        "unknown_agent_emails": [],
        "unknown_client_names": [],
        **more,
        "warnings": clients.warnings,
        "diff": {key: diffs[0][key] + diffs[1][key] for key in ("before", "after")},
        **failed([*clients.failures(), *tokens.failures()], is_failed),
    }


def _message(clients: Outcomes[ApiClient], tokens: Outcomes[Token], verified: bool, check_mode: bool) -> str:
    deleted, revoked, gone = (
        clients.counts[Outcome.REVOKED],
        tokens.counts[Outcome.REVOKED],
        tokens.counts[Outcome.GONE],
    )
    if not (deleted or revoked or gone):
        return "No API client to delete, and no token to revoke."
    if check_mode:
        return f"{counted(deleted, 'API client')} would be deleted, and {counted(revoked, 'token')} would be revoked."
    already = f" ({gone} more were gone when their turn came)" if gone else ""
    proof = "none is left" if verified else "not verified"
    return f"{counted(deleted, 'API client')} deleted, {counted(revoked, 'token')} revoked{already}, {proof}."


def _failure_message(clients: Outcomes[ApiClient], tokens: Outcomes[Token], identifiers: Collection[str]) -> str:
    if clients.nothing_attempted and clients.failure:
        return f"Nothing was deleted or revoked: {clients.failure.msg}"
    texts = [clients.failure_message()] if clients.failed or clients.rows else []
    if tokens.failed or tokens.rows:
        texts.append(tokens.failure_message())
    if tokens.failed:
        # Not abridged: it is to be copied.
        texts.append(
            "Tokens may be left, and a deleted client cannot be found by its name. For the next run, set 'client_identifiers' to "
            f"{', '.join(sorted(identifiers))}."
        )
    return " ".join(map(sentence, texts))
