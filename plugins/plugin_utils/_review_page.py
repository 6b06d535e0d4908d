# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of an access review -> its HTML page. What the page states is decided here; the template arranges it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._dates import timestamp, valid_creation
from ansible_collections.zchat.admin.plugins.module_utils._text import abridged, counted
from ansible_collections.zchat.admin.plugins.plugin_utils._page import (
    account_rows,
    address_of,
    moment,
    name_of,
    run_facts,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._review import (
    Thresholds,
    counts_text,
    headline,
    review_summary_headline,
)

Report = Mapping[str, Any]

MAX_DETAILED = 100
"""People whose tokens the page lists. Each further person has one line, so that a page of 10,000 tokens stays usable."""
_OWNER = ("owner_missing", "owner_disabled", "owner_inactive")
_WORST_FIRST = (*_OWNER, "never_expires", "old", "expires_soon", "expired")
_KINDS = {
    **dict.fromkeys(_OWNER, "urgent"),
    **dict.fromkeys(("never_expires", "old"), "attention"),
    **dict.fromkeys(("expires_soon", "expired"), "minor"),
}
_STATUS = {
    "enabled": "enabled in Chat",
    "disabled": "disabled in Chat",
    "missing": "no longer exists",
    "unknown": "state not known",
}
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def review_page(report: Report, thresholds: Thresholds) -> dict[str, Any]:
    """Return the values of ``review.html.j2``."""
    ranks = {agent["id"]: min(_order(token["findings"]) for token in agent["tokens"]) for agent in report["agents"]}
    by_rank = sorted(report["agents"], key=lambda agent: ranks[agent["id"]])
    affected = [agent for agent in by_rank if ranks[agent["id"]] < _order(())]
    titles = _titles(thresholds)
    kind, amber = _verdict(report["complete"], report["summary"])
    return {
        "title": "Zendesk Chat access review",
        "kind": kind,
        "amber": amber,
        "headline": headline(report),
        "notes": _notes(report),
        "findings": _findings(report, titles),
        "people": [_person(agent, titles) for agent in affected[:MAX_DETAILED]],
        "more": _more(affected[MAX_DETAILED:], titles),
        "rest": [_rest(agent) for agent in by_rank[len(affected) :]],
        "limits": _limits(report),
        "warnings": report["warnings"],
        "account": address_of(report["account"]) or "not known",
        "listed": _listed(report),
        "thresholds": (
            f"A token is old after {duration(thresholds.old_after)}, and expires soon within "
            f"{duration(thresholds.expires_within)}. A person is inactive {duration(thresholds.inactive_after)} after the "
            "last sign-in."
        ),
        **run_facts(report),
    }


def review_summary_page(summary: Report) -> dict[str, Any]:
    """Return the values of ``summary.html.j2``: the accounts that are not complete first, then those with most to decide."""
    totals = summary["summary"]
    kind, amber = _verdict(not totals["not_complete"], totals)
    by_number = sorted(account_rows(summary), key=lambda account: -account["tokens_with_findings"])
    return {
        "title": "Zendesk Chat access review, all accounts",
        "kind": kind,
        "amber": amber,
        "headline": review_summary_headline(summary),
        "accounts": sorted(map(_to_decide, by_number), key=lambda account: account["kind"] != "not-complete"),
        "totals": counts_text(totals),
        **run_facts(summary),
    }


def _to_decide(account: Report) -> dict[str, Any]:
    """Return the row of an account. One that is reviewed is not settled while its tokens need a decision."""
    number = account["tokens_with_findings"]
    open_row = {"kind": "attention", "result": f"{number} to decide"} if account["kind"] == "done" and number else {}
    return {**account, **open_row}


def duration(seconds: int) -> str:
    """Return a duration such as ``180 days``, in the largest unit that needs no fraction."""
    unit, length = next((unit, length) for unit, length in _UNITS if seconds % length == 0)
    return counted(seconds // length, unit)


def _titles(thresholds: Thresholds) -> dict[str, str]:
    return {
        "owner_missing": "Owner no longer exists",
        "owner_disabled": "Owner is disabled",
        "owner_inactive": f"Owner has not signed in for {duration(thresholds.inactive_after)}",
        "never_expires": "Never expires",
        "old": f"Older than {duration(thresholds.old_after)}",
        "expires_soon": f"Expires within {duration(thresholds.expires_within)}",
        "expired": "Expired",
    }


_ADVICE = {
    "owner_missing": "Revoke these tokens by agent id. They may still work.",
    "owner_disabled": "Revoke these tokens. They may still work although the owner cannot sign in.",
    "owner_inactive": "Ask whether this person still needs access. If not, offboard the person.",
    "never_expires": "Find the integration that uses the token. Replace the token regularly, or revoke it.",
    "old": "Ask whether the token is still used. If not, revoke it.",
    "expires_soon": "Renew the token before it expires, if it is still needed.",
    "expired": "Revoke the token. Its refresh token may still work.",
}


def _order(findings: Sequence[str]) -> tuple[bool, ...]:
    """Return a key that sorts the most serious findings first: the owner, then tokens that still work, then the rest."""
    absent = {code: code not in findings for code in _WORST_FIRST}
    return (*(absent[code] for code in _OWNER), not findings, not absent["expired"], *absent.values())


def _verdict(complete: bool, summary: Report) -> tuple[str, bool]:
    """Return the kind of the verdict, and whether it is amber."""
    return ("done", bool(summary["tokens_with_findings"])) if complete else ("not-complete", False)


def _notes(report: Report) -> list[str]:
    """Return why the review is not complete."""
    if report["msg"] is not None:
        return [report["msg"]]
    if report["complete"]:
        return []
    notes = []
    own_only = (report["listed"] or {}).get("own_only")
    if own_only:
        notes.append(
            "The API listed only tokens of the agent that this review authenticates as. It may not show the tokens of other "
            "agents."
        )
    elif own_only is None:
        notes.append("It is not known whether the API lists the tokens of all agents.")
    if not any(agent["status"] != "unknown" or agent["email"] for agent in report["agents"]):
        notes.append(
            "The agents could not be read. The review cannot show which owners are disabled, missing or inactive."
        )
    return notes


def _findings(report: Report, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what to do, the most serious first. Each token counts once, so that the numbers add up to the headline."""
    owners: dict[str, list[str]] = {code: [] for code in _WORST_FIRST}
    for agent in report["agents"]:
        for token in agent["tokens"]:
            if token["findings"]:
                owners[_reasons(token["findings"])[0]].append(name_of(agent))
    return [
        {
            "title": titles[code],
            "kind": _KINDS[code],
            "tokens": len(names),
            "people": abridged(list(dict.fromkeys(names))),
            "advice": _ADVICE[code],
        }
        for code, names in owners.items()
        if names
    ]


def _person(agent: Report, titles: Mapping[str, str]) -> dict[str, Any]:
    """Return one section of the page: the tokens that need a decision, and the number of the others."""
    groups: dict[tuple[Any, ...], list[Report]] = {}
    for token in agent["tokens"]:
        if token["findings"]:
            groups.setdefault(_group(token), []).append(token)
    ordered = sorted(groups.values(), key=lambda tokens: (_order(tokens[0]["findings"]), tokens[0]["id"]))
    others = [token for token in agent["tokens"] if not token["findings"]]
    affected = len(agent["tokens"]) - len(others)
    return {
        **_who(agent),
        "summary": f"{counted(len(agent['tokens']), 'token')}, {affected} {'needs' if affected == 1 else 'need'} a decision",
        "rows": [_row(tokens, titles) for tokens in ordered],
        "others": f"No decision needed: {counted(len(others), 'token')} ({_clients(others)})." if others else "",
    }


def _group(token: Report) -> tuple[Any, ...]:
    """Return what tokens have in common that need the same decision. A date that is not valid stays on its own."""
    expires = token["expire_date"] if "never_expires" in token["findings"] else ""
    created = token["create_date"] if valid_creation(token["create_date"]) is None else ""
    return (*token["findings"], token["own"], token["client_identifier"], token["scopes"], expires, created)


def _reasons(findings: Sequence[str]) -> list[str]:
    """Return the findings to show for a token, the decisive one first: that it is expired matters more than its age."""
    cannot_sign_in = not {"owner_missing", "owner_disabled"}.isdisjoint(findings)
    order = (*_OWNER, "never_expires", "expired", "expires_soon", "old")
    return [code for code in order if code in findings and not (code == "owner_inactive" and cannot_sign_in)]


def _row(tokens: Sequence[Report], titles: Mapping[str, str]) -> dict[str, Any]:
    first = tokens[0]
    reasons = _reasons(first["findings"])
    identifier = first["client_identifier"] or "not known"
    return {
        "ids": abridged([token["id"] for token in tokens]),
        "number": counted(len(tokens), "token") if len(tokens) > 1 else "",
        "kind": _KINDS[reasons[0]],
        "reasons": [titles[code] for code in reasons],
        "own": first["own"],
        "client": first["client_name"] or identifier,
        "client_identifier": identifier if first["client_name"] else "",
        "scopes": first["scopes"] or "not known",
        "created": _span((token["create_date"] for token in tokens), "not known"),
        "expires": _span((token["expire_date"] for token in tokens), "no expiry date"),
    }


def _span(dates: Iterable[Any], missing: str) -> list[dict[str, str]]:
    """Return the day of the first date, and that of the last one if it is another."""
    ordered = sorted(dates, key=lambda date: timestamp(date) or 0.0)
    first, last = (_day(moment(date, missing)) for date in (ordered[0], ordered[-1]))
    return [first] if first["text"] == last["text"] else [first, last]


def _day(date: dict[str, str]) -> dict[str, str]:
    return {**date, "text": date["text"].partition(",")[0]} if date["datetime"] else date


def _who(agent: Report) -> dict[str, Any]:
    name = name_of(agent)
    if agent["id"] is None:
        return {"name": name, "facts": ["the API returns no owner"]}
    facts = [fact for fact in (agent["email"], f"agent {agent['id']}") if fact and fact != name]
    login = _day(moment(agent["last_login"]))
    seen = [f"last sign-in {login['text']}"] if agent["last_login"] else []
    return {"name": name, "facts": [*facts, _STATUS[agent["status"]], *seen]}


def _line(agent: Report, text: str) -> dict[str, str]:
    """Return one line for a person: the name, the address or id unless that is the name, and ``text``."""
    fact = _who(agent)["facts"][0]
    return {"name": name_of(agent), "fact": "" if fact in _STATUS.values() else fact, "text": text}


def _more(agents: Sequence[Report], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the people whose tokens are not listed in detail, by their most serious finding."""
    groups: dict[str, list[dict[str, str]]] = {}
    for agent in agents:
        worst = min((token["findings"] for token in agent["tokens"]), key=_order)
        affected = sum(bool(token["findings"]) for token in agent["tokens"])
        line = _line(agent, f"{affected} of {counted(len(agent['tokens']), 'token')}")
        groups.setdefault(_reasons(worst)[0], []).append(line)
    return [{"title": titles[code], "kind": _KINDS[code], "people": people} for code, people in groups.items()]


def _rest(agent: Report) -> dict[str, str]:
    """Return one line for a person with no token that needs a decision."""
    return _line(agent, f"{counted(len(agent['tokens']), 'token')} ({_clients(agent['tokens'])})")


def _clients(tokens: Iterable[Report]) -> str:
    names = dict.fromkeys(str(token["client_name"] or token["client_identifier"] or "not known") for token in tokens)
    return abridged(list(names))


def _limits(report: Report) -> list[str]:
    """Return what the API did not show."""
    if report["listed"] is None:
        return []
    limits = [
        "When a token was last used: the API does not return it.",
        "Tokens that the API does not list.",
    ]
    agents = [agent for agent in report["agents"] if agent["id"] is not None]
    tokens = [token for agent in report["agents"] for token in agent["tokens"]]
    people = [
        (
            sum(agent["status"] == "unknown" for agent in agents),
            "Whether the owner is enabled: the API does not return it for",
        ),
        (
            sum(agent["last_login"] is None and agent["status"] != "missing" for agent in agents),
            "Whether the owner is inactive: the API returns no last sign-in for",
        ),
    ]
    undated = [token for token in tokens if valid_creation(token["create_date"]) is None]
    odd = [token for token in tokens if token["expire_date"] is not None and "never_expires" in token["findings"]]
    details = [
        (sum(token["client_name"] is None for token in tokens), "The name of the client, for"),
        (sum(len(agent["tokens"]) for agent in report["agents"] if agent["id"] is None), "The owner, for"),
        (len(undated), "The age, because the creation date is not valid, for"),
        (len(odd), "The expiry date, because it is not valid. Counted as never expiring:"),
    ]
    limits += [f"{text} {counted(number, 'person', 'people')}." for number, text in people if number]
    return limits + [f"{text} {counted(number, 'token')}." for number, text in details if number]


def _listed(report: Report) -> str:
    listed = report["listed"]
    if not listed:
        return "The list of tokens was not read."
    return f"{counted(listed['tokens'], 'token')} of {counted(listed['agents'], 'agent')}"
