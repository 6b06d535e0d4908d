# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options, and where they can be set. Each group of options is taken from one source."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._options import (
    check_value,
    expanded_path,
    null_message,
    unexpanded,
)

CONNECTION_OPTIONS: dict[str, dict[str, Any]] = {
    "subdomain": {"type": "str"},
    "api_url": {"type": "str"},
    "access_token": {"type": "str", "no_log": True, "aliases": ["token"]},
    "client_id": {"type": "str"},
    "client_secret": {"type": "str", "no_log": True},
    "email": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "int", "default": 30},
    "retries": {"type": "int", "default": 4},
    "rate_limit_timeout": {"type": "int", "default": 300},
}
"""The connection options of each module's argument spec. Ansible's own fallback to environment variables is not used: it works
for each option separately, but here the task's options take precedence for the whole group."""

ACCOUNT = ("subdomain", "api_url")
CREDENTIAL_KINDS = (("access_token",), ("client_id", "client_secret"), ("email", "password"))
"""The kinds of credentials, each with its options."""
CREDENTIALS = tuple(option for kind in CREDENTIAL_KINDS for option in kind)


@dataclass(frozen=True)
class Source:
    """A place where connection options can be set."""

    values: Mapping[str, Any] = field(repr=False)
    """The options that are set there."""
    name: Callable[[str], str]
    """Returns what a message calls an option of this source."""


def task_options(options: Mapping[str, Any], task_args: Mapping[str, Any]) -> Source:
    """Return the options of a task as a source. A default is not set: ``task_args`` are the arguments in the playbook.

    Raises :class:`ChatError` for one that is null.
    """
    set_names = {
        name for name, details in CONNECTION_OPTIONS.items() if {name, *details.get("aliases", ())} & task_args.keys()
    }
    nulls = sorted(name for name in set_names if options.get(name) is None)
    if nulls:
        raise ChatError(null_message(nulls[0]))
    return Source({name: options[name] for name in set_names}, lambda name: f"'{name}'")


def host_variables(variables: Mapping[str, Any]) -> Source:
    """Return the ``zchat_*`` variables of a host as a source. Raises :class:`ChatError` for one that is null or invalid."""
    return _converted(variables, lambda name: f"zchat_{name}")


def environment_variables() -> Source:
    """Return the ``ZCHAT_*`` environment variables as a source; an empty one is not set. Raises :class:`ChatError`."""
    names = {name: f"ZCHAT_{name.upper()}" for name in CONNECTION_OPTIONS}
    return _converted(
        {name: os.environ[names[name]] for name in names if os.environ.get(names[name])}, names.__getitem__
    )


def _converted(values: Mapping[str, Any], name: Callable[[str], str]) -> Source:
    given = {option: values[option] for option in CONNECTION_OPTIONS if option in values}
    for option, value in given.items():
        if value is None:
            raise ChatError(null_message(name(option)))
        check_value(name(option), value, CONNECTION_OPTIONS[option])
    spec = unexpanded({name(option): {"type": CONNECTION_OPTIONS[option]["type"]} for option in given})
    validated = ArgumentSpecValidator(spec).validate({name(option): value for option, value in given.items()})
    if validated.error_messages:
        raise ChatError("; ".join(validated.error_messages))
    converted = {option: validated.validated_parameters[name(option)] for option in given}
    if "ca_path" in converted:
        converted["ca_path"] = expanded_path(name("ca_path"), converted["ca_path"])
    return Source(converted, name)


def known_secrets(values: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the secrets among these values and in environment variables, before anything is valid.

    They can be in another option by mistake, which a message would quote. ``prefix``: that of the names in ``values``.
    """
    secret = [(name, *rules.get("aliases", ())) for name, rules in CONNECTION_OPTIONS.items() if rules.get("no_log")]
    found = [values.get(f"{prefix}{spelling}") for names in secret for spelling in names]
    found += [os.environ.get(f"ZCHAT_{name.upper()}") for name, *_aliases in secret]
    return [value.strip() for value in found if isinstance(value, str) and value.strip()]


def group(sources: Sequence[Source], options: Iterable[str]) -> tuple[dict[str, Any], Callable[[str], str]]:
    """Return the values of one group of options from the first source that has any, and the names for messages."""
    for source in sources:
        values = {option: source.values[option] for option in options if option in source.values}
        if values:
            return values, source.name
    return {}, sources[-1].name


def check_same_account(first: Source, second: Source) -> None:
    """Raise :class:`ChatError` if two sources name an account, or credentials, with different values.

    It would be unclear which account to use, or whether the credentials belong to it.
    """
    for group in (ACCOUNT, CREDENTIALS):
        one, other = (
            {name: source.values[name] for name in group if name in source.values} for source in (first, second)
        )
        if one and other and one != other:
            names = [" and ".join(map(source.name, values)) for source, values in ((first, one), (second, other))]
            raise ChatError(
                f"{names[0]} and {names[1]} are both set, with different values, so they can belong to different accounts. "
                "Remove one of them. Nothing was sent."
            )
