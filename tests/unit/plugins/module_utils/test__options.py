# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import CONNECTION_OPTIONS
from ansible_collections.zchat.admin.plugins.module_utils._options import (
    bounded,
    options_of,
    positive_integers,
    seconds,
    strings,
)

SPEC = {
    **CONNECTION_OPTIONS,
    "ids": {"type": "list", "elements": "int", "aliases": ["id", "oauth_token_id"]},
    "age": {"type": "str"},
    "verify": {"type": "bool", "default": True},
}
NAMES = [(name, alias) for name, details in SPEC.items() for alias in (name, *details.get("aliases", ()))]


def validated(task_args):
    """Return the options that Ansible passes to a module: None or the default for each that is not set, and the aliases."""
    params = {name: details.get("default") for name, details in SPEC.items()}
    for name, alias in NAMES:
        if alias in task_args:
            params[alias] = params[name] = task_args[alias]
    return params


def options(**task_args):
    return options_of({"_ansible_version": "2.19", **task_args}, validated(task_args), SPEC)


def test_only_set_options_and_defaults_are_returned():
    defaults = {"validate_certs": True, "timeout": 30, "retries": 4, "rate_limit_timeout": 300, "verify": True}
    assert options() == defaults
    assert options(age="90d", verify=False, ids=[]) == {**defaults, "age": "90d", "verify": False, "ids": []}


@pytest.mark.parametrize(
    "spellings", [{"ids": [5], "id": [6]}, {"ids": None, "id": [6]}, {"token": "a", "access_token": "b"}]
)
def test_two_spellings_of_one_option_are_an_error(spellings):
    with pytest.raises(ChatError, match="are the same option"):
        options(**spellings)


def test_aliases_are_resolved():
    resolved = options(token="value", oauth_token_id=[5])
    assert (resolved["access_token"], resolved["ids"]) == ("value", [5])
    assert not {"token", "id", "oauth_token_id"} & resolved.keys()


@pytest.mark.parametrize(("name", "alias"), NAMES)
def test_null_is_an_error_that_names_the_option(name, alias):
    with pytest.raises(ChatError, match=f"'{name}' is null"):
        options(**{alias: None})


@pytest.mark.parametrize("value", [["1", 2, " 30 ", "+4"], "5,6", "5", 5, [], ""])
def test_integers(value):
    if value:
        assert options(ids=value)["ids"] == value
    else:
        assert options(ids=[])["ids"] == []


@pytest.mark.parametrize("value", [["1e0"], [1, "1E2"], "5,1e0", "1e0", ["\u0661"], ["1.0"]])
@pytest.mark.parametrize("alias", ["ids", "id"])
def test_strings_that_only_ansible_converts_to_integers_are_rejected(alias, value):
    with pytest.raises(ChatError, match="'ids' must contain integers"):
        options(**{alias: value})


NESTED_SPEC = {
    "exclude": {
        "type": "dict",
        "options": {"ids": {"type": "list", "elements": "int", "aliases": ["id"]}, "agent_ids": {"type": "list"}},
        "aliases": ["protect"],
    }
}


def nested(raw, alias="exclude", **more):
    """Return the options for a dictionary. Ansible adds None for each option that it lacks."""
    params = {"exclude": {"ids": None, "agent_ids": None, **raw, **more} if isinstance(raw, dict) else raw}
    return options_of({alias: raw}, params, NESTED_SPEC)


@pytest.mark.parametrize("raw", [{"ids": [[5]]}, {"ids": [{"a": 5}]}])
def test_a_list_in_a_list_is_an_error(raw):
    with pytest.raises(ChatError, match=r"'exclude\.ids' contains a list or a dictionary"):
        nested(raw)


@pytest.mark.parametrize("alias", ["exclude", "protect"])
def test_options_in_a_dictionary(alias):
    assert options_of({}, {"exclude": None}, NESTED_SPEC) == {}
    assert nested({}, alias) == {"exclude": {}}
    assert nested({"id": [5]}, alias, ids=[5]) == {"exclude": {"ids": [5]}}
    with pytest.raises(ChatError, match=r"'exclude\.agent_ids' is null"):
        nested({"agent_ids": None}, alias)
    with pytest.raises(ChatError, match=r"'exclude\.ids' must contain integers"):
        nested({"id": ["1e0"]}, alias, ids=[1])
    with pytest.raises(ChatError, match="'exclude' is null"):
        nested(None, alias)
    with pytest.raises(ChatError, match="'exclude' must be a dictionary"):
        nested("ids=5", alias)


def test_positive_integers():
    assert positive_integers({}, "ids") is None
    assert positive_integers({"ids": []}, "ids") == frozenset()
    assert positive_integers({"ids": [5, 6, 5]}, "ids") == {5, 6}


@pytest.mark.parametrize("value", [0, -1, True])
def test_other_integers_are_rejected(value):
    with pytest.raises(ChatError, match="'ids' must contain integers greater than 0"):
        positive_integers({"ids": [5, value]}, "ids")


def test_strings():
    assert strings({}, "scopes") is None
    assert strings({"scopes": []}, "scopes") == frozenset()
    assert strings({"scopes": [" read ", "write"]}, "scopes") == {"read", "write"}


@pytest.mark.parametrize("value", ["", " \n"])
def test_empty_strings_are_rejected(value):
    with pytest.raises(ChatError, match="'scopes' contains an empty value"):
        strings({"scopes": ["read", value]}, "scopes")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("45s", 45), ("5m", 300), ("2h", 7200), (" 90d ", 7_776_000), ("1w", 604_800), ("007d", 604_800)],
)
def test_seconds(value, expected):
    assert seconds({"age": value}, "age") == expected
    assert seconds({}, "age") is None


@pytest.mark.parametrize(
    "value", ["", "90", "d", "0d", "-1d", "1.5d", "90 d", "90D", "1d12h", "9" * 10 + "d", "\u0661d"]
)
def test_other_durations_are_rejected(value):
    with pytest.raises(ChatError, match="'age' must be an integer greater than 0 with a unit") as caught:
        seconds({"age": value}, "age")
    assert caught.value.msg.isascii()


def test_bounded():
    assert [bounded("'retries'", value, 0, 3) for value in (0, 3)] == [0, 3]
    for value in (-1, 4):
        with pytest.raises(ChatError, match=f"'retries' must be from 0 to 3, and is {value}"):
            bounded("'retries'", value, 0, 3)
