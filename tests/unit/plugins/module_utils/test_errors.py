# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.zchat.admin.plugins.module_utils.errors import (
    ChatError,
    counted,
    missing_scopes,
    named,
    refused,
    sentence,
)


def test_result():
    assert ChatError("No.").result() == {"msg": "No."}
    assert ChatError("No.", 403).result() == {"msg": "No.", "status": 403}


@pytest.mark.parametrize(
    ("status", "location", "words", "expected"),
    [
        (301, "https://elsewhere.example.com/x", "", "redirects to https://elsewhere.example.com/x (HTTP 301)"),
        (300, None, "", "The API answered https://u with HTTP 300. It gave no reason."),
        (302, None, "Moved", "The API answered https://u with HTTP 302. The API says: Moved."),
        (304, "https://elsewhere.example.com/x", "", "The API answered https://u with HTTP 304. It gave no reason."),
        (
            401,
            None,
            "or your browser",
            "The API at https://u rejected the access token ('x') (HTTP 401). It may be mistyped, expired",
        ),
        (
            403,
            None,
            "missing the following required scopes: write",
            "access token ('x') lacks the scope write, which https://u needs (HTTP 403). Make a token with that scope.",
        ),
        (403, None, "required scopes: read write", "lacks the scopes read and write, which"),
        (
            403,
            None,
            "required scopes: read, write, chat",
            "lacks the scopes read, write and chat, which https://u needs (HTTP 403). Make a token with those scopes.",
        ),
        (403, None, "Forbidden", "It wants the credentials of an Administrator. The API says: Forbidden."),
        (
            404,
            None,
            "There is no help desk",
            "no Chat API at https://u (HTTP 404). Check 'subdomain' or 'api_url'. The API says",
        ),
        (422, None, "Bad id", "HTTP 422. The API says: Bad id"),
        (500, None, "", "HTTP 500. It gave no reason."),
    ],
)
def test_refused(status, location, words, expected):
    error = refused(status, "https://u", credential="access token ('x')", words=words, location=location)
    assert expected in error.msg
    assert error.status == status


def test_refused_with_a_password():
    error = refused(401, "https://u", credential="e-mail address and password ('email')", words="", location=None)
    assert "rejected the e-mail address and password ('email') (HTTP 401). Check both. Only stand-alone" in error.msg


def test_refused_for_a_scope_with_a_password():
    error = refused(
        403,
        "https://u",
        credential="e-mail address and password ('email')",
        words="required scope: write",
        location=None,
    )
    assert error.msg == (
        "The e-mail address and password ('email') lack the scope write, which https://u needs (HTTP 403). "
        "Use those of an Administrator, or an 'access_token' with that scope."
    )


@pytest.mark.parametrize(("words", "expected"), [("No", "No."), ("No.", "No."), ("No...", "No..."), ("No!", "No!")])
def test_sentence(words, expected):
    assert sentence(words) == expected


@pytest.mark.parametrize(
    ("words", "scopes"),
    [
        ("You are missing the following required scopes: write", ["write"]),
        ("You are missing the following required scopes: read, write", ["read", "write"]),
        ("Required scope: chat.", ["chat"]),
        ("You may not write here", []),
    ],
)
def test_missing_scopes(words, scopes):
    assert missing_scopes(words) == scopes


def test_counted():
    assert [counted(0), counted(1), counted(2)] == ["0 tokens", "1 token", "2 tokens"]


def test_named():
    assert named([3]) == "3"
    assert named(range(1, 11)) == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
    assert named(range(1, 13)) == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more"
