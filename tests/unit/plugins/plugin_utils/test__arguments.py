# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleError

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import connection_from
from ansible_collections.zchat.admin.plugins.plugin_utils._arguments import (
    OptionNames,
    arguments,
    misspelled,
    validated,
)

NAMES = OptionNames(
    {
        "people": {"type": "list", "elements": "str", "default": []},
        "ids": {"type": "list", "elements": "int"},
        "formats": {"type": "list", "elements": "str", "choices": ["json", "html"]},
        "limit": {"type": "int"},
    },
    "role_",
)
MORE = {"token": {"type": "str"}}


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, {"people": [], "ids": None}),
        ({"people": "a@example.com, b@example.com"}, {"people": ["a@example.com", "b@example.com"]}),
        ({"ids": "5, 6", "formats": "json,html"}, {"ids": [5, 6], "formats": ["json", "html"]}),
        ({"ids": 5, "limit": "0"}, {"ids": [5], "limit": 0}),
        ({"people": [], "token": "secret"}, {"people": [], "token": "secret"}),
    ],
)
def test_options_are_converted(args, expected):
    options = validated(args, NAMES, MORE)
    assert options.keys() == {*NAMES.options, *MORE}
    assert {name: options[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        ({"people": None}, ["'role_people' is null or empty"]),
        ({"people": ""}, ["'role_people' is null or empty"]),
        ({"people": ["a@example.com", None]}, ["'role_people' contains an empty value"]),
        ({"people": "a@example.com, "}, ["'role_people' contains an empty value"]),
        ({"limit": None}, ["'role_limit' is null or empty"]),
        ({"limit": ""}, ["'role_limit' is null or empty"]),
        ({"ids": "5,x"}, ["role_ids", "int"]),
        ({"ids": "1e2"}, ["role_ids", "1e2"]),
        ({"ids": ["1_0"]}, ["role_ids", "1_0"]),
        ({"formats": "pdf"}, ["role_formats", "pdf"]),
        ({"formats": []}, ["'role_formats' is empty. Set one or more of json, html"]),
        ({"limits": 5}, ["There is no such option: limits"]),
        ({"limit": "x", "formats": "pdf"}, ["role_limit", "role_formats"]),
    ],
)
def test_a_message_names_what_the_user_set(args, parts):
    with pytest.raises(ChatError) as error:
        validated(args, NAMES, MORE)
    for part in parts:
        assert part in error.value.msg


VALID = ["agent_emails", "agent_ids", "max_revocations", "own_token", "report_dir", "report_formats"]
VALID += ["unknown_agents", "accounts"]


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        # A close match.
        ("agent_email", "agent_emails"),
        ("agnet_emails", "agent_emails"),
        ("max_revocation", "max_revocations"),
        ("maxrevocations", "max_revocations"),
        ("acounts", "accounts"),
        ("account", "accounts"),
        # The same beginning.
        ("max_tokens", "max_revocations"),
        ("report_directory", "report_dir"),
        ("agent_mails", "agent_emails"),
        # A part.
        ("emails", "agent_emails"),
        ("email", "agent_emails"),
        ("ids", "agent_ids"),
        ("max", "max_revocations"),
        ("dir", "report_dir"),
        ("format", "report_formats"),
    ],
)
def test_a_variable_that_resembles_a_valid_one(name, valid):
    assert misspelled([f"offboard_{name}"], "offboard_", VALID) == {f"offboard_{name}": f"offboard_{valid}"}


def test_other_variables_are_ignored():
    names = ["offboard_ticket", "offboard_reason", "offboard_date", "offboard_manager", "offboard_job_template"]
    names += ["offboard_webhook_agent_emails", "agent_email", "review_agent_email", "offboard", "offboard_"]
    names += ["offboard_report_files", "offboard_results", *(f"offboard_{name}" for name in VALID)]
    assert misspelled(names, "offboard_", VALID, ["webhook_*", "job_template", "report_files"]) == {}


# Variables of a role and of a host


HOST = {"zchat_subdomain": "acme", "zchat_access_token": "host-token"}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in ("SUBDOMAIN", "API_URL", "ACCESS_TOKEN", "EMAIL", "PASSWORD", "CA_PATH", "TIMEOUT", "RETRIES"):
        monkeypatch.delenv(f"ZCHAT_{name}", raising=False)


def given(task_args=None, task_vars=None, host=None, prefix="role_"):
    host = {} if host is None else host
    names = OptionNames(NAMES.options, prefix)
    return arguments(task_args or {}, {**host, **(task_vars or {})}, names, template, ["result", "webhook_*"])


def template(values):
    """As Ansible does: a value that refers to an undefined variable is an error."""
    (value,) = values.values()
    if value == "{{ undefined }}":
        raise AnsibleError("Error: 'undefined' is undefined. 'undefined' is undefined")
    if value == "secret{{":
        raise ValueError(f"String: {value}")
    return values


def rejection(*args, **more):
    with pytest.raises(ChatError) as error:
        given(*args, **more)
    return error.value.msg


def test_the_connection_comes_from_the_task_then_the_host_then_the_environment(monkeypatch):
    monkeypatch.setenv("ZCHAT_TIMEOUT", "9")
    monkeypatch.setenv("ZCHAT_RETRIES", "8")
    connection = connection_from(given({"subdomain": "other"}, host={**HOST, "zchat_retries": "2"}).sources)
    assert connection.base_url == "https://other.zendesk.com/api/v2/chat"
    assert (connection.access_token, connection.timeout, connection.retries) == ("host-token", 9, 2)


def test_a_task_of_a_user_ignores_the_variables_of_the_host(monkeypatch):
    monkeypatch.setenv("ZCHAT_SUBDOMAIN", "other")
    monkeypatch.setenv("ZCHAT_ACCESS_TOKEN", "x")
    connection = connection_from(given({"limit": 5}, {"zchat_tiemout": 5}, HOST, prefix="").sources)
    assert connection.base_url == "https://other.zendesk.com/api/v2/chat"


def test_with_accounts_environment_variables_never_apply(monkeypatch):
    monkeypatch.setenv("ZCHAT_TIMEOUT", "9")
    monkeypatch.setenv("ZCHAT_SUBDOMAIN", "other")
    connection = connection_from(given({}, {"role_accounts": "all"}, HOST).sources)
    assert (connection.base_url, connection.timeout) == ("https://acme.zendesk.com/api/v2/chat", 30)
    message = rejection({}, {"role_accounts": "all", "inventory_hostname": "berlin"}, {})
    assert "berlin has no value for zchat_subdomain or zchat_api_url; and for zchat_access_token" in message


def test_two_accounts_are_an_error_that_names_both(monkeypatch):
    monkeypatch.setenv("ZCHAT_SUBDOMAIN", "other")
    assert "zchat_subdomain and ZCHAT_SUBDOMAIN are both set" in rejection(host=HOST)
    assert given({"subdomain": "third"}, host=HOST), "the task decides"
    monkeypatch.setenv("ZCHAT_SUBDOMAIN", "acme")
    assert given(host=HOST)
    monkeypatch.setenv("ZCHAT_EMAIL", "a@example.com")
    monkeypatch.setenv("ZCHAT_PASSWORD", "pass-word")
    message = rejection(host=HOST)
    assert "zchat_access_token and ZCHAT_EMAIL and ZCHAT_PASSWORD are both set" in message
    assert "pass-word" not in message


@pytest.mark.parametrize(
    ("task_vars", "part"),
    [
        ({"role_limits": 5}, "'role_limits' (use 'role_limit')"),
        ({"role_subdomain": "x"}, "'role_subdomain' (set the zchat_ variable, or the environment variable)"),
        ({"role_check": True}, "'role_check' (use --check)"),
        *(
            ({f"zchat_{name}": "x"}, f"'zchat_{name}' (use 'zchat_access_token')")
            for name in ("token", "tokn", "tokens")
        ),
        ({"zchat_url": "x"}, "'zchat_url' (use 'zchat_api_url')"),
        ({"zchat_rate_limit": 5}, "'zchat_rate_limit' (use 'zchat_rate_limit_timeout')"),
        ({"zchat_ca_bundle": "x"}, "'zchat_ca_bundle' (use 'zchat_ca_path')"),
        ({"role_limit": None}, "'role_limit' is null"),
    ],
)
def test_a_variable_that_would_be_ignored_is_an_error(task_vars, part):
    assert part in rejection({}, task_vars, HOST)


@pytest.mark.parametrize("name", ["role_limit", "role_people", "zchat_access_token", "zchat_timeout"])
def test_a_variable_with_the_template_of_an_undefined_one_is_an_error(name):
    """It must never disable a limit, or select nobody."""
    message = rejection({}, {}, {**HOST, name: "{{ undefined }}"})
    assert f"The variable '{name}' cannot be evaluated: 'undefined' is undefined." in message


def test_the_text_of_a_template_that_is_not_valid_is_not_shown():
    message = rejection({}, {}, {**HOST, "zchat_access_token": "secret{{"})
    assert message.startswith("The variable 'zchat_access_token' cannot be evaluated: its template is not valid")
    assert "secret" not in message


def test_an_option_and_its_alias_are_an_error():
    message = rejection({"access_token": "task", "token": "module_defaults"}, prefix="")
    assert message == "'access_token' and 'token' are the same option. Set only one of them."


def test_an_omitted_variable_is_not_set():
    omitted = {"role_limit": "__omit", "zchat_timeout": "__omit", "omit": "__omit"}
    arguments = given({}, omitted, HOST)
    assert (arguments.options["limit"], connection_from(arguments.sources).timeout) == (None, 30)


@pytest.mark.parametrize("name", ["role_ticket", "role_result", "role_webhook_port", "role_accounts", "zchat_group"])
def test_a_variable_of_another_kind_is_ignored(name):
    assert given({}, {name: "x"}, HOST)


@pytest.mark.parametrize(("option", "name"), [("access_token", "zchat_access_token"), ("subdomain", "zchat_subdomain")])
def test_a_null_connection_option_is_an_error(option, name):
    assert f"'{option}' is null" in rejection({option: None}, prefix="")
    assert "'zchat_timeout' is null" in rejection(host={**HOST, "zchat_timeout": None})
    assert f"'{name}' is null" in rejection(host={**HOST, name: None})


def test_messages_name_what_the_user_set():
    result = {
        "msg": "Increase 'limit' or 'timeout'.",
        "warnings": ["See 'ids'."],
        "not_revoked": [{"id": 1, "msg": "'limit'"}],
    }
    assert OptionNames(NAMES.options).in_result(result) == result
    assert NAMES.in_result(result) == {
        "msg": "Increase 'role_limit' or 'zchat_timeout'.",
        "warnings": ["See 'role_ids'."],
        "not_revoked": [{"id": 1, "msg": "'role_limit'"}],
    }
