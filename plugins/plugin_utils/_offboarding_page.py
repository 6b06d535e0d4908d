# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of an offboarding -> its HTML page. What the page states is decided here; the template arranges it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._dates import timestamp, valid_expiry
from ansible_collections.zchat.admin.plugins.module_utils._text import counted
from ansible_collections.zchat.admin.plugins.plugin_utils._documents import (
    Client,
    OffboardAgent,
    OffboardDocument,
    OffboardToken,
    reasons,
    status,
    unknown_names,
)
from ansible_collections.zchat.admin.plugins.plugin_utils._offboarding import needs_attention, unknown_agents
from ansible_collections.zchat.admin.plugins.plugin_utils._pages import (
    STATES,
    api_client,
    client,
    moment,
    page_of,
    person,
)

_OWN_TOKEN = "This run authenticates with this token. Use another connection to revoke it."
_WORST_FIRST = ("unknown", "not revoked", "kept", "would be revoked", "revoked", "gone")


def offboarding_page(document: OffboardDocument) -> dict[str, Any]:
    """Return the values of ``offboard.html.j2``. The people and tokens that need attention come first."""
    page = page_of(document, "Zendesk Chat offboarding", document["earlier_report"])
    persons = [_person(agent, document) for agent in document["agents"] or ()]
    why = reasons(document)
    return {
        **page,
        "attention": needs_attention(document),
        "notes": [*why, *(["Nothing was changed."] if document["dry_run"] else [])],
        "warnings": [text for text in document["warnings"] if text not in why],
        "people": sorted(persons, key=lambda section: section["order"]),
        "unknown": unknown_names(*unknown_agents(document)),
        "verified": "Yes." if document["verified"] else "No.",
    }


def _person(agent: OffboardAgent, document: OffboardDocument) -> dict[str, Any]:
    """Return one section of the page. ``order`` sorts the people."""
    tokens = sorted(agent["tokens"] or (), key=lambda token: (_WORST_FIRST.index(token["result"]), token["id"]))
    results = [token["result"] for token in tokens]
    is_person = agent["id"] is not None or bool(agent["email"])
    return {
        **person(agent, STATES[status(agent, document["unknown_agent_ids"])]),
        "can_sign_in": agent["enabled"] is True,
        "clients": [api_client(entry) for entry in sorted(agent["clients"] or (), key=_is_public)],
        "clients_unknown": agent["clients"] is None and agent["tokens"] is not None and is_person,
        "order": 0 if {"unknown", "not revoked"} & {*results} else 1 if "kept" in results else 2,
        "summary": "The tokens and the API clients are not known" if agent["tokens"] is None else _outcomes(results),
        "tokens": [_token(token, document) for token in tokens],
    }


def _is_public(entry: Client) -> bool:
    return entry["client_type"] == "public"


def _outcomes(results: Sequence[str]) -> str:
    """Return the outcomes of one person's tokens, such as ``3 tokens: 1 not revoked, 2 revoked``."""
    counts = [f"{results.count(result)} {result}" for result in _WORST_FIRST if result in results]
    if len(counts) > 1:
        return f"{counted(len(results), 'token')}: {', '.join(counts)}"
    return f"{counted(len(results), 'token')} {results[0]}" if results else "No token"


def _token(token: OffboardToken, document: OffboardDocument) -> dict[str, Any]:
    expires, now = valid_expiry(token["expire_date"], token["create_date"]), timestamp(document["finished"])
    return {
        **client(token),
        "id": str(token["id"]),
        "created": moment(token["create_date"]),
        "expires": moment(token["expire_date"], missing="no expiry date"),
        "had_expired": expires is not None and now is not None and expires <= now,
        "result": token["result"].capitalize(),
        "kind": token["result"].replace(" ", "-"),
        "reason": _OWN_TOKEN if token["reason"] == "own token" else token["reason"] or "",
    }
