# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._errors import (
    ChatError,
    Credential,
    Endpoint,
    Failure,
    missing_scopes,
    unexpected_content,
    unexpected_status,
)

TOKEN = Credential(True, "'access_token'")
LOGIN = Credential(False, "ZCHAT_EMAIL and ZCHAT_PASSWORD")
ENDPOINT = Endpoint("https://u", "ZCHAT_SUBDOMAIN")
SCOPES = "You are missing the following required scopes: "


def error_for(status, text="", credential=TOKEN, location=None):
    return unexpected_status(status, ENDPOINT, credential=credential, text=text, location=location)


def test_an_error_carries_a_failure():
    error = ChatError("No.", 403, affects_all=True)
    assert (str(error), error.msg, error.status) == ("No.", "No.", 403)
    assert error.failure == Failure("No.", 403, may_be_executed=False, affects_all=True)
    assert error.of_executed_request().failure == Failure("No.", 403, may_be_executed=True, affects_all=True)


@pytest.mark.parametrize(
    ("status", "text", "parts"),
    [
        (400, "Bad id", ["HTTP 400", "https://u", "The API returned: Bad id."]),
        (500, "", ["HTTP 500", "no reason"]),
        (401, "or your browser", ["rejected", str(TOKEN), "HTTP 401", "expired or revoked"]),
        (403, "Forbidden", ["HTTP 403", "Administrator", "Forbidden."]),
        (404, "There is no help desk", ["no Chat API at https://u", "Check ZCHAT_SUBDOMAIN.", "no help desk."]),
        (403, f"{SCOPES}write", ["lacks the scope 'write',", "HTTP 403"]),
        (403, f"{SCOPES}read, write, chat", ["lacks the scopes 'read', 'write' and 'chat',"]),
    ],
)
def test_messages_state_cause_url_and_advice(status, text, parts):
    error = error_for(status, text)
    assert error.status == status
    for part in parts:
        assert part in error.msg


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_name_their_target(status):
    msg = error_for(status, location="https://elsewhere.example.com/x").msg
    assert f"https://u redirects to https://elsewhere.example.com/x (HTTP {status})" in msg


@pytest.mark.parametrize(("status", "location"), [(304, "https://elsewhere.example.com"), (302, None)])
def test_not_every_3xx_is_a_redirect(status, location):
    assert "redirects" not in error_for(status, location=location).msg


def test_messages_name_the_kind_of_credentials():
    assert "Only stand-alone Chat accounts" in error_for(401, credential=LOGIN).msg
    assert "password in ZCHAT_EMAIL and ZCHAT_PASSWORD lack the scope" in error_for(403, f"{SCOPES}write", LOGIN).msg


@pytest.mark.parametrize(
    ("status", "text", "affects_all"),
    [(401, "", True), (403, f"{SCOPES}write", True), (403, "Forbidden", False), (404, f"{SCOPES}write", False)],
)
def test_some_errors_affect_all_requests(status, text, affects_all):
    assert error_for(status, text).failure.affects_all is affects_all


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        (f"{SCOPES}write", ["write"]),
        (f"{SCOPES}read, write", ["read", "write"]),
        ("Required scope: CHAT.", ["chat"]),
        ("required scopes read write", ["read", "write"]),
        ("You may not write here", []),
        ("required scopes: writer", []),
    ],
)
def test_missing_scopes(text, scopes):
    assert missing_scopes(text) == scopes


def test_unexpected_content_names_what_sets_the_url():
    error = unexpected_content(ENDPOINT, "JSON", "it is a web page.")
    assert error.msg == "https://u did not return JSON: it is a web page. Check ZCHAT_SUBDOMAIN."
    assert error.status == 200
