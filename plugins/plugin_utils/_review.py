# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Result of ``zchat_oauth_token_info`` -> the JSON report of an access review, and reports -> summary. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._dates import timestamp, valid_creation, valid_expiry
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._options import seconds
from ansible_collections.zchat.admin.plugins.module_utils._text import abridged, counted

SCHEMA = 1
"""Raise it if the meaning of a key changes."""
FINDINGS = ("owner_missing", "owner_disabled", "owner_inactive", "expired", "expires_soon", "never_expires", "old")
"""The findings of a token, in the order in which a report lists them."""

Result = Mapping[str, Any]

_COUNTS = ("tokens", "agents", "tokens_with_findings")


@dataclass(frozen=True)
class Thresholds:
    """When a token or an agent gets a finding. In seconds."""

    old_after: int
    expires_within: int
    inactive_after: int

    @classmethod
    def from_options(cls, options: Mapping[str, Any], names: Mapping[str, str]) -> Thresholds:
        """Return the thresholds of a task.

        ``names`` has the name of each option for the user. Raises ``ValueError`` for an invalid duration.
        """
        values = {}
        for option in ("old_after", "expires_within", "inactive_after"):
            try:
                values[option] = seconds({names[option]: options[option]}, names[option]) or 0
            except ChatError as error:
                raise ValueError(error.msg) from None
        return cls(**values)


def review_report(
    result: Result,
    *,
    thresholds: Thresholds,
    started: str,
    finished: str,
    user: str | None,
    version: str | None,
) -> dict[str, Any]:
    """Return the report of one run of ``zchat_oauth_token_info`` with ``names`` and without selectors.

    The findings are those at ``finished``, a UTC date. A result that failed gives a report without agents.
    """
    failed = bool(result.get("failed")) or result.get("tokens") is None
    agents = [] if failed else _agents(result, thresholds, timestamp(finished) or 0.0)
    tokens = [token for agent in agents for token in agent["tokens"]]
    listed = None if failed else result.get("listed")
    counts = {code: sum(code in token["findings"] for token in tokens) for code in FINDINGS}
    return {
        "schema": SCHEMA,
        "account": result.get("account"),
        "started": started,
        "finished": finished,
        "ansible_user": user,
        "collection_version": version,
        "listed": listed,
        # If it is not known whether the API lists the tokens of other agents, the review is not complete either.
        "complete": not failed and result.get("agents") is not None and (listed or {}).get("own_only") is False,
        "msg": str(result.get("msg") or "The module returned no result.") if failed else None,
        "warnings": list(result.get("warnings") or ()),
        "agents": agents,
        "summary": {
            "tokens": len(tokens),
            "agents": sum(agent["id"] is not None for agent in agents),
            "tokens_with_findings": sum(bool(token["findings"]) for token in tokens),
            "findings": counts,
        },
    }


def headline(report: Result) -> str:
    """Return the result of a review in one sentence without a period."""
    if report["listed"] is None:
        return "NOT COMPLETE: the tokens could not be listed"
    return f"{'' if report['complete'] else 'NOT COMPLETE: '}{counts_text(report['summary'])}"


def counts_text(summary: Result, accounts: str = "") -> str:
    """Return counts such as ``21 tokens of 5 people, 7 need a decision``."""
    affected = summary["tokens_with_findings"]
    of = f" of {counted(summary['agents'], 'person', 'people')}" if summary["agents"] else ""
    text = f"{counted(summary['tokens'], 'token')}{of}{accounts}"
    return f"{text}, {affected or 'none'} {'need' if affected > 1 else 'needs'} a decision"


def review_summary(
    runs: Mapping[str, Result],
    *,
    hashes: Mapping[str, Sequence[Result]],
    now: str,
    user: str | None,
    version: str | None,
) -> dict[str, Any]:
    """Return the summary of the ``runs`` of ``zchat_review``, by the name of the account.

    A run that did not take place is ``{}``. ``hashes`` has the ``{name, sha256}`` of each account's files.
    """
    accounts = [_account(name, run, hashes.get(name, ())) for name, run in runs.items()]
    done = sum(account["result"] == "done" for account in accounts)
    return {
        "schema": SCHEMA,
        # A review makes no changes, in check mode or not.
        "dry_run": False,
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


def review_summary_headline(summary: Result) -> str:
    """Return the result of all reviews in one sentence without a period."""
    totals = summary["summary"]
    counts = counts_text(totals, f" in {counted(totals['accounts'], 'account')}")
    if not totals["not_complete"]:
        return counts
    names = [account["name"] for account in summary["accounts"] if account["result"] != "done"]
    accounts = counted(totals["accounts"], "account")
    return f"NOT COMPLETE: {totals['not_complete']} of {accounts} ({abridged(names)}); {counts_text(totals)}"


def _agents(result: Result, thresholds: Thresholds, now: float) -> list[dict[str, Any]]:
    """Return the owners of the tokens by id, each with its tokens. Tokens without an owner come last."""
    known = {agent["id"]: agent for agent in result.get("agents") or ()}
    missing = frozenset(result.get("unknown_agent_ids") or ())
    clients = {client["client_identifier"]: client["name"] for client in result.get("clients") or ()}
    agents: dict[int | None, dict[str, Any]] = {}
    for token in sorted(result["tokens"], key=lambda token: token["id"]):
        number = token["agent_id"]
        if number not in agents:
            agents[number] = _agent(number, known.get(number, {}), missing)
        owner = agents[number]
        found = frozenset([*_owner_findings(owner, thresholds, now), *_token_findings(token, thresholds, now)])
        owner["tokens"].append(
            {
                "id": token["id"],
                "client_identifier": token["client_identifier"],
                "client_name": clients.get(token["client_identifier"]),
                "scopes": token["scopes"],
                "create_date": token["create_date"],
                "expire_date": token["expire_date"],
                "own": token["id"] == result.get("own_token_id"),
                "findings": [code for code in FINDINGS if code in found],
            }
        )
    return [agents[number] for number in sorted(agents, key=lambda number: (number is None, number or 0))]


def _agent(number: int | None, known: Result, missing: Collection[int]) -> dict[str, Any]:
    status = {True: "enabled", False: "disabled", None: "unknown"}[known.get("enabled")]
    return {
        "id": number,
        "email": known.get("email"),
        "display_name": known.get("display_name"),
        "status": "missing" if number in missing else status,
        "last_login": known.get("last_login"),
        "tokens": [],
    }


def _owner_findings(agent: Result, thresholds: Thresholds, now: float) -> Iterator[str]:
    if agent["status"] in ("missing", "disabled"):
        yield f"owner_{agent['status']}"
    login = timestamp(agent["last_login"])
    if login is not None and login <= now - thresholds.inactive_after:
        yield "owner_inactive"


def _token_findings(token: Result, thresholds: Thresholds, now: float) -> Iterator[str]:
    """Yield the findings of the token's dates.

    A date that is not valid cannot show that the token expires, so the token counts as one that never does.
    """
    expires, created = valid_expiry(token["expire_date"], token["create_date"]), valid_creation(token["create_date"])
    if expires is None:
        yield "never_expires"
    elif expires < now:
        yield "expired"
    elif expires <= now + thresholds.expires_within:
        yield "expires_soon"
    if created is not None and created <= now - thresholds.old_after:
        yield "old"


def _account(name: str, run: Result, files: Sequence[Result]) -> dict[str, Any]:
    report = run.get("report") or {}
    counts = report.get("summary", {})
    done = bool(report) and report["complete"] and not run.get("failed") and not run.get("unreachable")
    return {
        "name": name,
        "account": report.get("account"),
        "result": "done" if done else "not complete",
        "headline": str(run.get("msg") or "This account was not processed."),
        **{key: counts.get(key, 0) for key in _COUNTS},
        "files": list(files),
    }
