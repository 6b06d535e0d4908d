# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an account holds when the sandbox starts: agents, tokens and credentials, read from a JSON document.

Agents and tokens are in the API's own form and are served as they stand, so a seed can also hold tokens with fields
that are missing, null, unreadable or unknown. A date may be given as ``now-90d`` or ``now+8h`` (units s m h d w), so
that a seed does not rot.
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
    """A person (or an automation) who can own tokens."""

    id: int
    email: str
    administrator: bool
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Token:
    """An OAuth token: the JSON object as the API lists it, and what the sandbox itself needs to know of it."""

    id: int
    agent_id: int | None
    access_token: str | None
    scopes: frozenset[str]
    expires: datetime | None
    document: Mapping[str, Any]

    def is_live(self, now: datetime) -> bool:
        """Return whether the token may still be used at ``now``."""
        return self.expires is None or now < self.expires


@dataclass(frozen=True)
class Credential:
    """What Basic authentication takes."""

    email: str
    password: str

    @property
    def basic(self) -> str:
        """What the ``Authorization`` header holds after the word Basic."""
        return base64.b64encode(f"{self.email}:{self.password}".encode()).decode("ascii")


@dataclass(frozen=True)
class Seed:
    """The state of one account.

    ``access_token`` is the automation's own, None when the seed has none; the first of ``credentials`` is, too.
    """

    agents: Sequence[Agent]
    tokens: Sequence[Token]
    credentials: Sequence[Credential]
    access_token: str | None


def fake_secret(kind: str, number: int) -> str:
    """Return a secret that is shaped like a real one (64 alphanumerics) and plainly is none.

    The first 8 characters tell two of them apart, because an API that shortens values shows no more than a beginning.
    """
    beginning = f"{kind[0]}{number:07d}FAKE{kind}"
    return (beginning + "NOTaREALsecret" * 5)[:SECRET_LENGTH]


def api_date(moment: datetime) -> str:
    """Return a moment as the API writes it, such as ``2014-09-09T07:49:20Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(value: object) -> datetime | None:
    """Return the moment a date stands for, None for one that is missing or cannot be read. A naive date is UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _absolute_date(value: object, now: datetime) -> object:
    """Return ``now-90d`` and its like as a date of the API, anything else unchanged."""
    match = _RELATIVE_DATE.fullmatch(value) if isinstance(value, str) else None
    if not match:
        return value
    sign, amount, unit = match.groups()
    seconds = int(amount) * _SECONDS[unit] if amount else 0
    return api_date(now + timedelta(seconds=-seconds if sign == "-" else seconds))


def parse_token(document: object, where: str, now: datetime) -> Token:
    """Return the token that a JSON object describes; only its ``id`` is required."""
    fields = as_object(document, where)
    token_id = as_int(fields.get("id"), f"{where}.id", least=1)
    for key in ("create_date", "expire_date"):
        if key in fields:
            fields[key] = _absolute_date(fields[key], now)
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
        expires=_moment(fields.get("expire_date")),
        document=fields,
    )


def parse_tokens(documents: object, where: str, now: datetime) -> list[Token]:
    """Return the tokens that a JSON list describes, refusing an id that comes twice."""
    tokens = [parse_token(item, f"{where}[{n}]", now) for n, item in enumerate(as_list(documents, where))]
    seen: set[int] = set()
    for number, token in enumerate(tokens):
        if token.id in seen:
            raise InputError(f"{where}[{number}].id: {token.id} is the id of an earlier token, too")
        seen.add(token.id)
    return tokens


def _parse_agent(document: object, where: str) -> Agent:
    fields = as_object(document, where)
    roles = as_object(fields.get("roles", {}), f"{where}.roles")
    return Agent(
        id=as_int(fields.get("id"), f"{where}.id", least=1),
        email=as_str(fields.get("email"), f"{where}.email"),
        administrator=as_bool(roles.get("administrator", False), f"{where}.roles.administrator"),
        document=fields,
    )


def _parse_credential(document: object, where: str, emails: Iterable[str]) -> Credential:
    fields = as_object(document, where, allowed=("email", "password"))
    email = as_str(fields.get("email"), f"{where}.email")
    if email.lower() not in emails:
        raise InputError(f"{where}.email: no agent has the address {email}")
    return Credential(email, as_str(fields.get("password"), f"{where}.password"))


def parse_seed(document: object, where: str = "seed", now: datetime | None = None) -> Seed:
    """Return the seed that a JSON object describes.

    Keys: ``agents`` and ``tokens`` (lists, in the API's form), ``credentials`` (list of ``email`` and ``password`` for
    Basic) and ``access_token`` (which of the tokens is the automation's own). Raises InputError, naming the place.
    """
    now = now or datetime.now(timezone.utc)
    fields = as_object(document, where, allowed=("agents", "tokens", "credentials", "access_token"))
    listed = as_list(fields.get("agents", []), f"{where}.agents")
    agents = [_parse_agent(item, f"{where}.agents[{n}]") for n, item in enumerate(listed)]
    if len({agent.id for agent in agents}) != len(agents):
        raise InputError(f"{where}.agents: two agents have the same id")
    tokens = parse_tokens(fields.get("tokens", []), f"{where}.tokens", now)
    emails = {agent.email.lower() for agent in agents}
    given = as_list(fields.get("credentials", []), f"{where}.credentials")
    access_token = fields.get("access_token")
    if access_token is not None and all(token.access_token != access_token for token in tokens):
        raise InputError(f"{where}.access_token: none of the tokens has this value")
    return Seed(
        agents=agents,
        tokens=tokens,
        credentials=[_parse_credential(item, f"{where}.credentials[{n}]", emails) for n, item in enumerate(given)],
        access_token=access_token,
    )


def read_json(path: Path) -> Any:
    """Return what a JSON file holds. Raises InputError with the reason when it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: is not JSON: {error}") from error


def read_seed(path: Path) -> dict[str, Any]:
    """Return the seed document in a file, checked. Raises InputError, naming the file and the place in it."""
    document = read_json(path)
    try:
        parse_seed(document)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return as_object(document, str(path))


def generate_agents(count: int) -> list[Agent]:
    """Return ``count`` agents with ids from 2000001, none of them an administrator, every tenth disabled."""
    return [_generated_agent(FIRST_GENERATED_AGENT_ID + number) for number in range(count)]


def _generated_agent(agent_id: int) -> Agent:
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
    }
    return Agent(agent_id, email, administrator=False, document=document)


def generate(count: int, agents: Sequence[Agent], now: datetime) -> list[Token]:
    """Return ``count`` tokens of the client ``generated`` with ids from 1000001, dealt to the agents in turn.

    The same count gives the same tokens but for their dates, which count back from ``now``: one more hour each, at most
    a year. Every fourth has expired, every other fourth never does.
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
