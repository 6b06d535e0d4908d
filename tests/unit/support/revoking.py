# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the modules for tokens and for API clients against one small account, and their results and requests in one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._revoking.selectors import CLIENT_SELECTORS, SELECTORS
from ansible_collections.zchat.admin.plugins.modules import (
    zchat_oauth_client,
    zchat_oauth_client_info,
    zchat_oauth_token,
    zchat_oauth_token_info,
)
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import (
    MISSING_SCOPE,
    OWN,
    Json,
    MockChat,
    Reply,
    agent,
    api_client,
    task,
    token,
)

LISTS, ME, AGENTS_PAGE = "GET oauth/tokens", "GET agents/me", "GET agents?since_id=1&limit=100"
CLIENT_LISTS = "GET oauth/clients"
DEPARTING, OTHER, OWN_AGENT = 10000026, 5, 777
TOKENS = (token(1), token(2), token(3), token(8, agent_id=OTHER), token(9, agent_id=OWN_AGENT, access_token=OWN))
"""Three tokens of a departing agent, one of another agent, and the task's own token."""
AGENTS = (
    agent(OTHER, "other@example.com"),
    agent(OWN_AGENT, "own@example.com"),
    agent(DEPARTING, "leaver@example.com"),
)
CLIENTS = (
    api_client(11, "CRM sync", "crm", agent_id=OTHER),
    api_client(12, "Reports", "reports", agent_id=DEPARTING),
    api_client(13, "Automation", "automation", agent_id=OWN_AGENT),
    api_client(14, "Archive", "archive", agent_id=OTHER),
)
"""API clients of another agent, of the departing one and of the own one, and one without tokens."""
CLIENT_TOKENS = (
    token(1, client_identifier="crm"),
    token(2, client_identifier="crm", agent_id=OTHER),
    token(3, client_identifier="reports"),
    token(8, client_identifier="zendesk", agent_id=OTHER),
    token(9, client_identifier="automation", agent_id=OWN_AGENT, access_token=OWN),
)
"""Two tokens of the first client, one of the second, one of a client that is not listed, and the task's own token."""
ALL: Json = {"scopes": ["read", "write", "chat"]}
"""Selects all of these tokens."""
HTML = b"<html><h1>Blocked by the gateway</h1></html>"
FAULTS = (Reply(503), Reply(403, {"error": "Forbidden"}), Reply(None), Reply(200, HTML))
"""Responses that show nothing about what was requested."""
REFUSED = Reply(422, {"error": "Refused"}, applied=False)
MISSING = Reply(403, MISSING_SCOPE, applied=False)
LOST, LOST_BEFORE = Reply(None), Reply(None, applied=False)
"""No response: after the API executed the DELETE, or before."""


def chat(
    *tokens: Json,
    lists: Iterable[Any] = (),
    deletes: Mapping[int, Reply] | None = None,
    me: Iterable[Reply | None] = (),
    script: Mapping[str, Iterable[Any]] | None = None,
    **options: Any,
) -> MockChat:
    """Return an account with these tokens. Replies are scripted for lists of tokens, for DELETE by id, and for ``agents/me``."""
    by_line = {f"DELETE oauth/tokens/{number}": [reply] for number, reply in (deletes or {}).items()}
    options = {"agents": AGENTS, **options}
    return MockChat(tokens or TOKENS, script={LISTS: lists, ME: me, **by_line, **(script or {})}, **options)


def revoke(client: MockChat, check_mode: bool = False, **options: Any) -> Json:
    """Run ``zchat_oauth_token``: unless ``options`` have a selector, for the departing agent."""
    selectors = {} if options.keys() & SELECTORS.keys() - {"exclude"} else {"agent_ids": [DEPARTING]}
    options = {"state": "absent", "concurrency": 1, **selectors, **options}
    return zchat_oauth_token.run(task(client, zchat_oauth_token.SPEC, options, check_mode))


def info(client: MockChat, check_mode: bool = False, **options: Any) -> Json:
    """Run ``zchat_oauth_token_info``."""
    return zchat_oauth_token_info.run(task(client, zchat_oauth_token_info.SPEC, options, check_mode))


def account(
    *tokens: Json,
    client_lists: Iterable[Any] = (),
    client_deletes: Mapping[int, Reply | Sequence[Reply]] | None = None,
    script: Mapping[str, Iterable[Any]] | None = None,
    **options: Any,
) -> MockChat:
    """Return an account with API clients. Replies are scripted for their lists, and for DELETE by id; see also :func:`chat`."""
    replies = {
        number: [reply] if isinstance(reply, Reply) else reply for number, reply in (client_deletes or {}).items()
    }
    by_line = {f"DELETE oauth/clients/{number}": replies[number] for number in replies}
    options = {"clients": CLIENTS, **options}
    return chat(*(tokens or CLIENT_TOKENS), script={CLIENT_LISTS: client_lists, **by_line, **(script or {})}, **options)


def delete_clients(client: MockChat, check_mode: bool = False, **options: Any) -> Json:
    """Run ``zchat_oauth_client``: unless ``options`` have a selector, for the client CRM sync."""
    selectors = {} if options.keys() & CLIENT_SELECTORS.keys() - {"exclude"} else {"client_names": ["CRM sync"]}
    options = {"state": "absent", "concurrency": 1, **selectors, **options}
    return zchat_oauth_client.run(task(client, zchat_oauth_client.SPEC, options, check_mode))


def client_info(client: MockChat, check_mode: bool = False, **options: Any) -> Json:
    """Run ``zchat_oauth_client_info``."""
    return zchat_oauth_client_info.run(task(client, CLIENT_SELECTORS, options, check_mode))


def shown_as(form: Callable[[str], str | None]) -> Callable[[Json], Json]:
    """List each access token in this form."""
    return lambda entry: {**entry, "access_token": form(entry["access_token"])}


def ids(entries: Sequence[Json]) -> list[int]:
    """Return the ids of tokens, API clients or agents."""
    return [entry["id"] for entry in entries]


def story(result: Json) -> str:
    """Return the outcome of a run, such as ``deleted 11, revoked 1 3, not_revoked 2: failed``."""
    assert result["changed"] is bool(result["revoked"] or result.get("deleted"))
    assert result.get("failed") or not (result["not_revoked"] or result.get("not_deleted"))
    assert not (result.get("failed") and result["verified"])
    lists = ("deleted", "not_deleted", "revoked", "kept", "gone", "not_revoked")
    outcomes = [f"{name} {' '.join(map(str, ids(result[name])))}" for name in lists if result.get(name)]
    end = "failed" if result.get("failed") else "verified" if result["verified"] else "not verified"
    return f"{', '.join(outcomes) or 'nothing'}: {end}"


def transcript(client: MockChat) -> str:
    """Return the requests and their responses, such as ``clients 11 > list 1 9 > DELETE client 11: 204 > DELETE 1: 204``."""
    lines = []
    for request in client.requests:
        folder = {LISTS: "list", CLIENT_LISTS: "clients"}.get(request.line)
        if folder and request.shown is not None:
            lines.append(" ".join([folder, *map(str, sorted(request.shown))]))
        else:
            line = request.line.replace("oauth/tokens/", "").replace("DELETE oauth/clients/", "DELETE client ")
            lines.append(f"{line}: {request.status}")
    return " > ".join(lines)


def table(columns: str | Sequence[str], rows: Mapping[str, Sequence[Any]]) -> pytest.MarkDecorator:
    """Run a test for each row. The key of a row is the name of the test case."""
    return pytest.mark.parametrize(columns, list(rows.values()), ids=list(rows))
