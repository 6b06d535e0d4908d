# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the arguments of an action and the variables of its host to options. Every message names what the user set.

In a role, each option is a variable with a prefix: ``offboard_agent_ids`` is ``agent_ids``. In the roles and playbooks, each
connection option is also a variable of the host: ``zchat_subdomain``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import (
    CONNECTION_OPTIONS,
    Source,
    check_same_account,
    environment_variables,
    host_variables,
    task_options,
)
from ansible_collections.zchat.admin.plugins.module_utils._options import check_integers

Spec = Mapping[str, Mapping[str, Any]]

PREFIX = "__zchat_prefix"
"""The variable by which a role or a playbook of the collection shows its prefix, such as ``offboard_``, to the action."""
_HOST = "zchat_"
_ALIASES = {alias: name for name, details in CONNECTION_OPTIONS.items() for alias in details.get("aliases", ())}
_CLOSE = 0.75
"""The ratio of :mod:`difflib` from which two names resemble each other."""
_UNDEFINED = re.compile(r"'\w{1,60}' is undefined")
"""The part of Ansible's message that names a variable, and contains no value."""
_NO_VARIABLES = {
    **dict.fromkeys((*CONNECTION_OPTIONS, "token"), "set the zchat_ variable, or the environment variable"),
    **dict.fromkeys(("exclude", "verify", "concurrency", "journal"), "only the modules have this option"),
    **dict.fromkeys(("check", "check_mode", "dry_run"), "use --check"),
    "limit": "to limit the revocations, use {prefix}max_revocations",
}
"""Names that a user may expect to be variables of a role, each with what to do instead. To ignore one would be dangerous."""


@dataclass(frozen=True)
class Arguments:
    """What a task of an action sets."""

    options: Mapping[str, Any]
    """The options of the action, with defaults; ``None`` for one that is not set."""
    sources: Sequence[Source]
    """Where the connection can be set, the most important one first."""


@dataclass(frozen=True)
class OptionNames:
    """What the options of a task are called: by their own names, or by variables if a role or a playbook runs the task."""

    options: Spec
    """The options of the action without those of the connection."""
    prefix: str = ""
    """Of the variables, such as ``offboard_``. Empty for a task of a user."""

    def __getitem__(self, option: str) -> str:
        return f"{self.prefix}{option}"

    def in_text(self, text: str) -> str:
        """Return a message with the names that the user set: messages have the names of options in single quotes."""
        names = {option: self[option] for option in self.options}
        names.update({option: f"{_HOST}{option}" for option in CONNECTION_OPTIONS})
        for option, name in names.items() if self.prefix else ():
            text = text.replace(f"'{option}'", f"'{name}'")
        return text

    def in_result(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return the result of a module with the names that the user set."""
        changed: dict[str, Any] = {"msg": self.in_text(result["msg"])} if "msg" in result else {}
        for key in result.keys() & {"findings", "warnings"}:
            changed[key] = [self.in_text(text) for text in result[key]]
        if result.get("not_revoked"):
            changed["not_revoked"] = [{**row, "msg": self.in_text(row["msg"])} for row in result["not_revoked"]]
        return {**result, **changed}


def arguments(
    task_args: Mapping[str, Any],
    task_vars: Mapping[str, Any],
    names: OptionNames,
    template: Callable[[Any], Any],
    others: Iterable[str] = (),
) -> Arguments:
    """Return the arguments of a task. Raises :class:`ChatError` for an invalid one, and for a variable that is misspelled.

    ``template`` resolves the templates in a variable. ``others`` are patterns of further variables with the prefix, which a
    role or a rulebook sets.
    """
    if not names.prefix:
        options = validated(task_args, names, CONNECTION_OPTIONS)
        return Arguments(options, [task_options(options, task_args), environment_variables()])
    _check_variables(task_vars, names, others)
    options = validated({**task_args, **variables_of(names, task_vars, template)}, names, CONNECTION_OPTIONS)
    task = task_options(options, task_args)
    host = host_variables(variables_of(OptionNames(CONNECTION_OPTIONS, _HOST), task_vars, template))
    if f"{names.prefix}accounts" in task_vars:
        _check_account([task, host], f"{names.prefix}accounts", task_vars)
        # Environment variables belong to another account.
        return Arguments(options, [task, host])
    environment = environment_variables()
    check_same_account(_without(host, task), _without(environment, task))
    return Arguments(options, [task, host, environment])


def variables_of(names: OptionNames, task_vars: Mapping[str, Any], template: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the options that variables set. Raises :class:`ChatError` for a template that cannot be resolved.

    The role does not pass them in its task: ``{{ variable | default(omit) }}`` would also omit one whose value is the template
    of an undefined variable, such as a limit.
    """
    found = {}
    for option in names.options:
        name = names[option]
        if name not in task_vars:
            continue
        try:
            # In a dictionary, because a single value cannot be omitted since ansible-core 2.19.
            found.update(template({option: task_vars[name]}))
        except Exception as error:  # noqa: BLE001 - a template can raise anything, with the value in its text
            undefined = _UNDEFINED.search(str(error))
            reason = undefined.group() if undefined else "its template is not valid, or cannot be decrypted"
            raise ChatError(f"The variable '{name}' cannot be evaluated: {reason}.") from None
    omitted = task_vars.get("omit")
    return {option: value for option, value in found.items() if value is None or value != omitted}


def validated(args: Mapping[str, Any], names: OptionNames, more: Spec) -> dict[str, Any]:
    """Return the ``args`` of a task, converted, with defaults. A string is a list of its parts between commas.

    ``more`` are options that are no variables of the role. Raises :class:`ChatError` with the names that the user set.
    """
    spec: Spec = {**more, **names.options}
    shown = {option: names[option] if option in names.options else option for option in (*spec, *args)}
    for option, details in spec.items():
        spellings = [name for name in (option, *details.get("aliases", ())) if name in args]
        if len(spellings) > 1:
            raise ChatError(f"'{spellings[0]}' and '{spellings[1]}' are the same option. Set only one of them.")
    given = {shown[option]: _split(value, spec.get(option, {})) for option, value in args.items()}
    for option, rules in names.options.items():
        name, value = names[option], given.get(names[option], ...)
        # Before ansible-core 2.19, a template makes an empty string of null.
        if value in (None, "", [""]):
            raise ChatError(f"'{name}' is null or empty. Set a value, or leave it out.")
        if isinstance(value, list) and (None in value or "" in value):
            raise ChatError(f"'{name}' contains an empty value. Remove spaces after commas, and check its variables.")
        if value == [] and "choices" in rules:
            raise ChatError(f"'{name}' is empty. Set one or more of {', '.join(rules['choices'])}.")
        if rules.get("elements") == "int":
            check_integers(name, value)
    result = ArgumentSpecValidator({shown[option]: dict(rules) for option, rules in spec.items()}).validate(given)
    if result.error_messages:
        unsupported = "There is no such option: " if result.unsupported_parameters else ""
        raise ChatError(unsupported + "; ".join(result.error_messages))
    return {option: result.validated_parameters.get(shown[option]) for option in spec}


def _split(value: Any, rules: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and rules.get("type") == "list":
        return [part.strip() for part in value.split(",")]
    return value


def _check_variables(task_vars: Iterable[str], names: OptionNames, others: Iterable[str]) -> None:
    """Raise :class:`ChatError` if one of the variables is misspelled or must be set elsewhere."""
    variables, prefix = list(task_vars), names.prefix
    valid = (*names.options, "accounts")
    wrong = {
        prefix + name: advice
        for name, advice in _NO_VARIABLES.items()
        if prefix + name in variables and name not in valid
    }
    similar = {
        **misspelled(variables, prefix, valid, others),
        **misspelled(variables, _HOST, CONNECTION_OPTIONS, aliases=_ALIASES),
    }
    wrong.update((name, f"use '{option}'") for name, option in similar.items() if name not in wrong)
    if wrong:
        pairs = ", ".join(f"'{name}' ({advice.format(prefix=prefix)})" for name, advice in wrong.items())
        raise ChatError(f"No request was sent: there is no variable {pairs}.")


def misspelled(
    names: Iterable[str],
    prefix: str,
    valid: Iterable[str],
    others: Iterable[str] = (),
    aliases: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the variables that resemble a valid one, each with the valid name.

    ``valid`` has the names without the ``prefix``. A variable resembles one if it begins with the same word (``max_``),
    has only words of it (``emails``), or is spelled almost like it. ``others`` are patterns of names that are valid, too;
    ``aliases`` are names that are not valid, each with the valid one.
    """
    found = {}
    options = {**{name: name for name in valid}, **(aliases or {})}
    for name in sorted(names):
        short = name[len(prefix) :]
        known = options.get(short) == short or any(fnmatchcase(short, pattern) for pattern in others)
        similar = [option for option in options if _resembles(short, option)]
        if name.startswith(prefix) and not known and similar:
            found[name] = prefix + options[max(similar, key=partial(_likeness, short))]
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


def _check_account(sources: Sequence[Source], accounts: str, task_vars: Mapping[str, Any]) -> None:
    """Raise :class:`ChatError` if a host of ``accounts``, such as ``review_accounts``, has no connection."""
    given = {option for source in sources for option in source.values}
    missing = []
    if not given & {"subdomain", "api_url"}:
        missing.append("zchat_subdomain or zchat_api_url")
    if not ("access_token" in given or given >= {"email", "password"}):
        missing.append("zchat_access_token, or zchat_email and zchat_password")
    if missing:
        raise ChatError(
            f"{task_vars.get('inventory_hostname')} has no value for {'; and for '.join(missing)}. With {accounts}, each account "
            "needs its own variables. No request was sent."
        )


def _without(source: Source, task: Source) -> Source:
    """Return the source without an account, or credentials, that the task itself sets."""
    groups = ({"subdomain", "api_url"}, {"access_token", "email", "password"})
    ignored = {option for group in groups if group & task.values.keys() for option in group}
    return Source({option: value for option, value in source.values.items() if option not in ignored}, source.name)
