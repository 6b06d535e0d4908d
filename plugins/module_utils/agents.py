# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agents of a Chat account: what one is, and how they are found by e-mail address or id.

Source: the vendor's reference page "Agents" (``GET {base}/agents``, ``/agents/{id}`` and ``/agents/email/{email}``), and
clients in the open: ``since_id`` is inclusive, a ``limit`` over 100 is refused, ``enabled`` is 1/0 or true/false.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote

from ansible_collections.zchat.admin.plugins.module_utils import errors
from ansible_collections.zchat.admin.plugins.module_utils.client import ChatClient, encodable, plain_text
from ansible_collections.zchat.admin.plugins.module_utils.selection import Selectors

AT_ONCE = 8
"""Look-ups that may be under way at once, if the client keeps as many connections."""
MOST_LOOK_UPS = 50
"""Beyond as many, the whole list is read instead: 100 agents for one request."""
_PAGE = 100
_MOST_PAGES = 10_000

_T = TypeVar("_T")


@dataclass(frozen=True)
class Agent:
    """One agent, each field as the API gives it, ``None`` where it gives none."""

    id: int
    email: str | None
    first_name: str | None
    last_name: str | None
    display_name: str | None
    enabled: bool | None
    role_id: int | None
    administrator: bool | None
    owner: bool | None
    create_date: str | None


@dataclass(frozen=True)
class Found:
    """What a search came to. What nobody has stands there as it was asked for."""

    agents: Sequence[Agent]
    """By id, each once."""
    unknown_emails: Sequence[str] = ()
    unknown_ids: Sequence[int] = ()


def list_agents(client: ChatClient) -> list[Agent]:
    """Every agent of the account, by id. Raises :class:`ChatError` where the API does not page on as it is asked to."""
    agents: list[Agent] = []
    since = 1
    for _page in range(_MOST_PAGES):
        path = f"agents?since_id={since}&limit={_PAGE}"
        url = client.url(path)
        answer = client.get(path, errors.not_agents)
        if not isinstance(answer, list):
            raise errors.not_agents(url, "it did not answer a list.")
        if not answer:
            return agents
        page = sorted((_agent(url, item) for item in answer), key=lambda agent: agent.id)
        if page[0].id < since or len({agent.id for agent in page}) < len(page):
            raise errors.not_agents(url, "its pages repeat, so the list would never end.")
        agents += page
        since = page[-1].id + 1
    raise errors.not_agents(url, f"its list does not end within {_MOST_PAGES} pages.")


def find_agents(client: ChatClient, emails: Collection[str] = (), ids: Collection[int] = ()) -> Found:
    """The agents with these addresses, compared without regard to case, and those with these ``ids``."""
    emails = sorted({_key(email): email for email in sorted(emails)}.values())
    if len(emails) + len(ids) > MOST_LOOK_UPS:
        with_email, with_id = _index(list_agents(client))
        by_email = {email: with_email.get(_key(email), []) for email in emails}
        by_id = {number: with_id.get(number, []) for number in sorted(ids)}
    else:
        by_email = _side_by_side(lambda email: _look_up_email(client, email), emails)
        by_id = _side_by_side(lambda number: _look_up_id(client, number), sorted(ids))
    found = {agent.id: agent for agents in (*by_email.values(), *by_id.values()) for agent in agents}
    return Found(
        [found[number] for number in sorted(found)],
        [email for email in by_email if not by_email[email]],
        [number for number in by_id if not by_id[number]],
    )


def check_api(client: ChatClient, found: Found) -> None:
    """Raise :class:`ChatError` if nobody was found since there is no Chat API: that is a 404, too."""
    if (found.unknown_emails or found.unknown_ids) and not found.agents:
        client.get("agents?since_id=1&limit=1", errors.not_agents)


def resolve(client: ChatClient, selectors: Selectors) -> tuple[Selectors, Found]:
    """``selectors`` with their addresses looked up, and what was found; asks nothing where there are none."""
    if not selectors.agent_emails:
        return selectors, Found(())
    found = find_agents(client, emails=selectors.agent_emails)
    return replace(selectors, agents_with_emails=frozenset(agent.id for agent in found.agents)), found


def view(agent: Agent) -> dict[str, Any]:
    """The agent as modules return it: the documented keys and no other."""
    return asdict(agent)


def unknown(found: Found) -> list[str]:
    """Warnings about addresses and ids that nobody has: each may be mistyped."""
    warnings = []
    if found.unknown_emails:
        addresses = ", ".join(plain_text(email) for email in found.unknown_emails)
        warnings.append(
            f"No agent in Chat has the address {addresses}. It may be mistyped, or the agent was deleted: then its tokens "
            "can only be found by agent id."
        )
    if found.unknown_ids:
        warnings.append(f"No agent in Chat has the id {', '.join(map(str, found.unknown_ids))}.")
    return warnings


def _look_up_email(client: ChatClient, email: str) -> list[Agent]:
    """The agent with this address, if any."""
    if "@" not in email or encodable(email) != email:
        # No address. It is not sent, since as a segment of the path it could be one that leads elsewhere, such as "..".
        return []
    # Whether the API makes a difference between upper and lower case is not known.
    for spelling in dict.fromkeys([email, email.lower()]):
        path = f"agents/email/{quote(spelling, safe='')}"
        item = client.find(path, errors.not_agents)
        if item is not None:
            agent = _agent(client.url(path), item)
            if _key(agent.email or "") != _key(email):
                raise errors.not_agents(client.url(path), f"it answered agent {agent.id}, who has another address.")
            return [agent]
    return []


def _look_up_id(client: ChatClient, number: int) -> list[Agent]:
    """The agent with this id, if any."""
    path = f"agents/{number:d}"
    item = client.find(path, errors.not_agents)
    if item is None:
        return []
    agent = _agent(client.url(path), item)
    if agent.id != number:
        raise errors.not_agents(client.url(path), f"it answered agent {agent.id}.")
    return [agent]


def _index(agents: Sequence[Agent]) -> tuple[dict[str, list[Agent]], dict[int, list[Agent]]]:
    """The agents by address, which two may share, and by id."""
    with_email: dict[str, list[Agent]] = {}
    for agent in agents:
        with_email.setdefault(_key(agent.email or ""), []).append(agent)
    return with_email, {agent.id: [agent] for agent in agents}


def _key(email: str) -> str:
    """An address as it is compared: upper and lower case are the same."""
    return email.strip().lower()


def _side_by_side(look_up: Callable[[_T], list[Agent]], asked: Collection[_T]) -> dict[_T, list[Agent]]:
    """What ``look_up`` answers for each. After the first that fails no further one is begun."""
    with ThreadPoolExecutor(AT_ONCE) as workers:
        futures = {each: workers.submit(look_up, each) for each in asked}
        try:
            return {each: future.result() for each, future in futures.items()}
        finally:
            for future in futures.values():
                future.cancel()


def _agent(url: str, item: Any) -> Agent:
    """One agent of an answer, or :class:`ChatError` where it is none."""
    if not isinstance(item, dict):
        raise errors.not_agents(url, "it holds something that is not an object.")
    number: Any = item.get("id")
    if not _is_number(number) or number < 1:
        raise errors.not_agents(url, "it holds an agent without a whole number as its id.")
    if "email" not in item:
        raise errors.not_agents(url, f"agent {number} in it has no email.")
    for name in ("email", "first_name", "last_name", "display_name", "create_date"):
        if not isinstance(item.get(name), (str, type(None))):
            raise errors.not_agents(url, f"the {name} of agent {number} in it is not text.")
    roles = item.get("roles")
    role = roles if isinstance(roles, Mapping) else {}
    return Agent(
        id=number,
        email=encodable(item["email"]),
        first_name=encodable(item.get("first_name")),
        last_name=encodable(item.get("last_name")),
        display_name=encodable(item.get("display_name")),
        enabled=_flag(item.get("enabled")),
        role_id=item["role_id"] if _is_number(item.get("role_id")) else None,
        administrator=_flag(role.get("administrator")),
        owner=_flag(role.get("owner")),
        create_date=encodable(item.get("create_date")),
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _flag(value: Any) -> bool | None:
    """A flag that the API gives as true/false or as 1/0; ``None`` for anything else."""
    return bool(value) if isinstance(value, int) and value in (0, 1) else None
