# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of an offboarding: what it states. Chromium shows its look."""

from __future__ import annotations

import pytest

from ansible_collections.zchat.admin.plugins.plugin_utils._offboarding_page import offboarding_page
from ansible_collections.zchat.admin.plugins.plugin_utils._pages import render
from ansible_collections.zchat.admin.tests.unit.support.offboarding import (
    AGENTS,
    FAILED,
    JONAS,
    LISTED,
    NOT_LISTED,
    TOKENS,
    full_report,
    not_revoked,
    report,
    report_of,
    token,
)

UNKNOWN = {"unknown_agent_emails": ["x@example.com"], "unknown_agent_ids": [7]}


def test_people_and_tokens_that_need_attention_come_first():
    page = offboarding_page(report(revoked=TOKENS[1:], not_revoked=[not_revoked(38)], **FAILED))
    # This person has the lower id, but needs no attention.
    jonas, priya = page["people"]
    assert jonas["name"] == "Jonas Weber"
    assert jonas["facts"] == ["jonas.weber@example.com", f"agent {JONAS}", "enabled in Chat"]
    assert jonas["summary"] == "2 tokens: 1 not revoked, 1 revoked"
    assert [(shown["id"], shown["kind"], shown["reason"]) for shown in jonas["tokens"]] == [
        ("38", "not-revoked", "HTTP 422."),
        ("1204", "revoked", ""),
    ]
    assert [shown["had_expired"] for shown in jonas["tokens"]] == [True, False]
    assert jonas["tokens"][1]["expires"]["text"] == "no expiry date"
    assert priya["facts"][-1] == "disabled in Chat"
    assert priya["summary"] == "1 token revoked"


def test_an_unknown_outcome_comes_first():
    (person,) = offboarding_page(
        report(
            revoked=TOKENS[:1], not_revoked=[not_revoked(39), not_revoked(40)], unknown_outcomes=[40], agents=AGENTS[1:]
        )
    )["people"]
    assert person["summary"] == "3 tokens: 1 unknown, 1 not revoked, 1 revoked"
    assert (person["tokens"][0]["id"], person["tokens"][0]["kind"]) == ("40", "unknown")


@pytest.mark.parametrize(
    ("dates", "expired"),
    [
        ({}, True),
        ({"expire_date": "2026-11-23T14:15:01Z"}, False),
        ({"expire_date": None}, False),
        # A date before the token was created means that it never expires.
        ({"expire_date": "0001-01-01T00:00:00Z"}, False),
        ({"expire_date": "2014-09-09T07:49:19Z"}, False),
    ],
)
def test_whether_a_token_had_expired(dates, expired):
    (shown,) = offboarding_page(report(revoked=[token(38, **dates)], agents=AGENTS[1:]))["people"][0]["tokens"]
    assert shown["had_expired"] is expired


def test_the_name_of_a_client_comes_before_its_identifier():
    shown = offboarding_page(report())["people"][0]["tokens"][0]
    assert (shown["client"], shown["client_identifier"]) == ("Zopim Dashboard", "zopim")
    shown = offboarding_page(report(clients=None))["people"][0]["tokens"][0]
    assert (shown["client"], shown["client_identifier"]) == ("zopim", "")


@pytest.mark.parametrize(
    ("document", "attention"),
    [
        (report(), False),
        (report(**UNKNOWN), True),
        (report(dry_run=True, **UNKNOWN), True),
        (report(listed={**LISTED, "own_only": True}), True),
        # Red matters more.
        (full_report(), False),
    ],
)
def test_the_verdict_is_green_only_if_everybody_was_found(document, attention):
    assert offboarding_page(document)["attention"] is attention


def test_people_who_can_still_sign_in_are_the_next_step():
    page = offboarding_page(report())
    assert [person["name"] for person in page["people"] if person["can_sign_in"]] == ["Jonas Weber"]
    text = render("offboard.html.j2", page)
    assert (
        text.index("none is left")
        < text.index("these people can still sign in")
        < text.index("People and their tokens")
    )


def test_the_notes_explain_the_verdict():
    assert offboarding_page(report())["notes"] == []
    assert offboarding_page(full_report())["notes"] == [FAILED["msg"]]
    assert offboarding_page(report(dry_run=True))["notes"] == ["Nothing was changed."]


def test_why_a_token_was_kept():
    page = offboarding_page(report(revoked=[], kept=[token(5, reason="own token")], agents=AGENTS[1:]))
    assert "This run authenticates with this token." in page["people"][0]["tokens"][0]["reason"]


def test_a_list_of_own_tokens_only_is_stated():
    listed = offboarding_page(report(listed={**LISTED, "own_only": True}))["listed"]
    assert "The API listed only the tokens of this run's own agent. Tokens of other agents can be missing" in listed
    assert "21 tokens of 5 agents" in offboarding_page(report())["listed"]
    assert offboarding_page(report_of(NOT_LISTED))["listed"] == "The list of tokens was not read."


def test_what_was_verified():
    assert offboarding_page(report())["verified"] == "Yes."
    assert offboarding_page(report(verified=False))["verified"] == "No."


def test_people_of_whom_little_is_known():
    deleted = offboarding_page(report(agents=[], revoked=[token(38, 5), token(39, None)], unknown_agent_ids=[5]))
    assert [person["name"] for person in deleted["people"]] == ["agent 5", "Tokens without an agent"]
    assert deleted["people"][0]["facts"] == ["no longer exists"]
    assert deleted["unknown"] == []
    failed = offboarding_page(report_of({**NOT_LISTED, "account": None}))
    assert failed["people"][1]["name"] == "jonas.weber@example.com"
    assert failed["people"][1]["summary"] == "The tokens are not known"
    assert failed["account"] == "not known"
