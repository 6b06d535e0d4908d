# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Result of ``zchat_oauth_token_info`` -> the report of an access review, with its findings. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ansible_collections.zchat.admin.plugins.module_utils._api.clients import VENDOR_CLIENTS
from ansible_collections.zchat.admin.plugins.module_utils._dates import timestamp, valid_creation, valid_expiry
from ansible_collections.zchat.admin.plugins.module_utils._options import seconds
from ansible_collections.zchat.admin.plugins.module_utils._text import abridged, counted, named
from ansible_collections.zchat.admin.plugins.plugin_utils._arguments import OptionNames
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import (
    NOT_COMPLETE,
    Result,
    ReviewAgent,
    ReviewClient,
    ReviewCounts,
    ReviewDocument,
    Summary,
    SummaryKind,
    Totals,
    by_id,
    client_names,
    client_row,
    failure_reason,
    head,
    not_complete_headline,
    own_only_reason,
    people,
    safe,
    status,
    token_row,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import Origin

FINDINGS = ("owner_missing", "owner_disabled", "owner_inactive", "expired", "expires_soon", "never_expires", "old")
"""The findings of a token, in the order in which a report lists them."""
CLIENT_FINDINGS = ("creator_missing", "creator_disabled", "no_tokens")
"""The findings of an API client, in the order in which a report lists them."""


@dataclass(frozen=True)
class Thresholds:
    """When a token or an agent gets a finding. In seconds."""

    old_after: int
    expires_within: int
    inactive_after: int

    @classmethod
    def from_options(cls, options: Mapping[str, Any], names: OptionNames) -> Thresholds:
        """Return the thresholds of a task. Raises :class:`ChatError` for an invalid duration."""
        thresholds = ("old_after", "expires_within", "inactive_after")
        return cls(**{name: seconds({names[name]: options[name]}, names[name]) or 0 for name in thresholds})


def review_document(result: Result, *, thresholds: Thresholds, origin: Origin) -> ReviewDocument:
    """Return the report of one run of ``zchat_oauth_token_info`` with ``names`` and every API client, and without selectors.

    The findings are those when the run finished. A result that failed gives a report without agents and counts.
    """
    msg = failure_reason(result, "tokens")
    agents = _agents(result, thresholds, timestamp(origin.finished) or 0.0) if msg is None else None
    clients = _clients(result) if msg is None else None
    document: ReviewDocument = {
        **head(result, msg, origin),
        "agents": agents,
        "clients": clients,
        "summary": _counts(agents, clients),
    }
    document["warnings"] += _date_warnings(agents or ())
    # If it is not known whether the API lists the tokens of other agents, the review is not complete either.
    looked_up = result.get("agents") is not None and not _not_looked_up(result)
    document["complete"] = msg is None and looked_up and not own_only_reason(document["listed"])
    counts = "the tokens were not listed" if agents is None else _verdict(document["summary"])
    document["headline"] = counts if document["complete"] else f"{NOT_COMPLETE}{counts}"
    return safe(document)


def _not_looked_up(result: Result) -> set[int]:
    """Return the owners of which the API showed neither that they exist nor that they do not."""
    owners = {token["agent_id"] for token in result.get("tokens") or ()} - {None}
    return owners - {agent["id"] for agent in result["agents"]} - set(result.get("unknown_agent_ids") or ())


def _date_warnings(agents: Sequence[ReviewAgent]) -> list[str]:
    """Return warnings about dates that cannot show whether a token is old, or an agent inactive."""
    tokens = (token for agent in agents for token in agent["tokens"])
    undated = [token["id"] for token in tokens if valid_creation(token["create_date"]) is None]
    logins = {agent["id"] or 0: agent["last_login"] for agent in agents}
    unclear = [number for number, login in logins.items() if login is not None and timestamp(login) is None]
    return [
        *(
            [f"The create_date of {named('token', undated)} is missing or cannot be parsed: it can be old."]
            if undated
            else []
        ),
        *([f"The last_login of {named('agent', unclear)} cannot be parsed: it can be inactive."] if unclear else []),
    ]


def needs_attention(document: ReviewDocument) -> bool:
    """Return whether a token or an API client needs a decision."""
    summary = document["summary"]
    return document["complete"] and bool(summary["tokens_with_findings"] or summary["clients_with_findings"])


def counts_text(summary: ReviewCounts | Totals, accounts: str = "") -> str:
    """Return counts such as ``21 tokens of 5 people, 7 need a decision``."""
    affected, agents = summary["tokens_with_findings"] or 0, summary["agents"]
    of = f" of {people(agents)}" if agents else ""
    text = f"{counted(summary['tokens'] or 0, 'token')}{of}{accounts}"
    return f"{text}, {affected or 'none'} {'need' if affected > 1 else 'needs'} a decision"


def _verdict(summary: ReviewCounts) -> str:
    affected = summary["clients_with_findings"] or 0
    need = "needs" if affected == 1 else "need"
    clients = f"; {counted(affected, 'API client')} {need} a decision" if affected else ""
    return f"{counts_text(summary)}{clients}"


def _counts(agents: Sequence[ReviewAgent] | None, clients: Sequence[ReviewClient] | None) -> ReviewCounts:
    if agents is None:
        unknown = dict.fromkeys(("tokens", "agents", "tokens_with_findings", "findings", "clients_with_findings"))
        return cast(ReviewCounts, unknown)
    findings = [token["findings"] for agent in agents for token in agent["tokens"]]
    return {
        "tokens": len(findings),
        "agents": sum(agent["id"] is not None for agent in agents),
        "tokens_with_findings": sum(map(bool, findings)),
        "findings": {code: sum(code in found for found in findings) for code in FINDINGS},
        "clients_with_findings": None if clients is None else sum(bool(client["findings"]) for client in clients),
    }


def _summary_headline(summary: Summary) -> str:
    totals, failed = summary["summary"], not_complete_headline(summary)
    counts = counts_text(totals, "" if failed else f" in {counted(totals['accounts'], 'account')}")
    # The counts do not show why an account without such a token must be checked.
    others = [row["name"] for row in summary["accounts"] if row["attention"] and not row.get("tokens_with_findings")]
    check = f"{counted(len(others), 'account')} must be checked ({abridged(others)})" if others else ""
    return "; ".join(filter(None, [failed, counts if not failed or totals["tokens"] is not None else "", check]))


SUMMARY = SummaryKind(
    title="Zendesk Chat access review, all accounts",
    counts=("tokens", "agents", "tokens_with_findings"),
    headline=_summary_headline,
    attention=needs_attention,
)
"""The summary of access reviews."""


def _agents(result: Result, thresholds: Thresholds, now: float) -> list[ReviewAgent]:
    """Return the owners of the tokens by id, each with its tokens. Tokens without an owner come last."""
    known = {agent["id"]: agent for agent in result.get("agents") or ()}
    missing = frozenset(result.get("unknown_agent_ids") or ())
    names = client_names(result)
    agents: dict[int | None, ReviewAgent] = {}
    for token in sorted(result["tokens"], key=lambda token: token["id"]):
        number = token["agent_id"]
        if number not in agents:
            agents[number] = _agent(number, known.get(number, {"id": number}), missing)
        owner = agents[number]
        found = frozenset([*_owner_findings(owner, thresholds, now), *_token_findings(token, thresholds, now)])
        own, findings = token["id"] == result.get("own_token_id"), [code for code in FINDINGS if code in found]
        owner["tokens"].append({**token_row(token, names), "own": own, "findings": findings})
    return [agents[number] for number in sorted(agents, key=by_id)]


def _agent(number: int | None, known: Result, missing: Collection[int]) -> ReviewAgent:
    return {
        "id": number,
        "email": known.get("email"),
        "display_name": known.get("display_name"),
        "status": status(known, missing),
        "last_login": known.get("last_login"),
        "tokens": [],
    }


def _clients(result: Result) -> list[ReviewClient] | None:
    """Return all API clients by id, ``None`` if they could not be read."""
    clients = result.get("api_clients")
    if clients is None:
        return None
    agents = {agent["id"]: agent for agent in result.get("agents") or ()}
    missing = frozenset(result.get("unknown_agent_ids") or ())
    numbers = Counter(token["client_identifier"] for token in result["tokens"])
    everything = not own_only_reason(result.get("listed")) and result.get("own_clients_only") is False
    rows: list[ReviewClient] = []
    for client in sorted(clients, key=lambda client: client["id"]):
        number, identifier = client["agent_id"], client["client_identifier"]
        found = {f"creator_{status(agents.get(number, {'id': number}), missing)}"}
        if everything and not numbers[identifier] and identifier not in VENDOR_CLIENTS:
            found.add("no_tokens")
        findings = [code for code in CLIENT_FINDINGS if code in found]
        row = {**client_row(client), "agent_id": number, "tokens": numbers[identifier], "findings": findings}
        rows.append(cast(ReviewClient, row))
    return rows


def _owner_findings(agent: ReviewAgent, thresholds: Thresholds, now: float) -> Iterator[str]:
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
