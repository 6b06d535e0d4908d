# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a sandbox, protected by one lock: the account, the faults, the rate limits and the request log."""

from __future__ import annotations

import base64
import itertools
import json
import math
import secrets
import string
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Generic, TypedDict, TypeVar

from .demo import demo_seed
from .faults import Fault, FaultCount, parse_faults
from .options import VALUE_FORMS, Options
from .seed import Agent, Item, Token, client_document, parse_seed, parse_tokens, token_document

_Item = TypeVar("_Item", bound=Item)

SUPPORT_TOKENS = 100
"""Number of token ids of the seed that also exist in the Support API, each for a token of another user."""


class LoggedRequest(TypedDict):
    """One request in the log. ``status`` is None until the response is sent, and remains None without a response."""

    method: str
    path: str
    query: str
    status: int | None
    authorization: str | None
    at: float
    connection: int


@dataclass(frozen=True)
class Caller:
    """The sender of a request. ``scopes`` is None for Basic authentication, which scopes do not restrict."""

    agent: Agent | None
    scopes: frozenset[str] | None


class GrantError(Exception):
    """The token endpoint issues no token. Its arguments are the status, the OAuth error and a description."""


class _List(Generic[_Item]):
    """The clients or tokens that exist, and the deleted ones that linger in their list. Not thread-safe."""

    def __init__(self, secret_keys: Iterable[str], shown: Callable[[str], str]) -> None:
        """``shown`` is the form in which the list shows the values of ``secret_keys``."""
        self._secret_keys = secret_keys
        self._shown = shown
        # All of them, sorted by id.
        self.items: dict[int, _Item] = {}
        # The listed ones of these as JSON. Serialized once, because this is slow for a long list.
        self._lines: dict[int, bytes] = {}
        # Deleted items: the number of further lists that contain them.
        self._lingering: dict[int, int] = {}

    @property
    def existing(self) -> dict[int, _Item]:
        """The items that are not deleted, including those that are not listed, by id."""
        return {key: item for key, item in self.items.items() if key not in self._lingering}

    def put(self, items: Iterable[_Item]) -> set[str]:
        """Add or replace items, and return their secrets."""
        found = set()
        for item in items:
            document = dict(item.document)
            for key in self._secret_keys:
                if isinstance(document.get(key), str):
                    found.add(document[key])
                    document[key] = self._shown(document[key])
            self.items[item.id] = item
            if item.listed:
                self._lines[item.id] = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        self.items = dict(sorted(self.items.items()))
        self._lines = dict(sorted(self._lines.items()))
        return found - {""}

    def listed(self, item_id: int) -> _Item | None:
        """Return the item with this id, None if the list does not contain it."""
        return self.items[item_id] if item_id in self._lines else None

    def line(self, item_id: int) -> bytes:
        """Return a listed item as the list shows it."""
        return self._lines[item_id]

    def delete(self, item_id: int, linger: int = 0) -> bool:
        """Delete an item that ``linger`` further lists contain, or do not (-1). Return whether this call deleted it."""
        if item_id in self._lingering or linger < 0:
            return False
        if linger:
            self._lingering[item_id] = linger
        else:
            self._remove(item_id)
        return True

    def _remove(self, item_id: int) -> None:
        del self.items[item_id]
        self._lines.pop(item_id, None)
        self._lingering.pop(item_id, None)

    def body(self, agent_id: int | None) -> bytes:
        """Return the list (of this agent only), and count it for the items that linger."""
        lines = (line for key, line in self._lines.items() if agent_id in (None, self.items[key].agent_id))
        body = b"[" + b",".join(lines) + b"]"
        for item_id, reads in list(self._lingering.items()):
            if reads > 1:
                self._lingering[item_id] = reads - 1
            else:
                self._remove(item_id)
        return body


class State:
    """The state of one sandbox. Thread-safe.

    No method holds ``lock`` while it waits or sends data.
    """

    def __init__(self, options: Options) -> None:
        self.lock = threading.RLock()
        self._logged = threading.Condition(self.lock)
        self._started_with = options
        # The request log uses a monotonic clock, shown as seconds since the epoch.
        self._epoch = time.time() - time.monotonic()
        self._secrets: set[str] = set()
        self._begin(options, options.faults)

    def _begin(self, options: Options, faults: object) -> None:
        now = datetime.now(timezone.utc)
        document = demo_seed() if options.seed is None else options.seed
        seed = parse_seed(document, now, options.agents, options.tokens)
        with self.lock:
            self.set_faults(faults)
            self.options = options
            self._agents = {agent.id: agent for agent in seed.agents}
            self._credentials = {item.email.lower(): item for item in seed.credentials}
            self.credential = seed.credentials[0] if seed.credentials else None
            self.access_token = seed.access_token
            self._clients = _List[Item](("client_secret",), lambda value: f"{value[:4]}********")
            self._secrets |= self._clients.put(seed.clients)
            self.automation_client = seed.automation_client
            # No id is used again.
            self._client_ids = itertools.count(max((client.id for client in seed.clients), default=0) + 1)
            self._tokens = _List[Token](("access_token", "refresh_token"), VALUE_FORMS[options.value_form])
            self._token_ids = itertools.count(max((token.id for token in seed.tokens), default=0) + 1)
            self._by_value: dict[str, Token] = {}
            # Revoked tokens: the number of further requests that can use them.
            self._bearer_lingering: dict[str, int] = {}
            ids = [token.id for token in seed.tokens[:SUPPORT_TOKENS]]
            self._support = {token_id: _support_token(token_id) for token_id in ids}
            # The start of the window of each endpoint, and the number of requests that it accepted.
            self._windows: dict[str, tuple[float, int]] = {}
            self._log: list[LoggedRequest] = []
            self._add(seed.tokens)
            for item in seed.credentials:
                self._secrets |= {
                    item.password,
                    base64.b64encode(f"{item.email}:{item.password}".encode()).decode("ascii"),
                }

    def reset(self, changes: object, faults: object) -> None:
        """Restore the seed, clear the log, and set these faults instead of all others.

        The options are those of the start with ``changes``. Changes of an earlier reset do not apply.
        """
        self._begin(self._started_with.changed(changes), faults)

    # Tokens

    @property
    def tokens(self) -> dict[int, dict[str, Any]]:
        """The tokens that are not revoked, including expired and unlisted ones, by id, in the format of the API. A copy."""
        with self.lock:
            return {key: dict(token.document) for key, token in self._tokens.existing.items()}

    @property
    def secrets(self) -> frozenset[str]:
        """Every token value, client secret and password that existed since the start, also those before a reset."""
        with self.lock:
            return frozenset(self._secrets)

    def add_tokens(self, documents: object) -> None:
        """Add tokens in the format of a seed."""
        self._add(parse_tokens(documents, "tokens", datetime.now(timezone.utc)))

    def _add(self, tokens: Iterable[Token]) -> None:
        with self.lock:
            tokens = list(tokens)
            self._secrets |= self._tokens.put(tokens)
            self._by_value.update({token.access_token: token for token in tokens if token.access_token is not None})

    def revoke(self, token_id: int, linger: int = 0, bearer_linger: int = 0) -> bool:
        """Revoke a token, and return whether the list contained it.

        ``linger`` further lists still contain it (-1: the token is not revoked), and ``bearer_linger`` further requests
        can still authenticate with it.
        """
        with self.lock:
            token = self._tokens.listed(token_id)
            if token is not None:
                self._revoke(token, linger, bearer_linger)
            return token is not None

    def _revoke(self, token: Token, linger: int = 0, bearer_linger: int = 0) -> None:
        if not self._tokens.delete(token.id, linger) or token.access_token is None:
            return
        if bearer_linger:
            self._bearer_lingering[token.access_token] = bearer_linger
        else:
            self._by_value.pop(token.access_token, None)

    def token_list(self, caller: Caller) -> bytes:
        """Return the body of the token list for a caller, and count it for the tokens that linger."""
        with self.lock:
            return self._tokens.body(caller.agent.id if self.options.own_only and caller.agent else None)

    def value(self, token_id: int, key: str) -> str:
        """Return the access or refresh token of a token, empty if it does not exist."""
        with self.lock:
            token = self._tokens.items.get(token_id)
        found = token.document.get(key) if token else None
        return found if isinstance(found, str) else ""

    def grant(self, identifier: str, secret: str, scopes: Sequence[str]) -> dict[str, Any]:
        """Create a token for a confidential client, and return the response of the token endpoint. Raises GrantError.

        It is a token of the agent who created the client, and is listed.
        """
        with self.lock:
            clients = self._clients.existing.values()
            client = next(
                (client for client in clients if client.document.get("client_identifier") == identifier), None
            )
            if (
                client is None
                or client.agent_id is None
                or not secret
                or client.document.get("client_secret") != secret
            ):
                raise GrantError(401, "invalid_client", "Client authentication failed")
            if client.document.get("client_type") != "confidential":
                raise GrantError(400, "unauthorized_client", "The client is not confidential")
            if not scopes or not set(scopes) <= set(str(client.document.get("scopes")).split()):
                raise GrantError(400, "invalid_scope", "The client does not have this scope")
            number = next(number for number in self._token_ids if number not in self._tokens.items)
            lifetime = self.options.granted_lifetime
            now = datetime.now(timezone.utc)
            expires = None if lifetime is None else _utc(now + timedelta(seconds=lifetime))
            document = token_document(number, client.agent_id, identifier, " ".join(scopes), _utc(now), expires)
            response = {"access_token": document["access_token"], "token_type": "Bearer", "scope": document["scopes"]}
            if lifetime is None:
                document["refresh_token"] = None
            else:
                response.update(refresh_token=document["refresh_token"], expires_in=lifetime)
            self.add_tokens([document])
            return response

    # Clients

    @property
    def clients(self) -> dict[int, dict[str, Any]]:
        """The clients that are not deleted, including unlisted ones, by id, with their complete secrets. A copy."""
        with self.lock:
            return {key: dict(client.document) for key, client in self._clients.existing.items()}

    def client_list(self, caller: Caller) -> bytes:
        """Return the body of the client list for a caller, and count it for the clients that linger."""
        with self.lock:
            return self._clients.body(caller.agent.id if self.options.own_clients_only and caller.agent else None)

    def create_client(self, caller: Caller, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Create a public client, and return it with its complete secret."""
        with self.lock:
            agent_id = caller.agent.id if caller.agent else None
            identifier = "".join(secrets.choice(string.ascii_letters + string.digits) for _number in range(50))
            # Only a later change makes a client confidential.
            fields = {**fields, "client_type": "public"}
            document = client_document(next(self._client_ids), agent_id, identifier, _date(), fields)
            self._secrets |= self._clients.put([Item(document["id"], agent_id, document, listed=True)])
            return document

    def change_client(self, client_id: int, fields: Mapping[str, Any]) -> bytes | None:
        """Change fields of a client. Return it as the list shows it, None if the list does not contain it."""
        with self.lock:
            client = self._clients.listed(client_id)
            if client is None:
                return None
            document = {**client.document, **fields, "update_date": _date()}
            self._clients.put([replace(client, document=document)])
            return self._clients.line(client_id)

    def delete_client(self, client_id: int, linger: int = 0) -> bool:
        """Delete a client, and return whether the list contained it.

        ``linger`` further lists still contain it (-1: the client is not deleted). It depends on the option
        ``revoke_with_client`` whether its tokens are revoked.
        """
        with self.lock:
            client = self._clients.listed(client_id)
            if client is None:
                return False
            if self._clients.delete(client_id, linger) and self.options.revoke_with_client:
                identifier = client.document.get("client_identifier")
                for token in self._tokens.existing.values():
                    if identifier is not None and token.document.get("client_identifier") == identifier:
                        self._revoke(token)
            return True

    # The Support API's tokens

    @property
    def support_tokens(self) -> dict[int, dict[str, Any]]:
        """The tokens of the Support API, by id. A copy."""
        with self.lock:
            return dict(self._support)

    def revoke_support_token(self, token_id: int) -> bool:
        """Revoke a token of the Support API, and return whether it existed."""
        with self.lock:
            return self._support.pop(token_id, None) is not None

    # Agents and callers

    def agent_page(self, since_id: int, max_id: float, limit: int) -> list[Mapping[str, Any]]:
        """Return the first ``limit`` agents with ids from ``since_id`` to ``max_id``, both inclusive."""
        with self.lock:
            selected = (agent.document for agent in self._agents.values() if since_id <= agent.id <= max_id)
            return list(itertools.islice(selected, limit))

    def agent_by_id(self, agent_id: int) -> Agent | None:
        """Return the agent with this id."""
        with self.lock:
            return self._agents.get(agent_id)

    def agent_by_email(self, email: str) -> Agent | None:
        """Return the agent with this address; its case is ignored."""
        with self.lock:
            agents = self._agents.values()
            return next((agent for agent in agents if agent.email and agent.email.lower() == email.lower()), None)

    def caller_by_token(self, access_token: str) -> Caller | None:
        """Return the caller with this access token, None if the token is unknown, expired or revoked."""
        with self.lock:
            token = self._by_value.get(access_token)
            if token is None or (token.expires and token.expires <= datetime.now(timezone.utc)):
                return None
            if access_token in self._bearer_lingering:
                self._bearer_lingering[access_token] -= 1
                if self._bearer_lingering[access_token] == 0:
                    del self._by_value[access_token]
            agent = None if token.agent_id is None else self._agents.get(token.agent_id)
            return Caller(agent, token.scopes)

    def caller_by_password(self, email: str, password: str) -> Caller | None:
        """Return the caller with this address and password, None if they are wrong."""
        with self.lock:
            known = self._credentials.get(email.lower())
            if known is None or known.password != password:
                return None
            return Caller(self.agent_by_email(email), None)

    # Limits, faults, log

    def admit(self, endpoint: str) -> int | None:
        """Count a request to an endpoint. Return None if it is accepted, else the seconds until the window ends."""
        with self.lock:
            if self.options.rate_limit is None:
                return None
            now = time.monotonic()
            start, accepted = self._windows.get(endpoint, (now, 0))
            if now >= start + self.options.rate_window:
                start, accepted = now, 0
            if accepted < self.options.rate_limit:
                self._windows[endpoint] = (start, accepted + 1)
                return None
            return max(1, math.ceil(start + self.options.rate_window - now))

    def fault_for(self, method: str, path: str) -> tuple[Fault, bool] | None:
        """Count a request. Return the fault that acts on it, and whether for the first time; None without a fault."""
        with self.lock:
            for count in self._faults:
                if count.count(method, path):
                    return count.fault, count.used == 1
            return None

    def set_faults(self, faults: object) -> None:
        """Set these faults instead of all others."""
        counts = [FaultCount(fault) for fault in parse_faults(faults)]
        with self.lock:
            self._faults = counts

    def log(self, method: str, path: str, query: str, authorization: str | None, connection: int) -> LoggedRequest:
        """Log a request on arrival, and return its entry."""
        with self.lock:
            entry: LoggedRequest = {
                "method": method,
                "path": path,
                "query": query,
                "status": None,
                "authorization": authorization,
                "at": self._epoch + time.monotonic(),
                "connection": connection,
            }
            self._log.append(entry)
            self._logged.notify_all()
            return entry

    @property
    def requests(self) -> list[LoggedRequest]:
        """The request log, in the order of arrival. A copy."""
        with self.lock:
            return [entry.copy() for entry in self._log]

    def wait_for_requests(self, count: int, timeout: float, method: str | None = None) -> bool:
        """Wait up to ``timeout`` seconds for ``count`` requests (with this ``method``). Return whether they arrived."""
        with self._logged:
            return self._logged.wait_for(
                lambda: sum(method in (None, entry["method"]) for entry in self._log) >= count, timeout
            )

    def clear_requests(self) -> None:
        """Clear the request log."""
        with self.lock:
            self._log = []


def _utc(moment: datetime) -> str:
    """Return a date in the format of tokens."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _date() -> str:
    """Return the current date in the format of clients, without a time zone."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def _support_token(token_id: int) -> dict[str, Any]:
    """Return a token of the Support API that shares only the id with a Chat token."""
    return {
        "id": token_id,
        "user_id": 900000001,
        "client_id": 41,
        "token": f"s{token_id:07d}FAKE"[:10],
        "scopes": ["read", "write"],
        "created_at": "2024-02-05T10:00:00Z",
        "expires_at": None,
        "used_at": None,
    }
