# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The initial content of an account: agents, tokens, clients and credentials, read from a JSON document.

Agents, tokens and clients have the format of the API and are returned unchanged. So a seed can also contain objects
with fields that are missing, null, invalid or unknown. The dates of agents and tokens can be relative to the start of
the sandbox, such as ``now-90d`` or ``now+8h`` (units s m h d w).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
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


@dataclass(frozen=True)
class Token:
    """An OAuth token: the JSON object as the API returns it, and the fields that the sandbox uses."""

    id: int
    agent_id: int | None
    access_token: str | None
    scopes: frozenset[str]
    expires: datetime | None
    document: Mapping[str, Any]
    listed: bool = True
    """Whether the API lists and revokes the token; it accepts the token in either case."""

    def is_valid(self, now: datetime) -> bool:
        """Return whether the token is not expired at ``now``."""
        return self.expires is None or now < self.expires


@dataclass(frozen=True)
class Credential:
    """An agent's address and password for Basic authentication."""

    email: str
    password: str

    @property
    def basic(self) -> str:
        """The value of the ``Authorization`` header after the word Basic."""
        return base64.b64encode(f"{self.email}:{self.password}".encode()).decode("ascii")


@dataclass(frozen=True)
class Seed:
    """The initial content of one account."""

    agents: Sequence[Agent]
    tokens: Sequence[Token]
    clients: Sequence[Mapping[str, Any]]
    credentials: Sequence[Credential]
    """The first one belongs to the automation."""
    access_token: str | None
    """The access token of the automation, None if the seed has none."""


def fake_secret(kind: str, number: int) -> str:
    """Return a secret in the format of a real one (64 alphanumeric characters) that is recognizably fake.

    Its first 8 characters are unique, because an API that shortens values shows only the first characters.
    """
    beginning = f"{kind[0]}{number:07d}FAKE{kind}"
    return (beginning + "NOTaREALsecret" * 5)[:SECRET_LENGTH]


def api_date(moment: datetime) -> str:
    """Return a date in the format of the API, such as ``2014-09-09T07:49:20Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


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
    return api_date(now + timedelta(seconds=-seconds if sign == "-" else seconds))


def _fields(document: object, where: str, now: datetime, *dates: str) -> dict[str, Any]:
    """Return a copy of a JSON object in which the fields named ``dates`` contain no relative date."""
    fields = as_object(document, where)
    return {key: _absolute_date(value, now) if key in dates else value for key, value in fields.items()}


def parse_token(document: object, where: str, now: datetime) -> Token:
    """Return the token that a JSON object describes. Only ``id`` is required.

    ``listed`` is a key of the seed only: with false, the API accepts the token, but neither lists nor revokes it.
    """
    fields = _fields(document, where, now, "create_date", "expire_date")
    listed = as_bool(fields.pop("listed", True), f"{where}.listed")
    token_id = as_int(fields.get("id"), f"{where}.id", least=1)
    access_token = fields.get("access_token")
    if access_token is not None:
        access_token = as_str(access_token, f"{where}.access_token")
    scopes = fields.get("scopes")
    agent_id = fields.get("agent_id")
    return Token(
        id=token_id,
        agent_id=agent_id if isinstance(agent_id, int) else None,
        access_token=access_token,
        scopes=frozenset(scopes.split()) if isinstance(scopes, str) else frozenset(),
        expires=_parsed_date(fields.get("expire_date")),
        document=fields,
        listed=listed,
    )


def parse_tokens(documents: object, where: str, now: datetime) -> list[Token]:
    """Return the tokens that a JSON list describes. Raises InputError if two of them have the same id."""
    tokens = [parse_token(item, f"{where}[{n}]", now) for n, item in enumerate(as_list(documents, where))]
    seen: set[int] = set()
    for number, token in enumerate(tokens):
        if token.id in seen:
            raise InputError(f"{where}[{number}].id: {token.id} is the id of an earlier token")
        seen.add(token.id)
    return tokens


def _parse_agent(document: object, where: str, now: datetime) -> tuple[Agent, bool]:
    """Return the agent that a JSON object describes, and whether it is deleted. Only ``id`` is required."""
    fields = _fields(document, where, now, "create_date", "last_login")
    deleted = as_bool(fields.pop("deleted", False), f"{where}.deleted")
    email, roles = fields.get("email"), fields.get("roles")
    administrator = None if roles is None else as_object(roles, f"{where}.roles").get("administrator")
    agent = Agent(
        id=as_int(fields.get("id"), f"{where}.id", least=1),
        email=None if email is None else as_str(email, f"{where}.email"),
        administrator=False if administrator is None else as_bool(administrator, f"{where}.roles.administrator"),
        document=fields,
    )
    return agent, deleted


def _parse_agents(documents: object, where: str, now: datetime) -> list[Agent]:
    """Return the agents of a JSON list that are not deleted.

    ``deleted`` is a key of the seed only: with true, the API does not return the agent, but keeps its tokens.
    """
    parsed = [_parse_agent(item, f"{where}[{n}]", now) for n, item in enumerate(as_list(documents, where))]
    if len({agent.id for agent, _deleted in parsed}) != len(parsed):
        raise InputError(f"{where}: two agents have the same id")
    return [agent for agent, deleted in parsed if not deleted]


def _parse_credential(document: object, where: str, emails: Iterable[str]) -> Credential:
    fields = as_object(document, where, allowed=("email", "password"))
    email = as_str(fields.get("email"), f"{where}.email")
    if email.lower() not in emails:
        raise InputError(f"{where}.email: no agent has the address {email}")
    return Credential(email, as_str(fields.get("password"), f"{where}.password"))


def parse_seed(document: object, where: str = "seed", now: datetime | None = None) -> Seed:
    """Return the seed that a JSON object describes.

    Keys: ``agents``, ``tokens`` and ``clients`` (lists, in the format of the API), ``credentials`` (list of ``email``
    and ``password`` for Basic authentication) and ``access_token`` (the value of the automation's token). Raises
    InputError, which names the invalid field.
    """
    now = now or datetime.now(timezone.utc)
    fields = as_object(document, where, allowed=("agents", "tokens", "clients", "credentials", "access_token"))
    agents = _parse_agents(fields.get("agents", []), f"{where}.agents", now)
    tokens = parse_tokens(fields.get("tokens", []), f"{where}.tokens", now)
    clients = as_list(fields.get("clients", []), f"{where}.clients")
    emails = {agent.email.lower() for agent in agents if agent.email}
    credentials = as_list(fields.get("credentials", []), f"{where}.credentials")
    access_token = fields.get("access_token")
    if access_token is not None and all(token.access_token != access_token for token in tokens):
        raise InputError(f"{where}.access_token: no token has this value")
    return Seed(
        agents=agents,
        tokens=tokens,
        clients=[as_object(item, f"{where}.clients[{n}]") for n, item in enumerate(clients)],
        credentials=[
            _parse_credential(item, f"{where}.credentials[{n}]", emails) for n, item in enumerate(credentials)
        ],
        access_token=access_token,
    )


def read_json(path: Path) -> Any:
    """Return the content of a JSON file. Raises InputError with the reason if it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: is not JSON: {error}") from error


def read_seed(path: Path) -> dict[str, Any]:
    """Return the seed document in a file, validated. Raises InputError, which names the file and the field."""
    document = read_json(path)
    try:
        parse_seed(document)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return as_object(document, str(path))


def generate_agents(count: int, now: datetime) -> list[Agent]:
    """Return ``count`` agents with ids from 2000001, none of them an administrator.

    Every tenth is disabled. Every seventh never logged in; the last logins of the others are up to 199 days ago.
    """
    return [_generated_agent(number, now) for number in range(count)]


def _generated_agent(number: int, now: datetime) -> Agent:
    agent_id = FIRST_GENERATED_AGENT_ID + number
    email = f"agent-{agent_id}@example.com"
    document = {
        "id": agent_id,
        "email": email,
        "first_name": "Agent",
        "last_name": str(agent_id),
        "display_name": f"Agent {agent_id}",
        "enabled": int(agent_id % 10 != 0),
        "role_id": 3,
        "roles": {"administrator": False, "owner": False},
        "departments": [],
        "create_date": "2014-09-01T08:00:00Z",
        "last_login": None if number % 7 == 6 else api_date(now - timedelta(days=number % 200)),
    }
    return Agent(agent_id, email, administrator=False, document=document)


def generate(count: int, agents: Sequence[Agent], now: datetime) -> list[Token]:
    """Return ``count`` tokens of the client ``generated`` with ids from 1000001, distributed evenly among the agents.

    The result depends only on the arguments. Each token is one hour older than the previous one, up to a year. Of every
    four tokens, the first is expired and the third has no expiry date.
    """
    owners = [agent.id for agent in agents] or [1]
    return [_generated(number, owners[number % len(owners)], now) for number in range(count)]


def _generated(number: int, agent_id: int, now: datetime) -> Token:
    token_id = FIRST_GENERATED_ID + number
    created = now - timedelta(hours=1 + number % 8_760)
    lifetime = (timedelta(minutes=30), timedelta(days=730), None, timedelta(days=365, hours=8))[number % 4]
    expires = None if lifetime is None else created + lifetime
    scopes = _SCOPES[number % len(_SCOPES)]
    access_token = fake_secret("access", token_id)
    document = {
        "access_token": access_token,
        "agent_id": agent_id,
        "client_identifier": GENERATED_CLIENT,
        "create_date": api_date(created),
        "expire_date": None if expires is None else api_date(expires),
        "id": token_id,
        "refresh_token": fake_secret("refresh", token_id),
        "scopes": scopes,
        "token_type": "Bearer",
    }
    return Token(token_id, agent_id, access_token, frozenset(scopes.split()), expires, document)
