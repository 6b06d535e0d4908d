# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong on purpose: rules that match a request and say how its answer goes astray."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import Any

from .checks import InputError, as_bool, as_int, as_list, as_object, as_seconds, as_str, shown
from .seed import parse_tokens

Fill = Callable[[str], str]


@dataclass(frozen=True)
class Fault:
    """One rule: the first four fields say which requests it meets, the others what happens to them."""

    method: str | None = None
    """The HTTP method in capitals; None: any."""
    path: str | None = None
    """A regular expression, searched for in the path as it was sent; None: any path."""
    after: int = 0
    """How many matching requests pass before the first that this fault meets."""
    times: int | None = None
    """How many requests this fault meets before it is spent; None: any number, but once for ``mint`` alone."""

    status: int | None = None
    """Answer with this status instead."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of that answer; placeholders as in ``body``."""
    body: Any = None
    """Body of that answer: a string as it is, anything else as JSON. Placeholders: ``{authorization}`` (the request's
    header), ``{access_token:38}`` and ``{refresh_token:38}`` (of a listed token), ``{http_date:3}`` (in 3 seconds)."""
    apply: bool | None = None
    """Whether the request takes effect. Default: no with ``status`` or with ``drop: before``, else yes."""

    delay: float = 0.0
    """Seconds to wait before the answer, after the request took effect."""
    drop: str | None = None
    """``before`` or ``after`` the request takes effect: reset the connection instead of answering."""
    truncate: int | None = None
    """Send the headers and this many bytes of the body, then close the connection (with ``drop``: reset it)."""
    stall: float | None = None
    """Send the first byte of the answer, wait this many seconds, then close the connection."""
    close: bool = False
    """Send the whole answer, then close the connection without having announced it."""

    linger: int | None = None
    """For DELETE: answer 204, but show the token in so many further reads of the list; -1: do not revoke it at all."""
    mint: Sequence[Mapping[str, Any]] = ()
    """Tokens that appear right after the first request that this fault meets took effect."""

    def takes_effect(self) -> bool:
        """Return whether the request changes and reads the state as if nothing were wrong."""
        if self.apply is not None:
            return self.apply
        return self.drop != "before" and self.status is None

    def meets(self, method: str, path: str) -> bool:
        """Return whether a request is one of those that this fault is about."""
        return self.method in (None, method) and (self.path is None or re.search(self.path, path) is not None)

    def answer(self, fill: Fill) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the answer that takes the real one's place."""
        body, default_type = _body(self.body, fill)
        headers = {name: fill(value) for name, value in self.headers.items()}
        if body and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = default_type
        return self.status or 200, headers, body


def _body(value: object, fill: Fill) -> tuple[bytes, str]:
    """Return the bytes of a body and the content type that goes with them."""
    if value is None:
        return b"", ""
    if isinstance(value, str):
        kind = "text/html" if value.lstrip().startswith("<") else "text/plain"
        return fill(value).encode(), f"{kind}; charset=utf-8"
    return json.dumps(_filled(value, fill), ensure_ascii=False).encode(), "application/json"


def _filled(value: Any, fill: Fill) -> Any:
    """Return a JSON value with the placeholders in all of its strings filled in."""
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, Mapping):
        return {key: _filled(item, fill) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_filled(item, fill) for item in value]
    return value


_ACTIONS = ("status", "delay", "drop", "truncate", "stall", "close", "linger", "mint")
_NAMES = tuple(item.name for item in fields(Fault))


def parse_fault(document: object, where: str) -> Fault:
    """Return the fault that a JSON object describes. Raises InputError, naming the place."""
    if isinstance(document, Fault):
        return document
    given = as_object(document, where, allowed=_NAMES)
    if not any(name in _ACTIONS for name in given):
        raise InputError(f"{where}: says nothing that should happen; give one of {', '.join(_ACTIONS)}")
    for name in ("headers", "body"):
        if name in given and "status" not in given:
            raise InputError(f"{where}.{name}: needs a status")
    known = {name: _CHECKS[name](value, f"{where}.{name}") for name, value in given.items()}
    if set(known) - {"method", "path", "after"} == {"mint"}:
        known["times"] = 1
    return Fault(**known)


def parse_faults(documents: object, where: str = "faults") -> list[Fault]:
    """Return the faults that a JSON list describes. Raises InputError, naming the place."""
    return [parse_fault(item, f"{where}[{n}]") for n, item in enumerate(as_list(documents, where))]


def _pattern(value: object, where: str) -> str:
    text = as_str(value, where)
    try:
        re.compile(text)
    except re.error as error:
        raise InputError(f"{where}: is not a regular expression: {error}") from error
    return text


def _status(value: object, where: str) -> int:
    status = as_int(value, where, least=200)
    if status > 599:
        raise InputError(f"{where}: must be an HTTP status from 200 to 599, not {status}")
    return status


def _headers(value: object, where: str) -> dict[str, str]:
    return {name: as_str(text, f"{where}.{name}") for name, text in as_object(value, where).items()}


def _drop(value: object, where: str) -> str:
    if value not in ("before", "after"):
        raise InputError(f"{where}: must be before or after, not {shown(value)}")
    return str(value)


def _mint(value: object, where: str) -> list[Any]:
    parse_tokens(value, where, datetime.now(timezone.utc))
    return as_list(value, where)


_CHECKS: dict[str, Callable[[object, str], Any]] = {
    "method": lambda value, where: as_str(value, where).upper(),
    "path": _pattern,
    "after": as_int,
    "times": lambda value, where: None if value is None else as_int(value, where, least=1),
    "status": _status,
    "headers": _headers,
    "body": lambda value, where: value,
    "apply": as_bool,
    "delay": as_seconds,
    "drop": _drop,
    "truncate": as_int,
    "stall": as_seconds,
    "close": as_bool,
    "linger": lambda value, where: as_int(value, where, least=-1),
    "mint": _mint,
}


@dataclass
class FaultCount:
    """A fault and how often it was met. Not safe for threads by itself: the state's lock guards it."""

    fault: Fault
    seen: int = 0
    """Matching requests that no earlier fault took."""
    used: int = 0
    """Those among them that the fault acted on."""

    def take(self, method: str, path: str) -> bool:
        """Count a request, and return whether the fault acts on it."""
        spent = self.fault.times is not None and self.used >= self.fault.times
        if spent or not self.fault.meets(method, path):
            return False
        self.seen += 1
        if self.seen <= self.fault.after:
            return False
        self.used += 1
        return True
