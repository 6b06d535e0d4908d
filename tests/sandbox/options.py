# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a sandbox, validated."""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .checks import InputError, as_bool, as_choice, as_int, as_object, as_seconds, shown
from .faults import Fault, parse_faults
from .seed import parse_seed

DEFAULT_VALUE_LENGTH = 10
"""Length of a shortened token value without ``value_length``. The Support API uses the same length."""

VALUE_FORMS: dict[str, Callable[[str], str]] = {
    "full": lambda value: value,
    "beginning": lambda value: value[:DEFAULT_VALUE_LENGTH],
    "hash": lambda value: hashlib.sha256(value.encode()).hexdigest(),
}
AGENT_PAGE_ORDERS = ("sorted", "reversed")


@dataclass(frozen=True)
class Options:
    """The options of a sandbox. Raises InputError for an invalid value."""

    host: str = "127.0.0.1"
    """The address to listen on: 127.0.0.1 or another of 127.0.0.0/8, never one that other hosts can reach."""
    port: int = 0
    """The TCP port; 0: a free port."""
    latency: float = 0.0
    """Minimum number of seconds from a request to its response. The request takes effect at the start of this time."""
    rate_limit: int | None = None
    """Number of requests that each endpoint accepts in a window; None: no limit."""
    rate_window: float = 60.0
    """Length of a window in seconds. A window starts with its first request."""
    list_cap: int | None = None
    """The token list contains only this many tokens, those with the lowest ids; None: all."""
    own_only: bool = False
    """The token list contains only the tokens of the agent that the caller authenticates as."""
    value_form: str = "full"
    """The form of the token values in the token list: ``full``, ``beginning`` (the first characters) or
    ``hash`` (SHA-256 in hexadecimal)."""
    value_length: int | None = None
    """Number of characters of ``beginning``, which this option implies; None: 10."""
    email_case_sensitive: bool = False
    """The lookup of an agent by email requires the exact spelling of the address."""
    agent_page_order: str = "sorted"
    """Order of the agents within each page of their list: ``sorted`` (by id) or ``reversed``."""
    tokens: int = 0
    """Number of tokens to generate in addition to the seed: client ``generated``, ids from 1000001."""
    agents: int = 0
    """Number of agents to generate in addition to the seed: ids from 2000001, ``agent-2000001@example.com``."""
    seed: Mapping[str, Any] | None = None
    """The initial content of the account, in the format of ``parse_seed``; None: the demo account."""
    faults: Sequence[Fault | Mapping[str, Any]] = ()
    """The initial faults, in the format of ``parse_faults``."""

    def __post_init__(self) -> None:
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            address = None
        if not isinstance(address, ipaddress.IPv4Address) or not address.is_loopback:
            raise InputError(f"host: must be an address in 127.0.0.0/8, such as 127.0.0.1, not {shown(self.host)}")
        if as_int(self.port, "port") > 65_535:
            raise InputError(f"port: must be 65535 or less, not {self.port}")
        as_seconds(self.latency, "latency")
        if as_seconds(self.rate_window, "rate_window") == 0:
            raise InputError("rate_window: must be more than 0 seconds")
        for name, least in (("rate_limit", 1), ("list_cap", 0), ("value_length", 0)):
            if getattr(self, name) is not None:
                as_int(getattr(self, name), name, least)
        for name in ("own_only", "email_case_sensitive"):
            as_bool(getattr(self, name), name)
        as_choice(self.value_form, "value_form", VALUE_FORMS)
        if self.value_length is not None and self.value_form not in ("full", "beginning"):
            raise InputError(f"value_length: requires the value_form beginning, not {self.value_form}")
        as_choice(self.agent_page_order, "agent_page_order", AGENT_PAGE_ORDERS)
        as_int(self.tokens, "tokens")
        as_int(self.agents, "agents")
        if self.seed is not None:
            parse_seed(self.seed)
        parse_faults(self.faults)

    def changed(self, changes: object) -> Options:
        """Return these options with the changes of a JSON object. The host and port of a running server are fixed."""
        allowed = {field.name for field in dataclasses.fields(self)} - {"host", "port"}
        return dataclasses.replace(self, **as_object(changes, "options", allowed))

    def listed_value(self, value: str) -> str:
        """Return a token value in the form that the token list shows."""
        if self.value_length is not None:
            return value[: self.value_length]
        return VALUE_FORMS[self.value_form](value)
