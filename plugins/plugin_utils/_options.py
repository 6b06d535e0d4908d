# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of an action, and the variables of a role. Every message names what the user set."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._options import check_integers

Spec = Mapping[str, Mapping[str, Any]]

_CLOSE = 0.75
"""The ratio of :mod:`difflib` from which two names resemble each other."""


def validated(args: Mapping[str, Any], spec: Spec, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the ``args`` of a task, converted, with defaults. A string is a list of its parts between commas.

    ``names`` has the name of an option for the user, if it differs: such an option must not be null or empty.
    Raises ``ValueError`` with the reason.
    """
    given = {names.get(option, option): _split(value, spec.get(option, {})) for option, value in args.items()}
    for name in names.values():
        value = given.get(name, ...)
        # Before ansible-core 2.19, a template makes an empty string of null.
        if value in (None, "", [""]):
            raise ValueError(f"'{name}' is null or empty. Set a value, or leave it out.")
        if isinstance(value, list) and (None in value or "" in value):
            raise ValueError(f"'{name}' contains an empty value. Remove spaces after commas, and check its variables.")
    for option, rules in spec.items():
        name = names.get(option, option)
        if rules.get("elements") == "int":
            try:
                check_integers(name, given.get(name))
            except ChatError as error:
                raise ValueError(error.msg) from None
    named_spec = {names.get(option, option): dict(rules) for option, rules in spec.items()}
    result = ArgumentSpecValidator(named_spec).validate(given)
    if result.error_messages:
        unsupported = "There is no such option: " if result.unsupported_parameters else ""
        raise ValueError(unsupported + "; ".join(result.error_messages))
    return {option: result.validated_parameters.get(names.get(option, option)) for option in spec}


def _split(value: Any, rules: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and rules.get("type") == "list":
        return [part.strip() for part in value.split(",")]
    return value


def misspelled(names: Iterable[str], prefix: str, valid: Collection[str], others: Iterable[str] = ()) -> dict[str, str]:
    """Return the variables that resemble a valid one of a role, each with the valid name.

    ``valid`` has the names without the ``prefix``. A variable resembles one if it begins with the same word (``max_``),
    has only words of it (``emails``), or is spelled almost like it. ``others`` are patterns of names that are valid, too.
    """
    found = {}
    for name in sorted(names):
        short = name[len(prefix) :]
        known = short in valid or any(fnmatchcase(short, pattern) for pattern in others)
        if name.startswith(prefix) and not known and any(_resembles(short, option) for option in valid):
            found[name] = prefix + max(valid, key=partial(_likeness, short))
    return found


def _likeness(name: str, option: str) -> float:
    return SequenceMatcher(None, name, option).ratio()


def _resembles(name: str, option: str) -> bool:
    first = option.split("_", 1)[0]
    return (
        ("_" in option and name.startswith(f"{first}_"))
        or _words(name) <= _words(option)
        or _likeness(name, option) >= _CLOSE
    )


def _words(name: str) -> set[str]:
    return {word.rstrip("s") for word in name.split("_")}
