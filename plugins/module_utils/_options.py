# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that a task sets. Null is not the same as "not set"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError

_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_DURATION = re.compile(r"\s*([0-9]{1,9})([smhdw])\s*")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def options_of(
    task_args: Mapping[str, Any], params: Mapping[str, Any], spec: Mapping[str, Mapping[str, Any]], prefix: str = ""
) -> dict[str, Any]:
    """Return the options that a task sets and the defaults, by their canonical names; no other key.

    ``task_args`` are the arguments as the playbook has them, ``params`` those that Ansible validated. Ansible fills in None
    for an option that is not set, so a variable without a value would mean every agent, or another account.
    ``prefix`` is the name of the option that contains these, with a period. Raises :class:`ChatError` for an option that the
    task sets to null.
    """
    options = {}
    for name, details in spec.items():
        spellings = [alias for alias in (name, *details.get("aliases", ())) if alias in task_args]
        if len(spellings) > 1:
            raise ChatError(
                f"'{prefix}{spellings[0]}' and '{prefix}{spellings[1]}' are the same option. Set only one of them."
            )
        is_set = bool(spellings)
        if is_set and params[name] is None:
            raise ChatError(null_message(f"{prefix}{name}"))
        for alias in spellings if "elements" in details else ():
            check_flat(f"{prefix}{name}", task_args[alias])
            if details["elements"] == "int":
                check_integers(f"{prefix}{name}", task_args[alias])
        value = params.get(name)
        if is_set and "options" in details:
            raw = task_args[spellings[0]]
            if not isinstance(raw, Mapping):
                raise ChatError(f"'{prefix}{name}' must be a dictionary.")
            value = options_of(raw, params[name], details["options"], f"{prefix}{name}.")
        if value is not None:
            options[name] = value
    return options


def check_flat(name: str, value: Any) -> None:
    """Raise :class:`ChatError` for a list that contains a list or a dictionary, which Ansible converts to a string."""
    if isinstance(value, list) and any(isinstance(element, (list, Mapping)) for element in value):
        raise ChatError(
            f"'{name}' contains a list or a dictionary. Set it to one list of single values: without brackets around a "
            "variable that is a list."
        )


def check_integers(name: str, value: Any) -> None:
    """Raise :class:`ChatError` for a string such as ``1e2``, which Ansible converts to an integer."""
    elements = value.split(",") if isinstance(value, str) else value
    for element in elements if isinstance(elements, list) else ():
        if isinstance(element, str) and not _INTEGER.fullmatch(element):
            raise ChatError(f"'{name}' must contain integers, and contains {element[:20]!a}.")


def null_message(name: str) -> str:
    """Return the message for an option or variable that is null."""
    return f"'{name}' is null. Set a value, or omit it with default(omit)."


def positive_integers(options: Mapping[str, Any], name: str) -> frozenset[int] | None:
    """Return the ids of an option, ``None`` if it is not set. Raises :class:`ChatError` for one below 1."""
    if name not in options:
        return None
    for number in options[name]:
        if isinstance(number, bool) or number < 1:
            raise ChatError(f"'{name}' must contain integers greater than 0, and contains {number}.")
    return frozenset(options[name])


def strings(options: Mapping[str, Any], name: str) -> frozenset[str] | None:
    """Return the strings of an option without white space around them, ``None`` if it is not set.

    Raises :class:`ChatError` for an empty one.
    """
    if name not in options:
        return None
    values = frozenset(value.strip() for value in options[name])
    if "" in values:
        raise ChatError(
            f"'{name}' contains an empty value. Check whether its variable is set. To select nothing, use an empty list."
        )
    return values


def seconds(options: Mapping[str, Any], name: str) -> int | None:
    """Return a duration such as ``90d`` in seconds, ``None`` if it is not set. Raises :class:`ChatError` if invalid."""
    if name not in options:
        return None
    found = _DURATION.fullmatch(options[name])
    if found is None or int(found.group(1)) == 0:
        raise ChatError(
            f"'{name}' must be an integer greater than 0 with a unit (s, m, h, d or w), such as 90d, and is "
            f"{options[name][:20]!a}."
        )
    return int(found.group(1)) * _UNITS[found.group(2)]


def bounded(name: str, value: int, least: int, most: int) -> int:
    """Return an integer. Raises :class:`ChatError` with the ``name`` for messages if it is out of range."""
    if not least <= value <= most:
        raise ChatError(f"{name} must be from {least} to {most}, and is {value}.")
    return value
