# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agents of a Chat account: list them, and look them up by email address or id.

Source: the vendor's reference page "Agents" (``GET {base}/agents``, ``/agents/{id}``, ``/agents/email/{email}`` and
``/agents/me``), and public clients: ``since_id`` is inclusive, the API rejects a ``limit`` over 100, ``enabled`` is 1/0 or
true/false, and every field except ``id`` can be null or missing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Endpoint, unexpected_content
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient, Document
from ansible_collections.zchat.admin.plugins.module_utils._interruption import NoThreadError, run_concurrently
from ansible_collections.zchat.admin.plugins.module_utils._options import strings
from ansible_collections.zchat.admin.plugins.module_utils._text import abridged, encodable, printable

CONCURRENT_LOOKUPS = 8
"""Concurrent requests, if the client has as many connections."""
MAX_LOOKUPS = 50
"""If more agents are needed, the list is read first: it returns 100 agents for one request."""
_PAGE = 100
_MAX_PAGES = 10_000
_SPECIAL = r"\s@<>()\[\]:;,\"\\"
_EMAIL = re.compile(rf"[^{_SPECIAL}]+@[^{_SPECIAL}]+")
_ASCII_LOWER = {ord(upper): upper.lower() for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}

_Key = TypeVar("_Key", str, int)


@dataclass(frozen=True)
class Agent:
    """One agent, each field as the API returns it, ``None`` if it returns none."""

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
    last_login: str | None


@dataclass(frozen=True)
class Agents:
    """The result of a lookup."""

    agents: Sequence[Agent] = ()
    """By id, each once."""
    unknown_emails: Sequence[str] = ()
    """Addresses that no agent has, as given."""
    unknown_ids: Sequence[int] = ()
    unclear: Sequence[str | int] = ()
    """Addresses (part of ``unknown_emails``) and ids whose lookup returned a 404 that does not have the form of the API."""
    shared_emails: Sequence[str] = ()
    """Addresses that several agents have."""
    similar: Sequence[Agent] = ()
    """Agents whose address only looks like an unknown one."""

    @property
    def ids(self) -> frozenset[int]:
        """The ids of the agents."""
        return frozenset(agent.id for agent in self.agents)

    @property
    def unclear_text(self) -> str:
        """What the API did not show about these agents."""
        return (
            f"It is unknown whether agent {abridged(self.unclear)} exists. The list of agents lacks it, but its lookup returned a "
            "404 that does not have the form of the Chat API, so it may come from a gateway."
        )

    @property
    def unknown_addresses(self) -> str:
        """The unknown addresses for a message, with the code points of those that may only look like another one."""
        emails = [email for email in self.unknown_emails if email not in self.unclear]
        return abridged([email if email.isascii() else f"{email} ({code_points(email)})" for email in emails])

    @property
    def advice(self) -> str:
        """What to check if an address is unknown."""
        similar = abridged([f"{code_points(agent.email or '')} of agent {agent.id}" for agent in self.similar])
        return f"Check for typos.{f' Similar, but not the same: {similar}.' if similar else ''}"

    def warnings(self) -> list[str]:
        """Return warnings about addresses and ids that no agent has, and about addresses that several have."""
        warnings = []
        if self.unknown_addresses:
            warnings.append(
                f"No agent in Chat has the address {self.unknown_addresses}. {self.advice} If the agent was deleted, select its "
                "tokens by agent id."
            )
        if self.unknown_ids:
            warnings.append(f"No agent in Chat has the id {abridged(self.unknown_ids)}.")
        if self.unclear:
            warnings.append(self.unclear_text)
        if self.shared_emails:
            warnings.append(
                f"Several agents have the address {abridged(self.shared_emails)}. All of them are selected."
            )
        return warnings


def emails_of(options: Mapping[str, Any], name: str) -> frozenset[str] | None:
    """Return the email addresses of an option, ``None`` if it is not set.

    Raises :class:`ChatError` for a value that is not one plain address: it would otherwise count as unknown, in a run that
    succeeds.
    """
    values = strings(options, name)
    for value in sorted(values or ()):
        if not (_EMAIL.fullmatch(value) and value.isprintable() and encodable(value) == value):
            raise ChatError(
                f"'{name}' contains {value[:100]!a}, which is not one plain email address. Use a list with one address in each "
                "item, without a name or brackets."
            )
    return values


def comparable(email: str) -> str:
    """Return an address in the form in which addresses are compared: the case of ASCII letters is ignored."""
    return email.translate(_ASCII_LOWER)


def code_points(email: str) -> str:
    """Return an address with each character that is not ASCII as its code point, such as ``am\\u00e9lie@example.com``."""
    return "".join(char if char.isascii() else f"\\u{ord(char):04x}" for char in email)


def look_alike(email: str, other: str) -> bool:
    """Return whether two addresses differ only by characters that can look the same: in another form, script or case, or invisible."""
    if email.isascii() and other.isascii():
        return False
    first, second = (
        [
            char
            for char in unicodedata.normalize("NFKC", text).casefold()
            if unicodedata.category(char) not in ("Cf", "Mn")
        ]
        for text in (email, other)
    )
    return len(first) == len(second) and all(a == b or a.isascii() != b.isascii() for a, b in zip(first, second))


def list_agents(client: ChatClient) -> list[Agent]:
    """Return every agent of the account, by id. Raises :class:`ChatError` if the list cannot be read to its end."""
    agents: dict[int, Agent] = {}
    documents: list[Document] = []
    since = 1
    for _page in range(_MAX_PAGES):
        document = client.get(f"agents?since_id={since}&limit={_PAGE}")
        if not isinstance(document.data, list):
            raise _invalid(document.endpoint, "it is not a list.")
        documents.append(replace(document, data=None))
        if not document.data:
            for number, earlier in enumerate(documents, start=2):
                # The page that follows all but the last two has agents.
                more = earlier.announces_more(len(agents), ignore_next=number < len(documents))
                if more:
                    raise _invalid(earlier.endpoint, f"{more}.")
            return [agents[number] for number in sorted(agents)]
        page = [_agent(document.endpoint, item) for item in document.data]
        ids = [agent.id for agent in page]
        if len(page) >= _PAGE and ids != sorted(ids):
            raise _invalid(document.endpoint, "its pages are not sorted by id, so they cannot be followed to the end.")
        if min(ids) < since or len(set(ids)) < len(ids):
            raise _invalid(document.endpoint, "its pages repeat agents, so they never end.")
        agents.update((agent.id, agent) for agent in page)
        since = max(ids) + 1
    raise _invalid(document.endpoint, f"it has more than {_MAX_PAGES} pages.")


def find_agents(
    client: ChatClient, *, emails: Collection[str] = (), ids: Collection[int] = (), read_list: bool = False
) -> Agents:
    """Look up the agents with these addresses, and those with these ids.

    An agent counts as unknown only if its own lookup returns 404 (by address: or another agent) and the list lacks it too: the
    API may distinguish case. Such a list must contain the agent that the task authenticates as. ``read_list``: read the list
    in any case, since only the list shows that several agents have the same address.
    """
    wanted_emails = {comparable(email): email for email in sorted(emails)}
    wanted_ids = sorted(ids)
    read_list_first = read_list or len(wanted_emails) + len(wanted_ids) > MAX_LOOKUPS
    listed = list_agents(client) if read_list_first else None
    index = _Index(listed or ())
    lookups: list[_Lookup] = [
        *_concurrently(lambda email: _find_by_email(client, email), index.missing_emails(wanted_emails.values())),
        *_concurrently(lambda number: _find_by_id(client, number), index.missing_ids(wanted_ids)),
    ]
    index.add(lookup.agent for lookup in lookups)
    if index.missing_emails(wanted_emails.values()) or index.missing_ids(wanted_ids):
        listed = list_agents(client) if listed is None else listed
        index.add(listed)
    if listed is not None:
        # Also of an empty list.
        _check_contains(listed, get_me(client).id)
    found = {agent.id: agent for key in wanted_emails for agent in index.by_email.get(key, {}).values()}
    found.update((number, index.by_id[number]) for number in wanted_ids if number in index.by_id)
    unknown_emails, unknown_ids = index.missing_emails(wanted_emails.values()), index.missing_ids(wanted_ids)
    unclear = [lookup.key for lookup in lookups if not lookup.is_conclusive]
    return Agents(
        [found[number] for number in sorted(found)],
        unknown_emails,
        [number for number in unknown_ids if number not in unclear],
        [key for key in (*unknown_emails, *unknown_ids) if key in unclear],
        [email for key, email in wanted_emails.items() if len(index.by_email.get(key, ())) > 1],
        [
            agent
            for agent in listed or ()
            if agent.email and any(look_alike(email, agent.email) for email in unknown_emails)
        ],
    )


@dataclass(frozen=True)
class _Lookup:
    """The result of one request for an agent."""

    key: str | int
    """The address or the id."""
    agent: Agent | None
    is_conclusive: bool
    """Whether no agent, or a 404 in the form of the API, shows that it does not exist."""


def _find_by_id(client: ChatClient, number: int) -> _Lookup:
    document = client.get(f"agents/{number:d}", missing_ok=True)
    if document.status != 200:
        return _Lookup(number, None, document.is_from_api)
    agent = _agent(document.endpoint, document.data)
    if agent.id != number:
        raise _invalid(document.endpoint, f"it is agent {agent.id}.")
    return _Lookup(number, agent, True)


def check_missing_agents(client: ChatClient) -> None:
    """Look up an agent that cannot exist. Raises :class:`ChatError` unless the API returns a 404 in its form.

    Without it, no agent counts as missing (see :func:`agent_states`).
    """
    document = client.get("agents/0", missing_ok=True)
    if document.status == 200:
        raise _invalid(document.endpoint, "it has an agent with the id 0.")
    if not document.is_from_api:
        raise ChatError(
            f"The 404 of {document.endpoint} does not have the form of the Chat API, so it may come from a gateway.",
            404,
        )


def get_me(client: ChatClient, access_token: str | None = None) -> Agent:
    """Return the agent that the task, or another ``access_token``, authenticates as."""
    document = client.get("agents/me", access_token=access_token)
    return _agent(document.endpoint, document.data)


def agent_states(client: ChatClient, ids: Collection[int], own_id: int) -> dict[int, str]:
    """Return the state of each of these agents: ``enabled``, ``disabled``, ``missing``, or ``unknown``.

    An agent is missing only after a 404 for exactly its id, in the form of the API. It is unknown after any other 404, and if the
    API returns no ``enabled`` for it. Raises :class:`ChatError` if the list of agents cannot be read to its end, or lacks
    ``own_id``, the agent that the task authenticates as: such a list cannot show which agents are missing.
    """
    listed = list_agents(client)
    _check_contains(listed, own_id)
    agents = {agent.id: agent for agent in listed}
    unlisted = sorted(set(ids) - agents.keys())
    lookups = _concurrently(lambda number: _find_by_id(client, number), unlisted)
    states = {lookup.key: state_of(lookup.agent) if lookup.is_conclusive else "unknown" for lookup in lookups}
    return {number: states[number] if number in states else state_of(agents[number]) for number in ids}


def _check_contains(listed: Sequence[Agent], own_id: int) -> None:
    """Raise :class:`ChatError` if a list of agents lacks the task's own agent."""
    if own_id not in {agent.id for agent in listed}:
        raise ChatError(
            f"The list of agents lacks agent {own_id}, which this task authenticates as, so it cannot show which agents are "
            "missing."
        )


def state_of(agent: Agent | None) -> str:
    """Return ``enabled``, ``disabled``, ``unknown`` (the API returns no value), or ``missing`` for no agent."""
    if agent is None:
        return "missing"
    return {True: "enabled", False: "disabled", None: "unknown"}[agent.enabled]


def agent_result(agent: Agent) -> dict[str, Any]:
    """Return the agent as modules return it."""
    return {name: printable(value) for name, value in asdict(agent).items()}


class _Index:
    """Agents by address and by id."""

    def __init__(self, agents: Iterable[Agent | None]) -> None:
        self.by_email: dict[str, dict[int, Agent]] = {}
        self.by_id: dict[int, Agent] = {}
        self.add(agents)

    def add(self, agents: Iterable[Agent | None]) -> None:
        for agent in agents:
            if agent is not None:
                self.by_id[agent.id] = agent
                self.by_email.setdefault(comparable(agent.email or ""), {})[agent.id] = agent

    def missing_emails(self, emails: Iterable[str]) -> list[str]:
        return [email for email in emails if comparable(email) not in self.by_email]

    def missing_ids(self, ids: Iterable[int]) -> list[int]:
        return [number for number in ids if number not in self.by_id]


def _find_by_email(client: ChatClient, email: str) -> _Lookup:
    """Look up an address. An agent with another address counts like a 404."""
    is_conclusive = True
    # It is unknown whether the API distinguishes upper and lower case.
    for spelling in dict.fromkeys([email, comparable(email)]):
        document = client.get(f"agents/email/{quote(spelling, safe='')}", missing_ok=True)
        if document.status == 200:
            agent = _agent(document.endpoint, document.data)
            if comparable(agent.email or "") == comparable(email):
                return _Lookup(email, agent, True)
        elif not document.is_from_api:
            is_conclusive = False
    return _Lookup(email, None, is_conclusive)


def _concurrently(look_up: Callable[[_Key], _Lookup], keys: Collection[_Key]) -> list[_Lookup]:
    """Return the result of ``look_up`` for each key. After the first error, no further lookup starts."""
    try:
        return run_concurrently(look_up, keys, CONCURRENT_LOOKUPS)
    except NoThreadError:
        raise ChatError("The agents could not be looked up: this host cannot start another thread.") from None


def _invalid(endpoint: Endpoint, reason: str) -> ChatError:
    return unexpected_content(endpoint, "Chat agents", reason)


def _agent(endpoint: Endpoint, item: Any) -> Agent:
    """Return one agent of a response. Raises :class:`ChatError` if it is none."""
    number = item.get("id") if isinstance(item, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise _invalid(endpoint, "it contains an item without an integer 'id'.")
    for name in ("email", "first_name", "last_name", "display_name", "create_date", "last_login"):
        if not isinstance(item.get(name), (str, type(None))):
            raise _invalid(endpoint, f"the {name} of agent {number} is not a string.")
    roles = item.get("roles")
    roles = roles if isinstance(roles, Mapping) else {}
    return Agent(
        id=number,
        email=encodable(item.get("email")),
        first_name=encodable(item.get("first_name")),
        last_name=encodable(item.get("last_name")),
        display_name=encodable(item.get("display_name")),
        enabled=_flag(item.get("enabled")),
        role_id=item["role_id"] if _is_integer(item.get("role_id")) else None,
        administrator=_flag(roles.get("administrator")),
        owner=_flag(roles.get("owner")),
        create_date=encodable(item.get("create_date")),
        last_login=encodable(item.get("last_login")),
    )


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _flag(value: Any) -> bool | None:
    """Return a flag that the API gives as true/false or as 1/0, ``None`` for anything else."""
    return bool(value) if isinstance(value, int) and value in (0, 1) else None
