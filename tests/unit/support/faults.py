# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strategies for the properties: what stands between an honest API and a run can return, instead of the true response."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from hypothesis import strategies as st

from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    UNAUTHORIZED,
    Json,
    Reply,
    api_client,
    first,
    nothing,
    only,
    without,
)
from ansible_collections.zchat.admin.tests.unit.support.revoking import HTML, MISSING

EXAMPLES = int(os.environ.get("EXAMPLES", "100"))
"""For each parameter of a property of evidence. ``EXAMPLES=5000`` tries 10,000 schedules of faults."""
GATEWAY_BODIES = (
    HTML,
    b"Not found",
    b"",
    b'{"message": "Unauthorized"}',
    b'{"error": {"title": "No", "message": "x"}}',
)
"""Five forms of a response that is not one of the API."""
GATEWAY = st.builds(
    Reply,
    st.sampled_from([*[502, 503, 404] * 4, 200, 202, 403, 407, 410, 401]),
    st.sampled_from(GATEWAY_BODIES),
    st.just({}),
    applied=st.booleans(),
).filter(lambda reply: (reply.status, reply.body) not in {(200, b""), (404, b""), (410, b"")})
LOST = st.builds(Reply, st.none(), applied=st.booleans())
REFUSALS = st.sampled_from(
    [Reply(422, {"error": "No"}, applied=False), MISSING, Reply(401, UNAUTHORIZED, applied=False)]
)
DELETE_FAULTS = st.lists(st.one_of(GATEWAY, LOST, REFUSALS, st.none()), min_size=1, max_size=3)
"""The responses to the DELETE requests for one item."""


def lacking(ids: Collection[int]) -> st.SearchStrategy[Any]:
    """Return lists that lack some of these items."""
    return st.lists(st.sampled_from(sorted(ids)), min_size=1, unique=True).map(lambda some: without(*some))


def foreign_clients(names: Collection[str], ids: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    """Return lists of another account: API clients with some of the same names and ids, and other identifiers."""
    entry = st.builds(
        lambda number, name: api_client(
            number, name, f"foreign-{number}", agent_id=9, create_date="2021-01-01T00:00:00"
        ),
        ids,
        st.sampled_from(sorted(names)),
    )
    lists = st.lists(entry, max_size=3, unique_by=lambda each: each["id"])
    return lists.map(lambda entries: lambda _true: entries)


def false_lists_of_clients(clients: Collection[Json]) -> st.SearchStrategy[Any]:
    """Return false responses to ``GET oauth/clients`` for an account that has these clients."""
    numbers = [entry["id"] for entry in clients]
    return st.one_of(
        st.sampled_from([nothing, first(1), Reply(None), Reply(500), Reply(200, {"clients": []})]),
        GATEWAY,
        lacking(numbers),
        st.lists(st.sampled_from(numbers), unique=True).map(lambda some: only(*some)),
        foreign_clients({entry["name"] or "x" for entry in clients}, st.sampled_from(numbers)),
    )
