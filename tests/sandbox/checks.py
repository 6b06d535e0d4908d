# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of values that came from JSON, each failing with a sentence that names the place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


class InputError(ValueError):
    """A seed, a fault or an option is wrong. Its text is one plain sentence that names where and what."""


def shown(value: object) -> str:
    """Return a short rendering of a wrong value for an error text."""
    if value is None:
        return "null or nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def as_object(value: object, where: str, allowed: Collection[str] | None = None) -> dict[str, Any]:
    """Return value as a JSON object, refusing keys that are not allowed (None: any key will do)."""
    if not isinstance(value, Mapping):
        raise InputError(f"{where}: must be a JSON object, not {shown(value)}")
    if allowed is not None:
        unknown = [str(key) for key in value if key not in allowed]
        if unknown:
            known = ", ".join(sorted(allowed))
            raise InputError(f"{where}: does not know {', '.join(sorted(unknown))}; it knows {known}")
    return dict(value)


def as_list(value: object, where: str) -> list[Any]:
    """Return value as a JSON list."""
    if not isinstance(value, (list, tuple)):
        raise InputError(f"{where}: must be a JSON list, not {shown(value)}")
    return list(value)


def as_str(value: object, where: str) -> str:
    """Return value as text."""
    if not isinstance(value, str):
        raise InputError(f"{where}: must be a string, not {shown(value)}")
    return value


def as_bool(value: object, where: str) -> bool:
    """Return value as a boolean."""
    if not isinstance(value, bool):
        raise InputError(f"{where}: must be true or false, not {shown(value)}")
    return value


def as_int(value: object, where: str, least: int = 0) -> int:
    """Return value as a whole number of at least ``least``. A boolean is none, though Python says so."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(f"{where}: must be a whole number, {least} or more, not {shown(value)}")
    return value


def as_seconds(value: object, where: str) -> float:
    """Return value as a number of seconds, 0 or more."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < float("inf"):
        raise InputError(f"{where}: must be a number of seconds, 0 or more, not {shown(value)}")
    return float(value)
