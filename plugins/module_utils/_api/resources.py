# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What OAuth tokens and API clients have in common: one GET returns the whole list, and one DELETE removes an item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from ansible_collections.zchat.admin.plugins.module_utils._dates import http_date
from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Endpoint, unexpected_content
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient, Document


class Item(Protocol):
    """A token or an API client."""

    @property
    def id(self) -> int:
        """The id."""

    @property
    def agent_id(self) -> int | None:
        """The owner of a token, the creator of an API client."""

    @property
    def client_identifier(self) -> str | None:
        """The identifier of the API client."""

    @property
    def create_date(self) -> str | float | None:
        """When it was created, as the API returns it."""


AnyItem = TypeVar("AnyItem", bound=Item)


@dataclass(frozen=True)
class Kind:
    """The words for one kind of items."""

    key: str
    """The key of an item in the journal."""
    noun: str
    done: str
    """What a confirmed DELETE has done to an item."""
    work: str
    """What a DELETE does, as a noun in the plural."""
    content: str
    """What the API lists, for the message about a response that is something else."""


TOKEN = Kind("token", "token", "revoked", "revocations", "a list of Chat OAuth tokens")
API_CLIENT = Kind("client", "API client", "deleted", "deletions", "a list of API clients")


@dataclass(frozen=True)
class Listing(Generic[AnyItem]):
    """One response of a list."""

    items: Sequence[AnyItem]
    """By id, each once."""
    date: float | None
    """The time of the API's clock (``Date`` header) in seconds since the epoch, ``None`` without it."""
    run_token: AnyItem | None = None
    """The token that only this run uses, if the list shows it. It is not one of ``items``."""


@dataclass(frozen=True)
class Deletion:
    """A DELETE after which the API should no longer list the item."""

    status: int
    """204 or 200, 404 or 410."""
    may_be_executed: bool
    """Whether the API may have executed an earlier attempt of the same DELETE."""

    @property
    def executed(self) -> bool:
        """Whether this DELETE removed the item. If not, it was already gone."""
        return self.status < 300 or self.may_be_executed


def listing(document: Document, kind: Kind, item_of: Callable[[Any], AnyItem]) -> Listing[AnyItem]:
    """Return the items of a list. ``item_of`` returns an item, or raises :class:`ChatError`.

    Raises :class:`ChatError` if the list contains one item twice, or has signs that it is only a part, because deletions
    depend on it.
    """
    endpoint = document.endpoint
    items: dict[int, AnyItem] = {}
    for entry in document.data:
        item = item_of(entry)
        if items.setdefault(item.id, item) != item:
            raise not_listed(endpoint, kind, f"it contains {kind.noun} {item.id} twice, with different contents.")
    more = document.announces_more(len(items))
    if more:
        raise ChatError(
            f"The list at {endpoint} is incomplete: {more}. The vendor documents no pages for it, so the other {kind.noun}s cannot be "
            "read. Report this to the maintainers of the collection.",
            200,
        )
    return Listing([items[number] for number in sorted(items)], http_date(document.headers.get("Date")))


def not_listed(endpoint: Endpoint, kind: Kind, reason: str) -> ChatError:
    """Return the error for a response that is not a list of this kind. ``reason`` is a sentence."""
    return unexpected_content(endpoint, kind.content, reason)


def delete_item(client: ChatClient, path: str, kind: Kind) -> Deletion:
    """Send the DELETE for an item that was just listed.

    Raises :class:`ChatError` if the item was not removed, or if the response does not show it.
    """
    endpoint = client.connection.endpoint(path)
    response = client.delete(path)
    body = response.body.strip() if response.complete else None
    if response.status < 300:
        if response.status not in (200, 204) or body not in (b"", b"null"):
            raise ChatError(
                f"The response to the DELETE at {endpoint} (HTTP {response.status}) does not show that the API has {kind.done} "
                f"the {kind.noun}.",
                response.status,
                may_be_executed=True,
            )
    elif body != b"" and not response.is_from_api:
        raise ChatError(
            f"The response to the DELETE at {endpoint} (HTTP {response.status}) does not have the form of the Chat "
            f"API, so it may come from a gateway and does not show that the {kind.noun} is gone.",
            response.status,
            may_be_executed=response.may_be_executed,
        )
    return Deletion(response.status, response.may_be_executed)
