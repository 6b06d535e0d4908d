# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import CONNECTION_OPTIONS
from ansible_collections.zchat.admin.plugins.module_utils._options import (
    options_of,
    positive_integers,
    seconds,
    strings,
    unexpanded,
)

SPEC = {
    **CONNECTION_OPTIONS,
    "ids": {"type": "list", "elements": "int", "aliases": ["id", "oauth_token_id"]},
    "client_names": {"type": "list", "elements": "str", "aliases": ["client_name"]},
    "age": {"type": "str"},
    "limit": {"type": "int"},
    "folder": {"type": "path"},
    "verify": {"type": "bool", "default": True},
    "exclude": {
        "type": "dict",
        "options": {"ids": {"type": "list", "elements": "int", "aliases": ["id"]}, "agent_ids": {"type": "list"}},
        "aliases": ["protect"],
    },
}
NAMES = [(name, alias) for name, details in SPEC.items() for alias in (name, *details.get("aliases", ()))]
DEFAULTS = {"validate_certs": True, "timeout": 30, "retries": 4, "rate_limit_timeout": 300, "verify": True}


def options(**task_args):
    """Return the options of a task, with Ansible's own validation."""
    params = ArgumentSpecValidator(unexpanded(SPEC)).validate(task_args).validated_parameters
    return options_of({"_ansible_version": "2.19", **task_args}, params, SPEC)


@pytest.mark.parametrize(
    ("task_args", "expected"),
    [
        ({}, {}),
        ({"age": "90d", "verify": False, "ids": []}, {"age": "90d", "verify": False, "ids": []}),
        ({"token": "value", "oauth_token_id": [5]}, {"access_token": "value", "ids": [5]}),
        *(({"ids": value}, {"ids": [5, 6]}) for value in ([5, " +6 "], "5,6")),
        *(({"limit": value}, {"limit": 5}) for value in (5, "5", " 5\n")),
        ({"folder": "~/x"}, {"folder": os.path.expanduser("~/x")}),
        ({"client_name": "CRM sync"}, {"client_names": ["CRM sync"]}),
        ({"client_names": ["Reports, nightly", "true"]}, {"client_names": ["Reports, nightly", "true"]}),
        ({"protect": {}}, {"exclude": {}}),
        ({"protect": {"id": [5]}}, {"exclude": {"ids": [5]}}),
    ],
)
def test_options_that_are_set_and_defaults_have_their_canonical_names(task_args, expected):
    assert options(**task_args) == {**DEFAULTS, **expected}


@pytest.mark.parametrize(("name", "alias"), NAMES)
def test_null_is_an_error_that_names_the_option(name, alias):
    with pytest.raises(ChatError, match=f"'{name}' is null"):
        options(**{alias: None})


INTEGERS = "must contain integers"
NO_INTEGERS = ("1e3", "1_0", "1.0", 1.0, 1.9, True, "0x5", "\u0661", "", "9" * 21, [5], {"a": 5})
"""Values that Ansible converts to integers, or to other values."""


@pytest.mark.parametrize(
    ("task_args", "message"),
    [
        ({"ids": None, "id": [6]}, "'ids' and 'id' are the same option"),
        *(({"id": value}, f"'ids' {INTEGERS}") for value in ("5,1e0", [1, "1E2"], ["\u0661"])),
        *(({"ids": [1, value]}, f"'ids' {INTEGERS}") for value in NO_INTEGERS[:-2]),
        *(({"limit": value}, "'limit' must be an integer") for value in NO_INTEGERS),
        ({"folder": "/tmp/$HOME"}, "'folder' contains the character '$'"),
        ({"folder": "/tmp/${HOME}"}, "'folder' contains the character '$'"),
        ({"folder": ""}, "'folder' is empty"),
        ({"exclude": {"ids": [[5]]}}, "'exclude.ids' contains a list or a dictionary"),
        ({"exclude": {"ids": [{"a": 5}]}}, "'exclude.ids' contains a list or a dictionary"),
        ({"protect": {"agent_ids": None}}, "'exclude.agent_ids' is null"),
        ({"exclude": {"id": ["1e0"]}}, f"'exclude.ids' {INTEGERS}"),
        ({"protect": "ids=5"}, "'exclude' must be a dictionary"),
        # Ansible splits a string at commas, and another client can have a part of the name.
        ({"client_name": "Reports, nightly"}, "'client_names' is a string with a comma"),
        *(
            ({"client_names": ["CRM sync", value]}, "'client_names' contains null or a Boolean")
            for value in (None, True)
        ),
    ],
)
def test_values_that_ansible_would_convert_or_ignore_are_rejected(task_args, message):
    with pytest.raises(ChatError) as caught:
        options(**task_args)
    assert message in caught.value.msg
    assert os.environ["HOME"] not in caught.value.msg


@pytest.mark.parametrize(
    ("function", "value", "expected"),
    [
        (positive_integers, [5, 6, 5], {5, 6}),
        *((positive_integers, [5, value], "'x' must contain integers greater than 0") for value in (0, -1)),
        (strings, [" read ", "write"], {"read", "write"}),
        (strings, ["read", " \n"], "'x' contains an empty value"),
        *(
            (seconds, value, result)
            for value, result in (("45s", 45), ("5m", 300), ("2h", 7200), (" 90d ", 7_776_000), ("1w", 604_800))
        ),
        *((seconds, value, "'x' must be .* greater than 0 with a unit") for value in ("90", "0d", "9" * 10 + "d")),
        *((seconds, value, "'x' must be .* greater than 0 with a unit") for value in ("-1d", "1d12h", "\u0661d")),
    ],
)
def test_values_of_selectors(function, value, expected):
    assert function({}, "x") is None
    if isinstance(expected, str):
        with pytest.raises(ChatError, match=expected) as caught:
            function({"x": value}, "x")
        assert caught.value.msg.isascii()
    else:
        assert function({"x": value}, "x") == expected
