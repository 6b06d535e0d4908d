# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of an access review -> its HTML page. What the page states is decided here; the template arranges it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._api.clients import VENDOR_CLIENTS
from ansible_collections.zchat.admin.plugins.module_utils._dates import timestamp, valid_creation
from ansible_collections.zchat.admin.plugins.module_utils._text import abridged, counted
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import (
    Result,
    ReviewAgent,
    ReviewClient,
    ReviewDocument,
    ReviewToken,
    people,
    status,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._pages import (
    STATES,
    api_client,
    client,
    day,
    moment,
    own_only_note,
    page_of,
    person,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._review import (
    CLIENT_FINDINGS,
    Thresholds,
    needs_attention,
)

MAX_DETAILED = 100
"""People whose tokens the page lists, and API clients. Each further one has one line, so that a page of 10,000 tokens stays usable."""
_FINDINGS = {
    "owner_missing": ("urgent", "Owner no longer exists", "Revoke these tokens by agent id. They may still work."),
    "owner_disabled": ("urgent", "Owner is disabled", "Revoke these tokens. They may still work."),
    "owner_inactive": (
        "urgent",
        "Owner has not signed in for {inactive_after}",
        "Offboard the person if access is not needed.",
    ),
    "never_expires": ("attention", "Never expires", "Replace the token regularly, or revoke it."),
    "old": ("attention", "Older than {old_after}", "Ask whether the token is still used. If not, revoke it."),
    "expires_soon": ("minor", "Expires within {expires_within}", "Renew the token if it is still needed."),
    "expired": ("minor", "Expired", "Revoke the token. Its refresh token may still work."),
}
"""The kind, the title and the advice of each finding, the most serious first."""
_CLIENT_FINDINGS = {
    "creator_missing": ("urgent", "Creator no longer exists"),
    "creator_disabled": ("urgent", "Creator is disabled"),
    "no_tokens": ("attention", "No token"),
}
"""The kind and the title of each finding of an API client, the most serious first."""
_OWNER = ("owner_missing", "owner_disabled", "owner_inactive")
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def review_page(document: ReviewDocument, thresholds: Thresholds, result: Result) -> dict[str, Any]:
    """Return the values of ``review.html.j2``. ``result`` is that of the document: it has the creators of API clients by name."""
    agents, titles = document["agents"] or [], _titles(thresholds)
    ranks = {agent["id"]: min(_order(token["findings"]) for token in agent["tokens"]) for agent in agents}
    by_rank = sorted(agents, key=lambda agent: ranks[agent["id"]])
    affected = [agent for agent in by_rank if ranks[agent["id"]] < _order(())]
    creators = {agent["id"]: agent for agent in (*(result.get("agents") or ()), *agents)}
    clients = sorted(document["clients"] or (), key=_client_order)
    to_decide = [entry for entry in clients if entry["findings"]]
    return {
        **page_of(document, "Zendesk Chat access review"),
        "attention": needs_attention(document),
        "notes": _notes(document),
        "findings": _findings(agents, titles),
        "people": [_person(agent, titles) for agent in affected[:MAX_DETAILED]],
        "more": _more(affected[MAX_DETAILED:], titles),
        "rest": [_rest(agent) for agent in by_rank[len(affected) :]],
        "clients": [_client(entry, creators) for entry in to_decide[:MAX_DETAILED]],
        "more_clients": [_client_line(entry, creators) for entry in to_decide[MAX_DETAILED:]],
        "other_clients": [_client_line(entry, creators) for entry in clients[len(to_decide) :]],
        "limits": [] if document["agents"] is None else [*_limits(agents), *_client_limits(document, result)],
        "thresholds": (
            f"A token is old after {duration(thresholds.old_after)}, and expires soon within "
            f"{duration(thresholds.expires_within)}. A person is inactive {duration(thresholds.inactive_after)} after the "
            "last sign-in."
        ),
    }


def duration(seconds: int) -> str:
    """Return a duration such as ``180 days``, in the largest unit that needs no fraction."""
    unit, length = next((unit, length) for unit, length in _UNITS if seconds % length == 0)
    return counted(seconds // length, unit)


def _titles(thresholds: Thresholds) -> dict[str, str]:
    durations = {name: duration(seconds) for name, seconds in vars(thresholds).items()}
    return {code: title.format(**durations) for code, (_kind, title, _advice) in _FINDINGS.items()}


def _order(findings: Sequence[str]) -> tuple[bool, ...]:
    """Return a key that sorts the most serious findings first: the owner, then tokens that still work, then the rest."""
    absent = {code: code not in findings for code in _FINDINGS}
    return (*(absent[code] for code in _OWNER), not findings, not absent["expired"], *absent.values())


def _notes(document: ReviewDocument) -> list[str]:
    """Return why the review is not complete."""
    if document["msg"] is not None:
        return [document["msg"]]
    if document["complete"]:
        return []
    notes = own_only_note(document["listed"])
    if not any(agent["status"] != "unknown" or agent["email"] for agent in document["agents"] or ()):
        notes.append(
            "The agents could not be read. The review cannot show which owners are disabled, missing or inactive."
        )
    return notes


def _findings(agents: Iterable[ReviewAgent], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what to do, the most serious first. Each token counts once, so that the numbers add up to the headline."""
    owners: dict[str, list[str]] = {code: [] for code in _FINDINGS}
    for agent in agents:
        for token in agent["tokens"]:
            if token["findings"]:
                owners[_reasons(token["findings"])[0]].append(person(agent)["name"])
    return [
        {
            "title": titles[code],
            "kind": _FINDINGS[code][0],
            "tokens": len(names),
            "people": abridged(list(dict.fromkeys(names))),
            "advice": _FINDINGS[code][2],
        }
        for code, names in owners.items()
        if names
    ]


def _person(agent: ReviewAgent, titles: Mapping[str, str]) -> dict[str, Any]:
    """Return one section of the page: the tokens that need a decision, and the number of the others."""
    groups: dict[tuple[Any, ...], list[ReviewToken]] = {}
    for token in agent["tokens"]:
        if token["findings"]:
            groups.setdefault(_group(token), []).append(token)
    ordered = sorted(groups.values(), key=lambda tokens: (_order(tokens[0]["findings"]), tokens[0]["id"]))
    others = [token for token in agent["tokens"] if not token["findings"]]
    affected = len(agent["tokens"]) - len(others)
    return {
        **person(agent, STATES[agent["status"]], _last_login(agent)),
        "summary": f"{counted(len(agent['tokens']), 'token')}, {affected} {'needs' if affected == 1 else 'need'} a decision",
        "rows": [_row(tokens, titles) for tokens in ordered],
        "others": f"No decision needed: {counted(len(others), 'token')} ({_clients(others)})." if others else "",
    }


def _group(token: ReviewToken) -> tuple[Any, ...]:
    """Return what tokens have in common that need the same decision. A date that is not valid stays on its own."""
    expires = token["expire_date"] if "never_expires" in token["findings"] else ""
    created = token["create_date"] if valid_creation(token["create_date"]) is None else ""
    return (*token["findings"], token["own"], token["client_identifier"], token["scopes"], expires, created)


def _reasons(findings: Sequence[str]) -> list[str]:
    """Return the findings to show for a token, the decisive one first: that it is expired matters more than its age."""
    cannot_sign_in = not {"owner_missing", "owner_disabled"}.isdisjoint(findings)
    order = (*_OWNER, "never_expires", "expired", "expires_soon", "old")
    return [code for code in order if code in findings and not (code == "owner_inactive" and cannot_sign_in)]


def _row(tokens: Sequence[ReviewToken], titles: Mapping[str, str]) -> dict[str, Any]:
    first = tokens[0]
    reasons = _reasons(first["findings"])
    return {
        **client(first),
        "ids": abridged([token["id"] for token in tokens]),
        "number": counted(len(tokens), "token") if len(tokens) > 1 else "",
        "kind": _FINDINGS[reasons[0]][0],
        "reasons": [titles[code] for code in reasons],
        "own": first["own"],
        "created": _span((token["create_date"] for token in tokens), "not known"),
        "expires": _span((token["expire_date"] for token in tokens), "no expiry date"),
    }


def _span(dates: Iterable[Any], missing: str) -> list[dict[str, str]]:
    """Return the day of the first date, and that of the last one if it is another."""
    ordered = sorted(dates, key=lambda date: timestamp(date) or 0.0)
    first, last = (day(moment(date, missing)) for date in (ordered[0], ordered[-1]))
    return [first] if first["text"] == last["text"] else [first, last]


def _last_login(agent: ReviewAgent) -> str:
    return f"last sign-in {day(moment(agent['last_login']))['text']}" if agent["last_login"] else ""


def _line(agent: ReviewAgent, text: str) -> dict[str, str]:
    """Return one line for a person: the name, the address or id unless that is the name, and ``text``."""
    shown = person(agent)
    return {"name": shown["name"], "fact": "".join(shown["facts"][:1]), "text": text}


def _more(agents: Sequence[ReviewAgent], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the people whose tokens are not listed in detail, by their most serious finding."""
    groups: dict[str, list[dict[str, str]]] = {}
    for agent in agents:
        worst = min((token["findings"] for token in agent["tokens"]), key=_order)
        affected = sum(bool(token["findings"]) for token in agent["tokens"])
        line = _line(agent, f"{affected} of {counted(len(agent['tokens']), 'token')}")
        groups.setdefault(_reasons(worst)[0], []).append(line)
    return [{"title": titles[code], "kind": _FINDINGS[code][0], "people": lines} for code, lines in groups.items()]


def _rest(agent: ReviewAgent) -> dict[str, str]:
    """Return one line for a person with no token that needs a decision."""
    return _line(agent, f"{counted(len(agent['tokens']), 'token')} ({_clients(agent['tokens'])})")


def _clients(tokens: Iterable[ReviewToken]) -> str:
    names = dict.fromkeys(str(token["client_name"] or token["client_identifier"] or "not known") for token in tokens)
    return abridged(list(names))


def _client_order(entry: ReviewClient) -> tuple[Any, ...]:
    """Return a key that sorts the most serious findings first, and clients with a secret before the others."""
    return (*(code not in entry["findings"] for code in CLIENT_FINDINGS), entry["client_type"] == "public", entry["id"])


def _client(entry: ReviewClient, creators: Mapping[int | None, Any]) -> dict[str, Any]:
    """Return one row of the table of API clients."""
    return {
        **api_client(entry),
        "kind": _CLIENT_FINDINGS[entry["findings"][0]][0],
        "reasons": [_CLIENT_FINDINGS[code][1] for code in entry["findings"]],
        "advice": _client_advice(entry),
        "creator": _creator(entry, creators),
        "tokens": str(entry["tokens"]),
    }


def _client_advice(entry: ReviewClient) -> str:
    """Return what to do. A creator can know the secret of a confidential client, and use it without signing in."""
    left, has_secret = entry["findings"][0] != "no_tokens", entry["client_type"] != "public"
    reason = "The creator may know its secret, and can get new tokens with it. " if left and has_secret else ""
    if entry["tokens"] and reason:
        return f"{reason}If an integration needs it, create another client for it. Then delete this one."
    if entry["tokens"]:
        return "Ask whether it is still used. If not, delete it."
    return f"{reason}Delete it, unless an integration is about to use it."


def _creator(entry: ReviewClient, creators: Mapping[int | None, Any]) -> dict[str, str]:
    """Return the name of the creator, empty if it is not known, and the address or id unless that is the name."""
    number = entry["agent_id"]
    if number is None:
        is_vendor = entry["client_identifier"] in VENDOR_CLIENTS
        return {"name": "the vendor" if is_vendor else "", "fact": ""}
    shown = person(creators.get(number, {"id": number, "email": None, "display_name": None}))
    return {"name": shown["name"], "fact": "".join(shown["facts"][:1])}


def _client_line(entry: ReviewClient, creators: Mapping[int | None, Any]) -> dict[str, str]:
    """Return one line for an API client."""
    shown, reasons = api_client(entry), [_CLIENT_FINDINGS[code][1] for code in entry["findings"]]
    creator = _creator(entry, creators)["name"]
    by = f"created by {creator}" if creator else "creator not known"
    text = ", ".join([*reasons, shown["type"], counted(entry["tokens"], "token"), by])
    return {"name": shown["name"], "fact": shown["identifier"], "text": text}


def _client_limits(document: ReviewDocument, result: Result) -> list[str]:
    """Return what the API did not show about API clients."""
    clients, missing = document["clients"], frozenset(result.get("unknown_agent_ids") or ())
    if clients is None:
        return ["API clients, and whether their creators are still there: the list of API clients could not be read."]
    agents = {agent["id"]: agent for agent in result.get("agents") or ()}
    numbers = [entry["agent_id"] for entry in clients if entry["agent_id"] is not None]
    unclear = sum(status(agents.get(number, {"id": number}), missing) == "unknown" for number in numbers)
    unowned = sum(entry["agent_id"] is None and entry["client_identifier"] not in VENDOR_CLIENTS for entry in clients)
    unknown = {"The creator, for": unowned, "Whether the creator is enabled, for": unclear}
    only = result.get("own_clients_only")
    texts = {
        True: "API clients of other people: the API listed only those of this review's own agent.",
        False: "",
        None: "API clients of other people: it is not known whether the API lists the API clients of all agents.",
    }
    return [
        *filter(None, [texts[only]]),
        *(f"{text} {counted(number, 'API client')}." for text, number in unknown.items() if number),
    ]


def _limits(agents: Sequence[ReviewAgent]) -> list[str]:
    """Return what the API did not show."""
    owners = [agent for agent in agents if agent["id"] is not None]
    tokens = [token for agent in agents for token in agent["tokens"]]
    no_login = [agent for agent in owners if agent["last_login"] is None and agent["status"] != "missing"]
    invalid = [token for token in tokens if token["expire_date"] is not None and "never_expires" in token["findings"]]
    unknown = {
        "Whether the owner is enabled, for": sum(agent["status"] == "unknown" for agent in owners),
        "Whether the owner is inactive, for": len(no_login),
        "The owner, for": sum(len(agent["tokens"]) for agent in agents if agent["id"] is None),
        "The name of the client, for": sum(token["client_name"] is None for token in tokens),
        "The age, because the creation date is not valid, for": sum(
            valid_creation(token["create_date"]) is None for token in tokens
        ),
        "The expiry date, because it is not valid. Counted as never expiring:": len(invalid),
    }
    return [
        "When a token was last used: the API does not return it.",
        "Tokens and API clients that the API does not list.",
        *(
            f"{text} {people(number) if 'Whether' in text else counted(number, 'token')}."
            for text, number in unknown.items()
            if number
        ),
    ]
