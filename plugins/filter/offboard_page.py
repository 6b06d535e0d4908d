# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of an offboarding in the words of the page that somebody signs. Pure."""

from __future__ import annotations

DOCUMENTATION = r"""
name: offboard_page
short_description: Put the report of an offboarding into words
version_added: 1.0.0
description:
  - The template of the role P(zchat.admin.offboard#role) calls this, so that it has nothing left to decide. It is of little use
    elsewhere.
  - All text that it returns is plain text. Whoever puts it into HTML has to escape it.
author:
  - The zchat.admin maintainers (@zchat-admin)
positional: _input
options:
  _input:
    description: The report, as P(zchat.admin.offboard_report#filter) makes it.
    type: dict
    required: true
seealso:
  - plugin: zchat.admin.offboard_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Say in one sentence what became of it
  ansible.builtin.debug:
    msg: "{{ (offboard_result | zchat.admin.offboard_page).headline }}"
"""

RETURN = r"""
_value:
  description: What the page says, from its headline to its last row.
  type: dict
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils.oauth_tokens import timestamp

# Not by strftime, which asks the locale.
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_WORST_FIRST = ("not revoked", "kept", "would be revoked", "revoked", "already absent")
_LABELS = {"done": "Done", "dry-run": "Dry run", "not-complete": "Not complete", "nobody": "Nobody found"}
_DRY = "DRY RUN: "

Report = Mapping[str, Any]


def offboard_page(report: Report) -> dict[str, Any]:
    """What the page says about the ``report``."""
    kind = _kind(report)
    people = [_person(agent, report) for agent in report["agents"]]
    return {
        "kind": kind,
        "label": _LABELS[kind],
        "headline": _headline(kind, report),
        "notes": _notes(kind, report),
        "people": people,
        "unknown": _unknown(report),
        "account": report["account"] or "not known, since no connection was made",
        "listed": _listed(report),
        "verified": _verified(report),
        "started": moment(report["started"]),
        "finished": moment(report["finished"]),
        "user": report["ansible_user"] or "not known",
        "version": report["collection_version"],
    }


def _kind(report: Report) -> str:
    """One word for the whole. It is done only if nobody who was found has a token left."""
    summary = report["summary"]
    if report["msg"] is not None or summary["not_revoked"] or summary["kept"]:
        return "not-complete"
    if not report["agents"]:
        return "nobody"
    if report["dry_run"]:
        return "dry-run"
    return "done" if report["verified"] else "not-complete"


def _headline(kind: str, report: Report) -> str:
    summary = report["summary"]
    revoked, everyone = summary["revoked"], counted(summary["agents"], "person", "people")
    # Those who have lost tokens, or would.
    losing = [a for a in report["agents"] if any(t["result"] in ("revoked", "would be revoked") for t in a["tokens"])]
    of = f"of {counted(len(losing), 'person', 'people')}"
    if kind == "nobody":
        headline = "Nobody was found, and nothing was revoked"
        return f"{_DRY}{headline.lower()}" if report["dry_run"] else headline
    if kind == "dry-run":
        would = counted(summary["would_be_revoked"], "token")
        told = f"{would} {of} would be revoked" if losing else f"{everyone} found, and no token to revoke"
        return f"{_DRY}{told}{_missing(report)}"
    if kind == "done":
        tokens = counted(revoked, "token")
        told = f"{tokens} {of} revoked, and none is left" if losing else f"{everyone} found, and none has a token left"
        return f"{told}{_missing(report)}"
    return f"{_DRY if report['dry_run'] else ''}NOT COMPLETE: {_incomplete(report)}"


def _missing(report: Report) -> str:
    """How many could not be found, for whoever reads no further than the headline."""
    number = len(report["unknown_agent_emails"])
    return f"; {counted(number, 'address was', 'addresses were')} not found" if number else ""


def _incomplete(report: Report) -> str:
    """What is missing, in a few words. The notes say why."""
    summary = report["summary"]
    if report["dry_run"]:
        return "it failed, as a real run would" if report["msg"] is not None else "it would keep a token"
    meant = summary["revoked"] + summary["not_revoked"] + summary["kept"]
    if not meant:
        return "nothing was revoked"
    told = f"{summary['revoked']} of {counted(meant, 'token')} revoked"
    if summary["not_revoked"]:
        return f"{told}, {summary['not_revoked']} not"
    if summary["kept"]:
        return f"{told}, {summary['kept']} kept"
    return f"{told}, but there is no proof of it"


def _notes(kind: str, report: Report) -> list[str]:
    """What to know beside the headline."""
    summary = report["summary"]
    notes = [report["msg"]] if report["msg"] is not None else []
    if report["dry_run"]:
        notes.append("Nothing was changed. This is what a real run would begin with.")
    if summary["kept"] and not summary["not_revoked"]:
        notes.append("The token that was kept is the one that this run authenticates with. End it by other means.")
    unknown = _unknown(report)
    if unknown:
        named = ", ".join(unknown[:3]) + (f" and {len(unknown) - 3} more" if len(unknown) > 3 else "")
        notes.append(f"Not known to the account: {named}. See whether that is a typing error.")
    if kind in ("done", "dry-run"):
        without = sum(not agent["tokens"] for agent in report["agents"])
        if without and without < summary["agents"]:
            notes.append(f"{counted(without, 'person', 'people')} of the {summary['agents']} had no token.")
    return notes


def _unknown(report: Report) -> list[str]:
    """The addresses and ids that no agent has."""
    return [*report["unknown_agent_emails"], *(f"agent {number}" for number in report["unknown_agent_ids"])]


def _listed(report: Report) -> str:
    listed = report["listed"]
    if not listed:
        return "The list of tokens could not be read."
    tokens, agents = counted(listed["tokens"], "token"), counted(listed["agents"], "agent")
    return f"{tokens} of {agents} before the revocation. If the account has more, the API did not show all of them."


def _verified(report: Report) -> str:
    if report["verified"]:
        read = ", read after the last revocation," if report["summary"]["revoked"] else ""
        return f"Yes: the list of tokens{read} holds none of these people's tokens."
    if not report["agents"]:
        return "No, since nobody was found whose tokens could be looked for."
    return "No, this was a dry run." if report["dry_run"] else "No."


def _person(agent: Report, report: Report) -> dict[str, Any]:
    """One section of the page, what went wrong before what went well."""
    tokens = sorted(agent["tokens"], key=lambda token: (_WORST_FIRST.index(token["result"]), token["id"]))
    number = None if agent["id"] is None else f"agent {agent['id']}"
    name = agent["display_name"] or agent["email"] or number
    known = [text for text in (agent["email"], number) if text and text != name]
    if agent["enabled"] is not None:
        known.append("enabled in Chat" if agent["enabled"] else "disabled in Chat")
    elif agent["id"] is not None and report["listed"]:
        known.append("no such agent in the account any more")
    return {
        "name": name or "Not known whose",
        "known": known,
        "summary": _became(tokens) if report["listed"] else "The tokens could not be read",
        "tokens": [_token(token, report["finished"]) for token in tokens],
    }


def _became(tokens: Sequence[Report]) -> str:
    """What became of one person's tokens, such as ``3 tokens: 1 not revoked, 2 revoked``."""
    results = [token["result"] for token in tokens]
    met = [result for result in _WORST_FIRST if result in results]
    if len(met) < 2:
        return f"{counted(len(tokens), 'token')} {met[0]}" if met else "No token"
    return f"{counted(len(tokens), 'token')}: {', '.join(f'{results.count(result)} {result}' for result in met)}"


def _token(token: Report, finished: str) -> dict[str, Any]:
    expires, now = timestamp(token["expire_date"]), timestamp(finished)
    return {
        "id": str(token["id"]),
        "client": token["client_identifier"] or "not known",
        "scopes": token["scopes"] or "not known",
        "created": moment(token["create_date"]),
        "expires": moment(token["expire_date"], missing="no end given"),
        "had_expired": expires is not None and now is not None and expires <= now,
        "result": token["result"].capitalize(),
        "kind": token["result"].replace(" ", "-"),
        "reason": token["reason"] or "",
    }


def moment(date: Any, missing: str = "not given") -> dict[str, str]:
    """A date of the API for a person (``text``) and for a machine (``datetime``, empty if it cannot be read)."""
    seconds = timestamp(date)
    try:
        when = None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        when = None  # the last year of its own zone may be one too many in UTC
    if when is None:
        return {"text": missing if date is None else str(date), "datetime": ""}
    return {
        "text": f"{when.day} {_MONTHS[when.month - 1]} {when:%Y, %H:%M} UTC",
        "datetime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
    }


def counted(number: int, one: str, more: str = "") -> str:
    """A number of things for a sentence."""
    return f"{number} {one if number == 1 else more or one + 's'}"


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter of this file."""
        return {"offboard_page": offboard_page}
