# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a sandbox, protected by one lock: the account, the faults, the rate limits and the request log."""

from __future__ import annotations

import base64
import itertools
import json
import math
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, TypedDict

from .demo import demo_seed
from .faults import Fault, FaultCount, parse_faults
from .options import VALUE_FORMS, Options
from .seed import Agent, Token, parse_seed, parse_tokens

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
            self.clients = seed.clients
            self._credentials = {item.email.lower(): item for item in seed.credentials}
            self.credential = seed.credentials[0] if seed.credentials else None
            self.access_token = seed.access_token
            # All tokens that are not revoked or that the list still contains, sorted by id.
            self._tokens: dict[int, Token] = {}
            # The listed ones of these as JSON. Serialized once, because this is slow for a long list.
            self._lines: dict[int, bytes] = {}
            self._by_value: dict[str, Token] = {}
            # Revoked tokens: the number of further lists that contain them, of further requests that can use them.
            self._lingering: dict[int, int] = {}
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
            return {key: dict(token.document) for key, token in self._tokens.items() if key not in self._lingering}

    @property
    def secrets(self) -> frozenset[str]:
        """Every token value and password that existed since the start, also those before a reset."""
        with self.lock:
            return frozenset(self._secrets)

    def add_tokens(self, documents: object) -> None:
        """Add tokens in the format of a seed."""
        self._add(parse_tokens(documents, "tokens", datetime.now(timezone.utc)))

    def _add(self, tokens: Iterable[Token]) -> None:
        with self.lock:
            for token in tokens:
                self._tokens[token.id] = token
                values = (token.document.get(key) for key in ("access_token", "refresh_token"))
                self._secrets.update(value for value in values if isinstance(value, str) and value)
                if token.listed:
                    self._lines[token.id] = self._line(token)
                if token.access_token is not None:
                    self._by_value[token.access_token] = token
            self._tokens = dict(sorted(self._tokens.items()))
            self._lines = dict(sorted(self._lines.items()))

    def _line(self, token: Token) -> bytes:
        document = dict(token.document)
        for key in ("access_token", "refresh_token"):
            if isinstance(document.get(key), str):
                document[key] = VALUE_FORMS[self.options.value_form](document[key])
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    def _remove(self, token_id: int) -> None:
        """Remove a token from the list."""
        del self._tokens[token_id]
        self._lines.pop(token_id, None)
        self._lingering.pop(token_id, None)

    def revoke(self, token_id: int, linger: int = 0, bearer_linger: int = 0) -> bool:
        """Revoke a token, and return whether the list contained it.

        ``linger`` further lists still contain it (-1: the token is not revoked), and ``bearer_linger`` further requests
        can still authenticate with it.
        """
        with self.lock:
            token = self._tokens.get(token_id)
            if token is None or not token.listed:
                return False
            if token_id in self._lingering or linger < 0:
                return True
            if token.access_token is not None and bearer_linger:
                self._bearer_lingering[token.access_token] = bearer_linger
            elif token.access_token is not None:
                self._by_value.pop(token.access_token, None)
            if linger:
                self._lingering[token_id] = linger
            else:
                self._remove(token_id)
            return True

    def list_body(self, caller: Caller) -> bytes:
        """Return the body of the token list for a caller, and count it for the tokens that linger."""
        with self.lock:
            own = caller.agent.id if self.options.own_only and caller.agent else None
            lines = (line for key, line in self._lines.items() if own in (None, self._tokens[key].agent_id))
            body = b"[" + b",".join(lines) + b"]"
            for token_id, reads in list(self._lingering.items()):
                if reads > 1:
                    self._lingering[token_id] = reads - 1
                else:
                    self._remove(token_id)
            return body

    def value(self, token_id: int, key: str) -> str:
        """Return the access or refresh token of a token, empty if it does not exist."""
        with self.lock:
            token = self._tokens.get(token_id)
        found = token.document.get(key) if token else None
        return found if isinstance(found, str) else ""

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
