# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module results of an offboarding of two people, for the tests of its report."""

from __future__ import annotations

from typing import Any

from ansible_collections.zchat.admin.plugins.plugin_utils._offboarding import offboard_document
from ansible_collections.zchat.admin.plugins.plugin_utils._origin import Origin

ORIGIN = Origin("2026-11-23T14:14:57Z", "2026-11-23T14:15:00Z", "amelie", "1.0.0")
ACCOUNT = "https://acme.zendesk.com/api/v2/chat"
JONAS, PRIYA = 100000204, 10000026
LISTED = {"tokens": 21, "agents": 5, "own_only": False}
AGENTS = [
    {"id": PRIYA, "email": "priya.nair@example.com", "display_name": "Priya Nair", "enabled": False},
    {"id": JONAS, "email": "jonas.weber@example.com", "display_name": "Jonas Weber", "enabled": True},
]


def token(number: int, agent_id: int | None = JONAS, **fields: Any) -> dict[str, Any]:
    """A token as the modules return it."""
    dates = {"create_date": "2014-09-09T07:49:20Z", "expire_date": "2014-09-09T17:49:20Z"}
    client = {"client_identifier": "zopim", "scopes": "read write", "token_type": "Bearer"}
    return {"id": number, "agent_id": agent_id, **client, **dates, **fields}


def client(number: int, agent_id: int | None = JONAS, **fields: Any) -> dict[str, Any]:
    """An API client as the modules return it."""
    names = {"name": "CRM sync", "company": "Example Ltd", "client_identifier": f"client-{number}"}
    dates = {"create_date": "2018-10-17T02:32:45", "update_date": None}
    other = {"client_type": "confidential", "redirect_uris": "https://crm.example.com/", "scopes": "read write"}
    return {"id": number, "agent_id": agent_id, **names, **other, **dates, **fields}


TOKENS = [token(38), token(143, PRIYA), token(1204, expire_date=None)]
_RESULT = {
    "revoked": TOKENS,
    **{key: [] for key in ("kept", "gone", "not_revoked", "unknown_agent_emails", "unknown_agent_ids")},
    "verified": True,
    "listed": LISTED,
    "agents": AGENTS,
    "clients": [{"client_identifier": "zopim", "name": "Zopim Dashboard", "company": None}],
    "api_clients": [client(1, None), client(2, 10000001)],
    "own_clients_only": False,
    "account": ACCOUNT,
    "own_agent_id": 77,
}
"""The result of a module run that revoked three tokens."""
FAILED = {"failed": True, "msg": "Revoked 2 of 3 tokens.", "verified": False}
_MSG = "The API rejected the access token."
NOT_LISTED = {"failed": True, "msg": _MSG, "listed": None, "revoked": [], "unknown_agent_emails": []}
"""A result that failed before the list of tokens was read."""


def report_of(run: dict[str, Any], dry_run: bool = False, **given: Any) -> dict[str, Any]:
    """The report of a module result. ``given`` are arguments of :func:`offboard_document`."""
    people = {"agent_emails": ["jonas.weber@example.com"], "agent_ids": [PRIYA]}
    return offboard_document(run, **{**people, **given}, dry_run=dry_run, origin=ORIGIN)


def report(dry_run: bool = False, given: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """The report of a run that revoked three tokens, but for what is ``changed`` in the module result."""
    return report_of({**_RESULT, **({"verified": False} if dry_run else {}), **changed}, dry_run, **(given or {}))


def full_report() -> dict[str, Any]:
    """A report with every part of the page."""
    rows = {"not_revoked": [token(39, msg="HTTP 422.")], "kept": [token(1205, reason="own token")]}
    unknown = {"unknown_agent_emails": ["x@example.com"], "unknown_agent_ids": [7]}
    clients = {"api_clients": [client(9205), client(9206, PRIYA, name="Report")]}
    return report(**rows, **FAILED, **unknown, **clients, warnings=["A warning."])
