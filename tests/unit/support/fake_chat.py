# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Chat account in memory and its client, for tests that need no HTTP. Replies can be scripted, also false ones."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, List, Mapping, Union
from urllib.parse import parse_qs, unquote, urlsplit

from ansible_collections.zchat.admin.plugins.module_utils._entry import Task
from ansible_collections.zchat.admin.plugins.module_utils._errors import (
    ChatError,
    Endpoint,
    unexpected_content,
    unexpected_status,
)
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ApiClient, Document, Response
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import connection_from
from ansible_collections.zchat.admin.plugins.module_utils._text import error_text

Json = Dict[str, Any]

DEFAULTS: Json = {
    "ca_path": None,
    "validate_certs": True,
    "timeout": 30,
    "retries": 4,
    "rate_limit_timeout": 300,
}
"""The connection options that a task has if it sets none."""
OWN = "own-token-value"
"""The access token that :class:`FakeChat` authenticates with unless a test sets another."""
MISSING_SCOPE = {"error": "Forbidden", "description": "You are missing the following required scopes: write"}
NOT_FOUND = {"error": "Not found"}


def token(number: int, **fields: Any) -> Json:
    """Return a token as the API lists it."""
    return {
        "id": number,
        "agent_id": 10000026,
        "client_identifier": "zendesk",
        "create_date": "2014-09-09T07:49:20Z",
        "expire_date": None,
        "scopes": "read write",
        "token_type": "Bearer",
        "access_token": f"access{number:08d}",
        "refresh_token": f"refresh{number:08d}",
        **fields,
    }


def agent(number: int, email: str | None, **fields: Any) -> Json:
    """Return an agent as the API returns it."""
    return {
        "id": number,
        "email": email,
        "first_name": "Ada",
        "last_name": "Byron",
        "display_name": "Ada Byron",
        "enabled": 1,
        "role_id": 3,
        "roles": {"administrator": False, "owner": False},
        "departments": [],
        "create_date": "2014-09-01T08:00:00Z",
        "last_login": None,
        **fields,
    }


@dataclass(frozen=True)
class Reply:
    """The response to one request, instead of the true one."""

    status: int | None = 200
    """``None``: no response."""
    body: Any = b""
    """Bytes, or a value that is sent as JSON."""
    headers: Mapping[str, str] = field(default_factory=dict)
    applied: bool = True
    """Whether a DELETE is executed, whatever the response is."""
    repeated: bool = False
    """Whether an earlier attempt of the same request got no response or a 5xx."""


Change = Callable[[List[Json]], List[Json]]
"""Changes the content of a list of tokens or agents."""
Script = Mapping[str, Iterable[Union[Reply, Change, None]]]
"""The replies to the first requests with this method and path, such as ``GET oauth/tokens``. ``None``: the true one."""


@dataclass(frozen=True)
class Request:
    """One request that was sent."""

    line: str
    """Method and path, then `` with VALUE`` if another access token was used."""
    status: int | None
    shown: frozenset[int] | None = None
    """The ids in the response to ``GET oauth/tokens``. ``None`` if it was not a list, or was given as bytes."""
    existing: frozenset[int] = frozenset()
    """The ids of the tokens that existed when they were listed."""
    after_pause: bool = False
    """Whether the client paused before the request."""


class FakeChat:
    """An :class:`ApiClient` that keeps tokens, agents and clients, and records the requests."""

    def __init__(
        self,
        tokens: Iterable[Json] = (),
        *,
        agents: Iterable[Json] = (),
        clients: Iterable[Json] = (),
        own: str | None = OWN,
        own_agent: int | None = None,
        script: Script | None = None,
        headers: Mapping[str, str] | None = None,
        shown: Callable[[Json], Json] = dict,
        before: Callable[[str], None] = lambda line: None,
    ) -> None:
        """``own`` is the access token of the task (``None``: an email address and a password).

        ``own_agent`` is the id of the agent that the task authenticates as, unless a token with the value ``own`` shows it;
        by default 777, or the first of ``agents`` if there is no token.
        ``headers`` are those of a token list; ``shown`` returns a token as the list shows it. ``before`` is called before
        each request.
        """
        credential = {"access_token": own} if own else {"email": "ada@example.com", "password": "pass word"}
        self.connection = connection_from({**DEFAULTS, "subdomain": "acme", **credential}, {})
        self.tokens = {entry["id"]: entry for entry in tokens}
        self.agents = sorted(agents, key=lambda entry: int(entry["id"]))
        self.clients = list(clients)
        self.requests: list[Request] = []
        self.pauses: list[float] = []
        self._paused = False
        self.logged: list[str] = []
        self.interrupted = False
        self.before = before
        self._headers = dict(headers or {})
        self._shown = shown
        self._script = {line: iter(replies) for line, replies in (script or {}).items()}
        own_token = next((entry for entry in self.tokens.values() if own and entry["access_token"] == own), None)
        self._own_id = own_token["id"] if own_token else None
        default = own_agent or (self.agents[0]["id"] if self.agents and not self.tokens else 777)
        self._own_agent = own_token["agent_id"] if own_token and own_token["agent_id"] else default
        self._lock = threading.Lock()

    def get(
        self,
        path: str,
        *,
        missing_ok: bool = False,
        access_token: str | None = None,
        object_hook: Callable[[Json], Any] | None = None,
    ) -> Document:
        """As :meth:`ApiClient.get`."""
        with self._lock:
            line = f"GET {path}" if access_token is None else f"GET {path} with {access_token}"
            scripted = self._scripted(line)
            reply = scripted if isinstance(scripted, Reply) else self._reply_to_get(path, access_token, scripted)
            self._record(line, reply)
        endpoint = self.connection.endpoint(path)
        if missing_ok and reply.status == 404:
            is_from_api = Response(reply.status, reply.headers, _bytes(reply.body)).is_from_api
            return Document(endpoint, reply.status, reply.headers, None, is_from_api)
        if reply.status != 200:
            raise self._error(reply, endpoint)
        try:
            return Document(endpoint, 200, reply.headers, json.loads(_bytes(reply.body), object_hook=object_hook))
        except (ValueError, RecursionError):
            raise unexpected_content(endpoint, "JSON", "it is not valid JSON.") from None

    def delete(self, path: str) -> Response:
        """As :meth:`ApiClient.delete`."""
        with self._lock:
            line = f"DELETE {path}"
            number = int(path[len("oauth/tokens/") :])
            assert path == f"oauth/tokens/{number}"
            shown = [request.shown for request in self.lists if request.status == 200]
            assert any(ids is None or number in ids for ids in shown), "a DELETE for a token that was not listed"
            scripted = self._scripted(line)
            assert scripted is None or isinstance(scripted, Reply)
            exists = number in self.tokens
            if self._is_rejected():
                reply = Reply(401, repeated=scripted is not None and scripted.repeated)
            else:
                reply = scripted or (Reply(204) if exists else Reply(404, NOT_FOUND))
                if reply.applied:
                    self.tokens.pop(number, None)
            self._record(line, reply)
        if reply.status is not None and (reply.status in (404, 410) or 200 <= reply.status < 300):
            return Response(reply.status, reply.headers, _bytes(reply.body), reply.repeated)
        raise self._error(reply, self.connection.endpoint(path))

    def pause(self, seconds: float) -> bool:
        """As :meth:`ApiClient.pause`, without waiting."""
        self.pauses.append(seconds)
        self._paused = True
        return self.interrupted

    @property
    def lines(self) -> list[str]:
        """Method and path of each request."""
        return [request.line for request in self.requests]

    @property
    def deleted(self) -> list[int]:
        """The ids for which a DELETE was sent, in this order."""
        return [int(line.rpartition("/")[2]) for line in self.lines if line.startswith("DELETE ")]

    @property
    def lists(self) -> list[Request]:
        """The requests for the list of tokens."""
        return [request for request in self.requests if request.line == "GET oauth/tokens"]

    def _scripted(self, line: str) -> Reply | Change | None:
        self.before(line)
        return next(self._script.get(line, iter(())), None)

    def _is_rejected(self) -> bool:
        return self._own_id is not None and self._own_id not in self.tokens

    def _reply_to_get(self, path: str, access_token: str | None, change: Change | None) -> Reply:
        own_agent = self._own_agent
        if access_token is not None:
            entry = next((entry for entry in self.tokens.values() if entry["access_token"] == access_token), None)
            if entry is None:
                return Reply(401)
            own_agent = entry["agent_id"]
        elif self._is_rejected():
            return Reply(401)
        if path == "oauth/tokens":
            body = [self._shown(self.tokens[number]) for number in sorted(self.tokens)]
            return Reply(body=change(body) if change else body, headers=self._headers)
        if path == "oauth/clients":
            return Reply(body=self.clients)
        if path.startswith("agents?"):
            query = parse_qs(urlsplit(path).query)
            (since,), (limit,) = query["since_id"], query["limit"]
            assert int(limit) <= 100, "the API rejects a higher limit"
            everyone = {entry["id"]: entry for entry in self.agents}
            if self.tokens and own_agent is not None:
                everyone.setdefault(own_agent, agent(own_agent, "own@example.com"))
            page = [everyone[number] for number in sorted(everyone) if number >= int(since)][: int(limit)]
            return Reply(body=change(page) if change else page)
        if path == "agents/me":
            me = next((entry for entry in self.agents if entry["id"] == own_agent), None)
            return Reply(body=me or agent(own_agent, "own@example.com"))
        folder, _slash, value = path.rpartition("/")
        key = {"agents/email": "email", "agents": "id"}[folder]
        wanted = unquote(value).lower()
        found = next((entry for entry in self.agents if str(entry[key]).lower() == wanted), None)
        return Reply(body=found) if found else Reply(404, NOT_FOUND)

    def _record(self, line: str, reply: Reply) -> None:
        shown: frozenset[int] | None = None
        existing: frozenset[int] = frozenset()
        if line == "GET oauth/tokens":
            existing = frozenset(self.tokens)
            if reply.status == 200 and isinstance(reply.body, list):
                ids = (entry.get("id") for entry in reply.body if isinstance(entry, dict))
                shown = frozenset(number for number in ids if isinstance(number, int))
        self.requests.append(Request(line, reply.status, shown, existing, self._paused))
        self._paused = False

    def _error(self, reply: Reply, endpoint: Endpoint) -> ChatError:
        if reply.status is None:
            return ChatError(f"No response from {endpoint}: the connection was closed.", outcome_unknown=True)
        return unexpected_status(
            reply.status,
            endpoint,
            credential=self.connection.credential,
            text=error_text(_bytes(reply.body).decode()),
            location=None,
            outcome_unknown=reply.repeated or reply.status >= 500,
            is_from_api=Response(reply.status, reply.headers, _bytes(reply.body)).is_from_api,
        )


def as_client(fake: FakeChat) -> ApiClient:
    """Return the fake as the client that it stands for, so that mypy compares them."""
    return fake


def task(
    client: FakeChat, spec: Mapping[str, Mapping[str, Any]], options: Mapping[str, Any], check_mode: bool = False
) -> Task:
    """Return a task with these options and the defaults of a module's argument ``spec``."""
    unknown = options.keys() - spec.keys()
    assert not unknown, f"not in the spec: {unknown}"
    defaults = {name: details["default"] for name, details in spec.items() if "default" in details}
    return Task({**defaults, **options}, as_client(client), check_mode, client.logged.append)


# Changes of a list, for scripts.


def nothing(entries: list[Json]) -> list[Json]:
    """Show an empty list."""
    return []


def first(count: int) -> Change:
    """Show only the first ``count`` entries."""
    return lambda entries: entries[:count]


def only(*ids: int) -> Change:
    """Show only the entries with these ids."""
    return lambda entries: [entry for entry in entries if entry["id"] in ids]


def without(*ids: int) -> Change:
    """Hide the entries with these ids."""
    return lambda entries: [entry for entry in entries if entry["id"] not in ids]


def also(*others: Json) -> Change:
    """Show these entries too, unless their ids are shown already."""
    return lambda entries: [*entries, *(new for new in others if new["id"] not in {old["id"] for old in entries})]


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()
