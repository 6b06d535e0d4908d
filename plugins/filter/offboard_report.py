# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence of one offboarding, made of what the modules returned. Pure but for the collection's own version."""

from __future__ import annotations

DOCUMENTATION = r"""
name: offboard_report
short_description: Make the report of an offboarding from what the modules returned
version_added: 1.0.0
description:
  - The role P(zchat.admin.offboard#role) calls this to find out what became of each token of each person. It is of little use
    elsewhere.
  - What the modules did not say stays open. A token that was listed and has no entry in the result of the revocation counts
    as not revoked if the revocation failed or never ran, and as already absent if it succeeded.
author:
  - The zchat.admin maintainers (@zchat-admin)
positional: _input
options:
  _input:
    description: The result of M(zchat.admin.zchat_oauth_token), empty if the task was not reached.
    type: dict
    required: true
  people:
    description: The result of M(zchat.admin.zchat_agent_info), empty if the task was not reached.
    type: dict
    required: true
  tokens:
    description: The result of M(zchat.admin.zchat_oauth_token_info) before the revocation, empty if the task was not reached.
    type: dict
    required: true
  agent_emails:
    description: The addresses of who leaves, as they were given.
    type: list
    elements: str
    required: true
  agent_ids:
    description: The agent ids of who leaves, as they were given.
    type: list
    elements: int
    required: true
  dry_run:
    description: Whether the tasks ran in check mode.
    type: bool
    required: true
  started:
    description: When the offboarding began, in UTC.
    type: str
    required: true
  finished:
    description: When it ended, in UTC.
    type: str
    required: true
  user:
    description: Who ran it. Empty if that is not known.
    type: str
    default: ""
seealso:
  - plugin: zchat.admin.offboard_page
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Find out what became of each token
  ansible.builtin.set_fact:
    report: >-
      {{ revocation | zchat.admin.offboard_report(people=people, tokens=tokens, agent_emails=emails, agent_ids=[],
      dry_run=ansible_check_mode, started=started, finished=now(utc=true, fmt='%Y-%m-%dT%H:%M:%SZ')) }}
"""

RETURN = r"""
_value:
  description: The report, as the role writes it down in JSON.
  type: dict
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError

SCHEMA = 1
"""Raised by whoever changes what a key of the report means."""

_COLLECTION = Path(__file__).parents[2]
_TOKEN_KEYS = ("client_identifier", "scopes", "create_date", "expire_date")
_NOT_REACHED = "Not attempted, since the run stopped before it."

Result = Mapping[str, Any]


def offboard_report(
    revocation: Result,
    people: Result,
    tokens: Result,
    agent_emails: Sequence[Any],
    agent_ids: Sequence[Any],
    dry_run: bool,
    started: str,
    finished: str,
    user: str = "",
) -> dict[str, Any]:
    """The report; the arguments are documented above."""
    if people.get("agents") is None:
        agents = _not_looked_up(agent_emails, agent_ids)
    else:
        agents = _agents(people["agents"], _tokens(revocation, tokens, dry_run))
    results = [token["result"] for agent in agents for token in agent["tokens"]]
    steps = (revocation, tokens, people)
    return {
        "schema": SCHEMA,
        "account": _first(steps, "account"),
        "dry_run": dry_run,
        "started": started,
        "finished": finished,
        "ansible_user": user or None,
        "collection_version": collection_version(),
        "listed": _first(steps, "listed"),
        # Where nobody was found there is nothing that could have been proven.
        "verified": bool(revocation.get("verified") and (agents or people.get("unknown_agent_ids"))),
        "msg": next((step.get("msg") for step in steps if step.get("failed") or step.get("unreachable")), None),
        "agents": agents,
        "unknown_agent_emails": list(people.get("unknown_emails") or ()),
        "unknown_agent_ids": list(people.get("unknown_agent_ids") or ()),
        "summary": {
            "agents": len(agents),
            "revoked": results.count("revoked"),
            "would_be_revoked": results.count("would be revoked"),
            "kept": results.count("kept"),
            "not_revoked": results.count("not revoked"),
            "already_absent": results.count("already absent"),
        },
    }


def _first(steps: Sequence[Result], key: str) -> Any:
    """What the first of these results says under ``key``."""
    return next((step[key] for step in steps if step.get(key) is not None), None)


def _agents(found: Sequence[Result], tokens: Sequence[tuple[int | None, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Those who were found, and those of whom only tokens are left, each with their tokens.

    A token that only ``not_revoked`` tells of does not say whose it is, unless there is just one whose it can be.
    """
    agents = {agent["id"]: _agent(agent["id"], agent) for agent in found}
    owners = agents.keys() | {owner for owner, _token in tokens if owner is not None}
    only = next(iter(owners)) if len(owners) == 1 else None
    for owner, token in tokens:
        whose = only if owner is None else owner
        agents.setdefault(whose, _agent(whose, {}))["tokens"].append(token)
    return [agents[number] for number in sorted(agents, key=lambda number: (number is None, number))]


def _agent(number: int | None, known: Result) -> dict[str, Any]:
    shown = {key: known.get(key) for key in ("email", "display_name", "enabled")}
    return {"id": number, **shown, "tokens": []}


def _not_looked_up(emails: Sequence[Any], ids: Sequence[Any]) -> list[dict[str, Any]]:
    """Those who were to leave, where the API could not be asked who they are."""
    return [*(_agent(None, {"email": email}) for email in emails), *map(_agent_by_id, ids)]


def _agent_by_id(given: Any) -> dict[str, Any]:
    """Somebody of whom an id was given, which is shown as it is where it is none: that may be why nobody could be asked."""
    text = str(given).strip()
    return _agent(int(text), {}) if text.isascii() and text.isdigit() else _agent(None, {"display_name": text})


def _tokens(revocation: Result, tokens: Result, dry_run: bool) -> list[tuple[int | None, dict[str, Any]]]:
    """What became of each token, by id, each beside the id of its agent."""
    known: dict[int, Result] = {}
    for token in (*_entries(tokens, "tokens"), *_entries(revocation, "revoked"), *_entries(revocation, "kept")):
        known[token["id"]] = token
    outcomes = _outcomes(revocation, dry_run)
    rest = _rest(revocation, tokens)
    rows: list[tuple[int | None, dict[str, Any]]] = []
    for number in sorted(known.keys() | outcomes.keys()):
        token = known.get(number, {})
        result, reason = outcomes.get(number, rest)
        shown = {key: token.get(key) for key in _TOKEN_KEYS}
        rows.append((token.get("agent_id"), {"id": number, **shown, "result": result, "reason": reason}))
    return rows


def _entries(result: Result, key: str) -> Iterator[Any]:
    return iter(result.get(key) or ())


def _outcomes(revocation: Result, dry_run: bool) -> dict[int, tuple[str, str | None]]:
    """The result, and the reason for it, of each token that the revocation tells of."""
    revoked = "would be revoked" if dry_run else "revoked"
    return {
        **{token["id"]: (revoked, None) for token in _entries(revocation, "revoked")},
        **{token["id"]: ("kept", "This run authenticates with it.") for token in _entries(revocation, "kept")},
        **dict.fromkeys(_entries(revocation, "already_absent"), ("already absent", None)),
        **{entry["id"]: ("not revoked", entry["msg"]) for entry in _entries(revocation, "not_revoked")},
    }


def _rest(revocation: Result, tokens: Result) -> tuple[str, str | None]:
    """What became of a token that was listed before the revocation, which does not tell of it."""
    # A task that was skipped, or whose host could not be reached, has not failed, but has no books either.
    if revocation.get("revoked") is not None and not revocation.get("failed"):
        return "already absent", None
    return "not revoked", next((step["msg"] for step in (revocation, tokens) if step.get("msg")), _NOT_REACHED)


def collection_version(folder: Path = _COLLECTION) -> str:
    """The version of this collection: an installed one has a manifest, a checkout its source."""
    try:
        manifest = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))
        return str(manifest["collection_info"]["version"])
    except FileNotFoundError:
        pass
    try:
        return str(yaml.safe_load((folder / "galaxy.yml").read_text(encoding="utf-8"))["version"])
    except FileNotFoundError as error:
        raise AnsibleFilterError(
            f"{folder} holds neither MANIFEST.json nor galaxy.yml: install zchat.admin again"
        ) from error


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter of this file."""
        return {"offboard_report": offboard_report}
