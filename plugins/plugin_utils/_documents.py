# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The promised form of the JSON documents: the report of one account, and the summary of all accounts. Pure.

A value that is unknown is ``None``, never 0 or empty. Only the builder of a document decides ``headline`` and ``complete``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, TypedDict, TypeVar, cast

from ansible_collections.zchat.admin.plugins.module_utils._dates import timestamp
from ansible_collections.zchat.admin.plugins.module_utils._text import abridged, counted, printable, sentence
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import Origin

SCHEMA = 1
"""Raise it if the meaning of a key changes."""
NOT_COMPLETE = "NOT COMPLETE: "
"""The beginning of the headline of a run that did not do or show everything."""

Result = Mapping[str, Any]
"""The result of a module, or of an action."""
_T = TypeVar("_T")
_LINE_BREAK = re.compile(r"\s*[\t\n\v\f\r]\s*")


class Listed(TypedDict):
    """How much the API listed. ``own_only``: whether only tokens of the run's own agent, ``None`` if this is unknown."""

    tokens: int
    agents: int
    own_only: bool | None


class _Base(TypedDict):
    """What every document begins with. Dates are UTC."""

    schema: int
    started: str
    finished: str
    ansible_user: str | None
    collection_version: str | None


class Document(_Base):
    """What every report begins with."""

    account: str | None
    listed: Listed | None
    headline: str
    """The verdict in one sentence without a period."""
    complete: bool
    msg: str | None
    """Why the run failed."""
    warnings: list[str]


class _Token(TypedDict):
    id: int
    client_identifier: str | None
    client_name: str | None
    scopes: str | None
    create_date: str | None
    expire_date: str | None


class Client(TypedDict):
    """An API client. A person who knows the secret of a confidential one can get new tokens without signing in."""

    id: int
    name: str | None
    client_identifier: str
    client_type: str | None
    redirect_uris: str | None
    scopes: str | None
    create_date: str | None


class _Agent(TypedDict):
    id: int | None
    email: str | None
    display_name: str | None


class OffboardToken(_Token):
    """``result`` is ``revoked``, ``would be revoked``, ``gone``, ``kept``, ``not revoked`` or ``unknown``."""

    result: str
    reason: str | None


class OffboardAgent(_Agent):
    """A departing agent. ``clients`` is ``None`` if it is unknown whether the agent created API clients."""

    enabled: bool | None
    clients: list[Client] | None
    tokens: list[OffboardToken] | None


class OffboardCounts(TypedDict):
    """The number of agents, and of tokens by result. A token with an unknown outcome counts as not revoked."""

    agents: int | None
    revoked: int | None
    would_be_revoked: int | None
    kept: int | None
    gone: int | None
    not_revoked: int | None


class OffboardDocument(Document):
    """The report of an offboarding. ``agents`` is ``None`` if not even the given people are known.

    ``own_agent_id`` is the agent that the run authenticated as. ``earlier_report`` is the file name of a report that proves what this
    run did not see: that the API lists the tokens of other agents. ``None`` if it is not needed, or there is none.
    """

    own_agent_id: int | None
    earlier_report: str | None
    dry_run: bool
    verified: bool
    agents: list[OffboardAgent] | None
    unknown_agent_emails: list[str] | None
    unknown_agent_ids: list[int] | None
    summary: OffboardCounts


class ReviewToken(_Token):
    """``own``: whether the review authenticates with this token."""

    own: bool
    findings: list[str]


class ReviewAgent(_Agent):
    """An owner of tokens. ``status`` is one of :func:`status`."""

    status: str
    last_login: str | None
    tokens: list[ReviewToken]


class ReviewClient(Client):
    """An API client. ``agent_id`` is its creator, ``tokens`` the number of its listed tokens."""

    agent_id: int | None
    tokens: int
    findings: list[str]


class ReviewCounts(TypedDict):
    """The number of tokens and their owners, of tokens by finding, and of API clients with findings."""

    tokens: int | None
    agents: int | None
    tokens_with_findings: int | None
    findings: dict[str, int] | None
    clients_with_findings: int | None


class ReviewDocument(Document):
    """The report of an access review."""

    agents: list[ReviewAgent] | None
    clients: list[ReviewClient] | None
    summary: ReviewCounts


class _SummaryCounts(TypedDict, total=False):
    """The counts of an offboarding, or those of a review."""

    revoked: int | None
    would_be_revoked: int | None
    kept: int | None
    gone: int | None
    not_revoked: int | None
    tokens: int | None
    agents: int | None
    tokens_with_findings: int | None


class File(TypedDict):
    """``sha256`` is ``None`` if the file cannot be read."""

    name: str
    sha256: str | None


class Account(_SummaryCounts):
    """One account of a summary. ``result`` is one of :func:`result_of`."""

    name: str
    account: str | None
    result: str
    headline: str
    attention: bool
    """Whether a person must check it although it is complete: its own verdict is not green."""
    files: list[File]


class Totals(_SummaryCounts):
    """The sums over the accounts."""

    accounts: int
    done: int
    not_complete: int
    attention: int


class Summary(_Base):
    """The summary of all accounts."""

    dry_run: bool
    accounts: list[Account]
    summary: Totals


class OffboardSummary(Summary):
    """The summary of offboardings. Whom no account has is ``None`` if an account did not show whether it has them."""

    unknown_agent_emails: list[str] | None
    unknown_agent_ids: list[int] | None


@dataclass(frozen=True)
class SummaryKind:
    """What differs between the summaries of offboardings and of reviews."""

    title: str
    counts: Sequence[str]
    """The counts of a report that the summary adds up."""
    headline: Callable[[Any], str]
    """Returns the result for all accounts in one sentence without a period."""
    attention: Callable[[Any], bool]
    """Returns whether a report that is complete or a dry run must be checked by a person."""
    more: Callable[[Sequence[Any]], Mapping[str, Any]] = lambda _documents: {}
    """Returns further keys of the summary. A report is ``None`` if the account has none."""


def head(result: Result, msg: str | None, origin: Origin) -> Document:
    """Return the beginning of a report of this ``result``. The builder of the report then sets the verdict."""
    return {
        **_base(origin),
        "account": result.get("account"),
        "listed": result.get("listed"),
        "headline": "",
        "complete": False,
        "msg": None if msg is None else _one_line(msg),
        "warnings": [_one_line(text) for text in result.get("warnings") or ()],
    }


def _base(origin: Origin) -> _Base:
    return {
        "schema": SCHEMA,
        "started": origin.started,
        "finished": origin.finished,
        "ansible_user": origin.user,
        "collection_version": origin.version,
    }


def safe(document: _T) -> _T:
    """Return the document with U+FFFD for each character that could control a terminal or the direction of other text."""
    if isinstance(document, dict):
        return cast(_T, {key: safe(value) for key, value in document.items()})
    if isinstance(document, list):
        return cast(_T, [safe(value) for value in document])
    return cast(_T, printable(document))


def _one_line(text: Any) -> str:
    return _LINE_BREAK.sub(" ", str(text).strip())


def not_run(msg: str) -> Result:
    """Return the result of a run that failed before its first request."""
    return {"failed": True, "msg": msg, "revoked": []}


def failure_reason(result: Result, key: str) -> str | None:
    """Return why a run failed, ``None`` if it did not. The result of a run that succeeded has the ``key``."""
    failed = result.get("failed") or result.get(key) is None
    return str(result.get("msg") or "The run ended without a result.") if failed else None


def token_row(token: Result, clients: Mapping[str, str | None]) -> _Token:
    """Return what every report shows of a token. ``clients`` has the names of API clients by their identifiers."""
    return {
        "id": token["id"],
        "client_identifier": token["client_identifier"],
        "client_name": clients.get(token["client_identifier"]),
        "scopes": token["scopes"],
        "create_date": token["create_date"],
        "expire_date": token["expire_date"],
    }


def client_row(client: Result) -> Client:
    """Return what every report shows of an API client."""
    return {
        "id": client["id"],
        "name": client["name"],
        "client_identifier": client["client_identifier"],
        "client_type": client["client_type"],
        "redirect_uris": client["redirect_uris"],
        "scopes": client["scopes"],
        "create_date": client["create_date"],
    }


def client_names(result: Result) -> dict[str, str | None]:
    """Return the names of the API clients in a result, by their identifiers."""
    return {client["client_identifier"]: client["name"] for client in result.get("clients") or ()}


def status(agent: Result, missing: Collection[int] | None) -> str:
    """Return ``enabled``, ``disabled``, ``missing`` (no longer exists) or ``unknown``."""
    if missing is not None and agent.get("id") in missing:
        return "missing"
    return {True: "enabled", False: "disabled", None: "unknown"}[agent.get("enabled")]


def by_id(number: int | None) -> tuple[bool, int]:
    """Return a key that sorts the ids of agents. Tokens without an agent come last."""
    return (number is None, number or 0)


def unknown_names(emails: Sequence[str], ids: Sequence[int]) -> list[str]:
    """Return the addresses and ids that are unknown, as a page or a headline names them."""
    return [*emails, *(f"agent {number}" for number in ids)]


def own_only_reason(listed: Listed | None) -> str:
    """Return why a list does not prove that it has the tokens of all agents; empty if it does."""
    only = listed["own_only"] if listed else None
    if only is None:
        return "it is not known whether the API lists the tokens of all agents"
    return "the API listed only the tokens of this run's own agent" if only else ""


def utc_datetime(date: Any) -> datetime | None:
    """Return a date of the API, ``None`` if it cannot be parsed, or if its year in UTC is less than 1 or greater than 9999."""
    seconds = timestamp(date)
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None


def people(number: int) -> str:
    """Return a number of people."""
    return counted(number, "person", "people")


def reasons(document: Document) -> list[str]:
    """Return why a run failed. If it did not, but is not complete, its warnings have the reasons."""
    if document["msg"] is not None:
        return [document["msg"]]
    return document["warnings"] if result_of(document) == "not complete" else []


def message(document: Document, problems: Sequence[str] = ()) -> str:
    """Return the message of a task: the verdict, why the run is not complete, and the ``problems`` with its files."""
    more = [*reasons(document), *map(sentence, problems)]
    return " ".join([f"{document['headline']}.", *more]) if more else document["headline"]


def task_result(
    document: Document, result: Result, problems: Sequence[str] = (), report_files: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the result of the task that ran a module with this ``result``. The ``problems`` fail it."""
    return {
        "changed": bool(result.get("changed")),
        "failed": document["msg"] is not None or bool(problems),
        "msg": message(document, problems),
        "report": document,
        "report_files": list(report_files),
        **{key: result[key] for key in ("diff", "status", "warnings") if key in result},
    }


def result_of(document: Document) -> str:
    """Return ``done``, ``dry run`` or ``not complete``."""
    if document["headline"].startswith(NOT_COMPLETE):
        return "not complete"
    return "dry run" if document.get("dry_run") else "done"


def summary_document(
    runs: Mapping[str, Result],
    kind: SummaryKind,
    origin: Origin,
    *,
    files: Mapping[str, Sequence[File]],
    dry_run: bool = False,
) -> Summary:
    """Return the summary of ``runs`` of ``zchat_offboard`` or ``zchat_review``, by the name of the account.

    A run that did not take place is ``{}``. ``files`` has the reports of each account.
    """
    accounts = [_account(name, run, kind, files.get(name, ())) for name, run in runs.items()]
    processed = [account for account in accounts if account["result"] != "not complete"]
    for account in processed:
        same = [other["name"] for other in processed if other["account"] == account["account"] and other is not account]
        if account["account"] and same:
            # The account that was meant for one of these hosts is not part of the run.
            account["attention"] = True
            account["headline"] += f"; the same account as {abridged(same)}"
    done = len(processed)
    documents = [run.get("report") for run in runs.values()]
    summary: Summary = {
        **_base(origin),
        "started": min((document["started"] for document in documents if document), default=origin.started),
        "dry_run": dry_run,
        "accounts": accounts,
        "summary": {
            "accounts": len(accounts),
            "done": done,
            "not_complete": len(accounts) - done,
            "attention": sum(account["attention"] for account in accounts),
            **cast(_SummaryCounts, {key: _total([cast(Result, row)[key] for row in accounts]) for key in kind.counts}),
        },
    }
    return safe(cast(Summary, {**summary, **kind.more(documents)}))


def not_complete_headline(summary: Summary) -> str:
    """Return the headline of a summary if not all accounts are complete, otherwise an empty string."""
    names = [account["name"] for account in summary["accounts"] if account["result"] == "not complete"]
    accounts = counted(summary["summary"]["accounts"], "account")
    return f"{NOT_COMPLETE}{len(names)} of {accounts} ({abridged(names)})" if names else ""


def _account(name: str, run: Result, kind: SummaryKind, files: Sequence[File]) -> Account:
    document = run.get("report")
    failed = not document or run.get("failed") or run.get("unreachable")
    result = "not complete" if failed else result_of(cast(Document, document))
    reason = str(run.get("msg") or "This account was not processed.")
    summary = document["summary"] if document else {}
    return {
        "name": name,
        "account": document["account"] if document else None,
        "result": result,
        "headline": document["headline"] if document and result != "not complete" else _one_line(reason),
        "attention": result != "not complete" and kind.attention(document),
        **cast(_SummaryCounts, {key: summary.get(key) for key in kind.counts}),
        "files": list(files),
    }


def _total(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known or not values else None
