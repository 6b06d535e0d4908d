# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Result of ``zchat_oauth_token`` -> the report of an offboarding, and its verdict. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._api.agents import comparable
from ansible_collections.zchat.admin.plugins.module_utils._text import abridged, counted, enumerated
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import (
    NOT_COMPLETE,
    SCHEMA,
    Client,
    OffboardAgent,
    OffboardCounts,
    OffboardDocument,
    OffboardSummary,
    OffboardToken,
    Result,
    SummaryKind,
    by_id,
    client_names,
    client_row,
    failure_reason,
    head,
    not_complete_headline,
    own_only_reason,
    people,
    result_of,
    safe,
    status,
    token_row,
    unknown_names,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import Origin

_REASONS = {"revoked": None, "kept": "reason", "gone": None, "not_revoked": "msg"}
"""The lists of a result, and the key that has the reason of a token."""


def offboard_document(
    result: Result,
    *,
    agent_emails: Sequence[str],
    agent_ids: Sequence[int],
    dry_run: bool,
    origin: Origin,
    own_only_fails: bool = False,
    earlier_report: str | None = None,
) -> OffboardDocument:
    """Return the report of one run of ``zchat_oauth_token`` (with ``names``) for these agents.

    ``own_only_fails``: a run that saw no token of another agent is not complete. ``earlier_report`` is the name of a report that
    proves that the API lists them (see :func:`proves_other_agents`). Of the keys ``api_clients`` and ``own_clients_only`` of
    :func:`revoke_selected`, a missing one is unknown. If the run failed before the list of tokens was read, ``listed`` is ``None`` or
    ``revoked`` is missing. Without
    ``revoked``, it is unknown whether a token was revoked.
    """
    listed = result.get("listed") is not None and "revoked" in result
    agents = _agents(result, dry_run, agent_emails, agent_ids, listed)
    unknown_emails = list(result.get("unknown_agent_emails") or ()) if listed else None
    looked_up = listed and result.get("agents") is not None
    document: OffboardDocument = {
        **head(result, failure_reason(result, "revoked"), origin),
        "own_agent_id": result.get("own_agent_id"),
        "earlier_report": earlier_report,
        "dry_run": dry_run,
        # An address without an agent may have a typo, so nothing is verified. That an id has no token is.
        "verified": bool(result.get("verified") and (agents or not unknown_emails)),
        "agents": agents if listed else agents or None,
        "unknown_agent_emails": unknown_emails,
        "unknown_agent_ids": list(result.get("unknown_agent_ids") or ()) if looked_up else None,
        "summary": _counts(agents, known=looked_up and not _not_looked_up(agents))
        if listed
        else _unknown_counts(result, dry_run),
    }
    document["headline"] = _headline(document, own_only_fails and others_are_unknown(document, result))
    document["complete"] = _complete(document)
    return safe(document)


def nobody_document(options: Sequence[str], *, dry_run: bool, origin: Origin) -> OffboardDocument:
    """Return the document of a run without people, which sends no request. ``options`` are the names of those without a value."""
    names = enumerated([f"'{name}'" for name in options])
    document: OffboardDocument = {
        **head({}, None, origin),
        "headline": f"Nobody to offboard: {names} are not set or empty",
        "complete": True,
        "own_agent_id": None,
        "earlier_report": None,
        "dry_run": dry_run,
        "verified": False,
        "agents": [],
        "unknown_agent_emails": [],
        "unknown_agent_ids": [],
        "summary": _counts([]),
    }
    return safe(document)


def unknown_agents(document: OffboardDocument) -> tuple[list[str], list[int]]:
    """Return the addresses that no agent has, and the ids of which neither an agent nor a token nor an API client exists."""
    people_ids = {agent["id"] for agent in document["agents"] or () if agent["tokens"] or agent["clients"]}
    unknown_ids = document["unknown_agent_ids"] or ()
    return document["unknown_agent_emails"] or [], [number for number in unknown_ids if number not in people_ids]


def unknown_text(document: OffboardDocument) -> str:
    """Return how many addresses and ids are unknown, such as ``2 addresses were not found``; empty if all exist."""
    unclear = _not_looked_up(document["agents"] or ())
    texts = [f"{counted(len(unclear), 'agent id')} could not be looked up"] if unclear else []
    return "; ".join([*_unknown(*unknown_agents(document), "not found"), *texts])


def caveats(document: OffboardDocument) -> list[str]:
    """Return what a person must check although nothing failed."""
    return [text for text in (unknown_text(document), _own_only_text(document)) if text]


def _own_only_text(document: OffboardDocument) -> str:
    """Return why it is unknown whether the API lists the tokens of other agents; empty if it is known, or no list was read."""
    if document["listed"] is None or document["earlier_report"] is not None:
        return ""
    return own_only_reason(document["listed"])


def others_are_unknown(document: OffboardDocument, result: Result) -> bool:
    """Return whether it is unknown if these people have tokens, because the API may list only those of the own agent.

    ``result`` has the id of this agent (``own_agent_id``), ``None`` if it is unknown. Its own tokens are known.
    """
    ids = {agent["id"] for agent in document["agents"] or ()}
    own = result.get("own_agent_id")
    only_own = own is not None and ids == {own} and not any(unknown_agents(document))
    return bool(_own_only_text(document)) and not only_own


def proves_other_agents(result: Result, reports: Iterable[tuple[str, Any]]) -> str | None:
    """Return the name of the first of the ``reports`` that proves that the API lists the tokens of other agents to this run.

    It must be of the same account and of the same own agent as the ``result``: the API can list less to another agent. The content of
    a report is any value: it can be invalid, or of something else.
    """
    same = {"schema": SCHEMA, "account": result["account"], "own_agent_id": result.get("own_agent_id")}
    if same["own_agent_id"] is None:
        return None
    for name, report in reports:
        if not isinstance(report, dict) or any(report.get(key) != value for key, value in same.items()):
            continue
        listed = report.get("listed")
        if isinstance(listed, dict) and listed.get("own_only") is False:
            return name
    return None


def needs_attention(document: OffboardDocument) -> bool:
    """Return whether a person must check a run that is done, or a dry run."""
    return result_of(document) != "not complete" and bool(caveats(document))


def _unknown(emails: Sequence[str], ids: Sequence[int], text: str) -> list[str]:
    """Return how many addresses and ids are unknown, as one text if there are any."""
    parts = [counted(len(emails), "address", "addresses")] if emails else []
    parts += [counted(len(ids), "agent id")] if ids else []
    return [f"{enumerated(parts)} {'was' if len(emails) + len(ids) == 1 else 'were'} {text}"] if parts else []


def _agents(
    result: Result, dry_run: bool, agent_emails: Sequence[str], agent_ids: Sequence[int], listed: bool
) -> list[OffboardAgent]:
    """Return the agents by id, each with its tokens and API clients: those in the result, those of which only tokens or API clients
    are left, and the given ones that may exist, because their lookup failed.
    """
    tokens: dict[int | None, list[OffboardToken]] = {}
    for owner, token in sorted(_tokens(result, dry_run), key=lambda row: row[1]["id"]):
        tokens.setdefault(owner, []).append(token)
    found = result.get("agents")
    known = {agent["id"]: agent for agent in found or ()}
    clients = _clients(result)
    # A deleted agent can have created an API client.
    given = set(agent_ids) - (set(result.get("unknown_agent_ids") or ()) - clients.keys())
    numbers = sorted(known.keys() | tokens.keys() | given, key=by_id)
    no_client: list[Client] | None = [] if result.get("own_clients_only") is False else None
    agents = [
        _agent(
            number,
            known.get(number, {}),
            tokens.get(number, []) if listed else None,
            None if number is None else clients.get(number, no_client),
        )
        for number in numbers
    ]
    if found is None and tokens.keys() <= set(agent_ids):
        # The agent of an address is not known. Here no token can belong to it.
        unknown = result.get("unknown_agent_emails") or ()
        agents += [
            _agent(None, {"email": email}, [] if listed else None, None)
            for email in agent_emails
            if email not in unknown
        ]
    return agents


def _clients(result: Result) -> dict[int, list[Client]]:
    """Return the listed API clients by the id of their creator, without those that have none."""
    clients: dict[int, list[Client]] = {}
    for client in result.get("api_clients") or ():
        if client["agent_id"] is not None:
            clients.setdefault(client["agent_id"], []).append(client_row(client))
    return clients


def _agent(
    number: int | None, known: Result, tokens: list[OffboardToken] | None, clients: list[Client] | None
) -> OffboardAgent:
    return {
        "id": number,
        "email": known.get("email"),
        "display_name": known.get("display_name"),
        "enabled": known.get("enabled"),
        "clients": clients,
        "tokens": tokens,
    }


def _tokens(result: Result, dry_run: bool) -> Iterator[tuple[int | None, OffboardToken]]:
    """Yield the owner's id and the outcome of each selected token."""
    names, unknown = client_names(result), frozenset(result.get("unknown_outcomes") or ())
    for key, reason in _REASONS.items():
        for token in result.get(key) or ():
            outcome = "would be revoked" if dry_run and key == "revoked" else key.replace("_", " ")
            outcome = "unknown" if key == "not_revoked" and token["id"] in unknown else outcome
            row = token_row(token, names)
            yield token["agent_id"], {**row, "result": outcome, "reason": token[reason] if reason else None}


def _counts(agents: Sequence[OffboardAgent], known: bool = True) -> OffboardCounts:
    """Return the numbers. Without ``known``, not all agents could be looked up: several addresses can be one agent."""
    results = Counter(token["result"] for agent in agents for token in agent["tokens"] or ())
    return {
        "agents": len(agents) if known else None,
        "revoked": results["revoked"],
        "would_be_revoked": results["would be revoked"],
        "kept": results["kept"],
        "gone": results["gone"],
        "not_revoked": results["not revoked"] + results["unknown"],
    }


def _unknown_counts(result: Result, dry_run: bool) -> OffboardCounts:
    return {
        "agents": None,
        # Nothing is revoked before the list of tokens is read.
        "revoked": 0 if "revoked" in result else None,
        "would_be_revoked": None if dry_run else 0,
        "kept": None,
        "gone": None,
        "not_revoked": None,
    }


def _complete(document: OffboardDocument) -> bool:
    """Return whether everybody was found and has no token left, and both are proven."""
    summary = document["summary"]
    left = summary["would_be_revoked"], summary["kept"], summary["not_revoked"]
    return document["verified"] and document["msg"] is None and not any(left) and not caveats(document)


def _headline(document: OffboardDocument, others_unknown: bool) -> str:
    summary, agents, dry_run = document["summary"], document["agents"] or [], document["dry_run"]
    failed = document["msg"] is not None or bool(summary["not_revoked"])
    if agents and not dry_run:
        failed = failed or not document["verified"] or bool(summary["kept"])
    if failed:
        verdict = f"{NOT_COMPLETE}{_incomplete(document)}"
    elif others_unknown:
        verdict = f"{NOT_COMPLETE}{_unknown_others(summary)}"
    elif len(agents) == len(_not_looked_up(agents)):
        verdict = "DRY RUN: nobody was found" if dry_run else "Nobody was found, and nothing was revoked"
    else:
        verdict = f"{'DRY RUN: ' if dry_run else ''}{_outcome(document, agents)}"
    return "; ".join([verdict, *_can_sign_in(document), *_have_clients(agents), *caveats(document)])


def _can_sign_in(document: OffboardDocument) -> list[str]:
    """Return how many people can still sign in, and of how many this is unknown."""
    if document["listed"] is None:
        return []
    unclear = _not_looked_up(document["agents"] or ())
    states = Counter(
        status(agent, document["unknown_agent_ids"])
        for agent in document["agents"] or ()
        if agent["id"] not in unclear and (agent["id"] is not None or agent["email"])
    )
    texts = [f"{people(states['enabled'])} can still sign in"] if states["enabled"] else []
    unknown = states["unknown"]
    return [*texts, *([f"it is unknown whether {people(unknown)} can still sign in"] if unknown else [])]


def _have_clients(agents: Sequence[OffboardAgent]) -> list[str]:
    """Return how many API clients of these people are listed, if there are any: deleting them is a further step."""
    numbers = [len(agent["clients"]) for agent in agents if agent["clients"]]
    exist = "exists" if sum(numbers) == 1 else "exist"
    return [f"{counted(sum(numbers), 'API client')} created by {people(len(numbers))} still {exist}"] if numbers else []


def _outcome(document: OffboardDocument, agents: Sequence[OffboardAgent]) -> str:
    """Return what was revoked, or would be, in a run that did not fail."""
    result = "would be revoked" if document["dry_run"] else "revoked"
    numbers = [sum(token["result"] == result for token in agent["tokens"] or ()) for agent in agents]
    affected = f"{counted(sum(numbers), 'token')} of {people(sum(map(bool, numbers)))} {result}" if any(numbers) else ""
    found = f"{people(len(agents) - len(_not_looked_up(agents)))} found"
    if not document["dry_run"]:
        return f"{affected}, and none is left" if affected else f"{found}, and none has a token left"
    kept = document["summary"]["kept"]
    return f"{affected or f'{found}, no token to revoke'}{f', {kept} would be kept' if kept else ''}"


def _unknown_others(summary: OffboardCounts) -> str:
    """Return what was revoked, or would be, if it is unknown whether these people have more tokens."""
    numbers = {"revoked": summary["revoked"], "would be revoked": summary["would_be_revoked"]}
    texts = [f"{counted(number, 'token')} {text}" for text, number in numbers.items() if number]
    return ", and ".join([*texts, f"it is unknown whether these people have {'other ' if texts else ''}tokens"])


def _incomplete(document: OffboardDocument) -> str:
    """Return how much is incomplete. The reason is in ``msg``."""
    summary = document["summary"]
    revoked, left, kept = summary["revoked"], summary["not_revoked"] or 0, summary["kept"] or 0
    if document["dry_run"]:
        return "this dry run failed, and nothing was revoked"
    if revoked is None:
        return "it is unknown whether a token was revoked"
    results = [token["result"] for agent in document["agents"] or () for token in agent["tokens"] or ()]
    unknown = results.count("unknown")
    if not left and not kept and (revoked or document["msg"] is None):
        return f"{counted(revoked, 'token')} revoked, but this is not verified"
    if not revoked and not unknown and not kept:
        return "nothing was revoked"
    numbers = {"not": left - unknown, "unknown": unknown} if left else {"kept": kept}
    others = ", ".join(f"{number} {text}" for text, number in numbers.items() if number)
    return f"{revoked} of {counted(revoked + left + kept, 'token')} revoked, {others}"


def _not_looked_up(agents: Sequence[OffboardAgent]) -> list[int]:
    """Return the ids without tokens and API clients of which the API did not show whether the agent exists: the lookup failed."""
    nothing_known = ("email", "display_name", "enabled")
    return [
        agent["id"]
        for agent in agents
        if agent["id"] is not None
        and agent["tokens"] == []
        and not agent["clients"]
        and all(agent[key] is None for key in nothing_known)  # type: ignore[literal-required]
    ]


def in_no_account(documents: Sequence[OffboardDocument | None]) -> dict[str, Any]:
    """Return the addresses and ids that no account has. Both are ``None`` if an account did not show whom it has: the person can
    be there.
    """
    emails: dict[str, str] = {}
    ids: set[int] = set()
    found: set[str | int | None] = set()
    for document in documents:
        if document is None or document["unknown_agent_ids"] is None or _not_looked_up(document["agents"] or ()):
            return {"unknown_agent_emails": None, "unknown_agent_ids": None}
        unknown_emails, unknown_ids = unknown_agents(document)
        emails.update((comparable(email), email) for email in unknown_emails)
        ids.update(unknown_ids)
        for agent in document["agents"] or ():
            found |= {agent["id"], comparable(agent["email"] or "")}
    return {
        "unknown_agent_emails": [emails[key] for key in sorted(emails.keys() - found)],
        "unknown_agent_ids": sorted(ids - found),
    }


def _summary_headline(summary: OffboardSummary) -> str:
    totals = summary["summary"]
    accounts = counted(totals["accounts"], "account")
    attention = [account["name"] for account in summary["accounts"] if account["attention"]]
    verdict = not_complete_headline(summary)
    if not verdict and summary["dry_run"]:
        verdict = f"DRY RUN: {counted(totals['would_be_revoked'] or 0, 'token')} would be revoked in {accounts}"
    elif not verdict:
        done = "" if attention else ", and every account is done"
        verdict = f"{counted(totals['revoked'] or 0, 'token')} revoked in {accounts}{done}"
    check = f"{counted(len(attention), 'account')} must be checked ({abridged(attention)})" if attention else ""
    emails, ids = summary["unknown_agent_emails"] or [], summary["unknown_agent_ids"] or []
    unknown = _unknown(emails, ids, f"found in no account ({abridged(unknown_names(emails, ids))})")
    return "; ".join([verdict, *filter(None, [check]), *unknown])


SUMMARY = SummaryKind(
    title="Zendesk Chat offboarding, all accounts",
    counts=("revoked", "would_be_revoked", "kept", "gone", "not_revoked"),
    headline=_summary_headline,
    attention=needs_attention,
    more=in_no_account,
)
"""The summary of offboardings."""
