# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a sandbox behaves, in one validated value."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .checks import InputError, as_int, as_object, as_seconds, shown
from .faults import Fault, parse_faults
from .seed import parse_seed


@dataclass(frozen=True)
class Options:
    """How a sandbox behaves. Raises InputError for a value that cannot be."""

    host: str = "127.0.0.1"
    """The address to listen at: 127.0.0.1 or another of 127.0.0.0/8, never one that others can reach."""
    port: int = 0
    """The TCP port; 0: a free one."""
    latency: float = 0.0
    """Seconds from a request's arrival to its answer, at least. A state change happens at arrival."""
    rate_limit: int | None = None
    """Requests allowed to each endpoint in a window; None: any number."""
    rate_window: float = 60.0
    """Seconds from the first request of a window to its end."""
    list_cap: int | None = None
    """The list shows only this many tokens, those with the lowest ids; None: all."""
    value_length: int | None = None
    """The list shows only this many characters of each token value; None: the whole value."""
    tokens: int = 0
    """How many tokens to generate besides those of the seed: client ``generated``, ids from 1000001."""
    agents: int = 0
    """How many agents to generate besides those of the seed: ids from 2000001, ``agent-2000001@example.com``."""
    seed: Mapping[str, Any] | None = None
    """What the account holds at first, as ``parse_seed`` takes it; None: the demo account."""
    faults: Sequence[Fault | Mapping[str, Any]] = ()
    """What goes wrong at first, as ``parse_faults`` takes it."""

    def __post_init__(self) -> None:
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            address = None
        if not isinstance(address, ipaddress.IPv4Address) or not address.is_loopback:
            raise InputError(f"host: the sandbox listens only at 127.0.0.1 or its like, not at {shown(self.host)}")
        if as_int(self.port, "port") > 65_535:
            raise InputError(f"port: must be 65535 or less, not {self.port}")
        as_seconds(self.latency, "latency")
        if as_seconds(self.rate_window, "rate_window") == 0:
            raise InputError("rate_window: must be more than 0 seconds")
        for name, least in (("rate_limit", 1), ("list_cap", 0), ("value_length", 0)):
            if getattr(self, name) is not None:
                as_int(getattr(self, name), name, least)
        as_int(self.tokens, "tokens")
        as_int(self.agents, "agents")
        if self.seed is not None:
            parse_seed(self.seed)
        parse_faults(self.faults)

    def changed(self, changes: object) -> Options:
        """Return these options with the changes of a JSON object made; host and port of a running server stay."""
        allowed = {field.name for field in dataclasses.fields(self)} - {"host", "port"}
        return dataclasses.replace(self, **as_object(changes, "options", allowed))
