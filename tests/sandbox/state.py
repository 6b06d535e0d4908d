# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that changes, behind one lock: the account, its faults, its limits and the log of its requests."""

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
"""How many of the seed's ids the Support API uses, too, each for a token of someone else."""
SUPPORT_USER_ID = 900000001


class Entry(TypedDict):
    """One request in the log. ``status`` is None while it has no answer, and for good if it never got one."""

    method: str
    path: str
    query: str
    status: int | None
    authorization: str | None
    at: float
    connection: int


@dataclass(frozen=True)
class Caller:
    """Who sent a request. ``scopes`` is None for Basic, which is not bound by scopes."""

    agent: Agent | None
    scopes: frozenset[str] | None

    def is_administrator(self) -> bool:
        """Return whether the caller may list and revoke tokens."""
        return self.agent is not None and self.agent.administrator


@dataclass
class _Window:
    """A rate limit's window: when it began (seconds, monotonic) and how many requests it has let in."""

    began: float
    admitted: int = 0


class State:
    """The state of one sandbox, for all its threads.

    ``lock`` is held for moments only, never while something waits or is sent.
    """

    def __init__(self, options: Options) -> None:
        self.lock = threading.RLock()
        self._logged = threading.Condition(self.lock)
        self._started_with = options
        # Requests are stamped by a clock that never jumps, shown as seconds since the epoch.
        self._epoch = time.time() - time.monotonic()
        self._secrets: set[str] = set()
        self._begin(options, options.faults)

    def _begin(self, options: Options, faults: Iterable[Fault | Mapping[str, Any]]) -> None:
        now = datetime.now(timezone.utc)
        seed: Seed = parse_seed(demo_seed() if options.seed is None else options.seed, now=now)
        # An agent of the seed comes before a generated one with the same id.
        agents = {agent.id: agent for agent in (*generate_agents(options.agents), *seed.agents)}
        agents = dict(sorted(agents.items()))
        generated = generate(options.tokens, list(agents.values()), now)
        support = [_support_token(token.id) for token in (list(seed.tokens) + generated)[:SUPPORT_TOKENS]]
        with self.lock:
            self.options = options
            self._agents: dict[int, Agent] = agents
            self._credentials: dict[str, Credential] = {item.email.lower(): item for item in seed.credentials}
            self.credential = seed.credentials[0] if seed.credentials else None
            self.access_token = seed.access_token
            self._secrets.update(form for item in seed.credentials for form in (item.password, item.basic))
            # Every token the list may show, in the order of their ids, each beside its line of the list: serializing is
            # what would take long with many, so it happens once a token and not once a read.
            self._tokens: dict[int, Token] = {}
            self._lines: dict[int, bytes] = {}
            self._by_value: dict[str, Token] = {}
            # Revoked, but shown in so many further reads.
            self._lingering: dict[int, int] = {}
            self._list: bytes | None = None
            self._support: dict[int, dict[str, Any]] = {token["id"]: token for token in support}
            self._windows: dict[str, _Window] = {}
            self._log: list[Entry] = []
            self._faults = [FaultCount(fault) for fault in parse_faults(list(faults))]
            self._add(seed.tokens)
            self._add(generated)

    def reset(
        self,
        changes: Mapping[str, Any] | None = None,
        faults: Iterable[Fault | Mapping[str, Any]] = (),
    ) -> None:
        """Go back to the seed, with an empty log and only these faults.

        The options are those of the start, but for ``changes``; those of an earlier reset are forgotten.
        """
        self._begin(self._started_with.changed(changes or {}), parse_faults(list(faults)))

    # Tokens

    @property
    def tokens(self) -> dict[int, dict[str, Any]]:
        """The live tokens by id, as the API gives them: a copy. Use add_tokens and revoke to change what there is."""
        with self.lock:
            return {key: dict(token.document) for key, token in self._tokens.items() if key not in self._lingering}

    @property
    def secrets(self) -> frozenset[str]:
        """Every token value and password that was in play since the start, resets included."""
        with self.lock:
            return frozenset(self._secrets)

    def live_ids(self) -> list[int]:
        """Return the ids of all tokens that are not revoked, in order; expired ones are among them."""
        with self.lock:
            return [token_id for token_id in self._tokens if token_id not in self._lingering]

    def add_tokens(self, documents: object) -> list[int]:
        """Add tokens, as a seed gives them, and return their ids. One whose id is taken replaces the other."""
        tokens = parse_tokens(documents, "tokens", datetime.now(timezone.utc))
        with self.lock:
            self._add(tokens)
        return [token.id for token in tokens]

    def _add(self, tokens: Iterable[Token]) -> None:
        last = next(reversed(self._tokens), 0)
        in_order = True
        for token in tokens:
            self._remove(token.id)
            in_order = in_order and token.id > last
            last = token.id
            self._tokens[token.id] = token
            values = (token.document.get(key) for key in ("access_token", "refresh_token"))
            self._secrets.update(value for value in values if isinstance(value, str) and value)
            self._lines[token.id] = self._line(token)
            if token.access_token is not None:
                self._by_value[token.access_token] = token
        if not in_order:
            self._tokens = dict(sorted(self._tokens.items()))
            self._lines = dict(sorted(self._lines.items()))
        self._list = None

    def _line(self, token: Token) -> bytes:
        document = dict(token.document)
        if self.options.value_length is not None:
            for key in ("access_token", "refresh_token"):
                if isinstance(document.get(key), str):
                    document[key] = document[key][: self.options.value_length]
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    def _remove(self, token_id: int) -> None:
        token = self._tokens.pop(token_id, None)
        if token is None:
            return
        del self._lines[token_id]
        self._lingering.pop(token_id, None)
        self._list = None
        if token.access_token is not None and self._by_value.get(token.access_token) is token:
            del self._by_value[token.access_token]

    def revoke(self, token_id: int, linger: int = 0) -> bool:
        """Revoke a token, and return whether the list showed it.

        ``linger`` is in how many further reads the list shows it nonetheless; -1: the token stays, and stays valid.
        """
        with self.lock:
            token = self._tokens.get(token_id)
            if token is None:
                return False
            if token_id in self._lingering or linger < 0:
                return True
            if linger == 0:
                self._remove(token_id)
                return True
            self._lingering[token_id] = linger
            if token.access_token is not None and self._by_value.get(token.access_token) is token:
                del self._by_value[token.access_token]
            return True

    def list_body(self) -> bytes:
        """Return the list as the API sends it, and count the read for the tokens that linger."""
        with self.lock:
            if self._list is None:
                lines = itertools.islice(self._lines.values(), self.options.list_cap)
                self._list = b"[" + b",".join(lines) + b"]"
            body = self._list
            for token_id, reads in list(self._lingering.items()):
                if reads > 1:
                    self._lingering[token_id] = reads - 1
                else:
                    self._remove(token_id)
            return body

    def value(self, token_id: int, key: str) -> str:
        """Return the access or refresh token of a listed token, empty if there is none."""
        with self.lock:
            token = self._tokens.get(token_id)
        found = token.document.get(key) if token else None
        return found if isinstance(found, str) else ""

    # The Support API's tokens

    @property
    def support_tokens(self) -> dict[int, dict[str, Any]]:
        """The Support API's tokens by id: a copy."""
        with self.lock:
            return {key: dict(token) for key, token in self._support.items()}

    def revoke_support_token(self, token_id: int) -> bool:
        """Revoke a token of the Support API, and return whether there was one."""
        with self.lock:
            return self._support.pop(token_id, None) is not None

    # Callers

    @property
    def agents(self) -> dict[int, dict[str, Any]]:
        """The agents by id, as the API gives them: a copy."""
        with self.lock:
            return {key: dict(agent.document) for key, agent in self._agents.items()}

    def agent_page(self, since_id: int, max_id: int | None, limit: int) -> list[Mapping[str, Any]]:
        """Return the first ``limit`` agents with ids from ``since_id`` to ``max_id``, both inclusive, in their order."""
        with self.lock:
            agents = self._agents.values()
            met = (a.document for a in agents if a.id >= since_id and (max_id is None or a.id <= max_id))
            return list(itertools.islice(met, limit))

    def agent_by_id(self, agent_id: int) -> Agent | None:
        """Return the agent with this id."""
        with self.lock:
            return self._agents.get(agent_id)

    def agent_by_email(self, email: str) -> Agent | None:
        """Return the agent with this address, which may be written in other cases."""
        with self.lock:
            return self._by_email(email)

    def _by_email(self, email: str) -> Agent | None:
        return next((agent for agent in self._agents.values() if agent.email.lower() == email.lower()), None)

    def caller_by_token(self, access_token: str) -> Caller | None:
        """Return whose access token this is, None unless it is a listed, live one."""
        with self.lock:
            token = self._by_value.get(access_token)
            if token is None or not token.is_live(datetime.now(timezone.utc)):
                return None
            agent = None if token.agent_id is None else self._agents.get(token.agent_id)
            return Caller(agent, token.scopes)

    def caller_by_password(self, email: str, password: str) -> Caller | None:
        """Return whose address and password these are, None if they fit nobody."""
        with self.lock:
            known = self._credentials.get(email.lower())
            if known is None or known.password != password:
                return None
            return Caller(self._by_email(email), None)

    # Limits, faults, log

    def admit(self, endpoint: str) -> int | None:
        """Count a request to an endpoint. Return None if it may pass, else the whole seconds until the window ends."""
        with self.lock:
            if self.options.rate_limit is None:
                return None
            now = time.monotonic()
            window = self._windows.get(endpoint)
            if window is None or now >= window.began + self.options.rate_window:
                window = self._windows[endpoint] = _Window(now)
            if window.admitted < self.options.rate_limit:
                window.admitted += 1
                return None
            return max(1, math.ceil(window.began + self.options.rate_window - now))

    def set_faults(self, faults: object) -> None:
        """Put these faults in the place of all others, none of them met yet."""
        counts = [FaultCount(fault) for fault in parse_faults(faults)]
        with self.lock:
            self._faults = counts

    def fault_uses(self) -> list[dict[str, int]]:
        """Return how often each fault was ``seen`` (matched, and no earlier one took the request) and ``used``."""
        with self.lock:
            return [{"seen": count.seen, "used": count.used} for count in self._faults]

    def take_fault(self, method: str, path: str) -> tuple[Fault, bool] | None:
        """Return the first fault that acts on a request, and whether this is its first time; None if none does."""
        with self.lock:
            for count in self._faults:
                if count.take(method, path):
                    return count.fault, count.used == 1
            return None

    def log(self, method: str, path: str, query: str, authorization: str | None, connection: int) -> Entry:
        """Write a request down as it arrives, and return its entry."""
        with self.lock:
            entry: Entry = {
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
    def requests(self) -> list[Entry]:
        """The requests so far, in the order in which they came: a copy."""
        with self.lock:
            return [entry.copy() for entry in self._log]

    def wait_for_requests(self, count: int, timeout: float, method: str | None = None) -> bool:
        """Wait until so many requests have come, by one ``method`` if it is given; whether they did in ``timeout`` seconds."""
        with self._logged:
            return self._logged.wait_for(
                lambda: sum(method in (None, entry["method"]) for entry in self._log) >= count, timeout
            )

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        with self.lock:
            self._log = []


def _support_token(token_id: int) -> dict[str, Any]:
    """Return a token of the Support API with the same id as one of Chat's, and nothing else in common."""
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
