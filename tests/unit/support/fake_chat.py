# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Chat account in memory, for tests of what does not need HTTP: it stands in for ChatClient."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ansible_collections.zchat.admin.plugins.module_utils.connection import connection_from
from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils.secrets import Secrets

DEFAULTS = {
    "ca_path": None,
    "validate_certs": True,
    "timeout": 30,
    "retries": 4,
    "rate_limit_timeout": 300,
}
"""The connection options as a module hands them on when a task gives none."""

LIMITS = {"state": "absent", "own_token": "refuse", "concurrency": 8, "verify": True}


def item(number: int, **fields: Any) -> dict[str, Any]:
    """A token as the API lists it."""
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


def agent(number: int, email: str | None, **fields: Any) -> dict[str, Any]:
    """An agent as the API gives it."""
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
        **fields,
    }


class FakeChat:
    """Keeps tokens and agents, lists and revokes them, and remembers what was asked of it.

    ``answers`` says, by token id, what its DELETEs meet one after the other: a ChatError to raise, ``False`` for a token
    that is gone, or ``None`` to carry it out. ``after_list`` is called with the number of lists read so far.
    """

    def __init__(
        self,
        items: Iterable[Mapping[str, Any]],
        *,
        own: str | None = "own-token-value",
        answers: Mapping[int, Sequence[ChatError | bool | None]] | None = None,
        agents: Iterable[Mapping[str, Any]] = (),
        list_cap: int | None = None,
        lingering: Mapping[int, int] | None = None,
        after_list: Callable[[int], None] | None = None,
    ) -> None:
        credential = {"access_token": own} if own else {"email": "ada@example.com", "password": "pass word"}
        self.connection = connection_from({**DEFAULTS, "subdomain": "acme", **credential}, {})
        self.secrets = Secrets(self.connection.secrets)
        self.items = {entry["id"]: dict(entry) for entry in items}
        self.answers = {number: list(given) for number, given in (answers or {}).items()}
        self.agents = sorted((dict(entry) for entry in agents), key=lambda entry: entry["id"])
        self.agent_paths: list[str] = []
        self.list_cap = list_cap
        self.lingering = dict(lingering or {})
        self.after_list = after_list
        self.ghosts: dict[int, dict[str, Any]] = {}
        self.lists: list[list[int]] = []
        self.deletes: list[int] = []
        self.paused: list[float] = []
        self.logged: list[str] = []
        self._lock = threading.Lock()

    def url(self, path: str) -> str:
        return f"{self.connection.base_url}/{path}"

    def get(self, path: str, unexpected: Any) -> Any:
        if path.startswith("agents?"):
            return self._page_of_agents(path)
        assert path == "oauth/tokens"
        shown = {**self.items, **self.ghosts}
        listed = [shown[number] for number in sorted(shown)][: self.list_cap]
        self.lists.append([entry["id"] for entry in listed])
        for number in list(self.ghosts):
            self.lingering[number] -= 1
            if self.lingering[number] == 0:
                del self.ghosts[number]
        if self.after_list:
            self.after_list(len(self.lists))
        return listed

    def _page_of_agents(self, path: str) -> list[dict[str, Any]]:
        query = parse_qs(urlsplit(path).query)
        (since,), (limit,) = query["since_id"], query["limit"]
        assert int(limit) <= 100
        self.agent_paths.append(path)
        return [agent for agent in self.agents if agent["id"] >= int(since)][: int(limit)]

    def find(self, path: str, unexpected: Any) -> Any:
        with self._lock:
            self.agent_paths.append(path)
        prefix, _slash, value = path.rpartition("/")
        key = {"agents/email": "email", "agents": "id"}[prefix]
        return next((agent for agent in self.agents if str(agent[key]).lower() == unquote(value).lower()), None)

    def delete(self, path: str) -> bool:
        with self._lock:
            number = int(path[len("oauth/tokens/") :])
            assert path == f"oauth/tokens/{number}"
            assert any(number in listed for listed in self.lists), "a DELETE for what was not listed"
            self.deletes.append(number)
            answers = self.answers.get(number)
            answer = answers.pop(0) if answers else None
            if isinstance(answer, ChatError):
                raise answer
            entry = self.items.pop(number, None)
            if entry is not None and self.lingering.get(number):
                self.ghosts[number] = entry
            return answer is None and entry is not None

    def pause(self, seconds: float) -> bool:
        self.paused.append(seconds)
        return False

    def log(self, text: str) -> None:
        self.logged.append(text)
