# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API clients of a Chat account, which OAuth tokens are created for: list, name and delete.

Sources: the vendor's reference page "OAuth Clients" (``GET {base}/oauth/clients``), recorded responses, and public clients
(``DELETE {base}/oauth/clients/{id}``). ``agent_id`` is the agent who created the client, ``redirect_uris`` a string.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._api.resources import (
    API_CLIENT,
    Deletion,
    Listing,
    delete_item,
    listing,
    not_listed,
)
from ansible_collections.zchat.admin.plugins.module_utils._errors import Endpoint
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient, Document
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import secret_forms
from ansible_collections.zchat.admin.plugins.module_utils._text import abridged, encodable, plain_text, printable

_PATH = "oauth/clients"
_MAX_SHOWN = 100
"""Characters of an identifier or a name in a message."""
VENDOR_CLIENTS = frozenset({"zopim", "zendesk"})
"""Identifiers of clients that the vendor owns. It is unknown whether the API lists them."""


@dataclass(frozen=True)
class ApiClient:
    """One API client, each field as the API returns it, ``None`` if it returns none. Its secret is never read."""

    id: int
    name: str | None
    company: str | None
    client_identifier: str
    client_type: str | None
    """``public`` or ``confidential``."""
    redirect_uris: str | None
    scopes: str | None
    agent_id: int | None
    """The agent who created the client."""
    create_date: str | None
    update_date: str | None


ClientList = Listing[ApiClient]
"""One response of the list of API clients."""


def get_clients(client: ChatClient) -> Document:
    """Return the response of ``GET {base}/oauth/clients``, whatever JSON value it contains. Raises :class:`ChatError`."""
    document = client.get(_PATH)
    # It should contain only their beginnings, and no result has this key. But a secret can also be in a name.
    items = document.data if isinstance(document.data, list) else ()
    given = [item.get("client_secret") for item in items if isinstance(item, dict)]
    client.secrets.add_listed(form for secret in given if isinstance(secret, str) for form in secret_forms(secret))
    return document


def list_clients(client: ChatClient) -> ClientList:
    """Return every API client that the API lists. Raises :class:`ChatError` as :func:`parse_clients`."""
    return parse_clients(get_clients(client))


def parse_clients(document: Document) -> ClientList:
    """Return the API clients in a response.

    Raises :class:`ChatError` unless the whole response is a complete list of API clients, see :func:`listing`.
    """
    endpoint = document.endpoint
    if not isinstance(document.data, list):
        raise not_listed(endpoint, API_CLIENT, "its content has another form.")
    client_list = listing(document, API_CLIENT, lambda item: _client(endpoint, item))
    identifiers: dict[str, int] = {}
    for entry in client_list.items:
        other = identifiers.setdefault(entry.client_identifier, entry.id)
        if other != entry.id:
            # The tokens of one could not be distinguished from those of the other.
            raise not_listed(
                endpoint, API_CLIENT, f"the clients {other} and {entry.id} have the same client_identifier."
            )
    return client_list


def parse_names(document: Document) -> list[dict[str, Any]]:
    """Return ``{client_identifier, name, company}`` of the API clients in a response.

    It is less strict than :func:`parse_clients`, because nothing is decided by names that are only shown. Raises
    :class:`ChatError` if the response is not a list of objects.
    """
    if not isinstance(document.data, list) or not all(isinstance(item, dict) for item in document.data):
        raise not_listed(document.endpoint, API_CLIENT, "its content has another form.")
    fields = ("client_identifier", "name", "company")
    clients = [{name: printable(_string(item.get(name))) for name in fields} for item in document.data]
    return [entry for entry in clients if entry["client_identifier"]]


def delete_client(client: ChatClient, entry: ApiClient) -> Deletion:
    """Delete an API client, which must come from :func:`list_clients`. Raises :class:`ChatError` as :func:`delete_item`."""
    return delete_item(client, f"{_PATH}/{entry.id:d}", API_CLIENT)


def client_result(entry: ApiClient) -> dict[str, Any]:
    """Return the API client as modules return it."""
    return {name: printable(value) for name, value in asdict(entry).items()}


def with_name(clients: Iterable[ApiClient], name: str) -> list[ApiClient]:
    """Return the API clients with this name. White space around it does not count, because the dashboard does not show it."""
    return [entry for entry in clients if entry.name is not None and entry.name.strip() == name.strip()]


def shown(values: Iterable[str]) -> str:
    """Return identifiers or names for a message: each on one line and not too long."""
    return abridged(
        [text if len(text := plain_text(value)) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..." for value in values]
    )


def diff_line(entry: ApiClient) -> str:
    """Return the API client as one line of a diff."""
    parts = (
        f"client {entry.id}",
        f"name {entry.name}",
        f"identifier {entry.client_identifier}",
        f"type {entry.client_type}",
        f"creator {entry.agent_id}",
        f"created {entry.create_date}",
    )
    return plain_text("; ".join(parts))


def _client(endpoint: Endpoint, item: Any) -> ApiClient:
    """Return one item of the list. Raises :class:`ChatError` if it is not an API client."""
    number = item.get("id") if isinstance(item, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise not_listed(endpoint, API_CLIENT, "it contains an item without an integer 'id'.")
    identifier = item.get("client_identifier")
    if not isinstance(identifier, str) or not identifier or "name" not in item:
        raise not_listed(endpoint, API_CLIENT, f"client {number} has no 'client_identifier' or no 'name'.")
    agent_id = item.get("agent_id")
    if agent_id is not None and (not isinstance(agent_id, int) or isinstance(agent_id, bool)):
        raise not_listed(endpoint, API_CLIENT, f"the agent_id of client {number} is not an integer.")
    if not isinstance(item["name"], (str, type(None))):
        raise not_listed(endpoint, API_CLIENT, f"the name of client {number} is not a string.")
    shown = ("company", "client_type", "redirect_uris", "scopes", "create_date", "update_date")
    return ApiClient(
        id=number,
        client_identifier=encodable(identifier),
        name=_string(item["name"]),
        agent_id=agent_id,
        **{name: _string(item.get(name)) for name in shown},
    )


def _string(value: Any) -> Any:
    return encodable(value) if isinstance(value, str) else None
