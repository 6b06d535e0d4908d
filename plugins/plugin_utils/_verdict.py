# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of one run in one sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._text import counted, enumerated

Report = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What a person needs first."""

    kind: str
    """``done``, ``dry-run``, ``nobody`` (no agent was found) or ``not-complete``."""
    headline: str
    amber: bool
    """Whether the run is done (or a dry run), but an agent was not found, or the API listed only own tokens."""


def verdict(report: Report) -> Verdict:
    """Return the verdict. It is ``done`` only if no agent that was found has a token left."""
    kind = _kind(report)
    headline = {"done": _done, "dry-run": _dry_run, "nobody": _nobody, "not-complete": _not_complete}[kind](report)
    caveats = _caveats(kind, report)
    return Verdict(kind, "; ".join([headline, *caveats]), bool(caveats) and kind in ("done", "dry-run"))


def unknown_agents(report: Report) -> tuple[list[str], list[int]]:
    """Return the addresses that no agent has, and the ids of which neither an agent nor a token exists."""
    owners = {agent["id"] for agent in report["agents"] if agent["tokens"]}
    return report["unknown_agent_emails"], [agent for agent in report["unknown_agent_ids"] if agent not in owners]


def number_unknown(report: Report) -> str:
    """Return how many addresses and ids are unknown, such as ``2 addresses were not found``; empty if all exist."""
    emails, ids = unknown_agents(report)
    parts = [counted(len(emails), "address", "addresses")] if emails else []
    parts += [counted(len(ids), "agent id")] if ids else []
    texts = [f"{enumerated(parts)} {'was' if len(emails) + len(ids) == 1 else 'were'} not found"] if parts else []
    unclear = _not_looked_up(report)
    texts += [f"{counted(len(unclear), 'agent id')} could not be looked up"] if unclear else []
    return "; ".join(texts)


def _not_looked_up(report: Report) -> list[int]:
    """Return the ids without tokens of which the API did not show whether the agent exists, because the lookup failed."""
    return [
        agent["id"]
        for agent in report["agents"]
        if agent["id"] is not None
        and not agent["tokens"]
        and all(agent[key] is None for key in ("email", "display_name", "enabled"))
        and report["msg"] is None
    ]


def _kind(report: Report) -> str:
    summary = report["summary"]
    if report["msg"] is not None or summary["not_revoked"]:
        return "not-complete"
    if not report["agents"]:
        return "nobody"
    if report["dry_run"]:
        return "dry-run"
    return "done" if report["verified"] and not summary["kept"] else "not-complete"


def _caveats(kind: str, report: Report) -> list[str]:
    own_only = (report["listed"] or {}).get("own_only")
    texts = (
        number_unknown(report) if kind != "nobody" else "",
        "the API listed only the tokens of this run's own agent" if own_only else "",
    )
    return [text for text in texts if text]


def _tokens_of_people(report: Report, result: str) -> str:
    """Return how many tokens have the result, and of how many people; empty if none has."""
    counts = [sum(token["result"] == result for token in agent["tokens"]) for agent in report["agents"]]
    people = sum(count > 0 for count in counts)
    return f"{counted(sum(counts), 'token')} of {_people(people)}" if people else ""


def _people(number: int) -> str:
    return counted(number, "person", "people")


def _done(report: Report) -> str:
    revoked = _tokens_of_people(report, "revoked")
    if revoked:
        return f"{revoked} revoked, and none is left"
    return f"{_people(len(report['agents']))} found, and none has a token left"


def _dry_run(report: Report) -> str:
    affected = _tokens_of_people(report, "would be revoked")
    kept = report["summary"]["kept"]
    text = f"{affected} would be revoked" if affected else f"{_people(len(report['agents']))} found, no token to revoke"
    return f"DRY RUN: {text}{f', {kept} would be kept' if kept else ''}"


def _nobody(report: Report) -> str:
    return "DRY RUN: nobody was found" if report["dry_run"] else "Nobody was found, and nothing was revoked"


def _not_complete(report: Report) -> str:
    """Return how much is incomplete. The reason is in ``msg``."""
    summary = report["summary"]
    revoked = summary["revoked"]
    selected = revoked + summary["not_revoked"] + summary["kept"]
    if report["dry_run"]:
        text = "this dry run failed, and nothing was revoked"
    elif report["listed"] is None:
        # No result, or no list: only the journal shows what was revoked.
        text = f"{counted(revoked, 'token')} revoked before the run ended" if revoked else "no revocation is recorded"
    elif not revoked:
        text = "nothing was revoked"
    elif summary["not_revoked"]:
        text = f"{revoked} of {counted(selected, 'token')} revoked, {summary['not_revoked']} not"
    elif summary["kept"]:
        text = f"{revoked} of {counted(selected, 'token')} revoked, {summary['kept']} kept"
    else:
        text = f"{counted(revoked, 'token')} revoked, but this is not verified"
    return f"NOT COMPLETE: {text}"
