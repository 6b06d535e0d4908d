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
    ACCOUNT,
    CONNECTION_OPTIONS,
    CREDENTIAL_KINDS,
    CREDENTIALS,
    Source,
    check_same_account,
    environment_variables,
    host_variables,
    task_options,
)
from ansible_collections.zchat.admin.plugins.module_utils._options import check_value, expanded_path, unexpanded

Spec = Mapping[str, Mapping[str, Any]]

PREFIX = "__zchat_prefix"
"""The variable by which a role or a playbook of the collection shows its prefix, such as ``offboard_``, to the action."""
PLAYBOOK = "__zchat_playbook"
"""The variable by which a playbook of the collection shows that it runs the role."""
_INTERNAL = ("__zchat_", "__offboard_", "__review_", "__preflight_")
"""The beginnings of variables that only the collection sets."""
FACTS = ("result", "report_files")
"""The facts that a role sets, without its prefix."""
_HOST = "zchat_"
_ALIASES = {alias: name for name, details in CONNECTION_OPTIONS.items() for alias in details.get("aliases", ())}
_CLOSE = 0.8
"""The ratio of :mod:`difflib` from which two names resemble each other."""
_CLOSE_PREFIX = 0.9
"""The same for names with a prefix, which can be misspelled."""
_BEGINNINGS = ("exclude", "dry_run", "limit", "max")
"""Guards whose names can go on: ``limits``, ``exclude_ids``."""
_END = re.compile(r"(path|folder|file|bundle)$")
"""Ends of names that users confuse with ``dir``, and ``dir`` with them."""
_UNDEFINED = re.compile(r"'\w{1,60}' is undefined")
"""The part of Ansible's message that names a variable, and contains no value."""
_LIMITS = ("limit", "max")
_GUARDS = {
    **dict.fromkeys(("exclude", "verify", "concurrency", "journal"), "only the modules have this option"),
    **dict.fromkeys(("check", "check_mode", "dry_run"), "use --check"),
}
"""Names that a user may expect to be variables of a role, each with what to do instead. To ignore one would be dangerous, and so
would be one that begins like it: ``dryrun``, ``limits``, ``exclude_ids``."""
_CONNECTION = dict.fromkeys((*CONNECTION_OPTIONS, *_ALIASES), "set the zchat_ variable, or the environment variable")
"""The same for the connection options."""


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
        if result.get("warnings"):
            changed["warnings"] = [self.in_text(text) for text in result["warnings"]]
        if result.get("findings"):
            changed["findings"] = [{**row, "text": self.in_text(row["text"])} for row in result["findings"]]
        if result.get("not_revoked"):
            changed["not_revoked"] = [{**row, "msg": self.in_text(row["msg"])} for row in result["not_revoked"]]
        return {**result, **changed}


def arguments(
    task_args: Mapping[str, Any],
    task_vars: Mapping[str, Any],
    names: OptionNames,
    template: Callable[[Any], Any],
    others: Iterable[str] = (),
    extra: Iterable[str] = (),
) -> Arguments:
    """Return the arguments of a task. Raises :class:`ChatError` for an invalid one, and for a variable that is misspelled.

    ``template`` resolves the templates in a variable. ``others`` are patterns of further variables with the prefix, which a
    role or a rulebook sets. ``extra`` are the names of the extra variables of the command line.
    """
    check_internal_variables(extra)
    try:
        task_args = _decrypted(dict(task_args))
    except Exception:  # noqa: BLE001 - Ansible raises several kinds
        raise ChatError(
            "An option of the task cannot be decrypted. Check the vault password. Nothing was sent."
        ) from None
    if not names.prefix:
        options = validated(task_args, names, CONNECTION_OPTIONS)
        return Arguments(options, [task_options(options, task_args), environment_variables()])
    wrong = _wrong_variables(task_vars, names, (*FACTS, *others))
    if PLAYBOOK in task_vars:
        wrong.update(_wrong_extra_variables([name for name in extra if name not in wrong], names))
    if wrong:
        pairs = ", ".join(f"'{name}' ({advice})" for name, advice in wrong.items())
        raise ChatError(f"No request was sent: there is no variable {pairs}.")
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
            found.update(_decrypted(template({option: task_vars[name]})))
        except Exception as error:  # noqa: BLE001 - a template can raise anything, with the value in its text
            undefined = _UNDEFINED.search(str(error))
            reason = undefined.group() if undefined else "its template is not valid, or cannot be decrypted"
            raise ChatError(f"The variable '{name}' cannot be evaluated: {reason}.") from None
    # Before ansible-core 2.19, "omit" is a string. Since then, an extra variable can replace it: it must not disable a limit.
    return {option: value for option, value in found.items() if not str(value).startswith("__omit_place_holder__")}


def _decrypted(value: Any) -> Any:
    """Return a value with text instead of the objects that ansible-core 2.16 to 2.18 makes of a value with ``!vault``."""
    if isinstance(value, dict):
        return {name: _decrypted(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_decrypted(item) for item in value]
    return str(value) if getattr(value, "__ENCRYPTED__", False) else value


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
    for option, rules in spec.items():
        name, value = shown[option], given.get(shown[option], ...)
        # Before ansible-core 2.19, a template makes an empty string of null.
        if option in names.options and value in (None, "", [""]):
            raise ChatError(f"'{name}' is null or empty. Set a value, or leave it out.")
        if isinstance(value, list) and (None in value or "" in value):
            raise ChatError(f"'{name}' contains an empty value. Remove spaces after commas, and check its variables.")
        if value == [] and "choices" in rules:
            raise ChatError(f"'{name}' is empty. Set one or more of {', '.join(rules['choices'])}.")
        if value not in (None, ...):
            check_value(f"'{name}'", value, rules)
    shown_spec = unexpanded({shown[option]: rules for option, rules in spec.items()})
    result = ArgumentSpecValidator(shown_spec).validate(given)
    if result.error_messages:
        unsupported = "There is no such option: " if result.unsupported_parameters else ""
        raise ChatError(unsupported + "; ".join(result.error_messages))
    options = {option: result.validated_parameters.get(shown[option]) for option in spec}
    for option, rules in spec.items():
        if rules.get("type") == "path" and options[option] is not None:
            options[option] = expanded_path(f"'{shown[option]}'", options[option])
    return options


def _split(value: Any, rules: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and rules.get("type") == "list":
        return [part.strip() for part in value.split(",")]
    return value


def check_internal_variables(extra: Iterable[str]) -> None:
    """Raise :class:`ChatError` if an extra variable would replace a variable that only the collection sets.

    It would pretend a result, or that another task runs.
    """
    internal = sorted(name for name in extra if name.startswith(_INTERNAL))
    if internal:
        raise ChatError(
            f"No request was sent: only the collection itself sets {', '.join(map(repr, internal))}. Remove the extra variable."
        )


def _wrong_variables(variables: Iterable[str], names: OptionNames, others: Iterable[str] = ()) -> dict[str, str]:
    """Return the variables that are misspelled or must be set elsewhere, each with what to do instead."""
    variables, prefix = list(variables), names.prefix
    similar = {
        **misspelled(variables, prefix, (*names.options, "accounts"), others),
        **misspelled(variables, _HOST, CONNECTION_OPTIONS, aliases=_ALIASES),
    }
    wrong = {name: f"use '{option}'" for name, option in similar.items()}
    # The role offboard has addresses of agents, and the login of the connection is called "email", too.
    kept = {f"{prefix}email"} & similar.keys()
    for name in variables:
        short = name[len(prefix) :]
        if name.startswith(prefix) and name not in kept and short not in (*names.options, "accounts"):
            advice = _CONNECTION.get(short) or _guard(short, names, beginnings=_BEGINNINGS)
            wrong.update({name: advice} if advice else {})
    return wrong


def _guard(short: str, names: OptionNames, beginnings: Sequence[str] = ()) -> str | None:
    """Return what to do instead of a variable that looks like a guard, ``None`` if it does not."""
    limits = dict.fromkeys(_LIMITS, f"use '{names['max_revocations']}'") if "max_revocations" in names.options else {}
    for guard, advice in {**_GUARDS, **limits}.items():
        begins = guard in beginnings and _letters(short).startswith(_letters(guard))
        if guard not in names.options and (begins or _letters(short) == _letters(guard)):
            return advice
    return None


def _wrong_extra_variables(extra: Iterable[str], names: OptionNames) -> dict[str, str]:
    """Return the extra variables that resemble those of the playbook but would be ignored, or that replace a fact.

    Only a playbook of the collection can reject them: a play of a user can have variables with any name.
    """
    if {"", "_raw_params"} & set(extra):
        # The words are not shown, because they can be a part of a secret.
        raise ChatError(
            "No request was sent: the extra variables (-e) contain words that are not key=value. Separate the elements of a list with "
            "commas, without spaces, put a value with a space in quotation marks (-e \"name='a b'\"), or use JSON."
        )
    found = {f"-e {name}": _advice(name, names) for name in extra}
    return {name: advice for name, advice in found.items() if advice}


def _advice(name: str, names: OptionNames) -> str | None:
    """Return what to use instead of an extra variable, ``None`` if it is valid, or none of the playbook's."""
    prefix, short = names.prefix, re.sub(r"\W+", "_", name.lower())
    valid = {option: prefix + option for option in (*names.options, "accounts", *FACTS)}
    host = {option: _HOST + option for option in CONNECTION_OPTIONS}
    by_letters = {_letters(full): full for full in (*valid.values(), *host.values())}
    by_letters.update({_letters(option): full for option, full in valid.items()})
    by_letters.update({_letters(option): host[option] for option in ACCOUNT})
    full = by_letters.get(_letters(name))
    if full:
        return "only the role sets it" if full[len(prefix) :] in FACTS else None if name == full else f"use '{full}'"
    if short.startswith((prefix, _HOST)):
        return next(iter(_wrong_variables([short], names).values()), None)
    close = [
        f"use '{full}'"
        for option, full in valid.items()
        if option not in FACTS
        and (("_" in option and _likeness(short, option) >= _CLOSE) or _likeness(short, full) >= _CLOSE_PREFIX)
    ]
    return _guard(short, names) or next(iter(close), None)


def _letters(name: str) -> str:
    """Return a name without what users confuse: case, dashes and underscores."""
    return re.sub(r"[\W_]", "", name.lower())


def misspelled(
    names: Iterable[str],
    prefix: str,
    valid: Iterable[str],
    others: Iterable[str] = (),
    aliases: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the variables that resemble a valid one, each with the valid name.

    ``valid`` has the names without the ``prefix``. ``others`` are patterns of names that are valid, too; ``aliases`` are names that
    are not valid, each with the valid one.
    """
    found = {}
    options = {**{name: name for name in valid}, **(aliases or {})}
    for name in sorted(names):
        short = name[len(prefix) :]
        known = options.get(short) == short or any(fnmatchcase(short, pattern) for pattern in others)
        similar = [option for option in options if _resembles(short, option)]
        if name.startswith(prefix) and short and not known and similar:
            found[name] = prefix + options[max(similar, key=partial(_likeness, short))]
    return found


def _likeness(name: str, option: str) -> float:
    return SequenceMatcher(None, name, option).ratio()


def _resembles(name: str, option: str) -> bool:
    """Return whether a name is close to that of an option, or one is the beginning of the other, or it is the end of the option."""
    ends = (f"_{name}", f"_{name}s")
    name, option = _END.sub("dir", name), _END.sub("dir", option)
    return (
        name.startswith(option)
        or option.startswith(name)
        or option.endswith((f"_{name}", *ends))
        or _likeness(name, option) >= _CLOSE
    )


def _check_account(sources: Sequence[Source], accounts: str, task_vars: Mapping[str, Any]) -> None:
    """Raise :class:`ChatError` if a host of ``accounts``, such as ``review_accounts``, has no connection."""
    given = {option for source in sources for option in source.values}
    missing = []
    if not given.intersection(ACCOUNT):
        missing.append("zchat_subdomain or zchat_api_url")
    if not any(given.issuperset(kind) for kind in CREDENTIAL_KINDS):
        missing.append(
            "zchat_access_token, or zchat_client_id and zchat_client_secret, or zchat_email and zchat_password"
        )
    if missing:
        raise ChatError(
            f"{task_vars.get('inventory_hostname')} has no value for {'; and for '.join(missing)}. With {accounts}, each account "
            "needs its own variables. No request was sent."
        )


def _without(source: Source, task: Source) -> Source:
    """Return the source without an account, or credentials, that the task itself sets."""
    ignored = {option for group in (ACCOUNT, CREDENTIALS) if task.values.keys() & set(group) for option in group}
    return Source({option: value for option, value in source.values.items() if option not in ignored}, source.name)
