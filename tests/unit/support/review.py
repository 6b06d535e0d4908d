# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module results of an access review, for the tests of its report, page, CSV and summary."""

from __future__ import annotations

from typing import Any

from ansible_collections.zchat.admin.plugins.plugin_utils._review import Thresholds, review_document
from ansible_collections.zchat.admin.tests.unit.support import offboarding
from ansible_collections.zchat.admin.tests.unit.support.offboarding import ACCOUNT, LISTED, ORIGIN

AMELIE, PRIYA, JONAS, DELETED = 1, 2, 3, 7
DAY = 86_400
THRESHOLDS = Thresholds(old_after=180 * DAY, expires_within=14 * DAY, inactive_after=90 * DAY)
NOW, RECENT, NEXT_YEAR, OLD = ORIGIN.finished, "2026-11-01T08:00:00Z", "2027-11-01T08:00:00Z", "2014-09-09T07:49:20Z"
FAILED = {"failed": True, "msg": "The API rejected the access token.", "tokens": None, "listed": None}
UNREAD: dict[str, Any] = {"agents": None, "unknown_agent_ids": []}
"""The agents could not be read."""


def agent(number: int, name: str = "Jonas Weber", **fields: Any) -> dict[str, Any]:
    """An agent as the modules return it."""
    email = f"{name.lower().replace(' ', '.')}@example.com"
    return {"id": number, "email": email, "display_name": name, "enabled": True, "last_login": RECENT, **fields}


def token(number: int, agent_id: int | None = JONAS, **fields: Any) -> dict[str, Any]:
    """A token without a finding."""
    return offboarding.token(number, agent_id, **{"create_date": RECENT, "expire_date": NEXT_YEAR, **fields})


TOKENS = [
    token(11, AMELIE, expire_date=None),
    token(21, PRIYA),
    token(31),
    token(32, expire_date="2026-11-30T08:00:00Z"),
    token(33, create_date=OLD, expire_date="2014-09-09T17:49:20Z"),
    token(71, DELETED),
]


def report(thresholds: Thresholds = THRESHOLDS, **changed: Any) -> dict[str, Any]:
    """The report of four owners, of whom one is disabled and one was deleted, but for what is ``changed`` in the result."""
    result = {
        "tokens": TOKENS,
        "own_token_id": 11,
        "listed": LISTED,
        "agents": [agent(AMELIE, "Amelie Laurent"), agent(PRIYA, "Priya Nair", enabled=False), agent(JONAS)],
        "unknown_agent_ids": [DELETED],
        "clients": [{"client_identifier": "zopim", "name": "Chat dashboard", "company": "Zendesk"}],
        "api_clients": [],
        "own_clients_only": True,
        "account": ACCOUNT,
    }
    return review_document({**result, **changed}, thresholds=thresholds, origin=ORIGIN)


def report_of(*tokens: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The report of these tokens only."""
    return report(tokens=list(tokens), **changed)
