# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events of identity providers about departing users, in one format.

Sources: Okta's documentation of event hooks (``user.lifecycle.deactivate`` and ``user.lifecycle.suspend``), and the Internet-Draft
"Global Token Revocation" (``sub_id`` as in RFC 9493).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

DOCUMENTATION = r"""
---
short_description: Convert events about departing users into one format.
description:
  - Sets the payload of an event to C({"event": "user.offboarded", "emails": [...]}) if it is one of the following.
  - The format of this collection, C({"event": "user.offboarded", "email": "..."}), or C(emails) with a list.
  - An Okta event hook with C(user.lifecycle.deactivate) or C(user.lifecycle.suspend), also with several events in one body.
  - A Global Token Revocation request with a C(sub_id) of format C(email).
  - Every address is validated here. A value that is not one plain address is left out and logged, without its content. If no
    address is left, C(event) is C(user.offboarded.invalid).
  - Other events are not changed. The log contains the reason for each event that is ignored, and never its content.
options: {}
"""

EXAMPLES = r"""
- eda.builtin.webhook:
    host: 127.0.0.1
    port: 5000
    token: "{{ offboard_webhook_token }}"
  filters:
    - zchat.admin.offboard_event:
"""

OFFBOARDED = "user.offboarded"
INVALID = "user.offboarded.invalid"

_OKTA_EVENTS = ("user.lifecycle.deactivate", "user.lifecycle.suspend")
_ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9.-]{1,255}")
"""Only these characters: a variable of a playbook can be a template, and none of them can begin an expression."""

_log = logging.getLogger(__name__)


def main(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event, with a new payload if it is about departing users."""
    values = _addresses(event.get("payload"))
    if values is None:
        return event
    emails = [value for value in values if isinstance(value, str) and _ADDRESS.fullmatch(value)]
    if len(emails) < len(values):
        _log.warning(
            "offboard_event: left out %d of %d values, not a plain address", len(values) - len(emails), len(values)
        )
    if not emails:
        _log.warning("offboard_event: ignored an event about a departing user: it contains no plain address")
    payload = {"event": OFFBOARDED, "emails": list(dict.fromkeys(emails))} if emails else {"event": INVALID}
    return {**event, "payload": payload}


def _addresses(payload: Any) -> list[Any] | None:
    """Return what stands for addresses in a payload, ``None`` if it is another event. Nothing is validated yet."""
    if not isinstance(payload, Mapping):
        _log.info("offboard_event: ignored an event: its payload is not an object")
    elif payload.get("event") == OFFBOARDED:
        emails = payload.get("emails", [])
        return [
            *([payload["email"]] if "email" in payload else []),
            *(emails if isinstance(emails, list) else [emails]),
        ]
    elif isinstance(payload.get("sub_id"), Mapping):
        if payload["sub_id"].get("format") == "email":
            return [payload["sub_id"].get("email")]
        _log.info("offboard_event: ignored a token revocation request: the format of its sub_id is not email")
    elif isinstance(payload.get("data"), Mapping):
        found = list(_okta_addresses(payload["data"].get("events")))
        if found:
            return found
        _log.info("offboard_event: ignored an event hook: it contains no deactivated or suspended user")
    else:
        _log.info("offboard_event: ignored an event of another kind")
    return None


def _okta_addresses(events: Any) -> Iterator[Any]:
    """Yield the login of each user that an Okta event hook reports as deactivated or suspended."""
    for entry in events if isinstance(events, list) else ():
        if isinstance(entry, Mapping) and entry.get("eventType") in _OKTA_EVENTS and _succeeded(entry.get("outcome")):
            targets = entry.get("target")
            for target in targets if isinstance(targets, list) else ():
                if isinstance(target, Mapping) and target.get("type") == "User":
                    yield target.get("alternateId")


def _succeeded(outcome: Any) -> bool:
    """Return whether the user was deactivated, not only an attempt failed. An event without an outcome is one of success."""
    return not isinstance(outcome, Mapping) or outcome.get("result", "SUCCESS") == "SUCCESS"
