# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules return in an offboarding of two people, for the tests of its report."""

from __future__ import annotations

from typing import Any

from ansible_collections.zchat.admin.plugins.filter.offboard_report import offboard_report

ACCOUNT = "https://acme.zendesk.com/api/v2/chat"
JONAS, PRIYA = 100000204, 10000026
LISTED = {"tokens": 18, "agents": 3}


def token(number: int, agent_id: int = JONAS, expire_date: str | None = "2014-09-09T17:49:20Z") -> dict[str, Any]:
    """A token as the modules return it."""
    return {
        "id": number,
        "agent_id": agent_id,
        "client_identifier": "zendesk",
        "create_date": "2014-09-09T07:49:20Z",
        "expire_date": expire_date,
        "scopes": "read write",
        "token_type": "Bearer",
    }


PEOPLE: dict[str, Any] = {
    "agents": [
        {"id": PRIYA, "email": "priya.nair@example.com", "display_name": "Priya Nair", "enabled": False},
        {"id": JONAS, "email": "jonas.weber@example.com", "display_name": "Jonas Weber", "enabled": True},
    ],
    "unknown_emails": [],
    "unknown_agent_ids": [],
    "account": ACCOUNT,
}
TOKENS: dict[str, Any] = {
    "tokens": [token(38), token(143, PRIYA), token(1204, expire_date=None)],
    "listed": LISTED,
    "account": ACCOUNT,
}
REVOKED: dict[str, Any] = {
    "failed": False,
    "revoked": TOKENS["tokens"],
    "kept": [],
    "already_absent": [],
    "not_revoked": [],
    "verified": True,
    "listed": LISTED,
    "account": ACCOUNT,
}


def report(
    people: dict[str, Any] | None = None, tokens: dict[str, Any] | None = None, dry_run: bool = False, **revocation: Any
) -> dict[str, Any]:
    """The report of a run whose revocation came to ``revocation``, and else to success."""
    result = {**REVOKED, **revocation}
    people, tokens = PEOPLE if people is None else people, TOKENS if tokens is None else tokens
    return offboard_report(
        result, people, tokens, [], [], dry_run, "2026-11-23T14:14:57Z", "2026-11-23T14:15:00Z", "amelie"
    )
