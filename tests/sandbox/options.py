# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a sandbox. Each is defined once: for Python, for a reset, and for the command line."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from .checks import InputError, as_bool, as_choice, as_int, as_object, as_seconds, shown

VALUE_FORMS: dict[str, Callable[[str], str]] = {
    "full": lambda value: value,
    "beginning": lambda value: value[:10],
    "hash": lambda value: hashlib.sha256(value.encode()).hexdigest(),
}
"""How the token list shows a token value. The Support API also shows the first 10 characters."""


def _option(default: Any, check: Callable[[object, str], object] | None, text: str, **argument: Any) -> Any:
    """Return a field with its check, and its argument on the command line."""
    # pylint: disable-next=invalid-field-call  # the dataclass below calls this function
    return field(default=default, metadata={"check": check, "argument": {"help": text, **argument}})


def _number(default: int | None, text: str, least: int = 0) -> Any:
    return _option(default, lambda value, where: as_int(value, where, least), text, type=int, metavar="N")


def _seconds(default: float, text: str) -> Any:
    return _option(default, as_seconds, text, type=float, metavar="SECONDS")


def _flag(text: str) -> Any:
    return _option(False, as_bool, text, action="store_true")


def _file(default: object, text: str) -> Any:
    return _option(default, None, text, type=Path, metavar="FILE")


def _loopback(value: object, where: str) -> None:
    try:
        address = ipaddress.IPv4Address(str(value))
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise InputError(f"{where}: must be an address in 127.0.0.0/8, such as 127.0.0.1, not {shown(value)}")


@dataclass(frozen=True)
class Options:
    """The options of a sandbox. Raises InputError for an invalid value. ``State`` validates the seed and the faults."""

    host: str = _option("127.0.0.1", _loopback, "address to listen on, in 127.0.0.0/8 (default: %(default)s)")
    port: int = _number(0, "port to listen on; 0 selects a free one (default: %(default)s)")
    latency: float = _seconds(0.0, "minimum duration of each request, which takes effect at its start")
    rate_limit: int | None = _number(None, "requests that each endpoint accepts in a window before it returns 429", 1)
    rate_window: float = _seconds(60.0, "length of that window, which starts with a request (default: %(default)g)")
    own_only: bool = _flag("limit the token list to the tokens of the calling agent")
    own_clients_only: bool = _flag("limit the client list to the clients that the calling agent created")
    revoke_with_client: bool = _flag("a DELETE of a client also revokes its tokens")
    granted_lifetime: int | None = _number(
        None,
        "seconds that a token of the token endpoint works, and with a refresh token (default: no limit, and without)",
        1,
    )
    value_form: str = _option(
        "full",
        lambda value, where: as_choice(value, where, VALUE_FORMS),
        "form of the listed token values (default: %(default)s)",
        choices=VALUE_FORMS,
    )
    tokens: int = _number(0, "generate N tokens in addition to the seed: client 'generated', ids from 1000001")
    agents: int = _number(0, "generate N agents in addition to the seed: ids from 2000001")
    seed: Mapping[str, Any] | None = _file(
        None, "JSON file with agents, tokens, clients and credentials to use instead of the demo account"
    )
    faults: Sequence[Mapping[str, Any]] = _file((), "JSON file with a list of faults")

    def __post_init__(self) -> None:
        for option in fields(self):
            value = getattr(self, option.name)
            if option.metadata["check"] and not (value is None and option.default is None):
                option.metadata["check"](value, option.name)

    def changed(self, changes: object) -> Options:
        """Return these options with the changes of a JSON object. The host and port of a running server are fixed."""
        allowed = {option.name for option in fields(self)} - {"host", "port"}
        return replace(self, **as_object(changes, "options", allowed))
