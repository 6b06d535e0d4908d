# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every HTML page shows, and the page of a summary. The templates only escape and arrange it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import jinja2

from ansible_collections.zchat.admin.plugins.module_utils._text import capitalized, counted
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import (
    Account,
    Client,
    Document,
    Listed,
    OffboardAgent,
    ReviewAgent,
    Summary,
    SummaryKind,
    own_only_reason,
    result_of,
    safe,
    unknown_names,
    utc_datetime,
)

STATES = {
    "enabled": "enabled in Chat",
    "disabled": "disabled in Chat",
    "missing": "no longer exists",
    "unknown": "state not known",
}
"""The status of an agent in words."""
_WORST_FIRST = ("not-complete", "attention", "dry-run", "done")
"""The kinds of accounts in a summary."""

# strftime would use the names of the locale.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def render(template: str, page: Mapping[str, Any]) -> str:
    """Return a page as HTML. Every value is escaped, none is evaluated, and none changes the direction of other text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(page=safe(page))


def page_of(document: Document, title: str, earlier_report: str | None = None) -> dict[str, Any]:
    """Return what the pages of all reports show. ``earlier_report`` is the name of one that proves that the list is complete."""
    return {
        **_frame(document, title, document["headline"], result_of(document)),
        "account": _short(document["account"]) or "not known",
        "listed": _listed(document["listed"], earlier_report),
        "warnings": document["warnings"],
    }


def summary_page(summary: Summary, kind: SummaryKind) -> dict[str, Any]:
    """Return the values of ``summary.html.j2``: the accounts that are not complete first, then those with most to decide."""
    totals = cast(Mapping[str, Any], summary["summary"])
    result = "not complete" if totals["not_complete"] else "dry run" if summary["dry_run"] else "done"
    by_number = sorted(summary["accounts"], key=lambda account: -(account.get("tokens_with_findings") or 0))
    counts = {key.replace("_", " "): totals[key] for key in kind.counts if totals[key] is not None}
    shown = ", ".join(f"{count} {text}" for text, count in counts.items() if count)
    return {
        **_frame(summary, kind.title, kind.headline(summary), result),
        "account": "",
        "attention": result != "not complete" and bool(totals["attention"]),
        "notes": [],
        **_in_no_account(summary),
        "accounts": sorted(map(_row, by_number), key=lambda row: _WORST_FIRST.index(row["kind"])),
        "totals": shown or ("none" if counts else "not known"),
    }


def person(agent: OffboardAgent | ReviewAgent, *facts: str) -> dict[str, Any]:
    """Return the name of an agent, and ``facts`` about it, which begin with the address and the id unless these are the name."""
    if agent["id"] is None and not agent["email"]:
        return {"name": "Tokens without an agent", "facts": ["the API returns no owner"]}
    number = "" if agent["id"] is None else f"agent {agent['id']}"
    name = agent["display_name"] or agent["email"] or number
    return {"name": name, "facts": [fact for fact in (agent["email"], number, *facts) if fact and fact != name]}


def own_only_note(listed: Listed | None) -> list[str]:
    """Return why the tokens of other agents can be missing in a list, as a sentence, if so."""
    text = own_only_reason(listed)
    return [f"{capitalized(text)}. Tokens of other agents can be missing in the list, and still work."] if text else []


def moment(date: Any, missing: str = "not known") -> dict[str, str]:
    """Return a date of the API as ``text`` and as ``datetime`` (empty if it cannot be parsed)."""
    when = utc_datetime(date)
    if when is None:
        return {"text": missing if date is None else str(date), "datetime": ""}
    return {
        "text": f"{when.day} {_MONTHS[when.month - 1]} {when:%Y, %H:%M} UTC",
        "datetime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
    }


def day(date: dict[str, str]) -> dict[str, str]:
    """Return a :func:`moment` without its time."""
    return {**date, "text": date["text"].partition(",")[0]} if date["datetime"] else date


def client(token: Mapping[str, Any]) -> dict[str, str]:
    """Return the client and the scopes of a token. The identifier of a client is a detail if its name is known."""
    identifier = token["client_identifier"] or "not known"
    return {
        "client": token["client_name"] or identifier,
        "client_identifier": identifier if token["client_name"] else "",
        "scopes": token["scopes"] or "not known",
    }


def api_client(client: Client) -> dict[str, Any]:
    """Return what every page shows of an API client."""
    identifier, name = client["client_identifier"], client["name"]
    has_name = bool(name and name.strip())
    return {
        "name": name if has_name else identifier,
        "identifier": identifier if has_name else "",
        "type": client["client_type"] or "type not known",
        "redirects": client["redirect_uris"] or "",
        "scopes": client["scopes"] or "not known",
        "created": day(moment(client["create_date"])),
    }


def _frame(document: Document | Summary, title: str, headline: str, result: str) -> dict[str, Any]:
    return {
        "title": title,
        "headline": headline,
        "kind": result.replace(" ", "-"),
        "started": moment(document["started"]),
        "finished": moment(document["finished"]),
        "user": document["ansible_user"] or "not known",
        "version": document["collection_version"] or "(version not known)",
    }


def _short(account: str | None) -> str:
    """Return a base URL for people: without the scheme, and without the path that every account has."""
    return (account or "").removeprefix("https://").removesuffix("/api/v2/chat")


def _listed(listed: Listed | None, earlier_report: str | None) -> str:
    if listed is None:
        return "The list of tokens was not read."
    counts = f"{counted(listed['tokens'], 'token')} of {counted(listed['agents'], 'agent')}."
    if earlier_report:
        proof = f"The report {earlier_report} shows that the API lists the tokens of other agents, too."
        return f"{counts} There is no token of another agent. {proof}"
    return " ".join(
        [counts, *(own_only_note(listed) or ["If the account has more tokens, the API did not list all of them."])]
    )


def _in_no_account(summary: Summary) -> dict[str, Any]:
    """Return the people whom no account has, and why this is unknown, if so. Only offboardings have them."""
    people = cast(Mapping[str, Any], summary)
    emails, ids = people.get("unknown_agent_emails", []), people.get("unknown_agent_ids", [])
    if emails is None or ids is None:
        return {"unknown": [], "unknown_note": "At least one account did not show which of the people it has."}
    return {"unknown": unknown_names(emails, ids), "unknown_note": ""}


def _row(account: Account) -> dict[str, Any]:
    """Return one row of a summary. An account is not settled while a person must check it."""
    result, number = account["result"], account.get("tokens_with_findings")
    if not account["attention"]:
        kind, text = result.replace(" ", "-"), result
    else:
        kind, text = "attention", f"{number} to decide" if number else "to be checked"
    return {**account, "account": _short(account["account"]), "kind": kind, "result": text}
