# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults: rules that match requests and change how the sandbox responds to them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import Any

from .checks import InputError, as_bool, as_choice, as_int, as_list, as_object, as_seconds, as_str
from .seed import parse_tokens

Fill = Callable[[str], str]
"""Replaces the placeholders in a string: ``{authorization}`` (the request's header), ``{access_token:38}`` and
``{refresh_token:38}`` (of a live token), ``{http_date:3}`` (the date in 3 seconds)."""


@dataclass(frozen=True)
class Fault:
    """One rule. The first four fields select requests, the others define what happens to them."""

    method: str | None = None
    """The HTTP method in capitals; None: any."""
    path: str | None = None
    """A regular expression, searched for in the path as sent; None: any path."""
    after: int = 0
    """Number of matching requests to skip before the fault first acts."""
    times: int | None = None
    """Number of requests that the fault acts on; None: no limit."""

    status: int | None = None
    """Replace the normal response with one that has this status."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers to set in the response, which is the normal one unless ``status`` replaces it. With placeholders."""
    body: Any = None
    """Body of the replaced response: a string is sent unchanged, any other value as JSON. With placeholders."""
    apply: bool | None = None
    """Whether the request takes effect. Default: false with ``status`` or with ``drop: before``, otherwise true."""

    interim: int | None = None
    """Send an interim response with this status (1xx) before the response."""
    interim_times: int = 1
    """Number of interim responses to send."""
    delay: float = 0.0
    """Seconds to wait before the response, after the request took effect."""
    drop: str | None = None
    """Reset the connection without a response, ``before`` or ``after`` the request takes effect."""
    truncate: int | None = None
    """Send the headers and this many bytes of the body, then close the connection."""
    stall: float | None = None
    """Send the first byte of the response, wait this many seconds, then close the connection."""

    linger: int = 0
    """For DELETE: return 204, but keep the token or client in this many further lists; -1: do not delete it at all."""
    bearer_linger: int = 0
    """For DELETE: revoke the token, but accept it as a bearer token for this many further requests."""
    mint: Sequence[Mapping[str, Any]] = ()
    """Tokens to add after the first request that this fault acts on took effect."""

    def takes_effect(self) -> bool:
        """Return whether the sandbox processes the request as usual, whatever response it sends."""
        if self.apply is not None:
            return self.apply
        return self.drop != "before" and self.status is None

    def matches(self, method: str, path: str) -> bool:
        """Return whether this fault selects a request."""
        return self.method in (None, method) and (self.path is None or re.search(self.path, path) is not None)

    def filled_headers(self, fill: Fill) -> dict[str, str]:
        """Return the headers, with their placeholders replaced."""
        return {name: fill(value) for name, value in self.headers.items()}

    def filled_body(self, fill: Fill) -> tuple[bytes, str]:
        """Return the body, with its placeholders replaced, and its content type (empty without a body)."""
        if self.body is None:
            return b"", ""
        if isinstance(self.body, str):
            kind = "text/html" if self.body.lstrip().startswith("<") else "text/plain"
            return fill(self.body).encode(), f"{kind}; charset=utf-8"
        return json.dumps(_filled(self.body, fill), ensure_ascii=False).encode(), "application/json"


def _filled(value: Any, fill: Fill) -> Any:
    """Return a JSON value with the placeholders in all of its strings replaced."""
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, Mapping):
        return {key: _filled(item, fill) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_filled(item, fill) for item in value]
    return value


_NAMES = tuple(item.name for item in fields(Fault))
_ACTIONS = [name for name in _NAMES if name not in ("method", "path", "after", "times")]
_REQUIRES = {"body": "status", "interim_times": "interim"}


def parse_fault(document: object, where: str) -> Fault:
    """Return the fault that a JSON object describes. Raises InputError, which names the invalid field."""
    given = as_object(document, where, allowed=_NAMES)
    if not any(name in _ACTIONS for name in given):
        raise InputError(f"{where}: has no action; set one of {', '.join(_ACTIONS)}")
    for name, required in _REQUIRES.items():
        if name in given and required not in given:
            raise InputError(f"{where}.{name}: requires {required}")
    return Fault(**{name: _CHECKS[name](value, f"{where}.{name}") for name, value in given.items()})


def parse_faults(documents: object, where: str = "faults") -> list[Fault]:
    """Return the faults that a JSON list describes. Raises InputError, which names the invalid field."""
    return [parse_fault(item, f"{where}[{n}]") for n, item in enumerate(as_list(documents, where))]


def _pattern(value: object, where: str) -> str:
    text = as_str(value, where)
    try:
        re.compile(text)
    except re.error as error:
        raise InputError(f"{where}: is not a regular expression: {error}") from error
    return text


def _headers(value: object, where: str) -> dict[str, str]:
    return {name: as_str(text, f"{where}.{name}") for name, text in as_object(value, where).items()}


def _mint(value: object, where: str) -> list[Any]:
    parse_tokens(value, where, datetime.now(timezone.utc))
    return as_list(value, where)


_CHECKS: dict[str, Callable[[object, str], Any]] = {
    "method": lambda value, where: as_str(value, where).upper(),
    "path": _pattern,
    "after": as_int,
    "times": lambda value, where: as_int(value, where, least=1),
    "status": lambda value, where: as_int(value, where, 200, 599),
    "headers": _headers,
    "body": lambda value, where: value,
    "apply": as_bool,
    "interim": lambda value, where: as_int(value, where, 100, 199),
    "interim_times": lambda value, where: as_int(value, where, least=1),
    "delay": as_seconds,
    "drop": lambda value, where: as_choice(value, where, ("before", "after")),
    "truncate": as_int,
    "stall": as_seconds,
    "linger": lambda value, where: as_int(value, where, least=-1),
    "bearer_linger": as_int,
    "mint": _mint,
}


@dataclass
class FaultCount:
    """A fault and the number of its requests. Not thread-safe: the caller holds the lock of the state."""

    fault: Fault
    seen: int = 0
    """Number of matching requests that no earlier fault acted on."""
    used: int = 0
    """Number of those requests that this fault acted on."""

    def count(self, method: str, path: str) -> bool:
        """Count a request, and return whether the fault acts on it."""
        exhausted = self.fault.times is not None and self.used >= self.fault.times
        if exhausted or not self.fault.matches(method, path):
            return False
        self.seen += 1
        if self.seen <= self.fault.after:
            return False
        self.used += 1
        return True
