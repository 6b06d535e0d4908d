# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The initial content of an account: agents, tokens, clients and credentials, read from a JSON document.

Agents, tokens and clients have the format of the API and are returned unchanged. So a seed can also contain objects
with fields that are missing, null, invalid or unknown. The dates of agents and tokens can be relative to the start of
the sandbox, such as ``now-90d`` or ``now+8h`` (units s m h d w).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from .checks import InputError, as_bool, as_int, as_list, as_object, as_str

GENERATED_CLIENT = "generated"
FIRST_GENERATED_ID = 1_000_001
FIRST_GENERATED_AGENT_ID = 2_000_001
SECRET_LENGTH = 64

_RELATIVE_DATE = re.compile(r"now(?:([+-])(\d{1,9})([smhdw]))?")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SCOPES = ("read write", "read", "chat", "read write chat")


@dataclass(frozen=True)
class Agent:
    """An agent: the JSON object as the API returns it, and the fields that the sandbox uses."""

    id: int
    email: str | None
    administrator: bool
    document: Mapping[str, Any]
    deleted: bool = False
    """Whether the API does not return the agent; it still lists the agent's tokens."""


@dataclass(frozen=True)
class Item:
    """A client or a token: the JSON object in the format of the API, and the fields that the sandbox uses."""

    id: int
    agent_id: int | None
    """The creator of the client, or the owner of the token."""
    document: Mapping[str, Any]
    listed: bool
    """Whether the API lists, changes and deletes it; the API accepts a token in either case."""


@dataclass(frozen=True)
class Token(Item):
    """An OAuth token."""

    access_token: str | None
    scopes: frozenset[str]
    expires: datetime | None


@dataclass(frozen=True)
class Credential:
    """An agent's address and password for Basic authentication."""

    email: str
    password: str


@dataclass(frozen=True)
class Seed:
    """The initial content of one account."""

    agents: Sequence[Agent]
    """Those that are not deleted."""
    tokens: Sequence[Token]
    clients: Sequence[Item]
    credentials: Sequence[Credential]
    """The first one belongs to the automation."""
    access_token: str | None
    """The access token of the automation, None if the seed has none."""
    automation_client: Mapping[str, Any]
    """The API client of this token, in the format of the API and with its complete secret; empty if the seed has none."""


def fake_secret(kind: str, number: int) -> str:
    """Return a secret in the format of a real one (64 alphanumeric characters) that is recognizably fake.

    Its first 8 characters are unique, because an API that shortens values shows only the first characters.
    """
    beginning = f"{kind[0]}{number:07d}FAKE{kind}"
    return (beginning + "NOTaREALsecret" * 5)[:SECRET_LENGTH]


def agent_document(
    agent_id: int,
    email: str,
    first_name: str,
    last_name: str,
    last_login: str | None,
    administrator: bool = False,
    enabled: int | bool = 1,
) -> dict[str, Any]:
    """Return an agent in the format of the API."""
    return {
        "id": agent_id,
        "email": email,
        "first_name": first_name,
        "last_name": last_name,
        "display_name": f"{first_name} {last_name}",
        "enabled": enabled,
        "role_id": 1 if administrator else 3,
        "roles": {"administrator": administrator, "owner": administrator},
        "departments": [],
        "create_date": "2014-09-01T08:00:00Z",
        "last_login": last_login,
    }


def token_document(
    token_id: int, agent_id: int, client: str, scopes: str, create_date: str, expire_date: str | None
) -> dict[str, Any]:
    """Return a token in the format of the API, with fake values."""
    return {
        "access_token": fake_secret("access", token_id),
        "agent_id": agent_id,
        "client_identifier": client,
        "create_date": create_date,
        "expire_date": expire_date,
        "id": token_id,
        "refresh_token": fake_secret("refresh", token_id),
        "scopes": scopes,
        "token_type": "Bearer",
    }


def client_document(
    client_id: int, agent_id: int | None, identifier: str, date: str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a client in the format of the API, with a fake secret. ``fields`` replace the defaults."""
    return {
        "id": client_id,
        "name": None,
        "company": None,
        "client_secret": fake_secret("client", client_id),
        "client_identifier": identifier,
        "client_type": "public",
        "redirect_uris": None,
        "scopes": None,
        "agent_id": agent_id,
        "create_date": date,
        "update_date": date,
        **fields,
    }


def _parsed_date(value: object) -> datetime | None:
    """Return the value of a date, None if it is missing or invalid. A date without a time zone is UTC."""
    if not isinstance(value, str):
        return None
    try:
        date = datetime.fromisoformat(value)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def _absolute_date(value: object, now: datetime) -> object:
    """Return a relative date such as ``now-90d`` in the format of the API, any other value unchanged."""
    match = _RELATIVE_DATE.fullmatch(value) if isinstance(value, str) else None
    if not match:
        return value
    sign, amount, unit = match.groups()
    seconds = int(amount) * _SECONDS[unit] if amount else 0
    date = now + timedelta(seconds=-seconds if sign == "-" else seconds)
    return date.strftime("%Y-%m-%dT%H:%M:%SZ")


def _fields(document: object, where: str, now: datetime, *dates: str) -> dict[str, Any]:
    """Return a copy of a JSON object in which the fields named ``dates`` contain no relative date."""
    fields = as_object(document, where)
    return {key: _absolute_date(value, now) if key in dates else value for key, value in fields.items()}


def _parse_item(document: object, where: str) -> Item:
    """Return the item that a JSON object describes. Only ``id`` is required. ``listed`` is a key of the seed only."""
    fields = as_object(document, where)
    listed = as_bool(fields.pop("listed", True), f"{where}.listed")
    agent_id = fields.get("agent_id")
    return Item(
        id=as_int(fields.get("id"), f"{where}.id", least=1),
        agent_id=agent_id if isinstance(agent_id, int) else None,
        document=fields,
        listed=listed,
    )


def _parse_token(document: object, where: str, now: datetime) -> Token:
    """Return the token that a JSON object describes. Only ``id`` is required."""
    item = _parse_item(_fields(document, where, now, "create_date", "expire_date"), where)
    access_token, scopes = (item.document.get(key) for key in ("access_token", "scopes"))
    return Token(
        **vars(item),
        access_token=None if access_token is None else as_str(access_token, f"{where}.access_token"),
        scopes=frozenset(scopes.split()) if isinstance(scopes, str) else frozenset(),
        expires=_parsed_date(item.document.get("expire_date")),
    )


def parse_tokens(documents: object, where: str, now: datetime) -> list[Token]:
    """Return the tokens that a JSON list describes. Raises InputError if two of them have the same id."""
    tokens = [_parse_token(item, f"{where}[{n}]", now) for n, item in enumerate(as_list(documents, where))]
    _check_unique((token.id for token in tokens), where)
    return tokens


def _check_unique(ids: Iterable[int], where: str) -> None:
    seen: set[int] = set()
    for number in ids:
        if number in seen:
            raise InputError(f"{where}: two have the id {number}")
        seen.add(number)


def _parse_agent(document: object, where: str, now: datetime) -> Agent:
    """Return the agent that a JSON object describes. Only ``id`` is required. ``deleted`` is a key of the seed only."""
    fields = _fields(document, where, now, "create_date", "last_login")
    deleted = as_bool(fields.pop("deleted", False), f"{where}.deleted")
    email, roles = fields.get("email"), fields.get("roles")
    administrator = None if roles is None else as_object(roles, f"{where}.roles").get("administrator")
    return Agent(
        id=as_int(fields.get("id"), f"{where}.id", least=1),
        email=None if email is None else as_str(email, f"{where}.email"),
        administrator=False if administrator is None else as_bool(administrator, f"{where}.roles.administrator"),
        document=fields,
        deleted=deleted,
    )


def _parse_credential(document: object, where: str, emails: Iterable[str]) -> Credential:
    fields = as_object(document, where, allowed=("email", "password"))
    email = as_str(fields.get("email"), f"{where}.email")
    if email.lower() not in emails:
        raise InputError(f"{where}.email: no agent has the address {email}")
    return Credential(email, as_str(fields.get("password"), f"{where}.password"))


def parse_seed(document: object, now: datetime, more_agents: int = 0, more_tokens: int = 0) -> Seed:
    """Return the seed that a JSON object describes, with this many generated agents and tokens in addition.

    Keys: ``agents``, ``tokens`` and ``clients`` (lists, in the format of the API), ``credentials`` (list of ``email``
    and ``password`` for Basic authentication) and ``access_token`` (the value of the automation's token). Raises
    InputError, which names the invalid field.
    """
    fields = as_object(document, "seed", allowed=("agents", "tokens", "clients", "credentials", "access_token"))
    documents = [*as_list(fields.get("agents", []), "seed.agents"), *_generated_agents(more_agents)]
    agents = [_parse_agent(item, f"seed.agents[{n}]", now) for n, item in enumerate(documents)]
    _check_unique((agent.id for agent in agents), "seed.agents")
    agents = sorted((agent for agent in agents if not agent.deleted), key=lambda agent: agent.id)
    tokens = [*as_list(fields.get("tokens", []), "seed.tokens"), *_generated_tokens(more_tokens, agents)]
    parsed_tokens = parse_tokens(tokens, "seed.tokens", now)
    documents = as_list(fields.get("clients", []), "seed.clients")
    clients = [_parse_item(item, f"seed.clients[{n}]") for n, item in enumerate(documents)]
    _check_unique((client.id for client in clients), "seed.clients")
    emails = {agent.email.lower() for agent in agents if agent.email}
    credentials = as_list(fields.get("credentials", []), "seed.credentials")
    access_token = fields.get("access_token")
    if access_token is not None and all(token.access_token != access_token for token in parsed_tokens):
        raise InputError("seed.access_token: no token has this value")
    identifiers = [
        token.document.get("client_identifier") for token in parsed_tokens if token.access_token == access_token
    ]
    of_automation = [
        client.document
        for client in clients
        if access_token and client.document.get("client_identifier") in identifiers
    ]
    return Seed(
        agents=agents,
        tokens=parsed_tokens,
        clients=clients,
        credentials=[_parse_credential(item, f"seed.credentials[{n}]", emails) for n, item in enumerate(credentials)],
        access_token=access_token,
        automation_client=of_automation[0] if of_automation else {},
    )


def _generated_agents(count: int) -> Iterable[dict[str, Any]]:
    """Return agents that are not administrators.

    Every tenth is disabled. Every seventh never logged in; the last logins of the others are up to 199 days ago.
    """
    for number in range(count):
        agent_id = FIRST_GENERATED_AGENT_ID + number
        last_login = None if number % 7 == 6 else f"now-{number % 200}d"
        email, enabled = f"agent-{agent_id}@example.com", int(agent_id % 10 != 0)
        yield agent_document(agent_id, email, "Agent", str(agent_id), last_login, enabled=enabled)


def _generated_tokens(count: int, agents: Sequence[Agent]) -> Iterable[dict[str, Any]]:
    """Return tokens of the client ``generated``, distributed evenly among the agents.

    Each token is one hour older than the previous one, up to a year. Of every four tokens, the first is expired and the
    third has no expiry date.
    """
    owners = [agent.id for agent in agents] or [1]
    for number in range(count):
        minutes = 60 * (1 + number % 8_760)
        lifetime = (30, 730 * 1_440, None, 365 * 1_440 + 480)[number % 4]
        expires = None if lifetime is None else f"now{lifetime - minutes:+d}m"
        scopes, owner = _SCOPES[number % len(_SCOPES)], owners[number % len(owners)]
        token_id = FIRST_GENERATED_ID + number
        yield token_document(token_id, owner, GENERATED_CLIENT, scopes, f"now-{minutes}m", expires)
