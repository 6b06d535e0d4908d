# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a sandbox, protected by one lock: the account, the faults, the rate limits and the request log."""

from __future__ import annotations

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
from .options import Options
from .seed import Agent, Credential, Seed, Token, generate, generate_agents, parse_seed, parse_tokens

SUPPORT_TOKENS = 100
"""Number of token ids of the seed that also exist in the Support API, each for a token of another user."""
SUPPORT_USER_ID = 900000001


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

    def is_administrator(self) -> bool:
        """Return whether the caller is an existing agent with the Administrator role."""
        return self.agent is not None and self.agent.administrator


@dataclass
class _Window:
    """A window of a rate limit: its start (monotonic seconds) and the number of accepted requests."""

    start: float
    accepted: int = 0


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

    def _begin(self, options: Options, faults: Iterable[Fault | Mapping[str, Any]]) -> None:
        now = datetime.now(timezone.utc)
        seed: Seed = parse_seed(demo_seed() if options.seed is None else options.seed, now=now)
        # An agent of the seed replaces a generated one with the same id.
        agents = {agent.id: agent for agent in (*generate_agents(options.agents, now), *seed.agents)}
        agents = dict(sorted(agents.items()))
        generated = generate(options.tokens, list(agents.values()), now)
        support = [_support_token(token.id) for token in (list(seed.tokens) + generated)[:SUPPORT_TOKENS]]
        with self.lock:
            self.options = options
            self._agents: dict[int, Agent] = agents
            self._clients = seed.clients
            self._credentials: dict[str, Credential] = {item.email.lower(): item for item in seed.credentials}
            self.credential = seed.credentials[0] if seed.credentials else None
            self.access_token = seed.access_token
            self._secrets.update(form for item in seed.credentials for form in (item.password, item.basic))
            # All tokens that are not revoked or that the list still contains, sorted by id.
            self._tokens: dict[int, Token] = {}
            # The listed ones of these as JSON. Serialized once, because this is slow for a long list.
            self._lines: dict[int, bytes] = {}
            # The response bodies, by the agent whose tokens they contain (None: of all agents).
            self._lists: dict[int | None, bytes] = {}
            self._by_value: dict[str, Token] = {}
            # Revoked tokens: the number of further lists that contain them, of further requests that can use them.
            self._lingering: dict[int, int] = {}
            self._bearer_lingering: dict[str, int] = {}
            self._support: dict[int, dict[str, Any]] = {token["id"]: token for token in support}
            self._windows: dict[str, _Window] = {}
            self._log: list[LoggedRequest] = []
            self._faults = [FaultCount(fault) for fault in parse_faults(list(faults))]
            self._add(seed.tokens)
            self._add(generated)

    def reset(
        self,
        changes: Mapping[str, Any] | None = None,
        faults: Iterable[Fault | Mapping[str, Any]] = (),
    ) -> None:
        """Restore the seed, clear the log and set these faults instead of all others.

        The options are those of the start with ``changes``. Changes of an earlier reset do not apply.
        """
        self._begin(self._started_with.changed(changes or {}), parse_faults(list(faults)))

    # Tokens

    @property
    def tokens(self) -> dict[int, dict[str, Any]]:
        """The tokens that are not revoked, by id, in the format of the API. A copy."""
        with self.lock:
            return {key: dict(token.document) for key, token in self._tokens.items() if key not in self._lingering}

    @property
    def secrets(self) -> frozenset[str]:
        """Every token value and password that existed since the start, also those before a reset."""
        with self.lock:
            return frozenset(self._secrets)

    def live_ids(self) -> list[int]:
        """Return the sorted ids of all tokens that are not revoked, including expired and unlisted ones."""
        with self.lock:
            return [token_id for token_id in self._tokens if token_id not in self._lingering]

    def add_tokens(self, documents: object) -> list[int]:
        """Add tokens in the format of a seed, and return their ids. A token replaces one with the same id."""
        tokens = parse_tokens(documents, "tokens", datetime.now(timezone.utc))
        with self.lock:
            self._add(tokens)
        return [token.id for token in tokens]

    def _add(self, tokens: Iterable[Token]) -> None:
        last = next(reversed(self._tokens), 0)
        in_order = True
        for token in tokens:
            if token.id in self._tokens:
                self._reject(self._tokens[token.id])
                self._remove(token.id)
            in_order = in_order and token.id > last
            last = token.id
            self._tokens[token.id] = token
            values = (token.document.get(key) for key in ("access_token", "refresh_token"))
            self._secrets.update(value for value in values if isinstance(value, str) and value)
            if token.listed:
                self._lines[token.id] = self._line(token)
            if token.access_token is not None:
                self._by_value[token.access_token] = token
        if not in_order:
            self._tokens = dict(sorted(self._tokens.items()))
            self._lines = dict(sorted(self._lines.items()))
        self._lists.clear()

    def _line(self, token: Token) -> bytes:
        document = dict(token.document)
        for key in ("access_token", "refresh_token"):
            if isinstance(document.get(key), str):
                document[key] = self.options.listed_value(document[key])
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    def _remove(self, token_id: int) -> None:
        """Remove a token from the list."""
        del self._tokens[token_id]
        self._lines.pop(token_id, None)
        self._lingering.pop(token_id, None)
        self._lists.clear()

    def _reject(self, token: Token) -> None:
        """Stop accepting a token as a bearer token."""
        value = token.access_token
        if value is not None and self._by_value.get(value) is token:
            del self._by_value[value]
            self._bearer_lingering.pop(value, None)

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
            if bearer_linger and token.access_token is not None:
                self._bearer_lingering[token.access_token] = bearer_linger
            else:
                self._reject(token)
            if linger:
                self._lingering[token_id] = linger
            else:
                self._remove(token_id)
            return True

    def list_body(self, caller: Caller) -> bytes:
        """Return the body of the token list for a caller, and count it for the tokens that linger."""
        with self.lock:
            agent_id = caller.agent.id if self.options.own_only and caller.agent else None
            body = self._lists.get(agent_id)
            if body is None:
                lines = (line for key, line in self._lines.items() if agent_id in (None, self._tokens[key].agent_id))
                body = b"[" + b",".join(itertools.islice(lines, self.options.list_cap)) + b"]"
                self._lists[agent_id] = body
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
            return {key: dict(token) for key, token in self._support.items()}

    def revoke_support_token(self, token_id: int) -> bool:
        """Revoke a token of the Support API, and return whether it existed."""
        with self.lock:
            return self._support.pop(token_id, None) is not None

    # Agents, clients and callers

    @property
    def agents(self) -> dict[int, dict[str, Any]]:
        """The agents by id, in the format of the API. A copy."""
        with self.lock:
            return {key: dict(agent.document) for key, agent in self._agents.items()}

    @property
    def clients(self) -> list[dict[str, Any]]:
        """The OAuth clients in the format of the API. A copy."""
        with self.lock:
            return [dict(client) for client in self._clients]

    def agent_page(self, since_id: int, max_id: int | None, limit: int) -> list[Mapping[str, Any]]:
        """Return the first ``limit`` agents with ids from ``since_id`` to ``max_id``, both inclusive."""
        with self.lock:
            agents = self._agents.values()
            selected = (a.document for a in agents if a.id >= since_id and (max_id is None or a.id <= max_id))
            page = list(itertools.islice(selected, limit))
            return page[::-1] if self.options.agent_page_order == "reversed" else page

    def agent_by_id(self, agent_id: int) -> Agent | None:
        """Return the agent with this id."""
        with self.lock:
            return self._agents.get(agent_id)

    def agent_by_email(self, email: str) -> Agent | None:
        """Return the agent with this address; its case matters only with ``email_case_sensitive``."""
        with self.lock:
            return self._by_email(email, exact=self.options.email_case_sensitive)

    def _by_email(self, email: str, exact: bool = False) -> Agent | None:
        for agent in self._agents.values():
            if agent.email and (agent.email == email or (not exact and agent.email.lower() == email.lower())):
                return agent
        return None

    def caller_by_token(self, access_token: str) -> Caller | None:
        """Return the caller with this access token, None if the token is unknown, expired or revoked."""
        with self.lock:
            token = self._by_value.get(access_token)
            if token is None or not token.is_valid(datetime.now(timezone.utc)):
                return None
            if access_token in self._bearer_lingering:
                self._bearer_lingering[access_token] -= 1
                if self._bearer_lingering[access_token] == 0:
                    self._reject(token)
            agent = None if token.agent_id is None else self._agents.get(token.agent_id)
            return Caller(agent, token.scopes)

    def caller_by_password(self, email: str, password: str) -> Caller | None:
        """Return the caller with this address and password, None if they are wrong."""
        with self.lock:
            known = self._credentials.get(email.lower())
            if known is None or known.password != password:
                return None
            return Caller(self._by_email(email), None)

    # Limits, faults, log

    def admit(self, endpoint: str) -> int | None:
        """Count a request to an endpoint. Return None if it is accepted, else the seconds until the window ends."""
        with self.lock:
            if self.options.rate_limit is None:
                return None
            now = time.monotonic()
            window = self._windows.get(endpoint)
            if window is None or now >= window.start + self.options.rate_window:
                window = self._windows[endpoint] = _Window(now)
            if window.accepted < self.options.rate_limit:
                window.accepted += 1
                return None
            return max(1, math.ceil(window.start + self.options.rate_window - now))

    def set_faults(self, faults: object) -> None:
        """Set these faults instead of all others."""
        counts = [FaultCount(fault) for fault in parse_faults(faults)]
        with self.lock:
            self._faults = counts

    def fault_uses(self) -> list[dict[str, int]]:
        """Return the counts ``seen`` and ``used`` of each fault, as in FaultCount."""
        with self.lock:
            return [{"seen": count.seen, "used": count.used} for count in self._faults]

    def fault_for(self, method: str, path: str) -> tuple[Fault, bool] | None:
        """Count a request. Return the fault that acts on it, and whether for the first time; None without a fault."""
        with self.lock:
            for count in self._faults:
                if count.count(method, path):
                    return count.fault, count.used == 1
            return None

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
        "user_id": SUPPORT_USER_ID + token_id % 7,
        "client_id": 41,
        "token": f"s{token_id:07d}FAKE"[:10],
        "scopes": ["read", "write"],
        "created_at": "2024-02-05T10:00:00Z",
        "expires_at": None,
        "used_at": None,
    }
