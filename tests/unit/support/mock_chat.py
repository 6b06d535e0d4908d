# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real client over a mock transport: a Chat account in memory. Replies can be scripted, also false ones."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from email.utils import formatdate
from typing import Any, Callable, Dict, Iterable, List, Mapping, Union
from urllib.parse import parse_qs, unquote, urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import Connection, connection_from
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import Secrets
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import task_options
from ansible_collections.zchat.admin.plugins.module_utils._interruption import Interruption
from ansible_collections.zchat.admin.plugins.module_utils._task import Task

Json = Dict[str, Any]

OWN = "own-token-value"
"""The access token that :class:`MockChat` authenticates with unless a test sets another."""
PAIR = {"client_id": "automation", "client_secret": "hush-this-is-the-client-secret"}
"""The API client with which a run gets a token, if a test wants that."""
GRANT = "POST oauth2/chat/token"
"""The request for it."""
RUN_TOKEN = "run-token-value"
"""The access token that the API then issues."""
RUN_REFRESH_TOKEN = "renewal-of-the-run-token"
MISSING_SCOPE = {"error": "Forbidden", "description": "You are missing the following required scopes: write"}
NOT_FOUND = {"error": "Not found"}
UNAUTHORIZED = {
    "error": "Unauthorized",
    "description": "The server could not verify that you are authorized to access the requested resource",
}
"""The recorded body of a 401."""


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


def api_client(number: int, name: str | None, identifier: str, **fields: Any) -> Json:
    """Return an API client as the API lists it."""
    return {
        "id": number,
        "name": name,
        "company": "Example Ltd",
        "client_secret": "a8f3********",
        "client_identifier": identifier,
        "client_type": "confidential",
        "redirect_uris": "http://localhost:8080",
        "scopes": "read write chat",
        "agent_id": 10000026,
        "create_date": "2018-10-17T02:32:45",
        "update_date": "2018-10-17T10:05:05",
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
    """Whether the client gets no response to its first attempt, and this one to the second."""


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
    """The ids in the response to ``GET oauth/tokens`` or ``GET oauth/clients``. ``None`` if it was not a list, or was given as
    bytes."""
    existing: frozenset[int] = frozenset()
    """The ids of the items that existed when they were listed."""
    after_pause: bool = False
    """Whether the client paused before the request."""
    body: Any = None
    """That of an error."""

    @property
    def is_confirmed(self) -> bool:
        """Whether the response to a DELETE shows that the token does not exist any more."""
        if self.status in (200, 204):
            return self.body in (b"", b"null")
        return self.status in (404, 410) and self.body in (b"", NOT_FOUND)


class Violation(BaseException):
    """A request that must never be sent. No code of the collection can catch it."""


class Waits(Interruption):
    """Records waits instead of waiting, except those before an attempt is repeated."""

    def __init__(self) -> None:
        super().__init__()
        self.repeating: dict[str, Reply] = {}
        """The reply to the next attempt of requests whose first attempt failed."""
        self.pauses: list[float] = []
        self.paused = False
        """Whether the client paused since the last request."""
        self.interrupted = False

    @property
    def happened(self) -> bool:
        return self.interrupted

    def wait(self, seconds: float) -> bool:
        if not self.repeating:
            self.pauses.append(seconds)
            self.paused = True
        return self.interrupted


class MockChat(ChatClient):
    """A client whose transport keeps tokens, agents and clients in memory, and records the requests."""

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
        revokes_with_client: bool = False,
        grants: bool = False,
    ) -> None:
        """``own`` is the access token of the task (``None``: an email address and a password).

        ``grants``: the task has the ``PAIR`` instead. Each POST creates a token of the own agent; :meth:`connect` makes the client use it.
        ``own_agent`` is the id of the agent that the task authenticates as, unless a token with the value ``own`` shows it;
        by default 777, or the first of ``agents`` if there is no token.
        ``headers`` are those of a token list, besides ``Date``; ``shown`` returns a token as the list shows it. ``before`` is called before
        each request. ``revokes_with_client``: the tokens of a client end when it is deleted.
        """
        credential = {"access_token": own} if own else {"email": "ada@example.com", "password": "pass word"}
        if grants:
            credential = PAIR
        options = {"subdomain": "acme", "retries": 1, **credential}
        connection = connection_from([task_options(options, options)])
        self.waits = Waits()
        super().__init__(connection, Secrets(connection.secrets), self.waits, adapter=_Transport(self))
        self.tokens = {entry["id"]: entry for entry in tokens}
        self.agents = sorted(agents, key=lambda entry: int(entry["id"]))
        self.clients = list(clients)
        self.requests: list[Request] = []
        self.logged: list[str] = []
        self.before = before
        self._revokes_with_client = revokes_with_client
        self._headers = {"Date": formatdate(usegmt=True), **(headers or {})}
        self._shown = shown
        self._script = {line: iter(replies) for line, replies in (script or {}).items()}
        own_token = next((entry for entry in self.tokens.values() if own and entry["access_token"] == own), None)
        self._own_id = own_token["id"] if own_token else None
        default = own_agent or (self.agents[0]["id"] if self.agents and not self.tokens else 777)
        self._own_agent = own_token["agent_id"] if own_token and own_token["agent_id"] else default
        self._lock = threading.Lock()

    def connect(self, connection: Connection, secrets: Secrets, interruption: Interruption) -> MockChat:
        """Become the client of a task: a new one, with this connection."""
        self.connection = replace(connection, retries=1)
        self.secrets, self.interruption, self.run_token_id = secrets, interruption, None
        interruption.wait = self.waits.wait  # type: ignore[method-assign]
        return self

    def reply(self, method: str, path: str, access_token: str | None) -> Reply:
        """Return the reply to one request. ``access_token`` is set if it is another one than that of the task."""
        with self._lock:
            line = f"{method} {path}" if access_token is None else f"{method} {path} with {access_token}"
            self.before(line)
            scripted = next(self._script.get(line, iter(())), None)
            if method == "DELETE":
                reply = self._reply_to_delete(path, scripted)
            elif method == "POST":
                reply = self._reply_to_grant(scripted)
            else:
                reply = scripted if isinstance(scripted, Reply) else self._reply_to_get(path, access_token, scripted)
            self._record(line, reply)
        return reply

    def _reply_to_grant(self, scripted: Reply | Change | None) -> Reply:
        if isinstance(scripted, Reply) and not (scripted.applied and scripted.status in (200, None)):
            return scripted
        number = max(self.tokens, default=0) + 1
        values = {"access_token": RUN_TOKEN, "refresh_token": RUN_REFRESH_TOKEN}
        now = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
        entry = token(number, agent_id=self._own_agent, client_identifier=PAIR["client_id"], create_date=now, **values)
        self.tokens[number], self._own_id = entry, number
        return (
            scripted
            if isinstance(scripted, Reply)
            else Reply(body={**values, "token_type": "bearer"}, headers=self._headers)
        )

    def _reply_to_delete(self, path: str, scripted: Reply | Change | None) -> Reply:
        folder, _slash, text = path.rpartition("/")
        number = int(text)
        shown = [request.shown for request in self._lists(folder) if request.status == 200]
        if path != f"{folder}/{number}" or not any(ids is None or number in ids for ids in shown):
            raise Violation(f"DELETE {path}, which was not listed")
        if self._is_rejected():
            return Reply(401, UNAUTHORIZED)
        exists = number in self._existing(folder)
        reply = scripted if isinstance(scripted, Reply) else Reply(204) if exists else Reply(404, NOT_FOUND)
        if reply.applied and folder == "oauth/clients":
            self._delete_client(number)
        elif reply.applied:
            self.tokens.pop(number, None)
        return reply

    def _existing(self, folder: str) -> frozenset[int]:
        """Return the ids of the tokens or of the API clients that exist."""
        if folder == "oauth/tokens":
            return frozenset(self.tokens)
        return frozenset(entry["id"] for entry in self.clients if "id" in entry)

    def _delete_client(self, number: int) -> None:
        identifiers = {entry["client_identifier"] for entry in self.clients if entry["id"] == number}
        self.clients = [entry for entry in self.clients if entry["id"] != number]
        if self._revokes_with_client:
            self.tokens = {
                n: entry for n, entry in self.tokens.items() if entry["client_identifier"] not in identifiers
            }

    @property
    def pauses(self) -> list[float]:
        """The seconds of each pause."""
        return self.waits.pauses

    @property
    def lines(self) -> list[str]:
        """Method and path of each request."""
        return [request.line for request in self.requests]

    @property
    def deleted(self) -> list[int]:
        """The ids of tokens for which a DELETE was sent, in this order."""
        return self._ids_of("DELETE oauth/tokens/")

    @property
    def deleted_clients(self) -> list[int]:
        """The ids of API clients for which a DELETE was sent, in this order."""
        return self._ids_of("DELETE oauth/clients/")

    def _ids_of(self, beginning: str) -> list[int]:
        return [int(line[len(beginning) :]) for line in self.lines if line.startswith(beginning)]

    @property
    def lists(self) -> list[Request]:
        """The requests for the list of tokens."""
        return self._lists("oauth/tokens")

    def _lists(self, folder: str) -> list[Request]:
        return [request for request in self.requests if request.line == f"GET {folder}"]

    def _is_rejected(self) -> bool:
        return self._own_id is not None and self._own_id not in self.tokens

    def _reply_to_get(self, path: str, access_token: str | None, change: Change | None) -> Reply:
        own_agent = self._own_agent
        if access_token is not None:
            entry = next((entry for entry in self.tokens.values() if entry["access_token"] == access_token), None)
            if entry is None:
                return Reply(401, UNAUTHORIZED)
            own_agent = entry["agent_id"]
        elif self._is_rejected():
            return Reply(401, UNAUTHORIZED)
        if path == "oauth/tokens":
            body = [self._shown(self.tokens[number]) for number in sorted(self.tokens)]
            return Reply(body=change(body) if change else body, headers=self._headers)
        if path == "oauth/clients":
            return Reply(body=change(self.clients) if change else self.clients)
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
        if line in ("GET oauth/tokens", "GET oauth/clients"):
            existing = self._existing(line[len("GET ") :])
            if reply.status == 200 and isinstance(reply.body, list):
                ids = (entry.get("id") for entry in reply.body if isinstance(entry, dict))
                shown = frozenset(number for number in ids if isinstance(number, int))
        body = None if line in ("GET oauth/tokens", "GET oauth/clients") else reply.body
        self.requests.append(Request(line, reply.status, shown, existing, self.waits.paused, body))
        self.waits.paused = False


class _Transport(BaseAdapter):
    """Takes the requests of a client, instead of the network."""

    def __init__(self, chat: MockChat) -> None:
        super().__init__()
        self._chat = chat
        self._repeating = chat.waits.repeating

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        connection = self._chat.connection
        url, method = str(request.url), str(request.method)
        if method == "POST":
            path, other = _path_of_grant(request, connection), None
        elif url.startswith(f"{connection.base_url}/"):
            authorization = request.headers["Authorization"]
            other = None if authorization == connection.authorization else authorization[len("Bearer ") :]
            path = url[len(connection.base_url) + 1 :]
        else:
            raise Violation(f"a request to {url}")
        reply = self._repeating.pop(f"{method} {url}", None)
        lost = False
        if reply is None:
            reply = self._chat.reply(method, path, other)
            lost = reply.repeated
            if lost or reply.status is None or reply.status >= 500:
                # The reply is that to the whole request: a failure lasts for all attempts.
                self._repeating[f"{method} {url}"] = reply
        if lost or reply.status is None:
            raise requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted."))
        response = requests.Response()
        response.status_code = reply.status
        response.headers = CaseInsensitiveDict(reply.headers)
        response.raw = urllib3.HTTPResponse(io.BytesIO(_bytes(reply.body)), status=reply.status, preload_content=False)
        return response

    def close(self) -> None:
        """Nothing is open."""


def _path_of_grant(request: requests.PreparedRequest, connection: Connection) -> str:
    """Return the path of a POST, which must be a grant without other credentials."""
    form = {**PAIR, "grant_type": "client_credentials", "scope": "read write"}
    if (
        connection.client is None
        or request.url != "https://acme.zendesk.com/oauth2/chat/token"
        or "Authorization" in request.headers
        or parse_qs(str(request.body)) != {name: [value] for name, value in form.items()}
    ):
        raise Violation(f"a POST to {request.url}")
    return "oauth2/chat/token"


def task(
    client: MockChat, spec: Mapping[str, Mapping[str, Any]], options: Mapping[str, Any], check_mode: bool = False
) -> Task:
    """Return a task with these options and the defaults of a module's argument ``spec``."""
    unknown = options.keys() - spec.keys()
    assert not unknown, f"not in the spec: {unknown}"
    defaults = {name: details["default"] for name, details in spec.items() if "default" in details}
    return Task({**defaults, **options}, lambda: client, check_mode, client.logged.append)


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
