# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils._options import misspelled, validated

SPEC = {
    "people": {"type": "list", "elements": "str", "default": []},
    "ids": {"type": "list", "elements": "int"},
    "formats": {"type": "list", "elements": "str", "choices": ["json", "html"]},
    "limit": {"type": "int"},
    "token": {"type": "str"},
}
NAMES = {"people": "role_people", "ids": "role_ids", "formats": "role_formats", "limit": "role_limit"}


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
    options = validated(args, SPEC, NAMES)
    assert options.keys() == SPEC.keys()
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
        ({"limits": 5}, ["There is no such option: limits"]),
        ({"limit": "x", "formats": "pdf"}, ["role_limit", "role_formats"]),
    ],
)
def test_a_message_names_what_the_user_set(args, parts):
    with pytest.raises(ValueError, match=r"\w") as error:
        validated(args, SPEC, NAMES)
    for part in parts:
        assert part in str(error.value)


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
