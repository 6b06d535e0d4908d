# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON reports -> HTML pages. What a page states is decided here; the templates only escape and arrange it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import jinja2

from ansible_collections.zchat.admin.plugins.module_utils._dates import timestamp
from ansible_collections.zchat.admin.plugins.module_utils._text import abridged, counted
from ansible_collections.zchat.admin.plugins.plugin_utils._csv import CONTROLS
from ansible_collections.zchat.admin.plugins.plugin_utils._verdict import unknown_agents, verdict

# strftime would use the names of the locale.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_REPLACED = {**CONTROLS, **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd")}
"""Control characters, and those that change the direction of text, with which a name could be shown as another one."""
_WORST_FIRST = ("not revoked", "kept", "would be revoked", "revoked", "gone")
_REASONS = {
    "own token": "This run authenticates with this token.",
    "excluded": "The protect list contains this token.",
}

Report = Mapping[str, Any]


def render(template: str, page: Mapping[str, Any]) -> str:
    """Return a page as HTML. Every value is escaped, none is evaluated, and none changes the direction of other text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(page=page).translate(_REPLACED)


def offboard_page(report: Report) -> dict[str, Any]:
    """Return the values of ``offboard.html.j2``."""
    found = verdict(report)
    return {
        "title": "Zendesk Chat offboarding",
        "kind": found.kind,
        "amber": found.amber,
        "headline": found.headline,
        "notes": _notes(report),
        "people": sorted((_person(agent, report) for agent in report["agents"]), key=lambda person: person["order"]),
        "warnings": report["warnings"],
        "unknown": _unknown(report),
        "account": address_of(report["account"]) or "not known",
        "listed": _listed(report),
        "verified": _verified(report),
        **run_facts(report),
    }


def summary_headline(summary: Report) -> str:
    """Return the headline of a summary."""
    totals = summary["summary"]
    if totals["not_complete"]:
        failed = [account["name"] for account in summary["accounts"] if account["result"] == "not complete"]
        return (
            f"NOT COMPLETE: {totals['not_complete']} of {counted(totals['accounts'], 'account')} ({abridged(failed)})"
        )
    accounts = counted(totals["accounts"], "account")
    if summary["dry_run"]:
        return f"DRY RUN: {counted(totals['would_be_revoked'], 'token')} would be revoked in {accounts}"
    return f"{counted(totals['revoked'], 'token')} revoked in {accounts}, and every account is done"


def summary_page(summary: Report) -> dict[str, Any]:
    """Return the values of ``summary.html.j2``: the accounts that are not complete first."""
    kind = "not-complete" if summary["summary"]["not_complete"] else "dry-run" if summary["dry_run"] else "done"
    return {
        "title": "Zendesk Chat offboarding, all accounts",
        "kind": kind,
        "amber": False,
        "headline": summary_headline(summary),
        "accounts": account_rows(summary),
        "totals": _totals(summary["summary"]),
        **run_facts(summary),
    }


def account_rows(summary: Report) -> list[dict[str, Any]]:
    """Return the rows of a summary: the accounts that are not complete first."""
    accounts = sorted(summary["accounts"], key=lambda account: account["result"] != "not complete")
    return [_account(account) for account in accounts]


def _account(account: Report) -> dict[str, Any]:
    """Return one row of the summary. The result has its own column, so the headline does not repeat it."""
    kind, headline = account["result"].replace(" ", "-"), account["headline"].split(": ", 1)
    return {
        **account,
        "kind": kind,
        "account": address_of(account["account"]),
        "headline": headline[-1] if headline[0].lower() == account["result"] else account["headline"],
    }


def _totals(totals: Report) -> str:
    """Return the number of tokens by result, such as ``20 revoked, 1 kept``."""
    counts = {result: totals[result.replace(" ", "_")] for result in _WORST_FIRST}
    return ", ".join(f"{count} {result}" for result, count in counts.items() if count) or "none"


def address_of(account: str | None) -> str:
    """Return a base URL for people: without the scheme, and without the path that every account has."""
    return (account or "").removeprefix("https://").removesuffix("/api/v2/chat")


def run_facts(report: Report) -> dict[str, Any]:
    """Return when, by whom and with which version the report was written."""
    return {
        "started": moment(report["started"]),
        "finished": moment(report["finished"]),
        "user": report["ansible_user"] or "not known",
        "version": report["collection_version"] or "(version not known)",
    }


def _notes(report: Report) -> list[str]:
    """Return what to know in addition to the headline."""
    summary = report["summary"]
    notes = [report["msg"]] if report["msg"] is not None else []
    if report["dry_run"]:
        notes.append("Nothing was changed.")
    if any(token["reason"] == "own token" for agent in report["agents"] for token in agent["tokens"]):
        notes.append("The run authenticates with the token that is kept. Use another connection to revoke it.")
    if report["agents"] and not summary["not_revoked"] and report["listed"]:
        without = sum(not agent["tokens"] for agent in report["agents"])
        if 0 < without < summary["agents"]:
            people = counted(summary["agents"], "person", "people")
            notes.append(f"{without} of {people} had no token.")
    return notes


def _unknown(report: Report) -> list[str]:
    emails, ids = unknown_agents(report)
    return [*emails, *(f"agent {number}" for number in ids)]


def _listed(report: Report) -> str:
    listed = report["listed"]
    if not listed:
        return "No list of tokens is available."
    text = f"{counted(listed['tokens'], 'token')} of {counted(listed['agents'], 'agent')} before the revocation."
    if listed.get("own_only"):
        return (
            f"{text} All of them belong to the agent that this run authenticates as. The API may not show the tokens of "
            "other agents: these can still work."
        )
    return f"{text} If the account has more tokens, the API did not list all of them."


def _verified(report: Report) -> str:
    if report["verified"]:
        after = ", read after the last revocation," if report["summary"]["revoked"] else ""
        kept = " except those marked as kept" if report["summary"]["kept"] else ""
        return f"Yes: the list of tokens{after} contains no token of these people{kept}."
    if report["dry_run"]:
        return "No, this was a dry run."
    return "No." if report["agents"] else "No, because nobody was found."


def name_of(agent: Report) -> str:
    """Return the name of an agent of a report."""
    if agent["id"] is None:
        return str(agent["email"] or "Tokens without an agent")
    return str(agent["display_name"] or agent["email"] or f"agent {agent['id']}")


def _person(agent: Report, report: Report) -> dict[str, Any]:
    """Return one section of the page. The tokens that need attention come first; ``order`` does the same for people."""
    tokens = sorted(agent["tokens"], key=lambda token: (_WORST_FIRST.index(token["result"]), token["id"]))
    results = [token["result"] for token in tokens]
    number = None if agent["id"] is None else f"agent {agent['id']}"
    facts = [fact for fact in (agent["email"], number) if fact and fact != name_of(agent)]
    if agent["enabled"] is not None:
        facts.append("enabled in Chat" if agent["enabled"] else "disabled in Chat")
    elif agent["id"] in report["unknown_agent_ids"]:
        facts.append("this agent no longer exists")
    return {
        "name": name_of(agent),
        "facts": facts,
        "can_sign_in": bool(agent["enabled"]),
        "order": 0 if "not revoked" in results else 1 if "kept" in results else 2,
        "summary": _outcomes(results) if tokens or report["listed"] else "The tokens are not known",
        "tokens": [_token(token, report) for token in tokens],
    }


def _outcomes(results: Sequence[str]) -> str:
    """Return the outcomes of one person's tokens, such as ``3 tokens: 1 not revoked, 2 revoked``."""
    counts = [(results.count(result), result) for result in _WORST_FIRST if result in results]
    if len(counts) < 2:
        return f"{counted(len(results), 'token')} {counts[0][1]}" if counts else "No token"
    return f"{counted(len(results), 'token')}: {', '.join(f'{count} {result}' for count, result in counts)}"


def _token(token: Report, report: Report) -> dict[str, Any]:
    expires, now = timestamp(token["expire_date"]), timestamp(report["finished"])
    identifier = token["client_identifier"] or "not known"
    return {
        "id": str(token["id"]),
        "client": token["client_name"] or identifier,
        "client_identifier": identifier if token["client_name"] else "",
        "scopes": token["scopes"] or "not known",
        "created": moment(token["create_date"]),
        "expires": moment(token["expire_date"], missing="no expiry date" if report["listed"] else "not known"),
        "had_expired": expires is not None and now is not None and expires <= now,
        "result": token["result"].capitalize(),
        "kind": token["result"].replace(" ", "-"),
        "reason": _REASONS.get(token["reason"], token["reason"]) or "",
    }


def moment(date: Any, missing: str = "not known") -> dict[str, str]:
    """Return a date of the API as ``text`` and as ``datetime`` (empty if it cannot be parsed)."""
    seconds = timestamp(date)
    try:
        when = None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        when = None  # in UTC, the year can be less than 1 or greater than 9999
    if when is None:
        return {"text": missing if date is None else str(date), "datetime": ""}
    return {
        "text": f"{when.day} {_MONTHS[when.month - 1]} {when:%Y, %H:%M} UTC",
        "datetime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
    }
