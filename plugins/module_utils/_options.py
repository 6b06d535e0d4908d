# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that a task sets. Null is not the same as "not set"."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError

_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,20}\s*")
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
        value = params.get(name)
        for raw in (task_args[spelling] for spelling in spellings):
            if params[name] is None:
                raise ChatError(null_message(f"{prefix}{name}"))
            check_value(f"'{prefix}{name}'", raw, details)
            if "options" in details:
                value = options_of(raw, params[name], details["options"], f"{prefix}{name}.")
            elif details.get("type") == "path":
                value = expanded_path(f"'{prefix}{name}'", params[name])
        if value is not None:
            options[name] = value
    return options


def unexpanded(spec: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return an argument spec with which Ansible does not change paths. It would replace environment variables in them."""
    return {
        name: {**details, "type": "str"} if details.get("type") == "path" else dict(details)
        for name, details in spec.items()
    }


def expanded_path(name: str, path: str) -> str:
    """Return a path with the home directory instead of ``~``.

    Raises :class:`ChatError` with the ``name`` for messages if it is empty, or contains an environment variable, whose value can
    be a secret.
    """
    if not path:
        raise ChatError(f"{name} is empty. Set a path, or leave it out.")
    if "$" in path:
        raise ChatError(
            f"{name} contains the character '$'. An environment variable in a path is not replaced. Write the path itself, or use "
            "the lookup 'ansible.builtin.env'. Nothing was sent."
        )
    return os.path.expanduser(path)


def check_value(name: str, value: Any, details: Mapping[str, Any]) -> None:
    """Raise :class:`ChatError` with the ``name`` for messages if Ansible would convert the value to another one without an error.

    ``details`` are the rules of the option in an argument spec.
    """
    elements = value if isinstance(value, list) else value.split(",") if isinstance(value, str) else [value]
    if isinstance(value, str) and len(elements) > 1 and "client_name" in name:
        raise ChatError(
            f"{name} is a string with a comma, which the name of an API client can contain. Write it as a list: one name in each item."
        )
    if details.get("elements") == "str" and any(item is None or isinstance(item, bool) for item in elements):
        raise ChatError(f"{name} contains null or a Boolean. If it is a name, write it in quotes.")
    if details.get("elements") in ("str", "int") and any(isinstance(item, (list, dict)) for item in elements):
        raise ChatError(
            f"{name} contains a list or a dictionary. Set it to one list of single values: without brackets around a "
            "variable that is a list."
        )
    if "options" in details and not isinstance(value, Mapping):
        raise ChatError(f"{name} must be a dictionary.")
    if details.get("elements") == "int":
        for element in elements:
            if not _is_integer(element):
                raise ChatError(f"{name} must contain integers, and contains {str(element)[:20]!a}.")
    if details.get("type") == "int" and not _is_integer(value):
        raise ChatError(f"{name} must be an integer, written as digits only.")


def _is_integer(value: Any) -> bool:
    """Return whether a value is an integer, as a number or in decimal digits: not ``1e2``, ``1_0``, ``1.0`` or ``true``."""
    if isinstance(value, str):
        return _INTEGER.fullmatch(value) is not None
    return isinstance(value, int) and not isinstance(value, bool)


def null_message(name: str) -> str:
    """Return the message for an option or variable that is null."""
    return f"'{name}' is null. Set a value, or omit it with default(omit, true)."


def positive_integers(options: Mapping[str, Any], name: str) -> frozenset[int] | None:
    """Return the ids of an option, ``None`` if it is not set. Raises :class:`ChatError` for one below 1."""
    if name not in options:
        return None
    for number in options[name]:
        if number < 1:
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
