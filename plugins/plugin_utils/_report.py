# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module results -> the JSON reports. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._text import counted
from ansible_collections.zchat.admin.plugins.plugin_utils._verdict import verdict

SCHEMA = 1
"""Raise it if the meaning of a key changes."""

Result = Mapping[str, Any]

_COUNTS = {
    "revoked": "revoked",
    "would_be_revoked": "would be revoked",
    "kept": "kept",
    "gone": "gone",
    "not_revoked": "not revoked",
}
"""The counts of a summary, and the result of a token that each counts."""


def offboard_report(
    result: Result,
    *,
    agent_emails: Sequence[str],
    agent_ids: Sequence[int],
    dry_run: bool,
    started: str,
    finished: str,
    user: str | None,
    version: str | None,
    journal: Sequence[Result] = (),
) -> dict[str, Any]:
    """Return the report of one run of ``zchat_oauth_token`` (with ``names``) for these agents.

    A ``result`` without the key ``revoked`` is not complete: the report then has the revocations in the ``journal``, and
    no other tokens.
    """
    complete = result.get("revoked") is not None
    tokens = list(_tokens(result, dry_run) if complete else _journal_tokens(journal))
    agents = _agents(result, tokens, agent_emails, agent_ids)
    unknown_emails = list(result.get("unknown_agent_emails") or ())
    results = [token["result"] for _owner, token in tokens]
    return {
        "schema": SCHEMA,
        "account": result.get("account"),
        "dry_run": dry_run,
        "started": started,
        "finished": finished,
        "ansible_user": user,
        "collection_version": version,
        "listed": result.get("listed"),
        # If nobody was found, nothing could be verified.
        "verified": bool(result.get("verified") and (agents or not unknown_emails)),
        "msg": _failure(result, complete, journal),
        "warnings": list(result.get("warnings") or ()),
        "agents": agents,
        "unknown_agent_emails": unknown_emails,
        "unknown_agent_ids": list(result.get("unknown_agent_ids") or ()),
        "summary": {"agents": len(agents), **{key: results.count(name) for key, name in _COUNTS.items()}},
    }


def offboard_summary(
    runs: Mapping[str, Result],
    *,
    hashes: Mapping[str, Sequence[Result]],
    dry_run: bool,
    now: str,
    user: str | None,
    version: str | None,
) -> dict[str, Any]:
    """Return the summary of the ``runs`` of ``zchat_offboard``, by the name of the account.

    A run that did not take place is ``{}``. ``hashes`` has the ``{name, sha256}`` of each account's files.
    """
    accounts = [_account(name, run, hashes.get(name, ()), dry_run) for name, run in runs.items()]
    done = sum(account["result"] != "not complete" for account in accounts)
    return {
        "schema": SCHEMA,
        "dry_run": dry_run,
        "started": min([run["report"]["started"] for run in runs.values() if run.get("report")], default=now),
        "finished": now,
        "ansible_user": user,
        "collection_version": version,
        "accounts": accounts,
        "summary": {
            "accounts": len(accounts),
            "done": done,
            "not_complete": len(accounts) - done,
            **{key: sum(account[key] for account in accounts) for key in _COUNTS},
        },
    }


def _failure(result: Result, complete: bool, journal: Sequence[Result]) -> str | None:
    if complete and not result.get("failed"):
        return None
    msg = str(result.get("msg") or "The module returned no result.")
    if not journal:
        return msg
    last = journal[-1]
    return (
        f"{msg} The journal has {counted(len(journal), 'revocation')} of {counted(last['of'], 'selected token')}. "
        "The other tokens are not in this report. Run the task again to revoke them."
    )


def _tokens(result: Result, dry_run: bool) -> Iterator[tuple[int | None, dict[str, Any]]]:
    """Yield the owner's id and the outcome of each selected token."""
    names = {client["client_identifier"]: client["name"] for client in result.get("clients") or ()}
    outcomes = (
        ("revoked", "would be revoked" if dry_run else "revoked", None),
        ("kept", "kept", "reason"),
        ("gone", "gone", None),
        ("not_revoked", "not revoked", "msg"),
    )
    for key, outcome, reason in outcomes:
        for token in result.get(key) or ():
            shown = _shown(token["id"], token, names.get(token["client_identifier"]), outcome)
            yield token["agent_id"], {**shown, "reason": token[reason] if reason else None}


def _journal_tokens(journal: Iterable[Result]) -> Iterator[tuple[int | None, dict[str, Any]]]:
    for line in journal:
        yield line["agent_id"], {**_shown(line["token"], line, None, "revoked"), "reason": None}


def _shown(number: int, token: Result, client_name: str | None, outcome: str) -> dict[str, Any]:
    return {
        "id": number,
        "client_identifier": token.get("client_identifier"),
        "client_name": client_name,
        "scopes": token.get("scopes"),
        "create_date": token.get("create_date"),
        "expire_date": token.get("expire_date"),
        "result": outcome,
    }


def _agents(
    result: Result,
    tokens: Sequence[tuple[int | None, dict[str, Any]]],
    agent_emails: Sequence[str],
    agent_ids: Sequence[int],
) -> list[dict[str, Any]]:
    """Return the agents by id, each with its tokens: those in the result, and those of which only tokens are left."""
    owners = {owner for owner, _token in tokens}
    found = result.get("agents")
    known = {agent["id"]: agent for agent in found or ()}
    numbers = known.keys() | owners | (set(agent_ids) if found is None else set())
    agents = {number: _agent(number, known.get(number, {})) for number in numbers}
    for owner, token in sorted(tokens, key=lambda row: row[1]["id"]):
        agents[owner]["tokens"].append(token)
    listed = [agents[number] for number in sorted(agents, key=lambda number: (number is None, number or 0))]
    if found is None and owners <= set(agent_ids):
        # Without a lookup, the agent of an address is not known. Here no token can belong to it.
        unknown = result.get("unknown_agent_emails") or ()
        listed += [_agent(None, {"email": email}) for email in agent_emails if email not in unknown]
    return listed


def _agent(number: int | None, known: Result) -> dict[str, Any]:
    return {"id": number, **{key: known.get(key) for key in ("email", "display_name", "enabled")}, "tokens": []}


def _account(name: str, run: Result, files: Sequence[Result], dry_run: bool) -> dict[str, Any]:
    report = run.get("report") or {}
    outcome, headline = _outcome(run, report, dry_run)
    counts = report.get("summary", {})
    return {
        "name": name,
        "account": report.get("account"),
        "result": outcome,
        "headline": headline,
        **{key: counts.get(key, 0) for key in _COUNTS},
        "files": list(files),
    }


def _outcome(run: Result, report: Result, dry_run: bool) -> tuple[str, str]:
    if run.get("failed") or run.get("unreachable"):
        return "not complete", str(run.get("msg"))
    if "report" not in run:
        return "not complete", "This account was not processed."
    found = verdict(report) if report else None
    if found and found.kind == "not-complete":
        return "not complete", run["msg"]
    return "dry run" if dry_run else "done", run["msg"]
