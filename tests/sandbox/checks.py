# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of JSON values. Each raises InputError with a message that names the invalid field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


class InputError(ValueError):
    """A seed, a fault or an option is invalid. The message is one sentence that names the field and the reason."""


def shown(value: object) -> str:
    """Return a short representation of an invalid value for an error message."""
    if value is None:
        return "null or missing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def as_object(value: object, where: str, allowed: Collection[str] | None = None) -> dict[str, Any]:
    """Return a copy of a JSON object. Reject keys that are not in ``allowed`` (None: every key is valid)."""
    if not isinstance(value, Mapping):
        raise InputError(f"{where}: must be a JSON object, not {shown(value)}")
    if allowed is not None:
        unknown = [str(key) for key in value if key not in allowed]
        if unknown:
            valid = ", ".join(sorted(allowed))
            raise InputError(f"{where}: unknown keys {', '.join(sorted(unknown))}; valid keys are {valid}")
    return dict(value)


def as_list(value: object, where: str) -> list[Any]:
    """Return a copy of a JSON list."""
    if not isinstance(value, (list, tuple)):
        raise InputError(f"{where}: must be a JSON list, not {shown(value)}")
    return list(value)


def as_str(value: object, where: str) -> str:
    """Return a string."""
    if not isinstance(value, str):
        raise InputError(f"{where}: must be a string, not {shown(value)}")
    return value


def as_choice(value: object, where: str, choices: Collection[str]) -> str:
    """Return a string that is one of ``choices``."""
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"{where}: must be one of {', '.join(choices)}, not {shown(value)}")
    return value


def as_bool(value: object, where: str) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        raise InputError(f"{where}: must be true or false, not {shown(value)}")
    return value


def as_int(value: object, where: str, least: int = 0, most: int | None = None) -> int:
    """Return an integer in this range. A boolean is not an integer here, although Python treats it as one."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least or (most is not None and value > most):
        limits = f"{least} or more" if most is None else f"from {least} to {most}"
        raise InputError(f"{where}: must be an integer, {limits}, not {shown(value)}")
    return value


def as_seconds(value: object, where: str) -> float:
    """Return a number of seconds, 0 or more."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < float("inf"):
        raise InputError(f"{where}: must be a number of seconds, 0 or more, not {shown(value)}")
    return float(value)
